# SPDX-License-Identifier: Apache-2.0
"""Inputs that are allowed but odd: shown as warnings, never refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.study import Study
    from sites.provenance import InputNumber

__all__ = ["SuspiciousInput", "suspicious_inputs"]


@dataclass(frozen=True, slots=True)
class SuspiciousInput:
    """One odd input.

    Parameters
    ----------
    code : str
        Kind of oddity.
    key : str
        Place in the study by record names.
    message : str
        What is odd, with the value and what is usual.
    """

    code: str
    key: str
    message: str

    def __str__(self) -> str:
        """Return the warning as one line."""
        return f"{self.key}: {self.message}"


def suspicious_inputs(
    study: Study, numbers: tuple[InputNumber, ...]
) -> tuple[SuspiciousInput, ...]:
    """Return every odd input of a study.

    Parameters
    ----------
    study : Study
        Checked study.
    numbers : tuple of InputNumber
        Where its numbers come from.
    """
    return ()
