# SPDX-License-Identifier: Apache-2.0
"""Loading studies: includes, changes, and every kind of bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sites
from models.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.errors import Fault


@pytest.fixture
def faults_after(tmp_path: Path) -> Callable[..., tuple[Fault, ...]]:
    """Faults of the teaching study after replacing texts in its file."""

    def run(*changes: tuple[str, str], append: str = "") -> tuple[Fault, ...]:
        sites.copy_study("teaching", tmp_path)
        path = tmp_path / "study.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text + append, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            sites.load_study(path)
        return caught.value.faults

    return run


def write_study(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    head = (
        'schema_version = 1\nid = "x"\ntitle = "x"\ndescription = "x"\n'
        "as_of_date = 2025-11-30\n"
    )
    path.write_text(head + text, encoding="utf-8")
    return path


def only(faults: tuple[Fault, ...]) -> Fault:
    assert len(faults) == 1, [str(fault) for fault in faults]
    return faults[0]


# --- what loads -----------------------------------------------------------------------


def test_a_bundled_study_loads_by_its_name_and_by_its_path():
    by_name = sites.load_study("base")
    by_path = sites.load_study(sites.catalogue.BUNDLED / "studies" / "base.toml")
    assert by_name == by_path
    assert by_name.months[0] == "2025-12"
    assert by_name.months[-1] == "2030-11"


def test_a_study_built_on_another_changes_only_what_it_says():
    base, long = sites.load_study("base"), sites.load_study("long")
    assert long.time.months == 120
    assert long.time.monthly_months == 36
    assert long.time.order_step_months == base.time.order_step_months
    assert long.sites == base.sites
    assert long.id == "long"


def test_an_override_changes_one_number_deep_inside_a_site(tmp_path: Path):
    path = write_study(
        tmp_path,
        '[include]\nstudy = "base"\n'
        "[override.sites.georgia.power]\nflexible_usd_per_mwh = 60\n"
        "[override.sites.georgia.shells.hpc.build]\nmax_modules = 3\n"
        "[override.company]\ndiscount_rate_per_year = 0.15\n"
        "[override.gpus.h100]\nutilisation_frac = 0.5\n",
    )
    study, base = sites.load_study(path), sites.load_study("base")
    georgia = study.site("georgia")
    assert georgia.power.flexible_usd_per_mwh == 60.0
    assert georgia.power.firm_usd_per_mwh == base.site("georgia").power.firm_usd_per_mwh
    hpc = georgia.shell("hpc")
    assert hpc is not None
    assert hpc.build is not None
    assert hpc.build.max_modules == 3
    assert study.company.discount_rate_per_year == 0.15
    assert study.gpu("h100").utilisation_frac == 0.5
    assert study.site("oman") == base.site("oman")


def test_keep_and_drop_choose_records_by_id(tmp_path: Path):
    path = write_study(
        tmp_path,
        '[include]\nstudy = "base"\n'
        '[keep]\nasics = ["s19_xp", "t21", "s21"]\n'
        '[drop]\nhosting_offers = ["oman_hpc_pilot"]\n',
    )
    study, base = sites.load_study(path), sites.load_study("base")
    assert [asic.id for asic in study.asics] == ["s19_xp", "t21", "s21"]
    dropped = {o.id for o in base.hosting_offers} - {o.id for o in study.hosting_offers}
    assert dropped == {"oman_hpc_pilot"}


def test_a_file_beside_the_study_wins_over_the_bundled_one(tmp_path: Path):
    sites.copy_study("base", tmp_path)
    georgia = tmp_path / "sites" / "georgia.toml"
    text = georgia.read_text(encoding="utf-8")
    georgia.write_text(text.replace('name = "Georgia"', 'name = "Ours"'), "utf-8")
    bundle = sites.load_bundle(tmp_path / "study.toml")
    assert bundle.study.site("georgia").name == "Ours"
    assert georgia.as_posix() in bundle.files


def test_an_include_may_be_a_relative_path(tmp_path: Path):
    sites.copy_study("base", tmp_path)
    (tmp_path / "sites" / "oman.toml").rename(tmp_path / "desert.toml")
    study = tmp_path / "study.toml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace('"oman"', '"desert.toml"'), encoding="utf-8")
    assert sites.load_study(study) == sites.load_study("base")


@pytest.mark.parametrize("name", sites.bundled_studies())
def test_a_copied_study_is_the_same_study(tmp_path: Path, name: str):
    written = sites.copy_study(name, tmp_path / "new" / "folder")
    assert written[0].name == "study.toml"
    assert all(path.is_file() for path in written)
    assert sites.load_study(written[0]) == sites.load_study(name)


def test_copying_refuses_to_overwrite_and_then_writes_nothing(tmp_path: Path):
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "cango.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="exists already"):
        sites.copy_study("base", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["company"]


def test_copying_an_unknown_study_names_the_nearest(tmp_path: Path):
    with pytest.raises(ConfigError, match="Did you mean 'teaching'"):
        sites.copy_study("teching", tmp_path)


@pytest.mark.parametrize("name", sites.bundled_studies())
def test_a_resolved_study_loads_as_an_equal_study(tmp_path: Path, name: str):
    bundle = sites.load_bundle(name)
    path = tmp_path / "study.toml"
    path.write_text(sites.resolved_toml(bundle), encoding="utf-8")
    again = sites.load_bundle(path)
    assert again.study == bundle.study

    def origin(number: sites.InputNumber) -> tuple[object, ...]:
        cited = (number.source, number.as_of, number.grade, number.note)
        return (number.key, number.value, number.low, number.high, *cited)

    assert {origin(n) for n in again.provenance} == {
        origin(n) for n in bundle.provenance
    }
    assert list(again.files) == [path.as_posix(), "sites/data/sources.toml"]


def test_every_file_read_is_listed_with_its_hash():
    files = sites.load_bundle("base").files
    assert "sites/data/studies/base.toml" in files
    assert "sites/data/sites/georgia.toml" in files
    assert all(len(digest) == 64 for digest in files.values())


# --- bad input ------------------------------------------------------------------------


def test_the_message_names_file_field_value_bound_and_remedy(faults_after):
    fault = only(faults_after(("contracted_mw = 20", "contracted_mw = -20")))
    assert fault.file.endswith("study.toml")
    assert str(fault).split("study.toml: ")[1] == (
        "sites[0].contracted_mw = -20 MW must be >= 0. "
        "Remove the site or give its contracted power in MW."
    )


def test_a_fault_names_the_included_file_in_which_the_number_stands(tmp_path: Path):
    sites.copy_study("base", tmp_path)
    oman = tmp_path / "sites" / "oman.toml"
    text = oman.read_text(encoding="utf-8")
    oman.write_text(text.replace("mw = 5\n", "mw = -5\n", 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        sites.load_study(tmp_path / "study.toml")
    fault = only(caught.value.faults)
    assert fault.file == oman.as_posix()
    assert fault.field == "phases[0].mw"


def test_all_faults_are_listed_at_once(faults_after):
    faults = faults_after(
        ("contracted_mw = 20", "contracted_mw = -20"),
        ("uptime_frac = 0.95", "uptime_frac = 95"),
        ('earliest_month = "2026-01"', 'earliest_month = "2025-06"'),
        ('\nsite = "valley"', '\nsite = "valey"'),
        ("cash_usd = 6e6", "cash_usd = nan"),
        ("take_or_pay_frac", "take_or_play_frac"),
    )
    fields = [fault.field for fault in faults]
    assert fields == [
        "company.cash_usd",
        "sites[0].contracted_mw",
        "sites[0].uptime_frac",
        "hosting_offers[0].take_or_play_frac",
        "hosting_offers[0].take_or_pay_frac",
        "sites[0].phases[0].earliest_month",
        "hosting_offers[0].site",
    ]


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("uptime_frac = 0.95", "uptime_frac = 95", "sites[0].uptime_frac",
         "95 looks like a percentage: write 0.95."),
        ("hurdle_rate_per_year = 0.20", "hurdle_rate_per_year = 15",
         "sites[0].hurdle_rate_per_year", "15 looks like a percentage: write 0.15."),
        ("asic_duty_frac = 0.10", "asic_duty_frac = 10", "sites[0].asic_duty_frac",
         "10 looks like a percentage: write 0.1."),
        ("cash_usd = 6e6", "cash_usd = inf", "company.cash_usd", "finite"),
        ("cash_usd = 6e6", 'cash_usd = "6e6"', "company.cash_usd",
         "Remove the quotes."),
        ("cash_usd = 6e6", "cash_usd = true", "company.cash_usd", "number in USD"),
        ("max_modules = 3", "max_modules = 2.5", "sites[0].shells[0].build.max_modules",
         "whole number"),
        ('earliest_month = "2026-01"', 'earliest_month = "2026-1"',
         "sites[0].phases[0].earliest_month", "must be a month"),
        ('earliest_month = "2026-01"', "earliest_month = 2026-01-01",
         "sites[0].phases[0].earliest_month", 'Write "2026-01" in quotes.'),
        ('status = "operating"', 'status = "running"', "sites[0].status",
         "must be one of greenfield, operating, partner, pilot."),
        ('latest_start = "2026-09"', 'latest_start = "2026-01"', "hosting_offers[0]",
         "must not be before earliest_start"),
        ("latitude_deg = 45", "latitude_deg = 95", "sites[0].latitude_deg", "<= 90"),
        ('id = "valley"', 'id = "Green Valley"', "sites[0].id", "lower-case"),
        ("gross_per_it_ratio = 1.05", "gross_per_it_ratio = 1.01", "sites[0].shells[0]",
         "must be at least the pue"),
        ("value = 45, low = 35", "value = 45, low = 50",
         "sites[0].power.flexible_usd_per_mwh", "under its own low 50"),
        ("value = 45, low = 35", 'value = 45, unit = "USD/kWh", low = 35',
         "sites[0].power.flexible_usd_per_mwh.unit", "must be 'USD/MWh'"),
        ("value = 45, low = 35", "vlaue = 45, low = 35",
         "sites[0].power.flexible_usd_per_mwh.vlaue", "Did you mean 'value'?"),
        ("as_of_date = 2025-11-30", 'as_of_date = "2025-13-45"', "as_of_date",
         "no day of the calendar"),
        ("schema_version = 1", "schema_version = 2", "schema_version", "<= 1"),
        ("months = 24", "months = 600", "time.months", "<= 240"),
        ('source = "assumption"', 'source = "asumption"', "company.source",
         "Did you mean 'assumption'?"),
        ('market = "base"', 'market = "bse"', "include.market", "Did you mean 'base'?"),
        ('hardware = "asics"', 'hardware = ["asics", "asics"]', "include.hardware[1]",
         "included twice"),
        ('asics = ["s21", ', 'asics = ["s21", "s20", ', "keep.asics[1]",
         "is not an id among the asics"),
        ("[solver]", "[solvr]", "solvr", "Did you mean 'solver'?"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_is_found_and_explained(faults_after, old, new, field, says):
    faults = {fault.field: str(fault) for fault in faults_after((old, new))}
    assert field in faults
    assert says in faults[field]


def test_a_missing_field_is_named_with_its_record(faults_after):
    fault = only(faults_after(("uptime_frac = 0.95\n", "")))
    assert fault.field == "sites[0].uptime_frac"
    assert fault.allowed == "is missing."


def test_an_override_of_an_unknown_record_names_the_nearest(faults_after):
    fault = only(faults_after(append="\n[override.sites.valey]\nname = 'x'\n"))
    assert fault.field == "override.sites.valey"
    assert "Did you mean 'valley'?" in str(fault)


def test_an_override_that_is_wrong_is_blamed_on_the_override(faults_after):
    fault = only(faults_after(append="\n[override.sites.plot]\nuptime_frac = -1\n"))
    assert fault.field == "override.sites.plot.uptime_frac"


def test_unreadable_toml_says_where():
    with pytest.raises(ConfigError) as caught:
        sites.load_study("no/such/study.toml")
    assert "does not exist" in str(caught.value)


def test_toml_that_does_not_parse_gives_line_and_column(tmp_path: Path):
    path = tmp_path / "study.toml"
    path.write_text("id = 'x'\ntitle = \n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2, column 9"):
        sites.load_study(path)


def test_a_broken_included_file_is_reported_beside_other_faults(tmp_path: Path):
    sites.copy_study("base", tmp_path)
    (tmp_path / "tax" / "base.toml").write_text("[[", encoding="utf-8")
    (tmp_path / "sites" / "oman.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError) as caught:
        sites.load_study(tmp_path / "study.toml")
    messages = [str(fault) for fault in caught.value.faults]
    assert any("tax/base.toml is not valid TOML" in text for text in messages)
    assert any("sites/oman.toml is not UTF-8" in text for text in messages)


def test_an_empty_study_says_so(tmp_path: Path):
    path = tmp_path / "study.toml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no study"):
        sites.load_study(path)


def test_studies_that_include_each_other_are_refused(tmp_path: Path):
    (tmp_path / "a.toml").write_text('[include]\nstudy = "b.toml"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('[include]\nstudy = "a.toml"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"circle: a\.toml -> b\.toml -> a\.toml"):
        sites.load_study(tmp_path / "a.toml")


def test_a_study_without_its_parts_lists_all_that_is_missing(tmp_path: Path):
    path = tmp_path / "study.toml"
    path.write_text('id = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        sites.load_study(path)
    missing = {fault.field for fault in caught.value.faults}
    assert missing == {
        "schema_version", "title", "description", "as_of_date",
        "time", "solver", "company", "market", "sites",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('market = "base"', "market = []", "market"),
        ("[keep]", "[[keep]]", "keep"),
        ('tax = "base"', "tax = 3", "include.tax"),
        ('market = "base"', 'market = ["base", "teaching"]', "include.market[1]"),
    ],
)
def test_an_include_or_change_of_the_wrong_shape_is_a_fault(
    faults_after, old, new, field
):
    assert field in {fault.field for fault in faults_after((old, new))}


def test_a_record_both_included_and_written_out_is_refused(tmp_path: Path):
    path = write_study(
        tmp_path, '[include]\nstudy = "base"\nmarket = "base"\n[market]\nid = "x"\n'
    )
    with pytest.raises(ConfigError, match="is included as well"):
        sites.load_study(path)


def test_error_exit_code_is_two(faults_after):
    assert ConfigError(faults_after(("months = 24", "months = 0"))).exit_code == 2
