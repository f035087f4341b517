# SPDX-License-Identifier: Apache-2.0
"""Work side by side: tasks in processes, lost workers, time that runs out, resuming."""

from __future__ import annotations

import io
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from tiny_studies import alpha, beta, company, gamma, market, tiny_study

from models.errors import DataError
from optimizer.cli import main
from optimizer.explain import explain, explain_run, read_explanation
from optimizer.explain.conductor import Conductor
from optimizer.explain.evaluation import Evaluation
from optimizer.explain.explanation import Explanation
from optimizer.explain.forcing import ForcedAnswer
from optimizer.explain.questions import questions_of
from optimizer.explain.tasks import Context, Failure, Task, run_task
from optimizer.explain.worker import serve
from optimizer.explain.workers import WorkerPool, read_message, write_message
from optimizer.planning import PlanResult, baseline, plan
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites import load_bundle, resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

STUDY = tiny_study(
    sites=(alpha(conversions=()), beta(), gamma(hurdle_rate_per_year=5.0)),
    gpus=(),
    gpu_offers=(),
    hosting_offers=(),
    market=market(btc_price_usd=70_000.0),
)
LIMIT_S = 60.0


@pytest.fixture(scope="module")
def result() -> PlanResult:
    return plan(STUDY, gap_frac=0.001)


@pytest.fixture(scope="module")
def context(result: PlanResult) -> Context:
    return Context(STUDY, result, questions_of(STUDY, result.plan))


def test_questions_name_what_the_plan_leaves_undone(context: Context) -> None:
    asked = {q.id: q for q in context.questions}
    assert asked["site:gamma"].drivers == ("power_price@gamma", "btc_price")
    assert asked["expansion:alpha"].phase == "alpha_p1"
    assert asked["expansion:alpha"].unit == "MW"
    assert asked["expansion:alpha"].least == 5.0
    # No GPU family and no offer: nobody asks why they are not used.
    assert not any("gpu" in name or "hosting" in name for name in asked)


def test_workers_answer_as_this_process_does(context: Context) -> None:
    tasks = (Task("marginal"), Task("relaxed", "btc_price", 8))
    pool = WorkerPool(context, 2)
    try:
        futures = [pool.submit(task, LIMIT_S) for task in tasks]
        answers = [future.result(timeout=LIMIT_S) for future in futures]
    finally:
        pool.close()
    here = [run_task(context, task, LIMIT_S) for task in tasks]
    assert answers[0] == here[0]
    assert isinstance(answers[1], Evaluation)
    assert isinstance(here[1], Evaluation)
    assert answers[1].npv_usd == pytest.approx(here[1].npv_usd, rel=1e-9)


def test_a_lost_worker_costs_one_answer_and_is_replaced(context: Context) -> None:
    pool = WorkerPool(context, 1)
    try:
        os.kill(pool.processes[0].pid, signal.SIGKILL)
        lost = pool.submit(Task("marginal"), LIMIT_S).result(timeout=LIMIT_S)
        assert isinstance(lost, Failure)
        assert "ended" in lost.reason
        again = pool.submit(Task("marginal"), LIMIT_S).result(timeout=LIMIT_S)
        assert not isinstance(again, Failure)
    finally:
        pool.close()


def test_a_pool_closed_at_once_waits_for_nobody(context: Context) -> None:
    pool = WorkerPool(context, 1)
    future = pool.submit(Task("extreme", "0.0"), LIMIT_S)
    pool.close(at_once=True)
    assert future.cancelled() or isinstance(future.result(), Failure)
    assert all(process.poll() is not None for process in pool.processes)


def test_a_worker_reads_tasks_until_its_input_ends(context: Context) -> None:
    source, target = io.BytesIO(), io.BytesIO()
    write_message(source, context)
    write_message(source, (Task("relaxed", "", 0), LIMIT_S))
    write_message(source, (Task("force", "no such question"), LIMIT_S))
    source.seek(0)
    serve(source, target)
    target.seek(0)
    assert isinstance(read_message(target), Evaluation)
    # A fault of the program comes back as one, and the worker lives on.
    assert isinstance(read_message(target), RuntimeError)
    with pytest.raises(EOFError):
        read_message(target)


def test_an_error_of_the_input_is_a_failed_answer(context: Context) -> None:
    poor = STUDY.model_copy(
        update={
            "company": company(
                cash_usd=1e6,
                btc_free=0.0,
                btc_pledged=0.0,
                loan=company().loan.model_copy(update={"principal_usd": 0.0}),
                emergency_equity_max_usd=0.0,
                general_admin_usd_per_month=5e6,
            )
        }
    )
    bad = Context(poor, context.result, context.questions)
    answer = run_task(bad, Task("extreme", "1.0"), LIMIT_S)
    assert isinstance(answer, Failure)
    assert "No plan meets the rules" in answer.reason
    conductor = Conductor(bad)
    task = Task("extreme", "1.0")
    conductor.note(task, answer, 1.0)
    assert task not in list(conductor.wanted())
    assert conductor.explanation().failures == {"extreme 1.0": answer.reason}


def test_the_most_telling_questions_come_first(context: Context) -> None:
    kinds = [(task.kind, task.subject) for task in Conductor(context).wanted()]
    assert kinds[0] == ("marginal", "")
    assert kinds[1] == ("force", "site:gamma")
    assert [k for k, _ in kinds].index("relaxed") > kinds.index(("extreme", "0.0"))
    # The study as it is is evaluated once, whatever the price.
    assert kinds.count(("relaxed", "")) >= 1


def test_a_company_answer_at_one_site_answers_for_that_site(context: Context) -> None:
    wide = next(q for q in context.questions if q.id == "site:gamma")
    line = wide.__class__(
        id="line:self_mining", kind="line", title="t", line="self_mining", least=30.0
    )
    at_beta = wide.__class__(
        id="line:self_mining@beta",
        kind="line",
        title="t",
        site="beta",
        line="self_mining",
        least=30.0,
        is_detail=True,
    )
    conductor = Conductor(Context(STUDY, context.result, (line, at_beta)))
    found = ForcedAnswer(
        question=line.id,
        status="forced",
        text="t",
        npv_lost_usd=1.0,
        gap_frac=0.001,
        new_mw_months={"beta": 31.0},
    )
    conductor.note(Task("force", line.id), found, 1.0)
    assert not any(task.kind == "force" for task in conductor.wanted())
    why = conductor.explanation().why_not
    assert [answer.question for answer in why] == [line.id, at_beta.id]
    assert why[1].npv_lost_usd == 1.0


def test_a_proven_choice_is_kept_whatever_its_gap(context: Context) -> None:
    site = next(q for q in context.questions if q.id == "site:gamma")
    relaxed = [
        Evaluation("btc_price" if step else "", step, True, 1.0, "optimal", used=used)
        for step, used in ((0, {}), (7, {}), (8, {site.id: site.least}))
    ]
    whole = Evaluation(
        "btc_price",
        8,
        False,
        1.0,
        "decided",
        gap_frac=0.4,
        used={site.id: site.least},
        proven=(site.id,),
        seconds_s=1.0,
    )
    known = Explanation("tiny", context.result.npv_usd, evaluations=(*relaxed, whole))
    again = Explanation.from_dict(json.loads(json.dumps(known.to_dict())))
    kept = Conductor(context, again, is_budgeted=False).explanation().evaluations
    assert whole in kept


def test_an_answer_cut_short_is_given_again_when_there_is_time(
    context: Context,
) -> None:
    short = ForcedAnswer(
        question="site:gamma",
        status="forced",
        text="t",
        npv_lost_usd=1.0,
        gap_frac=0.05,
        seconds_s=60.0,
    )
    known = Explanation("tiny", context.result.npv_usd, why_not=(short,))
    task = Task("force", "site:gamma")
    hurried = Conductor(context, known, is_budgeted=True)
    assert task not in list(hurried.wanted())
    assert any("to 1 %" in text for text in hurried.explanation().left_out)
    assert task in list(Conductor(context, known, is_budgeted=False).wanted())


def test_a_wish_to_stop_ends_with_what_is_known(result: PlanResult) -> None:
    said: list[str] = []
    found = explain(
        STUDY,
        result,
        n_workers=0,
        progress=said.append,
        should_stop=lambda: len(said) > 0,
    )
    assert len(said) == 1
    assert found.marginal is not None
    assert found.why_not == ()
    assert found.left_out


def make_run(folder: Path) -> None:
    bundle = load_bundle("teaching")
    found = baseline(bundle.study)
    with RunWriter(folder, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(found.plan)


def test_a_run_keeps_its_answers_and_names_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    assert main(["explain", str(folder), "--seconds", "0", "--workers", "0"]) == 0
    assert "Left out for want of time" in capsys.readouterr().out
    run = open_run(folder)
    assert run.passport.commands == (f"wattplan explain {folder} --seconds 0",)
    assert all(text.startswith("explain: ") for text in run.passport.left_out)
    assert run.changed_files() == []
    first = read_explanation(run)
    assert first is not None
    assert not first.is_complete
    found = explain_run(folder, budget_s=0.0, n_workers=0)
    assert found.left_out == first.left_out


def test_a_damaged_explanation_is_a_data_error(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    make_run(folder)
    (folder / "explain.json").write_text(json.dumps({"questions": 1}))
    with pytest.raises(DataError, match="not a readable explanation"):
        explain_run(folder, budget_s=0.0)
    assert main(["explain", str(folder)]) == 3
