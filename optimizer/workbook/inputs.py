# SPDX-License-Identifier: Apache-2.0
"""Inputs: each number that a formula asks for, once, with its unit and source.

Numbers are named as `sites.provenance` names them (``sites.georgia.power.firm_...``)
and are put on the sheet when a formula first asks for them, so that every input shown
is live. What does not belong here: decisions of the plan (`optimizer.workbook.draft`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from models import network, units
from models.path_changes import MULTIPLIERS
from optimizer.workbook.expr import Expr
from optimizer.workbook.lines import CONSTANT_COLUMN, TOTAL_COLUMN, Scalar, column_name
from optimizer.workbook.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo

    from models.study import Study
    from optimizer.workbook.expr import Number, Place
    from optimizer.workbook.lines import Moment, Role, Style
    from sites import InputNumber

__all__ = ["SENSITIVITY", "Inputs", "UnknownInputError"]

SENSITIVITY: Final = "sensitivities."
"""Prefix of the factors of `models.path_changes.MULTIPLIERS`, all 1 in a run."""

_CONSTANTS: Final[dict[str, tuple[float, str, str]]] = {
    "hours_per_day": (units.HOURS_PER_DAY, "h", "Hours in a day"),
    "seconds_per_hour": (units.SECONDS_PER_HOUR, "s", "Seconds in an hour"),
    "seconds_per_day": (units.SECONDS_PER_DAY, "s", "Seconds in a day"),
    "months_per_year": (units.MONTHS_PER_YEAR, "months", "Months in a year"),
    "days_per_year": (365.0, "days", "Days in a year"),
    "th_per_eh": (units.TH_PER_EH, "TH/EH", "Terahashes in an exahash"),
    "th_per_ph": (units.TH_PER_PH, "TH/PH", "Terahashes in a petahash"),
    "w_per_mw": (units.W_PER_MW, "W/MW", "Watts in a megawatt"),
    "kw_per_mw": (1e3, "kW/MW", "Kilowatts in a megawatt"),
    "kwh_per_mwh": (units.KWH_PER_MWH, "kWh/MWh", "Kilowatt-hours in a MWh"),
    "hashes_per_eh": (units.HASHES_PER_EH, "hashes", "Hashes in an exahash"),
    "hashes_per_ph": (1e15, "hashes", "Hashes in a petahash"),
    "hashes_per_difficulty": (
        network.HASHES_PER_DIFFICULTY,
        "hashes",
        "Hashes per block and unit of difficulty",
    ),
    "block_seconds": (network.BLOCK_SECONDS, "s", "Time between blocks aimed at"),
    "halving_blocks": (network.HALVING_BLOCKS, "blocks", "Blocks between halvings"),
    "retarget_blocks": (network.RETARGET_BLOCKS, "blocks", "Blocks between retargets"),
    "max_retarget": (network.MAX_RETARGET_FACTOR, "ratio", "Largest retarget"),
    "first_subsidy_btc": (50.0, "BTC", "Subsidy of the first blocks"),
    "satoshi_per_btc": (1e8, "satoshi", "Satoshi in a BTC"),
    "half": (0.5, "ratio", "One half"),
    "rounding": (1e-9, "ratio", "Share below which a shortfall is rounding"),
    "tolerance_usd": (0.01, "USD", "Difference that a check allows"),
}

_TITLES: Final = {
    "sensitivities": "Sensitivities (1 = as in the run)",
    "company": "Company",
    "market": "Market",
    "tax_regimes": "Tax",
    "sites": "Site",
    "asics": "ASIC family",
    "gpus": "GPU family",
    "hosting_offers": "Hosting contract",
    "gpu_offers": "GPU lease",
    "constants": "Constants of nature, calendar and network (not to be changed)",
}

_MOST: Final = 1e15

_CAPITALS: Final = {
    word: word.upper()
    for word in ("btc", "gpu", "asic", "ltv", "vat", "pue", "eh", "th")
}

_DECIDED_WITH: Final = (".delivery_months", ".lot_units", ".lot_nodes")
"""Ends of keys that may only change together with the plan."""

_UNIT_WORDS: Final = re.compile(
    r"_(frac|months|usd_per_.+|usd|per_year|mw|eh_s|th_s|w|it_kw|kw)$"
)
"""Units at the end of a name; the unit has a column of its own."""

_STYLES: Final[tuple[tuple[str, Style], ...]] = (
    ("_frac", "share"),
    ("_per_year", "share"),
    ("_usd_per_mwh", "price"),
    ("_usd_per_gpu_h", "price"),
    ("_usd_per_th", "price"),
    ("_months", "integer"),
    ("_units", "integer"),
    ("btc_price_usd", "money"),
    ("_usd", "money"),
    ("_usd_per_month", "money"),
    ("_usd_per_mw", "money"),
    ("_usd_per_unit", "money"),
    ("_usd_per_node", "money"),
)


class UnknownInputError(KeyError):
    """No number of that name stands in the study."""


class Inputs:
    """Hands out inputs and gathers them for the sheet.

    Parameters
    ----------
    study : Study
        Study of the run.
    provenance : iterable of InputNumber
        Where its numbers come from.
    """

    def __init__(self, study: Study, provenance: Iterable[InputNumber] = ()) -> None:
        self.study = study
        self.origin = {number.key: number for number in provenance}
        self.lines: dict[str, Scalar] = {}
        self.bounds: dict[str, tuple[float, float]] = {}
        """Least and most that a study may hold, by key."""
        for name, words in MULTIPLIERS.items():
            self._new(
                SENSITIVITY + name,
                words[:1].upper() + words[1:],
                "ratio",
                1.0,
                "factor",
            )

    def number(self, key: str) -> Scalar:
        """Return the input of a key, such as ``company.cash_usd``.

        Raises
        ------
        UnknownInputError
            If the study has no such number.
        """
        if key not in self.lines:
            value, unit, bounds = _look_up(self.study, key)
            self.bounds[key] = bounds
            label = _label(key)
            self._new(key, label, unit, value, _style(key, value))
        return self.lines[key]

    def factor(self, name: str) -> Scalar:
        """Return a sensitivity, a name of `models.path_changes.MULTIPLIERS`."""
        return self.lines[SENSITIVITY + name]

    def constant(self, name: str) -> Scalar:
        """Return a constant of nature, calendar or network."""
        key = f"constants.{name}"
        if key not in self.lines:
            value, unit, label = _CONSTANTS[name]
            line = Scalar(label, unit, given=value, style="factor", role="constant")
            self.lines[key] = line
        return self.lines[key]

    def changed_count(self) -> Expr:
        """Return how many inputs differ from the run's. [count]."""
        return _ChangedCount(self)

    def ordinal(self, number: int) -> Scalar:
        """Return a small whole number that counts years."""
        key = f"constants.year_{number}"
        if key not in self.lines:
            self.lines[key] = Scalar(
                f"Tax years between: {number}",
                "years",
                given=float(number),
                style="integer",
                role="constant",
            )
        return self.lines[key]

    def sheet(self) -> Sheet:
        """Return the sheet of all inputs asked for, grouped."""
        sheet = Sheet("Inputs", "Inputs", has_months=False)
        groups: dict[str, list[Scalar]] = {}
        for key in sorted(self.lines, key=_group_order):
            groups.setdefault(self._group(key), []).append(self.lines[key])
        for title, lines in groups.items():
            sheet.heading(title)
            for line in lines:
                sheet.add(line)
        return sheet

    def _new(self, key: str, label: str, unit: str, value: float, style: Style) -> None:
        # The plan's cohorts follow from these: they cannot change without it.
        role: Role = "constant" if key.endswith(_DECIDED_WITH) else "input"
        self.lines[key] = Scalar(
            label, unit, given=value, style=style, role=role, note=key
        )

    def _group(self, key: str) -> str:
        parts = key.split(".")
        title = _TITLES.get(parts[0], _words(parts[0]))
        if parts[0] in {"sensitivities", "company", "market", "constants"}:
            return title
        record = _entry(getattr(self.study, parts[0]), parts[1])
        return f"{title}: {getattr(record, 'name', parts[1])}"


def _group_order(key: str) -> int:
    first = key.split(".", 1)[0]
    return list(_TITLES).index(first) if first in _TITLES else len(_TITLES) - 1


def _look_up(study: Study, key: str) -> tuple[float, str, tuple[float, float]]:
    """Return the number of a key, its unit and its bounds."""
    owner: object = study
    unit, bounds = "", (-_MOST, _MOST)
    for part in key.split("."):
        if isinstance(owner, tuple):
            owner = _entry(owner, part)
            continue
        if not isinstance(owner, BaseModel) or part not in type(owner).model_fields:
            msg = f"study {study.id!r} has no number {key!r}"
            raise UnknownInputError(msg)
        field = type(owner).model_fields[part]
        extra = field.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        bounds = _bounds(field)
        owner = getattr(owner, part)
    if isinstance(owner, bool) or not isinstance(owner, int | float):
        msg = f"{key!r} of study {study.id!r} is {owner!r}, not a number"
        raise UnknownInputError(msg)
    return float(owner), unit, bounds


def _bounds(field: FieldInfo) -> tuple[float, float]:
    """Return the least and the most that a field takes; ends count as inside."""
    least, most = -_MOST, _MOST
    for one in field.metadata:
        for name in ("ge", "gt"):
            least = max(least, float(getattr(one, name, least)))
        for name in ("le", "lt"):
            most = min(most, float(getattr(one, name, most)))
    return least, most


def _entry(records: tuple[object, ...], name: str) -> object:
    """Return a record of a list by its id, kind, model or place."""
    for attribute in ("id", "kind", "model"):
        for record in records:
            if getattr(record, attribute, None) == name:
                return record
    if name.isdigit() and int(name) < len(records):
        return records[int(name)]
    msg = f"no record {name!r}"
    raise UnknownInputError(msg)


def _label(key: str) -> str:
    """Return words for a key: what follows the record's own name."""
    parts = key.split(".")
    skip = 1 if parts[0] in {"company", "market"} else 2
    return ": ".join(_words(part) for part in parts[skip:])


def _words(name: str) -> str:
    text = _UNIT_WORDS.sub("", name).replace("_", " ")
    text = " ".join(_CAPITALS.get(word, word) for word in text.split(" "))
    return text[:1].upper() + text[1:]


def _style(key: str, value: float) -> Style:
    for ending, style in _STYLES:
        if key.endswith(ending):
            return style
    return "integer" if value == int(value) and abs(value) >= 1.0 else "factor"


class _ChangedCount(Expr):
    """Counts rows of the sheet of inputs whose two columns differ."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def text(self, place: Place) -> str:
        rows = [line.row for line in self._inputs.lines.values()]
        first, last = min(rows) + 1, max(rows) + 1
        now, then = column_name(CONSTANT_COLUMN), column_name(TOTAL_COLUMN)
        sheet = "Inputs!"
        return (
            f"SUMPRODUCT(({sheet}${now}${first}:${now}${last}"
            f"<>{sheet}${then}${first}:${then}${last})*1)"
        )

    def value(self, moment: Moment) -> Number:
        pairs = (
            (moment.reader.scalar(line), line.given)
            for line in self._inputs.lines.values()
        )
        return float(sum(now != then for now, then in pairs))
