# SPDX-License-Identifier: Apache-2.0
"""A study with inputs changed, by the keys under which the workbook names them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.cashflow import evaluate
from models.market import base_paths
from models.path_changes import scaled
from models.statements import financial_statements
from optimizer.workbook.inputs import SENSITIVITY
from optimizer.workbook.ties import tie_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.workbook import Model
    from optimizer.workbook.draft import Tie


def changed_case(
    study: Study, changes: Mapping[str, float]
) -> tuple[Study, MarketPaths]:
    """Study and base path with inputs changed as the workbook names them."""
    factors = {
        key.removeprefix(SENSITIVITY): value
        for key, value in changes.items()
        if key.startswith(SENSITIVITY)
    }
    for key, value in changes.items():
        if not key.startswith(SENSITIVITY):
            study = _set(study, key.split("."), value)  # type: ignore[assignment]
    # Records are checked again: a workbook may only be asked what a study may hold.
    study = type(study).model_validate(study.model_dump())
    return study, scaled(study, base_paths(study), factors)


def engine_case(model: Model, changes: Mapping[str, float]) -> tuple[float, list[Tie]]:
    """NPV and every line that the engine gives for the plan with inputs changed."""
    study, paths = changed_case(model.draft.study, changes)
    plan = model.draft.plan
    ledger = evaluate(study, plan, paths)
    accounts = financial_statements(study, plan, paths, ledger)
    draft = replace(model.draft, ledger=ledger, accounts=accounts)
    ties = tie_lines(
        draft,
        model.sites,
        model.company,
        model.outputs,
        model.statements,
        model.segments,
    )
    return float(ledger.npv_usd(study.company.discount_rate_per_year)[0]), ties


def _set(owner: object, parts: list[str], value: float) -> object:
    head, rest = parts[0], parts[1:]
    if isinstance(owner, tuple):
        place = _place(owner, head)
        return tuple(
            _set(one, rest, value) if k == place else one for k, one in enumerate(owner)
        )
    old = getattr(owner, head)
    if rest:
        new = _set(old, rest, value)
    else:
        new = int(value) if isinstance(old, int) else value
    return owner.model_copy(update={head: new})  # type: ignore[attr-defined]


def _place(records: tuple[object, ...], name: str) -> int:
    for attribute in ("id", "kind", "model"):
        for k, record in enumerate(records):
            if getattr(record, attribute, None) == name:
                return k
    return int(name)
