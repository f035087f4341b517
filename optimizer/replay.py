# SPDX-License-Identifier: Apache-2.0
"""Replay: one sampled future of a plan, month by month, and why it went so.

One function per use case, called alike by command line and notebook. What does not
belong here: what a future is worth (`models.cashflow`), how its draws come about
(`gpu.sampling.scenarios`), how it is shown (`optimizer.commands.replay`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.numpy_engine import score_paths
from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import draw_shocks, weights
from models.cashflow import evaluate
from models.errors import ConfigError, Fault
from models.market import base_paths, correlated, simulate
from models.market_bitcoin import bitcoin_paths
from models.market_parameters import FACTORS
from models.units import SECONDS_PER_HOUR, month_hours_h
from optimizer.replay_drivers import driver_steps
from optimizer.replay_events import events_of
from optimizer.replay_lines import (
    Valued,
    line_results,
    market_columns,
    money_columns,
    used_lines,
)
from optimizer.replay_words import why

if TYPE_CHECKING:
    from models.market import Shocks
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from optimizer.replay_drivers import DriverStep
    from optimizer.replay_events import Events
    from optimizer.replay_lines import Columns, LineResult

__all__ = ["MAX_ID", "Replay", "Standing", "replay", "scenario_id_of"]

MAX_ID: Final = 2**63 - 1
_MAX_SWAPPED_ID: Final = 2**62 - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How one future's NPV compares with the scores of its run.

    Parameters
    ----------
    n_scenarios : int
        Scenarios scored. [unitless]
    mean_npv_usd : float
        Their mean NPV. [USD]
    lower_frac : float or None
        Share of them with a lower NPV; None where that is not known. [share 0-1]
    between : tuple of str
        Names of the quantiles next below and next above it, such as ``P25`` and
        ``P50``; empty text for none.
    """

    n_scenarios: int
    mean_npv_usd: float
    lower_frac: float | None
    between: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Replay:
    """One future of a plan.

    Parameters
    ----------
    study_id, plan_label : str
        What was replayed.
    baseline_label : str or None
        Plan that the increment is counted from.
    scenario_id, seed : int
        The future. [unitless]
    rule : dict
        How its draws came about, see `gpu.sampling.rule.DrawRule`.
    weight : float
        Its weight in estimates; 1 but for importance sampling. [unitless]
    npv_usd, base_npv_usd : float
        NPV in this future and on the base path. [USD]
    scores, base_scores : dict of str to float
        Columns of `gpu.numpy_engine.score_paths`. [mixed]
    months : tuple of str
        Calendar months.
    columns : dict of str to ndarray of shape (n_periods,)
        Figures by month, see `optimizer.replay_lines`. [mixed]
    lines : tuple of LineResult
        What each line is worth here and on the base path.
    lines_in_use : tuple of str
        Lines in which anything flows.
    drivers : tuple of DriverStep
        What each driver did to NPV.
    events : Events
        What happened.
    standing : Standing or None
        How NPV compares with the run's scores.
    why : tuple of str
        Why it went so, in sentences.
    loan_terms_note : str
        Which terms of the loan on pledged BTC are assumptions; empty if none is.
    doubt : str
        Why the scores of the run may not be those of this study, plan and version;
        empty without a reason.
    """

    study_id: str
    plan_label: str
    baseline_label: str | None
    scenario_id: int
    seed: int
    rule: dict[str, Any]
    weight: float
    npv_usd: float
    base_npv_usd: float
    scores: dict[str, float]
    base_scores: dict[str, float]
    months: tuple[str, ...]
    columns: Columns
    lines: tuple[LineResult, ...]
    lines_in_use: tuple[str, ...]
    drivers: tuple[DriverStep, ...]
    events: Events
    standing: Standing | None = None
    why: tuple[str, ...] = field(default=())
    loan_terms_note: str = ""
    doubt: str = ""


def scenario_id_of(text: str, *, rule: DrawRule | None = None) -> int:
    """Return the id that a text names.

    Parameters
    ----------
    text : str
        Whole number; commas and underscores may group its digits.
    rule : DrawRule or None
        Rule of the draws; swapped groups halve the range of ids.

    Raises
    ------
    ConfigError
        If it is no whole number, negative or too large.
    """
    plain = text.strip().replace(",", "").replace("_", "")
    most = _MAX_SWAPPED_ID if rule is not None and rule.swapped else MAX_ID
    is_whole = plain.isascii() and plain.isdigit()
    digits = plain.lstrip("0") or "0"
    if not is_whole or len(digits) > len(str(most)) or int(digits) > most:
        fault = Fault(
            "--replay",
            "",
            text,
            f"must be the number of a scenario: a whole number from 0 to {most:,}.",
            "Choose one, such as a scenario_id of scores.parquet.",
        )
        raise ConfigError([fault])
    return int(digits)


def replay(
    study: Study,
    plan: Plan,
    *,
    scenario_id: int,
    rule: DrawRule | int = 1,
    baseline: Plan | None = None,
) -> Replay:
    """Return one sampled future of a plan and why it went so.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    scenario_id : int
        0 to 2^63 - 1. [unitless]
    rule : DrawRule or int
        How draws come about; a seed alone stands for plain draws. [unitless]
    baseline : Plan or None
        Plan that the increment is counted from.

    Returns
    -------
    Replay
        Its scores are those of `gpu.scoring.score.score_scenarios` for that id, bit for
        bit.

    Raises
    ------
    ValueError
        If the id or the seed is out of range.
    """
    how = rule if isinstance(rule, DrawRule) else DrawRule(rule)
    ids = np.array([scenario_id], dtype=np.int64)
    shocks = draw_shocks(study, how, ids)
    paths, base_path = simulate(study, shocks), base_paths(study)
    here = _valued(study, plan, paths, shocks)
    base = _valued(study, plan, base_path, None)
    scores, base_scores = (
        _scores(study, plan, one, baseline) for one in (paths, base_path)
    )
    columns = market_columns(study, plan, here, base)
    found = Replay(
        study_id=study.id,
        plan_label=plan.label,
        baseline_label=None if baseline is None else baseline.label,
        scenario_id=scenario_id,
        seed=how.seed,
        rule=how.as_json(),
        weight=float(weights(study, how, ids)[0]),
        npv_usd=scores["npv_usd"],
        base_npv_usd=base_scores["npv_usd"],
        scores=scores,
        base_scores=base_scores,
        months=study.months,
        columns=columns | money_columns(study, plan, here, base),
        lines=line_results(study, here, base),
        lines_in_use=used_lines(here.ledger, base.ledger),
        drivers=driver_steps(study, plan, paths, shocks),
        events=events_of(study, plan, here, base),
    )
    return replace(found, why=why(study, plan, found))


def _scores(
    study: Study, plan: Plan, paths: MarketPaths, baseline: Plan | None
) -> dict[str, float]:
    """Return the scores of one future, by column."""
    rows = score_paths(study, plan, paths, baseline=baseline)
    return {name: float(column[0]) for name, column in rows.items()}


def _valued(
    study: Study, plan: Plan, paths: MarketPaths, shocks: Shocks | None
) -> Valued:
    """Return a future with its ledger and fees; no shocks stand for the base path."""
    n_periods = study.time.months
    seconds = month_hours_h(study.time.start_month, n_periods) * SECONDS_PER_HOUR
    none = np.zeros((1, len(FACTORS), n_periods))
    by_name = correlated(study.market, none if shocks is None else shocks.monthly)
    fees = bitcoin_paths(study.market, by_name, seconds).fee_share_frac[0]
    return Valued(paths, evaluate(study, plan, paths), fees)
