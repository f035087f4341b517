# SPDX-License-Identifier: Apache-2.0
"""The exception tree: what can go wrong, and the exit code a user sees.

::

    WattplanError
    |-- ConfigError        a file or field is wrong          (exit code 2)
    |-- DataError          numbers are missing or stale      (3)
    |-- InfeasibleError    no plan meets the rules           (4)
    |-- SolverError        the solver ended without a plan   (5)
    |-- BackendError       GPU, driver or memory             (6)
    `-- ReportError        output could not be written       (7)

Library code raises these and never prints or exits; `optimizer.cli` alone turns
them into text and exit codes. What does not belong here: `ValueError` for a wrong
argument of a pure function stays `ValueError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BackendError",
    "ConfigError",
    "Conflict",
    "DataError",
    "Fault",
    "InfeasibleError",
    "ReportError",
    "SolverError",
    "WattplanError",
]


class WattplanError(Exception):
    """Base of every error that a user can mend."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one field of one file.

    Parameters
    ----------
    file : str
        File as the user named it.
    field : str
        Path of the field inside the file, such as ``sites[1].contracted_mw``.
    value : str
        The value seen, as text with its unit.
    allowed : str
        What is allowed there.
    action : str
        What the user should do.
    """

    file: str
    field: str
    value: str
    allowed: str
    action: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        where = f"{self.file}: {self.field}" if self.field else self.file
        seen = f" = {self.value}" if self.value else ""
        return f"{where}{seen} {self.allowed} {self.action}".strip()


class ConfigError(WattplanError):
    """A file or a field is wrong; carries every fault found, not only the first."""

    exit_code: ClassVar[int] = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DataError(WattplanError):
    """Numbers that a computation needs are missing, stale or inconsistent."""

    exit_code: ClassVar[int] = 3


@dataclass(frozen=True, slots=True)
class Conflict:
    """One rule that cannot hold, and the cheapest repair found for it.

    Parameters
    ----------
    rule : str
        Name of the rule, such as ``cash_floor``.
    where : str
        Site, contract or account.
    month : str
        First month in which it fails, ISO ``YYYY-MM``.
    amount : float
        By how much. [`unit`]
    unit : str
        ``MW``, ``USD``, ``months`` (too long by), ``GPU``, ``EH/s`` or ``MW-months``.
    repair : str
        What would mend it.
    """

    rule: str
    where: str
    month: str
    amount: float
    unit: str
    repair: str

    def __str__(self) -> str:
        """Return the conflict as one line."""
        off = "too long by" if self.unit == "months" else "short by"
        return (
            f"{self.rule} at {self.where}, {self.month}: {off} "
            f"{self.amount:,.2f} {self.unit}. {self.repair}"
        )


class InfeasibleError(WattplanError):
    """No plan meets the rules; carries what conflicts in MW, USD and months."""

    exit_code: ClassVar[int] = 4

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        lines = [str(conflict) for conflict in self.conflicts]
        super().__init__("No plan meets the rules:\n" + "\n".join(lines))


class SolverError(WattplanError):
    """The solver ended without a usable plan."""

    exit_code: ClassVar[int] = 5

    def __init__(self, message: str, *, status: str, log_path: str = "") -> None:
        self.status = status
        self.log_path = log_path
        super().__init__(message)


class BackendError(WattplanError):
    """The GPU, its driver or memory failed, or a backend is not installed."""

    exit_code: ClassVar[int] = 6


class ReportError(WattplanError):
    """An output file could not be written or read back."""

    exit_code: ClassVar[int] = 7
