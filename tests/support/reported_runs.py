# SPDX-License-Identifier: Apache-2.0
"""A small run with every part the report may show, in memory and as a folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine_plans import empty_plan, full_commitments, opening_holdings
from tiny_studies import alpha, beta, gamma, tiny_study

from gpu.scoring.score import score
from models.business_as_usual import business_as_usual
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    OfferAcceptance,
    Order,
    PhaseStart,
)
from optimizer.passport import CheckResult, SolverFacts
from optimizer.planning import evaluate_plan
from optimizer.report import ReportData, RunInfo, Scores, ScreenedData
from optimizer.scoring import ScoredRun, score_summary
from optimizer.stress import stress
from sites.provenance import InputNumber
from sites.sources import ASSUMPTION, Source
from sites.suspicious import SuspiciousInput

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study

HOSTILE = '<script>alert("x")</script>'
"""A name that would run if the page took it as it stands."""


def reported_study(site_name: str = "Alpha") -> Study:
    """Three sites: one busy, one at a partner's, one bare."""
    return tiny_study(sites=(alpha(name=site_name), beta(), gamma()))


def reported_plan(study: Study) -> Plan:
    """Converts and builds at alpha, sells half the partner fleet after six months."""
    months = study.time.months
    kept, partner = opening_holdings(study)
    half = {"units": 2000.0}
    return empty_plan(
        study,
        label="plan",
        holdings=(
            kept.model_copy(update={"until": 3, "ending": "sell"}),
            partner.model_copy(update=half),
            partner.model_copy(update=half | {"until": 6, "ending": "sell"}),
            Holding(
                model="new",
                site="alpha",
                cohort_period=6,
                since=6,
                until=months,
                units=200.0,
                ending="keep",
            ),
        ),
        orders=(Order(model="new", site="alpha", period=3, lots=2),),
        phases=(PhaseStart(site="alpha", phase="alpha_p1", period=0),),
        builds=(BuildStart(site="alpha", kind="air", period=1, modules=1),),
        conversions=(
            ConversionStart(site="alpha", conversion="alpha_hall", period=1, modules=1),
        ),
        offers=(
            OfferAcceptance(offer="alpha_client", since=0, until=months),
            OfferAcceptance(offer="alpha_tenant", since=7, until=127),
        ),
        commitments=tuple(
            Commitment(
                site=one.site,
                mw=tuple(12.0 if t < 6 else 6.0 for t in range(months)),
            )
            for one in full_commitments(study)
        ),
    )


def numbers() -> tuple[InputNumber, ...]:
    """Two input numbers: one with a source on the web, one assumed."""
    source = Source(
        id="filing", title="Quarterly <report>", url="https://example.com/q", grade="P"
    )
    shared = {"file": "a.toml", "path": "x", "unit": "USD", "note": "", "low": None}
    return (
        InputNumber(
            key="company.cash_usd",
            value=20e6,
            high=25e6,
            source=source,
            as_of="2025-11-30",
            grade="P",
            is_after_study_date=False,
            **shared,  # type: ignore[arg-type]
        ),
        InputNumber(
            key="company.cash_floor_usd",
            value=1e6,
            high=None,
            source=ASSUMPTION,
            as_of="2025-12-05",
            grade="M",
            is_after_study_date=True,
            **shared,  # type: ignore[arg-type]
        ),
    )


def screened_rows() -> list[dict[str, object]]:
    """Two projects as `optimizer.screening` writes them, the second without IRR."""
    shared = {
        "site": "alpha",
        "line": "self_mining",
        "space": "existing",
        "shell": "air",
        "mw": 1.5,
        "start_month": "2026-03",
        "hurdle_rate_per_year": 0.15,
        "irr_at_hurdle_frac": 0.6,
        "npv_positive_frac": 0.7,
        "no_irr_frac": 0.1,
        "payback_months": 14.0,
        "invested_usd": 2e6,
        "terminal_share_frac": 0.2,
        "flags": "",
    }
    return [
        shared
        | {
            "rank": 1,
            "project": "alpha/existing/air/new/one/2026-03",
            "asset": "new",
            "verdict": "pass",
            "verdict_text": "pass",
            "npv_at_hurdle_usd": 1.25e6,
            "irr_per_year": 0.31,
            **{f"irr_p{q}_per_year": float(q) / 200 for q in ("05", 25, 50, 75, 95)},
        },
        shared
        | {
            "rank": 2,
            "project": "alpha/existing/air/alpha_client/2026-03",
            "asset": "alpha_client",
            "verdict": "only_if",
            "verdict_text": "only if rate >= 80 USD/MWh",
            "npv_at_hurdle_usd": -1e5,
            "irr_per_year": None,
        },
    ]


def screened_data(site_name: str = "Alpha", *, is_empty: bool = False) -> ScreenedData:
    """A screening without a plan; without a project if asked."""
    return ScreenedData(
        reported_study(site_name),
        provenance=numbers(),
        screen=[] if is_empty else screened_rows(),
        run=RunInfo(run_id="20251130-120000-tiny-abcdef", seed=1),
    )


def reported_data(site_name: str = "Alpha", *, is_full: bool = True) -> ReportData:
    """Everything the report may show, or just the plan and business as usual."""
    study = reported_study(site_name)
    usual = evaluate_plan(study, business_as_usual(study))
    plan = evaluate_plan(study, reported_plan(study))
    if not is_full:
        return ReportData(study, plan, usual)
    scored = score(study, plan.plan, n_scenarios=300, baseline=usual.plan)
    told = stress(study, plan.plan, baseline=usual.plan)
    return ReportData(
        study,
        plan,
        usual,
        others={"run_off": evaluate_plan(study, empty_plan(study, label="run_off"))},
        provenance=numbers(),
        warnings=(SuspiciousInput("odd", "company.loan", f"odd {HOSTILE}"),),
        scores=Scores(
            score_summary(ScoredRun(scored, study.months)),
            scored.distributions,
            scored.joints,
        ),
        stress=[asdict(row) for row in (told.base, *told.stories)],
        screen=screened_rows(),
        run=RunInfo(
            run_id="20251130-120000-tiny-abcdef",
            commands=("wattplan plan tiny",),
            seed=1,
            checks=(CheckResult(name="cash adds up", is_good=True, text="0 USD"),),
            solver=SolverFacts(
                status="optimal",
                objective_usd=plan.npv_usd,
                bound_usd=plan.npv_usd + 2e4,
                gap_frac=0.0005,
                gap_usd=2e4,
            ),
        ),
    )
