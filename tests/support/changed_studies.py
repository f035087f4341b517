# SPDX-License-Identifier: Apache-2.0
"""A study with one number changed, by the key under which inputs are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.market import base_paths
from models.path_changes import scaled
from optimizer.workbook.inputs import SENSITIVITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.paths import MarketPaths
    from models.study import Study


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
