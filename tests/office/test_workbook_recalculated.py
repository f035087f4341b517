# SPDX-License-Identifier: Apache-2.0
"""The workbook in LibreOffice: cached = recalculated = engine, also after changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from changed_studies import engine_case
from recalculation import cells, changed, formulas, office_path, recalculated
from workbook_plans import rich_plan, rich_study

from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.market import base_paths
from optimizer.report.data import RunInfo
from optimizer.workbook import build_model, write_model
from optimizer.workbook.lines import CONSTANT_COLUMN, MONTH_COLUMN, column_name
from sites import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from models.plan import Plan
    from models.study import Study
    from optimizer.workbook import Model
    from optimizer.workbook.lines import Scalar

pytestmark = pytest.mark.office

CENT = 0.01
CHANGES: dict[str, dict[str, float]] = {
    # The loan is called, and BTC is sold to mend the cash floor.
    "price": {"sensitivities.btc_price": 0.55},
    # Hosted machines stand by in more months.
    "power": {"sites.beta.partner.hosting_rate_usd_per_mwh": 95.0},
    "together": {
        "market.btc_price_usd": 81_000.0,
        "sensitivities.capex": 1.3,
        "sensitivities.gpu_rent": 0.8,
        "sites.alpha.power.flexible_usd_per_mwh": 58.0,
        "hosting_offers.alpha_client.rate_usd_per_mwh": 71.0,
        "company.pool_fee_frac": 0.02,
        "company.general_admin_usd_per_month": 180_000.0,
        "company.discount_rate_per_year": 0.2,
        "company.loan.rate_per_year": 0.11,
        "company.btc_selling_cost_frac": 0.01,
        "tax_regimes.us.rate_frac": 0.3,
        "tax_regimes.group.loss_life_months": 7.0,
        "sites.alpha.phases.alpha_p1.lead_time_months": 8.0,
        "company.debt_facilities.rigs.term_months": 9.0,
    },
}


@dataclass(frozen=True)
class Written:
    """A workbook on disk with what it was made from."""

    model: Model
    path: Path


def _written(study: Study, plan: Plan, path: Path, **terms: object) -> Written:
    ledger = evaluate(study, plan, base_paths(study))
    model = build_model(study, plan, ledger, **terms)  # type: ignore[arg-type]
    write_model(path, model, RunInfo(run_id="test"))
    return Written(model, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@pytest.fixture(scope="module")
def rich(folder: Path) -> Written:
    study = rich_study()
    return _written(study, rich_plan(study), folder / "rich.xlsx")


@pytest.fixture(scope="module")
def base(folder: Path) -> Written:
    """The company as usual, but all BTC of the opening sold, down to rounding."""
    bundle = load_bundle("base")
    pledged = bundle.study.company.btc_pledged - 1e-10
    sold = (pledged, *(0.0,) * (bundle.study.time.months - 1))
    usual = business_as_usual(bundle.study)
    plan = usual.model_copy(update={"btc_sold_pledged": sold})
    path = folder / "base.xlsx"
    return _written(bundle.study, plan, path, provenance=bundle.provenance)


@pytest.fixture(scope="module")
def again(folder: Path, rich: Written, base: Written) -> Path:
    """Folder of all workbooks recalculated; one start of LibreOffice does for all."""
    path = office_path()
    assert path is not None
    files = [rich.path, base.path]
    for name, changes in CHANGES.items():
        files.append(changed(rich.path, rich.model, changes, folder / f"{name}.xlsx"))
    return recalculated(path, files, folder)


def _differences(written: Written, path: Path) -> dict[str, tuple[object, object]]:
    """Formula cells whose cached value is not what recalculation gives."""
    before, after = cells(written.path), cells(path)
    found = {}
    for place in formulas(written.path):
        was, now = before.get(place), after.get(place)
        if isinstance(was, int | float) and isinstance(now, int | float):
            if abs(was - now) > max(CENT / 10, 1e-9 * abs(was)):
                found[f"{place[0]}!{place[1]}"] = (was, now)
        elif was != now:
            found[f"{place[0]}!{place[1]}"] = (was, now)
    return found


def _gaps(written: Written, path: Path, changes: dict[str, float]) -> dict[str, float]:
    """Lines of a recalculated workbook that are not the engine's, by any month."""
    shown, model = cells(path), written.model
    npv_usd, ties = engine_case(model, changes)
    gaps = {"NPV": abs(_shown(path, model.outputs.npv) - npv_usd)}
    for tie in ties:
        row = tie.line.row + 1
        months = np.array(
            [
                shown[tie.line.sheet, f"{column_name(MONTH_COLUMN + t)}{row}"]
                for t in range(len(tie.engine))
            ],
            dtype=float,
        )
        gaps[tie.name] = float(np.abs(months - tie.engine).max())
    return {name: gap for name, gap in gaps.items() if gap > CENT}


def _shown(path: Path, line: Scalar) -> float:
    cell = f"{column_name(CONSTANT_COLUMN)}{line.row + 1}"
    return float(cells(path)[line.sheet, cell])  # type: ignore[arg-type]


def test_cached_is_recalculated_is_engine(rich: Written, again: Path) -> None:
    path = again / "rich.xlsx"
    assert len(formulas(rich.path)) > 10_000
    assert _differences(rich, path) == {}
    assert _gaps(rich, path, {}) == {}
    assert _shown(path, rich.model.checks.master) == 0.0


def test_the_base_study_is_recalculated_alike(base: Written, again: Path) -> None:
    path = again / "base.xlsx"
    assert _differences(base, path) == {}
    assert _gaps(base, path, {}) == {}
    assert _shown(path, base.model.checks.master) == 0.0


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_input_gives_a_new_engine_run(
    name: str, rich: Written, again: Path
) -> None:
    changes, path = CHANGES[name], again / f"{name}.xlsx"
    assert _gaps(rich, path, changes) == {}
    assert _shown(path, rich.model.checks.changed) == len(changes)
    assert _shown(path, rich.model.checks.master) == 0.0


@pytest.mark.parametrize("name", ["rich", "base", *CHANGES])
def test_no_cell_shows_an_error(name: str, again: Path) -> None:
    shown = cells(again / f"{name}.xlsx")
    errors = {
        place: value
        for place, value in shown.items()
        if isinstance(value, str) and value.startswith(("#", "Err:"))
    }
    assert errors == {}
