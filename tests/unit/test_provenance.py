# SPDX-License-Identifier: Apache-2.0
"""The origin of numbers: citations handed down, values as tables, schemas."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import TYPE_CHECKING

import pytest

import sites
from models.errors import ConfigError
from models.study import Study
from sites.catalogue import BUNDLED
from sites.layout import FOLDERS, LISTS, SINGLES, StudyTexts
from sites.provenance import assumption_share_frac, grade_counts
from sites.toml_text import Inline, toml_text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
schema_version = 1
id = "x"
title = "x"
description = "x"
as_of_date = 2025-11-30
[include]
study = "base"
"""


def load(folder: Path, text: str) -> sites.StudyBundle:
    path = folder / "study.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return sites.load_bundle(path)


# --- citations ------------------------------------------------------------------------


def test_a_number_as_a_table_carries_range_source_day_and_note(tmp_path):
    text = """
[override.company]
discount_rate_per_year = { value = 0.11, low = 0.08, high = 0.14, unit = "per year", source = "board", as_of = 2025-10-01, grade = "D", note = "why" }
[sources.board]
title = "Minutes of the board"
publisher = "Us"
date = 2025-09-15
"""  # noqa: E501
    bundle = load(tmp_path, text)
    assert bundle.study.company.discount_rate_per_year == 0.11
    number = bundle.number("company.discount_rate_per_year")
    assert (number.low, number.high, number.unit) == (0.08, 0.14, "per year")
    assert (number.as_of, number.grade, number.note) == ("2025-10-01", "D", "why")
    assert number.source_title == "Minutes of the board"
    assert number.path == "override.company.discount_rate_per_year"
    assert number.file.endswith("study.toml")
    assert not number.is_assumption


def test_a_table_hands_its_citation_down_to_bare_numbers(tmp_path):
    text = """
[override]
source = "canvas"
[override.sites.oman]
uptime_frac = 0.9
[override.sites.oman.power]
source = "assumption"
as_of = 2025-11-30
firm_usd_per_mwh = 61
"""
    bundle = load(tmp_path, text)
    outer = bundle.number("sites.oman.uptime_frac")
    assert (outer.source_id, outer.grade, outer.as_of) == ("canvas", "P", "2025-12-01")
    inner = bundle.number("sites.oman.power.firm_usd_per_mwh")
    assert (inner.source_id, inner.grade) == ("assumption", "M")
    assert inner.is_assumption


def test_a_number_for_a_later_day_is_flagged(tmp_path):
    text = """
[override.asics.s21]
price_usd_per_th = { value = 7, source = "canvas", as_of = "2026-02" }
scrap_usd_per_th = { value = 0.4, source = "canvas", as_of = "2025" }
"""
    bundle = load(tmp_path, text)
    assert bundle.number("asics.s21.price_usd_per_th").is_after_study_date
    assert not bundle.number("asics.s21.scrap_usd_per_th").is_after_study_date


def test_a_number_without_source_is_a_warning_with_a_count(tmp_path):
    text = "[override.company]\ncash_usd = 25e6\npool_fee_frac = 0.004\n"
    bundle = load(tmp_path, text)
    number = bundle.number("company.cash_usd")
    assert not number.has_source
    assert number.source_title == "no source given"
    (warning,) = [w for w in bundle.warnings if w.code == "no_source"]
    assert warning.message.startswith("2 of ")


def test_sources_beside_the_study_can_be_cited(tmp_path):
    (tmp_path / "sources.toml").write_text(
        '[ours]\ntitle = "Ours"\ndate = "2025-08"\n', encoding="utf-8"
    )
    bundle = load(tmp_path, '[override.company]\nsource = "ours"\ncash_usd = 25e6\n')
    assert bundle.number("company.cash_usd").source_title == "Ours"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('source = "canvass"', "Did you mean 'canvas'?"),
        ("as_of = 2025", "must be a date"),
        ('as_of = "2025-02-30"', "must be a date"),
        ('grade = "A"', "must be one of P, T, V, D, M"),
    ],
)
def test_a_citation_that_is_wrong_is_a_fault(tmp_path, text, says):
    with pytest.raises(ConfigError, match=r"override\.company") as caught:
        load(tmp_path, f"[override.company]\n{text}\n")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[sources]\nx = "y"', "sources.x must be a table"),
        ('[sources.x]\npublisher = "y"', "has no title"),
        ('[sources.x]\ntitle = "y"\nyear = 2025', "sources.x.year is unknown"),
        ('[sources.x]\ntitle = "y"\ngrade = "Z"', "must be one of P"),
        ('[sources.x]\ntitle = "y"\ndate = "soon"', "must be a date"),
        ("[sources.x]\ntitle = 3", "must be text"),
    ],
)
def test_a_source_that_is_wrong_is_a_fault(tmp_path, text, says):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)


def test_an_unknown_key_of_the_bundle_raises_key_error():
    with pytest.raises(KeyError):
        sites.load_bundle("teaching").number("company.nothing")


def test_shares_and_counts_of_grades():
    numbers = sites.load_bundle("base").provenance
    counts = grade_counts(numbers)
    assert sum(counts.values()) == len(numbers)
    # every number has a source, so the assumptions are those of grade M
    assert assumption_share_frac(numbers) == pytest.approx(counts["M"] / len(numbers))
    assert assumption_share_frac([]) == 0.0


def test_keys_of_numbers_are_unique():
    keys = [number.key for number in sites.load_bundle("base").provenance]
    assert len(set(keys)) == len(keys)


def test_two_cohorts_of_one_model_have_keys_of_their_own(tmp_path):
    cohort = (
        "{ model = 's19_xp', units = 10, age_months = 1, book_value_usd = 1, "
        "remaining_life_months = 1 }"
    )
    bundle = load(
        tmp_path, f"[override.sites.georgia]\nopening_fleet = [{cohort}, {cohort}]\n"
    )
    assert bundle.number("sites.georgia.opening_fleet.s19_xp#2.units").value == 10


# --- writing TOML ---------------------------------------------------------------------


def test_toml_text_reads_back_as_the_same_values():
    table = {
        "text": 'quote " backslash \\ newline \n tab \t delete \x7f é',
        "whole": -3,
        "real": 1e22,
        "small": 1.5e-9,
        "flag": True,
        "day": date(2025, 11, 30),
        "empty": [],
        "list": [1, 2.5, "x"],
        "odd key": {"inner": {"deep": 1}},
        "inline": Inline(value=1.0, note="a # b"),
        "rows": [{"id": "a", "sub": [{"k": 1}]}, {"id": "b"}],
        "inline_rows": [Inline(a=1), Inline(a=2)],
        "nothing": {},
    }
    assert tomllib.loads(toml_text(table)) == table


# --- schemas --------------------------------------------------------------------------


def violations(value: object, schema: dict, root: dict, path: str = "") -> list[str]:
    """Check the part of JSON Schema that we write."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        return violations(value, root["definitions"][name], root, path)
    if "anyOf" in schema:
        options = [violations(value, s, root, path) for s in schema["anyOf"]]
        return [] if [] in options else min(options, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{path}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: {value!r} is not listed"]
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool,
        "integer": int, "number": (int, float),
    }  # fmt: skip
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{path}: {value!r} is no {schema['type']}"]
    found: list[str] = []
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            found.append(f"{path}: {value} out of range")
        if value <= schema.get("exclusiveMinimum", value - 1):
            found.append(f"{path}: {value} too small")
    if isinstance(value, list):
        for k, member in enumerate(value):
            found += violations(member, schema.get("items", {}), root, f"{path}[{k}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        for key, entry in value.items():
            if key in properties:
                found += violations(entry, properties[key], root, f"{path}.{key}")
            elif rest is False:
                found.append(f"{path}.{key}: unknown")
            elif isinstance(rest, dict):
                found += violations(entry, rest, root, f"{path}.{key}")
        found += [f"{path}.{k}: missing" for k in schema.get("required", ()) if
                  k not in value]  # fmt: skip
    return found


def plain(value: object) -> object:
    """Dates as texts, as an editor's schema check sees them."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (kind, path)
        for kind, folder in FOLDERS.items()
        for path in sorted((BUNDLED / folder).glob("*.toml"))
    ],
    ids=lambda value: getattr(value, "stem", value),
)
def test_every_bundled_file_satisfies_its_schema(kind, path):
    schema = json.loads(json.dumps(sites.json_schemas()[kind]))
    table = plain(tomllib.loads(path.read_text(encoding="utf-8")))
    assert violations(table, schema, schema) == []


def test_the_schema_refuses_what_the_loader_refuses():
    schema = sites.json_schemas()["sites"]
    path = BUNDLED / "sites" / "georgia.toml"
    table = plain(tomllib.loads(path.read_text(encoding="utf-8")))
    table["contracted_mw"] = -20
    table["uptime"] = 0.9
    del table["country"]
    found = violations(table, schema, schema)
    assert {text.split(":")[0] for text in found} == {
        ".contracted_mw",
        ".uptime",
        ".country",
    }


def test_the_schema_of_sources_holds_for_the_bundled_sources():
    schema = sites.json_schemas()["sources"]
    path = BUNDLED / "sources.toml"
    table = plain(tomllib.loads(path.read_text(encoding="utf-8")))
    assert violations(table, schema, schema) == []


def test_schemas_are_written_one_per_kind(tmp_path):
    written = sites.write_json_schemas(tmp_path / "schemas")
    assert {path.name for path in written} == {
        f"{kind}.schema.json" for kind in (*FOLDERS, "sources")
    }
    assert json.loads(written[0].read_text(encoding="utf-8"))["$schema"]


# --- the layout agrees with the study record ------------------------------------------


def test_the_layout_names_every_field_of_a_study():
    known = {*StudyTexts.model_fields, "time", "solver", *SINGLES, *LISTS}
    assert known == set(Study.model_fields)
