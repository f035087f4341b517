# SPDX-License-Identifier: Apache-2.0
"""The market file that a calibration writes: every number with range and method.

What does not belong here: estimating (`models.calibration`) and the form of TOML
(`sites.resolved`).
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.calibration import FITTED_PAIRS
from models.calibration_methods import METHODS
from models.errors import ReportError
from models.market_parameters import Market
from models.units import days_in_month
from sites import InputNumber, Source
from sites.resolved import record_toml
from sites.specs import field_specs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.calibration import MarketFit
    from models.forecast_backtest import ForecastTest
    from sites import StudyBundle

__all__ = ["fitted_numbers", "market_toml", "write_text"]

_RANGE_WINDOWS: Final = 36
_DIGITS: Final = 4
_EXACT: Final = ("block_height",)


def fitted_numbers(
    fit: MarketFit, earlier: Sequence[MarketFit], *, first_date: str, file: str
) -> tuple[InputNumber, ...]:
    """Return every fitted number with its range, source and method.

    Parameters
    ----------
    fit : MarketFit
        Fit to the whole history.
    earlier : sequence of MarketFit
        Fits of the windows of the out-of-sample test, in order.
    first_date : str
        First day of the history, ISO.
    file : str
        File that will hold the numbers.

    Returns
    -------
    tuple of InputNumber
        Rounded to four digits. The range of an estimate is that of the last 36
        windows; opening values, which are seen rather than estimated, have none.
    """
    last_date = f"{fit.last_month}-{days_in_month(fit.last_month):02d}"
    source = Source(
        id="calibration",
        title=f"Calibration to the daily history of {first_date} to {last_date}",
        publisher="Wattplan",
        date=last_date,
        grade="D",
        note="wattplan calibrate: fitted, and tested on windows that it had not seen",
    )
    windows = [*earlier[-_RANGE_WINDOWS:], fit]
    specs = field_specs(Market)
    numbers = []
    for name in METHODS:
        keys = _pair_keys(fit) if name == "correlations" else {f"market.{name}": None}
        for key, pair in keys.items():
            value = _value(fit, name, pair)
            seen = [_value(window, name, pair) for window in windows]
            has_range = not name.startswith(("opening", "earlier", "reference"))
            has_range &= name not in {"btc_price_usd", "network_eh_s", "block_height"}
            numbers.append(
                InputNumber(
                    key=key,
                    file=file,
                    path=key.removeprefix("market."),
                    value=value,
                    unit=specs[name].unit if pair is None else "ratio",
                    low=min(seen) if has_range else None,
                    high=max(seen) if has_range else None,
                    source=source,
                    as_of=last_date,
                    grade="D",
                    note=METHODS[name] if pair is None else _pair_note(pair),
                    is_after_study_date=False,
                )
            )
    return tuple(numbers)


def market_toml(
    bundle: StudyBundle,
    fit: MarketFit,
    numbers: Sequence[InputNumber],
    tests: Sequence[ForecastTest],
) -> str:
    """Return the text of a market file that a study can include.

    Parameters
    ----------
    bundle : StudyBundle
        Study whose market gave what is not fitted, with the origin of its numbers.
    fit : MarketFit
        Fit to the whole history.
    numbers : sequence of InputNumber
        The fitted numbers.
    tests : sequence of ForecastTest
        Out-of-sample results, for the remarks above.
    """
    given = bundle.resolved["market"]
    names = {*(given if isinstance(given, dict) else ()), *METHODS}
    values: dict[str, object] = {
        key: value
        for key, value in fit.market.model_dump(mode="json").items()
        if key in names and value is not None
    }
    values["id"] = f"calibrated_{fit.last_month.replace('-', '_')}"
    values["name"] = f"{fit.market.name}, calibrated to {fit.last_month}"
    for number in numbers:
        name = number.key.removeprefix("market.")
        if name in values:
            values[name] = number.value
    origins = {number.key: number for number in _kept_numbers(bundle, fit)}
    origins |= {number.key: number for number in numbers}
    return record_toml(
        values, Market, "market", origins.values(), header=_header(fit, tests)
    )


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        File; one that is there is replaced.
    text : str
        Content.

    Raises
    ------
    ReportError
        If it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.resolve().parent, suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(0o644)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror}). Choose another --out."
        raise ReportError(msg) from error


def _kept_numbers(bundle: StudyBundle, fit: MarketFit) -> list[InputNumber]:
    """Return the origins of the template's numbers, correlations at their new places.

    The fit keeps the template's other correlations in their order, ahead of its own.
    """
    old = bundle.study.market.correlations
    places = {(pair.first, pair.second): index for index, pair in enumerate(old)}
    kept = [n for n in bundle.provenance if not n.key.startswith("market.correlations")]
    by_key = {number.key: number for number in bundle.provenance}
    for index, pair in enumerate(fit.market.correlations):
        place = places.get((pair.first, pair.second))
        number = by_key.get(f"market.correlations.{place}.value")
        if number is not None:
            key = f"market.correlations.{index}.value"
            kept.append(replace(number, key=key))
    return kept


def _pair_keys(fit: MarketFit) -> dict[str, tuple[str, str] | None]:
    """Return the keys of the fitted correlations, and which pair each is."""
    return {
        f"market.correlations.{index}.value": (pair.first, pair.second)
        for index, pair in enumerate(fit.market.correlations)
        if (pair.first, pair.second) in FITTED_PAIRS
    }


def _pair_note(pair: tuple[str, str]) -> str:
    return f"{pair[0]} with {pair[1]}: {METHODS['correlations']}"


def _value(fit: MarketFit, name: str, pair: tuple[str, str] | None) -> float:
    if pair is not None:
        return next(
            entry.value
            for entry in fit.market.correlations
            if (entry.first, entry.second) == pair
        )
    value = getattr(fit.market, name)
    if name in _EXACT:
        return int(value)
    return float(f"{float(value):.{_DIGITS}g}")


def _header(fit: MarketFit, tests: Sequence[ForecastTest]) -> str:
    lines = [
        f"# Market model fitted to {fit.n_months} months up to {fit.last_month}.",
        '# Include it in a study: [include] market = "this-file.toml".',
        "# Drift of the BTC price, trend and final elasticity of the network, and all",
        "# that is not Bitcoin are the template's. The base path is the median.",
    ]
    if tests:
        lines += ["#", "# Out of sample: share of windows inside the 50, 80 and 90 %"]
        lines += ["# bands, and CRPS over that of a random walk."]
    for test in tests:
        shares = " ".join(f"{100 * c.covered_frac:3.0f}" for c in test.coverage)
        lines.append(
            f"#   {test.series:9s} {test.horizon_months:2d} months, "
            f"{len(test.pit):3d} windows: {shares} %, {test.crps_ratio:.3f}"
        )
    return "\n".join(lines) + "\n"
