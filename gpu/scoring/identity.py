# SPDX-License-Identifier: Apache-2.0
"""What a scoring is of, as short texts: equal texts, equal results.

What does not belong here: where they are kept (`optimizer.chunk_store`).
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.sampling.grid import Grid
    from gpu.sampling.rule import DrawRule
    from models.plan import Plan
    from models.study import Study

__all__ = ["content_sha256", "identity_of", "in_place_of"]

WORDS_ALONE: Final = frozenset({"title", "description", "schema_version", "solver"})
"""Fields of a study that change no score."""
PACKAGES: Final = {
    "numpy": ("wattplan", "numpy"),
    "cpu": ("wattplan", "numpy", "numba"),
    "cuda": ("wattplan", "numpy", "numba", "cupy"),
}
"""Packages whose version an engine's last bits may depend on: what a device is given
and what it leaves open are the compiled engine's; without Numba another engine has its
name."""


def identity_of(
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    rule: DrawRule,
    *,
    n_scenarios: int,
    grid: Grid | None = None,
    engine: str,
    has_rows: bool,
    is_streamed: bool,
) -> dict[str, str]:
    """Return what is scored, by name of the part.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans.
    baseline : Plan or None
        Business as usual.
    rule : DrawRule
        Rule of the draws.
    n_scenarios : int
        Scenarios at most; they decide how the run is cut. [unitless]
    grid : Grid or None
        Multiples of the base path that are scored too.
    engine : str
        Name of the engine.
    has_rows : bool
        Whether rows are kept with the statistics.
    is_streamed : bool
        Whether the statistics hold what quantiles are taken from; else the rows do.

    Returns
    -------
    dict of str to str
        Hashes, but for what is short and tells a user more as it stands.
    """
    parts = {
        f"study.{name}": content_sha256(value)
        for name, value in study.model_dump(mode="json").items()
        if name not in WORDS_ALONE
    }
    for place, plan in enumerate(plans):
        name = "plan" if len(plans) == 1 else f"plan {place + 1}"
        parts[name] = content_sha256(plan.model_dump(mode="json"))
    usual = None if baseline is None else baseline.model_dump(mode="json")
    parts["baseline"] = content_sha256(usual)
    for name, value in rule.as_json().items():
        parts[f"draws.{name}"] = _short(value)
    parts["scenarios"] = str(n_scenarios)
    if grid is not None:
        parts["grid"] = grid.text
    parts["rows"] = "kept" if has_rows else "not kept"
    parts["quantiles"] = "from bins" if is_streamed else "from rows"
    parts["engine"] = engine
    for package in PACKAGES.get(engine, PACKAGES["numpy"]):
        parts[f"version of {package}"] = _version(package)
    return parts


def in_place_of(now: dict[str, str], earlier: dict[str, str]) -> dict[str, str]:
    """Return what is scored, under the engine that began it.

    Parameters
    ----------
    now : dict of str to str
        What is scored, with the engine that goes on.
    earlier : dict of str to str
        What the engine that began was given.

    Returns
    -------
    dict of str to str
        As if the earlier engine went on: with its name and the versions of packages
        that not every engine uses. All else is that of now, and is compared as ever.
    """
    own, theirs = _engine_parts(now["engine"]), _engine_parts(earlier["engine"])
    kept = {name: value for name, value in now.items() if name not in own}
    taken = {"engine", *theirs}
    return kept | {n: value for n, value in earlier.items() if n in taken}


def _engine_parts(engine: str) -> set[str]:
    """Return the parts that say more than what every engine uses."""
    packages = PACKAGES.get(engine, PACKAGES["numpy"])
    return {f"version of {name}" for name in packages if name not in PACKAGES["numpy"]}


def _short(value: object) -> str:
    return str(value) if isinstance(value, int | str) else content_sha256(value)


def _version(package: str) -> str:
    name = package
    if package == "cupy":  # Its distributions are named by their CUDA: cupy-cuda13x.
        name = metadata.packages_distributions().get(package, [package])[0]
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def content_sha256(value: object) -> str:
    """Return the hash of a value that JSON can carry, whatever its key order.

    Parameters
    ----------
    value : object
        Value.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
