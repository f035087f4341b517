# SPDX-License-Identifier: Apache-2.0
"""Where every number of a study comes from.

The report lists it, `study.toml` carries it on and the warnings count it. What does
not belong here: reading files (`sites.loader`) and the sources themselves
(`sites.sources`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sites.sources import ASSUMPTION, Source

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InputNumber", "assumption_share_frac", "grade_counts"]


@dataclass(frozen=True, slots=True)
class InputNumber:
    """One number of a study with its origin.

    Parameters
    ----------
    key : str
        Place in the study by record names, such as
        ``sites.georgia.power.flexible_usd_per_mwh``.
    file, path : str
        File, and path inside that file, in which it stands.
    value : float
        The number. [`unit`]
    unit : str
        Unit of the field.
    low, high : float or None
        Range that the facts give. [`unit`]
    source : Source or None
        None where no source is given.
    as_of : str
        Day for which it holds, ISO; empty where not said.
    grade : str
        P filing, T trade press, V vendor, D derived, M assumption; empty if unknown.
    note : str
        How it was found.
    is_after_study_date : bool
        Whether it holds for a day after the study's own.
    """

    key: str
    file: str
    path: str
    value: float
    unit: str
    low: float | None
    high: float | None
    source: Source | None
    as_of: str
    grade: str
    note: str
    is_after_study_date: bool

    @property
    def source_id(self) -> str:
        """Return the id of the source; empty where none is given."""
        return self.source.id if self.source else ""

    @property
    def source_title(self) -> str:
        """Return what the source is called, or 'no source given'."""
        return self.source.title if self.source else "no source given"

    @property
    def is_assumption(self) -> bool:
        """Whether nobody else has published the number or what it derives from."""
        return self.grade == "M" or self.source_id == ASSUMPTION.id

    @property
    def has_source(self) -> bool:
        """Whether a source (or the word assumption) is given."""
        return self.source is not None


def assumption_share_frac(numbers: Iterable[InputNumber]) -> float:
    """Return the share of numbers that are assumptions or have no source.

    Parameters
    ----------
    numbers : iterable of InputNumber
        Numbers of a study; zero for none.
    """
    flags = [number.is_assumption or not number.has_source for number in numbers]
    return sum(flags) / len(flags) if flags else 0.0


def grade_counts(numbers: Iterable[InputNumber]) -> dict[str, int]:
    """Return how many numbers stand under each grade; '' counts the ungraded.

    Parameters
    ----------
    numbers : iterable of InputNumber
        Numbers of a study.
    """
    return dict(sorted(Counter(number.grade for number in numbers).items()))
