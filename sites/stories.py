# SPDX-License-Identifier: Apache-2.0
"""Named stories: changes of the base path, as data with sources.

What does not belong here: applying a story and scoring it (`optimizer.stress`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from models.errors import ConfigError, Fault
from models.fields import Factor, Identifier, MonthCount, Record
from models.path_changes import MUST_BE_POSITIVE
from sites.catalogue import BUNDLED, FileReader
from sites.reading import RecordReader

if TYPE_CHECKING:
    from pathlib import Path

    from sites.provenance import InputNumber

__all__ = ["PathChange", "SiteDelay", "Story", "bundled_stories", "load_stories"]


class PathChange(Record):
    """A multiplier of the base path, in all months or some."""

    multiplier: Literal[
        "btc_price",
        "network",
        "fees",
        "power_price",
        "gpu_rent",
        "gpu_utilisation",
        "capex",
    ]
    """Direct: nothing else answers to it, see `models.path_changes`."""
    factor: Factor
    first_month: int = Field(
        default=1, ge=1, le=600, json_schema_extra={"unit": "months"}
    )
    """Month of the horizon in which it begins, 1 being the first."""
    months: int = Field(default=600, ge=1, le=600, json_schema_extra={"unit": "months"})
    """How long it lasts."""

    @model_validator(mode="after")
    def _makes_sense(self) -> PathChange:
        if self.multiplier in MUST_BE_POSITIVE and self.factor == 0.0:
            msg = f"factor of {self.multiplier} must be > 0"
            raise ValueError(msg)
        if self.multiplier == "capex" and (self.first_month, self.months) != (1, 600):
            msg = "capex has one factor for all months: remove first_month and months"
            raise ValueError(msg)
        return self


class SiteDelay(Record):
    """Everything built at a site comes later than planned."""

    site: Identifier
    delay_months: MonthCount


class Story(Record):
    """One future told in a few numbers; what it leaves out stays as in the base case.

    Changes of the market are simulated (the network answers); `changes` and
    `hashprice_cap_usd_per_ph_day` are then applied to the path.
    """

    id: Identifier
    name: str
    description: str
    btc_price_factor: float = Field(
        default=1.0, gt=0, le=100, json_schema_extra={"unit": "ratio"}
    )
    """BTC price of the first month, over the base case's."""
    btc_log_drift_per_year: float | None = Field(
        default=None, ge=-2, le=2, json_schema_extra={"unit": "per year"}
    )
    network_elasticity: Factor | None = None
    hashprice_cap_usd_per_ph_day: float | None = Field(
        default=None, gt=0, le=10_000, json_schema_extra={"unit": "USD/(PH/s)/day"}
    )
    """Hash price where the path has more: the network is larger."""
    changes: tuple[PathChange, ...] = ()
    delays: tuple[SiteDelay, ...] = ()

    @model_validator(mode="after")
    def _multipliers_stand_once(self) -> Story:
        names = [change.multiplier for change in self.changes]
        if len(set(names)) != len(names):
            msg = f"each multiplier may stand once, got {names}"
            raise ValueError(msg)
        return self


class _StoryFile(Record):
    stories: tuple[Story, ...] = Field(min_length=1)


def load_stories(path: Path) -> tuple[tuple[Story, ...], tuple[InputNumber, ...]]:
    """Return the stories of a file, and the origin of their numbers.

    Parameters
    ----------
    path : Path
        TOML file with `[[stories]]` tables.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    files = FileReader(root=path.parent)
    node = files.read(path)
    reader = RecordReader("")
    faults = list(files.faults)
    made: Record | None = None
    if not faults:
        _, made = reader.record(node, _StoryFile, "stress")
        faults += reader.faults
    stories = made.stories if isinstance(made, _StoryFile) else ()
    seen: set[str] = set()
    for story in stories:
        if story.id in seen:
            place = f"stories.{story.id}"
            faults.append(
                Fault(node.file, place, "", "stands twice.", "Rename one of them.")
            )
        seen.add(story.id)
    if faults:
        raise ConfigError(faults)
    return stories, tuple(reader.numbers)


@cache
def bundled_stories() -> tuple[Story, ...]:
    """Return the stories that come with the package, in their order."""
    return load_stories(BUNDLED / "stress" / "stories.toml")[0]
