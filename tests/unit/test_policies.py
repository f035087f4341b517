# SPDX-License-Identifier: Apache-2.0
"""Treasury policies side by side: plans keep their promise, scores and words agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lp_studies import bare, firm, old_machines, small
from reported_runs import HOSTILE, reported_data
from tiny_studies import asics, company

from gpu.scoring.score import score
from models.company import ComparedPolicy
from models.deleveraging import deleveraging
from optimizer.cli import main
from optimizer.planning import baseline
from optimizer.policies import (
    PolicyPlan,
    PolicyScore,
    mean_price_frac,
    plan_policies,
    score_policies,
    under_policy,
)
from optimizer.policy_runs import plans_summary, read_scores, unfinanced, unproven
from optimizer.policy_tables import POLICY_HEADINGS, advice, policy_rows, short_usd
from optimizer.report import render_report
from optimizer.runreader import open_run

SLACK = 1e-3
DUE_LATE = company().loan.model_copy(update={"maturity_month": "2026-09"})
POLICIES = (
    ComparedPolicy(id="hold", name="Hold", kind="hold_all"),
    ComparedPolicy(id="cover", name="Cover", kind="sell_to_cover"),
    ComparedPolicy(id="share", name="Share", kind="sell_share", sell_share_frac=0.25),
    ComparedPolicy(id="floor", name="Floor", kind="keep_floor", btc_floor=110.0),
    ComparedPolicy(
        id="level",
        name="Level",
        kind="keep_floor",
        btc_floor=60.0,
        max_ltv_frac=0.4,
        max_ltv_after_months=2,
        max_btc_sale_frac_per_month=1.0,
    ),
)


def miner(**changes: object) -> object:
    """A miner whose loan stands at 60 % and falls due in September 2026."""
    owner = firm(
        loan=DUE_LATE, btc_pledged=100.0, compared_policies=POLICIES, cash_usd=3e6
    )
    owner = owner.model_copy(update=changes)  # type: ignore[attr-defined]
    site = bare(opening_fleet=old_machines())
    return small(site, asics=asics()[:1], company=owner)[0]


@pytest.fixture(scope="module")
def study():
    return miner()


@pytest.fixture(scope="module")
def plans(study):
    return {policy.id: policy for policy in plan_policies(study)}


@pytest.fixture(scope="module")
def scores(study, plans):
    every = {(key, made.name): made.result.plan for key, made in plans.items()}
    every["usual", "Usual"] = baseline(study).plan
    return score_policies(study, every, n_scenarios=500, seed=3)


def treasury(policy):
    return policy.result.ledger.treasury


def test_every_policy_has_a_plan_that_passes_all_checks(plans):
    assert list(plans) == [policy.id for policy in POLICIES]
    for policy in plans.values():
        assert policy.result.is_verified, policy.id
        assert policy.short_usd == 0.0


def test_holding_all_sells_nothing_before_the_loan_matures(plans):
    assert treasury(plans["hold"]).btc_sold[0, :9] == pytest.approx(0.0, abs=1e-9)


def test_selling_to_cover_never_brings_more_than_a_month_s_cash_cost(study, plans):
    ledger = plans["cover"].result.ledger
    cost = -study.company.overhead_usd_per_month + ledger.treasury.interest_usd[0]
    outside = ("mining_revenue", "terminal")
    for name, flow in ledger.site_items.items():
        if not name.startswith(outside) and "tax" not in name:
            cost = cost - flow[0, :, 1:].sum(axis=0)
    sold = ledger.treasury.btc_sales_usd[0]
    months = np.arange(12) != 9
    assert (sold[months] <= np.maximum(cost, 0.0)[months] + SLACK).all()
    assert sold.sum() > 0.0


def test_selling_a_share_sells_that_share_of_each_month_s_output(plans):
    ledger = plans["share"].result.ledger
    mined = ledger.mined_btc[0].sum(axis=0)
    months = np.arange(12) != 9
    sold = ledger.treasury.btc_sold[0]
    assert sold[months] == pytest.approx(0.25 * mined[months], abs=1e-6)


def test_a_floor_of_btc_is_kept_at_every_month_s_end(plans):
    path = treasury(plans["floor"])
    held = path.btc_free[0, 1:] + path.btc_pledged[0, 1:]
    assert (held >= 110.0 - 1e-6).all()


def test_a_target_loan_to_value_is_kept_from_its_month_on(plans):
    path = treasury(plans["level"])
    backed = 100_000.0 * path.btc_pledged[0, 3:]
    assert (path.loan_usd[0, 3:] <= 0.4 * backed + SLACK).all()
    assert path.loan_usd[0, 1] > 0.0


def test_a_policy_may_have_its_own_limit_on_monthly_sales(study):
    own = under_policy(study, POLICIES[4])
    assert own.company.max_btc_sale_frac_per_month == 1.0
    kept = under_policy(study, POLICIES[0])
    assert kept.company.max_btc_sale_frac_per_month == 0.2
    assert kept.company.compared_policies == ()
    assert kept.company.treasury_policy.kind == "hold_all"


def test_a_policy_that_cannot_be_financed_says_by_how_much_and_when():
    # Overhead 100,000, interest 6 M x 8 % / 12 = 40,000 and 10 MW x 1,000 for power
    # a month, nothing earned: 1.8 M in twelve months, beside the 1,000 that the model
    # keeps over the floor. 0.28 M of cash lie over it, which lasts one month, and no
    # equity may be raised: 1.521 M lack from January on. BTC must not be sold.
    poor = {
        "cash_usd": 1e6 + 0.28e6,
        "emergency_equity_max_usd": 0.0,
        "loan": company().loan,
        "compared_policies": POLICIES[:1],
    }
    (policy,) = plan_policies(small(company=miner(**poor).company)[0])
    assert policy.short_usd == pytest.approx(1.8e6 - 0.28e6 + 1000.0, rel=1e-9)
    assert policy.result is not None
    assert policy.result.ledger.treasury.btc_sold.sum() == 0.0
    said = unfinanced(plans_summary((policy,)))
    assert said == (
        "Hold cannot be financed: short 1.5 USD m beyond the limit of emergency "
        "equity, from 2026-01 on.",
    )


def test_a_policy_without_any_plan_gives_its_reason():
    nothing = PolicyPlan("x", "X", None, reason="shell_limit at alpha")
    assert unfinanced(plans_summary((nothing,))) == (
        "X has no plan: shell_limit at alpha",
    )


def test_scores_are_those_of_scoring_each_plan_alone(study, plans, scores):
    alone = score(study, plans["hold"].result.plan, n_scenarios=500, seed=3)
    hold = scores[0]
    assert hold.npv_mean_usd == pytest.approx(alone.summary["npv_usd"].mean, rel=1e-12)
    assert hold.npv_cvar_usd == pytest.approx(alone.summary["npv_usd"].cvar_95)
    assert hold.npv_usd == pytest.approx(plans["hold"].result.npv_usd)
    for months in (3, 6, 12):
        share = alone.probabilities[f"margin_call_within_{months}_months_frac"]
        assert hold.row()[f"call_within_{months}_months_frac"] == share
    assert hold.liquidation_frac == alone.probabilities["liquidation_frac"]
    assert hold.equity_needed_frac == alone.probabilities["equity_needed_frac"]
    assert hold.forced_btc == pytest.approx(
        alone.summary["called_btc_sold"].mean + alone.summary["liquidated_btc"].mean
    )


def test_less_debt_means_fewer_calls_on_the_same_scenarios(scores):
    by_id = {policy.id: policy for policy in scores}
    assert by_id["level"].call_within_12_months_frac < (
        by_id["hold"].call_within_12_months_frac
    )
    assert by_id["hold"].forced_btc > by_id["level"].forced_btc


def test_selling_to_the_initial_level_is_worked_by_hand():
    # 7 M on 100 BTC at 100,000: 70 %, called at 7 M / 78 = 89,743.59. At 65 %: 7 M -
    # 99,800 x = 65,000 (100 - x), so x = 0.5 M / 34,800 = 14.3678 BTC; the call is
    # then at 100,000 x 65 / 78 = 83,333.33.
    loan = company().loan.model_copy(update={"principal_usd": 7e6})
    now = deleveraging(miner(loan=loan))
    assert now.ltv_frac == pytest.approx(0.7)
    assert now.call_price_usd == pytest.approx(7e6 / 78.0)
    assert now.sold_btc == pytest.approx(0.5e6 / 34_800.0)
    assert now.later_call_price_usd == pytest.approx(100_000.0 * 65.0 / 78.0)


def test_nothing_need_be_sold_below_the_initial_level_or_without_a_loan(study):
    assert deleveraging(study).sold_btc == 0.0
    assert deleveraging(small()[0]) is None


def test_a_plan_that_was_not_proven_best_says_how_far_it_may_be(plans):
    rough = replace(plans["cover"], result=replace(plans["cover"].result, gap_frac=0.3))
    (words,) = unproven(plans_summary((rough, plans["hold"])))
    assert words.startswith("Cover: the search ended at its time limit")
    assert "at most 30% more" in words


def made(name: str, mean: float, tail: float, called: float = 0.5) -> PolicyScore:
    return PolicyScore(
        id=name,
        name=name,
        npv_usd=mean,
        base_equity_usd=0.0,
        equity_limit_usd=20e6,
        npv_mean_usd=mean,
        npv_cvar_usd=tail,
        call_within_3_months_frac=called,
        call_within_6_months_frac=called,
        call_within_12_months_frac=called,
        liquidation_frac=0.0,
        forced_btc=100.0 * called,
        forced_sale_usd=8e6 * called,
        equity_needed_frac=0.0,
        equity_usd=0.0,
    )


def test_the_advice_follows_from_the_figures_alone(study):
    first = advice(study, (made("A", 50e6, -10e6, 0.2), made("B", 60e6, -40e6, 0.9)))
    other = advice(study, (made("A", 60e6, -40e6, 0.9), made("B", 50e6, -10e6, 0.2)))
    assert any(words.startswith('"A" leaves most') for words in first)
    assert any("10.0 USD m more, for a tail 30.0 USD m worse" in w for w in first)
    assert any(words.startswith('"B" leaves most') for words in other)
    assert any("20% to 90%" in w and '"A" loses most' in w for w in other)
    both = advice(study, (made("A", 70e6, -10e6), made("B", 60e6, -40e6)))
    assert any("its mean NPV is the highest too" in words for words in both)
    assert advice(study, (made("A", 1.0, 1.0),)) == ()


def test_the_mean_price_without_volatility_is_the_base_path_s(study):
    flat = {"btc_volatility_per_year": 0.0, "btc_opening_volatility_per_year": 0.0}
    calm = study.model_copy(update={"market": study.market.model_copy(update=flat)})
    assert mean_price_frac(calm, 1) == pytest.approx(1.0, rel=1e-12)
    assert mean_price_frac(study, 1) > 1.0


def test_a_policy_beyond_the_equity_limit_is_named_as_short(study):
    poor = replace(made("Poor", 1e6, -1e6), base_equity_usd=25e6)
    assert short_usd(poor) == 5e6
    rows = policy_rows((made("A", 50e6, -10e6), poor))
    assert [row[-1] for row in rows] == [None, 5.0]
    assert all(len(row) == len(POLICY_HEADINGS) for row in rows)
    words = advice(study, (made("A", 50e6, -10e6), poor))
    assert any("Cannot be financed" in w and "Poor" in w for w in words)


def test_two_compared_policies_must_not_share_an_id():
    with pytest.raises(ValueError, match="used twice: hold"):
        firm(compared_policies=(POLICIES[0], POLICIES[0]))


def test_the_report_shows_figures_and_advice_and_escapes_names():
    rows = [made(HOSTILE, 50e6, -10e6).row(), made("B", 60e6, -40e6).row()]
    policies = {"plans": [], "scores": rows, "advice": ["Sell."], "n_scenarios": 9}
    page = render_report(replace(reported_data(), policies=policies))
    assert "Hold or sell" in page
    assert "Sell." in page
    assert HOSTILE not in page
    assert len(read_scores(policies)) == 2


TEACHING = """
schema_version = 1
id = "two"
title = "Two policies"
description = "Made up."
as_of_date = 2025-11-30

[include]
study = "teaching"

[[override.company.compared_policies]]
id = "hold_all"
name = "Hold all"
kind = "hold_all"
"""


def test_a_run_holds_plans_scores_and_chapter_of_its_policies(tmp_path, capsys):
    (tmp_path / "two.toml").write_text(TEACHING)
    out = tmp_path / "run"
    asked = ["plan", str(tmp_path / "two.toml"), "--out", str(out)]
    assert main([*asked, "--scenarios", "200", "--explain-seconds", "0"]) == 0
    assert "Treasury policies on the same 200 scenarios" in capsys.readouterr().out
    run = open_run(out)
    assert run.plan("policies/hold_all.json").label == "plan"
    said = run.json("summary.json")["policies"]
    assert [row["id"] for row in said["scores"]] == [
        "optimised",
        "hold_all",
        "business_as_usual",
    ]
    assert (out / "policies.csv").is_file()
    assert "Hold or sell" in (out / "report.html").read_text(encoding="utf-8")
