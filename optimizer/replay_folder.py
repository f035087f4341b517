# SPDX-License-Identifier: Apache-2.0
"""A future of a run folder played again, by the rule and beside the scores of the run.

What does not belong here: the replay itself (`optimizer.replay`), its words and tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.liquidity import has_btc_loan
from gpu.sampling.rule import MAX_SEED, DrawRule, rule_from_json
from models.errors import ConfigError, DataError, Fault
from optimizer.distribution_files import read_distributions
from optimizer.opening_range import assumed_loan_terms
from optimizer.replay import Replay, Standing, replay, scenario_id_of
from optimizer.replay_words import why
from optimizer.risk_tables import terms_note
from optimizer.runfolder import open_run
from optimizer.score_files import SCORES_FILE, WEIGHTED_FILE
from optimizer.scoring import SUMMARY_FILE, baseline_of, draw_rule
from sites.loader import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.sampling.rule import SamplingMethod
    from models.plan import Plan
    from models.study import Study
    from optimizer.runreader import Run

__all__ = ["replay_run"]


def replay_run(
    folder: Path,
    *,
    scenario_id: str,
    seed: int | None = None,
    method: SamplingMethod | None = None,
) -> Replay:
    """Return one sampled future of a run's plan and why it went so.

    Nothing is written: a future can be replayed as often as one likes.

    Parameters
    ----------
    folder : Path
        Run folder.
    scenario_id : str
        Number of the scenario, see `scenario_id_of`.
    seed : int or None
        Seed; None for that of the run's scores. [unitless]
    method : {"plain", "antithetic", "sobol", "importance"} or None
        How draws come about; None for the rule of the run's scores.

    Returns
    -------
    Replay
        With its standing among the run's scores, if it has any.

    Raises
    ------
    ConfigError
        If the id or the seed is out of range.
    ReportError
        If there is no run.
    DataError
        If the run lacks its study or plan.
    """
    run = open_run(folder)
    scored = _scored(run)
    _check_seed(seed)
    kept = _kept_rule(scored)
    number = scenario_id_of(scenario_id, rule=kept)
    bundle, plan = load_bundle(run.file("study.toml")), run.plan()
    study = bundle.study
    rule = _changed(kept, study, plan, seed, method)
    found = replay(
        study,
        plan,
        scenario_id=number,
        rule=rule,
        baseline=baseline_of(run, study),
    )
    standing = _standing(run, scored, found.npv_usd)
    note = ""
    if has_btc_loan(study, plan):
        note = terms_note(assumed_loan_terms(bundle.provenance))
    doubt = _doubt(run, found) if rule == kept and scored else ""
    found = replace(found, standing=standing, loan_terms_note=note, doubt=doubt)
    return replace(found, why=why(study, plan, found))


def _scored(run: Run) -> dict[str, Any]:
    """Return what the run's summary says of its scores; empty without any."""
    if not (run.folder / SUMMARY_FILE).is_file():
        return {}
    summary = run.json(SUMMARY_FILE)
    score = summary.get("score") if isinstance(summary, dict) else None
    return dict(score) if isinstance(score, dict) else {}


def _check_seed(seed: int | None) -> None:
    if seed is not None and not 0 <= seed <= MAX_SEED:
        allowed = f"must be a whole number from 0 to {MAX_SEED:,}."
        fault = Fault("--seed", "", str(seed), allowed, "Choose another.")
        raise ConfigError([fault])


def _kept_rule(scored: dict[str, Any]) -> DrawRule:
    """Return the rule of the run's scores; that of seed 1 without any."""
    try:
        if isinstance(scored.get("rule"), dict):
            return rule_from_json(scored["rule"])
        return DrawRule(int(scored.get("seed", 1)))
    except (TypeError, ValueError) as error:
        msg = (
            f"{SUMMARY_FILE}: the draw rule of the scores is damaged ({error}). "
            "Score the run again."
        )
        raise DataError(msg) from error


def _changed(
    kept: DrawRule,
    study: Study,
    plan: Plan,
    seed: int | None,
    method: SamplingMethod | None,
) -> DrawRule:
    """Return the rule that scoring with another seed or method would have drawn by."""
    seed = kept.seed if seed is None else seed
    method = kept.method if method is None else method
    if (seed, method) == (kept.seed, kept.method):
        return kept
    return draw_rule(study, plan, method, seed) or DrawRule(seed)


def _standing(run: Run, scored: dict[str, Any], npv_usd: float) -> Standing | None:
    """Return how an NPV compares with the scores of the run."""
    try:
        column = scored.get("columns", {}).get("npv_usd")
        if not column:
            return None
        quantiles = column["quantiles"]
        below = [name for name, value in quantiles.items() if value <= npv_usd]
        above = [name for name, value in quantiles.items() if value > npv_usd]
        return Standing(
            n_scenarios=int(scored["n_scenarios"]),
            mean_npv_usd=float(column["mean"]),
            lower_frac=_lower_frac(run, scored, npv_usd),
            between=(
                _quantile_name(below[-1]) if below else "",
                _quantile_name(above[0]) if above else "",
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = (
            f"{SUMMARY_FILE}: what it says of the scores is damaged ({error!r}). "
            "Score the run again."
        )
        raise DataError(msg) from error


def _lower_frac(run: Run, scored: dict[str, Any], npv_usd: float) -> float | None:
    """Return the share of scored scenarios with a lower NPV; None if it is not known.

    Exact where rows of equal weight were kept, else within a bin of 0.2 %.
    """
    method = (scored.get("rule") or {}).get("method", "plain")
    if method != "importance" and (run.folder / SCORES_FILE).is_file():
        rows = run.table(SCORES_FILE)["npv_usd"].astype(np.float64)
        if len(rows) == scored["n_scenarios"]:
            return float((rows < npv_usd).mean())
    spread = read_distributions(run).get("npv_usd")
    return None if spread is None else float(spread.below_frac(np.array([npv_usd]))[0])


def _doubt(run: Run, found: Replay) -> str:
    """Return what is odd if the run's own row of the future has another NPV."""
    for name in (SCORES_FILE, WEIGHTED_FILE):
        if (run.folder / name).is_file():
            rows = run.table(name)["npv_usd"].astype(np.float64)
            if found.scenario_id >= len(rows):
                return ""
            npv_usd = float(rows[found.scenario_id])
            # Engines agree far within a dollar; see docs/engines.md.
            if abs(npv_usd - found.npv_usd) > max(1.0, 1e-6 * abs(npv_usd)):
                return (
                    f"{name} holds an NPV of {npv_usd:,.0f} USD for this future, the "
                    f"replay finds {found.npv_usd:,.0f}: study or plan changed since, "
                    "or another version scored them. Score the run again."
                )
    return ""


def _quantile_name(key: str) -> str:
    return f"P{int(key.removeprefix('p'))}"
