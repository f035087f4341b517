# SPDX-License-Identifier: Apache-2.0
"""Sources of numbers, and the citation that a table hands down to its numbers.

A table may hold `source`, `as_of` and `grade`; they hold for every bare number in it
and below, until a deeper table says otherwise. What does not belong here: reading
files (`sites.nodes`) and the list of cited numbers (`sites.provenance`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from models.errors import Fault
from sites.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ASSUMPTION",
    "CITATION_KEYS",
    "GRADES",
    "Citation",
    "Source",
    "read_citation",
    "read_sources",
]

GRADES: dict[str, str] = {
    "P": "company filing, press release, regulator, chain data",
    "T": "trade press",
    "V": "vendor list price, aggregator or blog",
    "D": "derived by arithmetic from graded figures",
    "M": "assumption",
}
CITATION_KEYS = ("source", "as_of", "grade")
_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", flags=re.ASCII)
_SOURCE_KEYS = ("title", "publisher", "date", "url", "grade", "note")


@dataclass(frozen=True, slots=True)
class Source:
    """Where numbers come from.

    Parameters
    ----------
    id : str
        Name by which numbers cite it.
    title, publisher, url : str
        What it is and where it can be read; the address may be empty.
    date : str
        Day it was published or seen, ISO; may be empty.
    grade : str
        One letter of `GRADES`, or empty.
    note : str
        How it was used.
    """

    id: str
    title: str = ""
    publisher: str = ""
    date: str = ""
    url: str = ""
    grade: str = ""
    note: str = ""


ASSUMPTION = Source(
    id="assumption", title="Assumption of this study", publisher="Wattplan", grade="M"
)
"""Always known: a number chosen here, for which no source was found."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What a number inherits from the tables around it.

    Parameters
    ----------
    source : Source or None
        None where nothing is cited.
    as_of : str
        Day for which the number holds, ISO; empty where not said.
    grade : str
        Letter that overrides the source's own; empty where not said.
    """

    source: Source | None = None
    as_of: str = ""
    grade: str = ""

    @property
    def effective_grade(self) -> str:
        """Return the letter that holds: the number's own, else the source's."""
        return self.grade or (self.source.grade if self.source else "")

    @property
    def effective_as_of(self) -> str:
        """Return the day that holds: the number's own, else the source's."""
        return self.as_of or (self.source.date if self.source else "")


def _iso_day(value: object) -> str | None:
    """Return a date as text; a month or a year alone will do."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            date.fromisoformat(f"{value}-01-01"[:10])
        except ValueError:
            return None
        return value
    return None


def read_citation(
    table: Mapping[str, object],
    inherited: Citation,
    *,
    file: str,
    path: str,
    sources: Mapping[str, Source],
) -> tuple[Citation, list[Fault]]:
    """Return the citation that holds inside a table.

    Parameters
    ----------
    table : mapping
        Parsed TOML table.
    inherited : Citation
        What the tables around it cite.
    file, path : str
        Where the table stands, for faults.
    sources : mapping of str to Source
        Sources that may be cited.

    Returns
    -------
    tuple of Citation and list of Fault
        A `source` here starts afresh: the grade of the outer one does not hold, and
        its day only where the new source has none.
    """
    faults: list[Fault] = []
    prefix = f"{path}." if path else ""
    citation = inherited
    if "source" in table:
        name = table["source"]
        if isinstance(name, str) and name in sources:
            known = sources[name]
            as_of = "" if known.date else inherited.effective_as_of
            citation = Citation(source=known, as_of=as_of)
        else:
            hint = did_you_mean(str(name), sources)
            faults.append(
                Fault(
                    file,
                    f"{prefix}source",
                    repr(name),
                    "is not a known source id.",
                    f"{hint}Add [sources.{name}] or write 'assumption'.",
                )
            )
    if "as_of" in table:
        day = _iso_day(table["as_of"])
        if day is None:
            faults.append(
                Fault(
                    file,
                    f"{prefix}as_of",
                    str(table["as_of"]),
                    "must be a date.",
                    'Write it as 2025-11-30, "2025-11" or "2025".',
                )
            )
        else:
            citation = replace(citation, as_of=day)
    if "grade" in table:
        grade = table["grade"]
        if isinstance(grade, str) and grade in GRADES:
            citation = replace(citation, grade=grade)
        else:
            faults.append(
                Fault(
                    file,
                    f"{prefix}grade",
                    repr(grade),
                    f"must be one of {', '.join(GRADES)}.",
                    "P filing, T press, V vendor, D derived, M assumption.",
                )
            )
    return citation, faults


def read_sources(table: object, *, file: str) -> tuple[dict[str, Source], list[Fault]]:
    """Return the sources listed in a file's `[sources]` table.

    Parameters
    ----------
    table : object
        Parsed `[sources]` table.
    file : str
        File it stands in, for faults.

    Returns
    -------
    tuple of dict and list of Fault
        Sources by id, and what is wrong with the others.
    """
    if not isinstance(table, dict):
        fault = Fault(
            file, "sources", "", "must hold tables.", "Write [sources.my_source]."
        )
        return {}, [fault]
    found: dict[str, Source] = {}
    faults: list[Fault] = []
    for name, entry in table.items():
        path = f"sources.{name}"
        if not isinstance(entry, dict):
            faults.append(Fault(file, path, "", "must be a table.", f"Write [{path}]."))
            continue
        faults += _source_faults(entry, file=file, path=path)
        if name == ASSUMPTION.id:
            continue
        day = _iso_day(entry.get("date", "")) or ""
        texts = {
            key: value
            for key, value in entry.items()
            if key in _SOURCE_KEYS and key != "date" and isinstance(value, str)
        }
        found[name] = Source(id=name, date=day, **texts)
    return found, faults


def _source_faults(entry: dict[str, object], *, file: str, path: str) -> list[Fault]:
    faults = []
    for key, value in entry.items():
        where = f"{path}.{key}"
        if key not in _SOURCE_KEYS:
            hint = did_you_mean(key, _SOURCE_KEYS)
            allowed = f"is unknown; known are {', '.join(_SOURCE_KEYS)}."
            faults.append(Fault(file, where, "", allowed, f"{hint}Remove it."))
        elif key == "date":
            if _iso_day(value) is None:
                faults.append(
                    Fault(
                        file,
                        where,
                        str(value),
                        "must be a date.",
                        'Write it as 2025-11-30, "2025-11" or "2025".',
                    )
                )
        elif not isinstance(value, str):
            faults.append(
                Fault(file, where, str(value), "must be text.", "Put it in quotes.")
            )
        elif key == "grade" and value not in GRADES:
            allowed = f"must be one of {', '.join(GRADES)}."
            faults.append(Fault(file, where, repr(value), allowed, "Choose one."))
    if not entry.get("title"):
        faults.append(Fault(file, path, "", "has no title.", "Give it a title."))
    return faults
