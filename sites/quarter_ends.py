# SPDX-License-Identifier: Apache-2.0
"""Published balances at the ends of quarters: the bundled file, read and checked.

What does not belong here: rolling them forward (`models.cash_quarter`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from models.cash_quarter import QuarterEnd
from models.errors import ConfigError
from models.fields import Record
from sites.catalogue import BUNDLED, FileReader
from sites.reading import RecordReader

if TYPE_CHECKING:
    from pathlib import Path

    from sites.provenance import InputNumber

__all__ = ["load_quarter_ends"]


class _QuarterEndFile(Record):
    quarter_ends: tuple[QuarterEnd, ...] = Field(min_length=1)


def load_quarter_ends(
    path: Path | None = None,
) -> tuple[tuple[QuarterEnd, ...], tuple[InputNumber, ...]]:
    """Return the published balances, and the origin of their numbers.

    Parameters
    ----------
    path : Path, optional
        TOML file with `[[quarter_ends]]`; the company's own without one.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    place = BUNDLED / "actuals" / "quarter_ends.toml" if path is None else path
    files = FileReader(root=place.parent)
    node = files.read(place)
    reader = RecordReader("")
    faults = list(files.faults)
    made: Record | None = None
    if not faults:
        _, made = reader.record(node, _QuarterEndFile, "company")
        faults += reader.faults
    if faults or not isinstance(made, _QuarterEndFile):
        raise ConfigError(faults)
    return made.quarter_ends, tuple(reader.numbers)
