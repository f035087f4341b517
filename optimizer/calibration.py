# SPDX-License-Identifier: Apache-2.0
"""Use case: fit the market model to a history, test it out of sample, write it down.

Joins the history (`sites.daily_history`), the estimators (`models.calibration`), the
test (`models.forecast_backtest`) and the draws (`gpu.sampling.scenarios`). What does
not belong here: estimators, tables for a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.sampling.scenarios import draw_factor_shocks
from models.calibration import LEAST_MONTHS, fit_market
from models.calibration_history import monthly_history
from models.errors import ConfigError, Fault
from models.forecast_backtest import HORIZONS_MONTHS, backtest_forecasts
from models.forecast_tests import pit_counts
from models.market import correlated
from models.market_bitcoin import bitcoin_paths
from models.units import SECONDS_PER_HOUR, month_hours_h
from optimizer.marketfile import fitted_numbers, market_toml, write_text
from sites import load_bundle
from sites.daily_history import load_daily_history

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from models.arrays import FloatArray
    from models.calibration import MarketFit
    from models.forecast_backtest import ForecastTest
    from models.study import Study
    from optimizer.console import JsonValue
    from sites import InputNumber

__all__ = ["CalibrationReport", "run_calibration"]

DRAWS_PER_WINDOW: Final = 2_048
"""Each is used with either sign."""
_MEAN_DRAWS: Final = 8_192


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """Everything `wattplan calibrate` shows.

    Parameters
    ----------
    study : Study
        Study whose market gave what is assumed.
    fit : MarketFit
        Fit to the whole history.
    parameters : tuple of InputNumber
        Fitted numbers with range, source and method.
    tests : tuple of ForecastTest
        Out of sample, by series and horizon.
    first_date, last_date : str
        Days used, ISO.
    seed : int
        Of the draws. [unitless]
    mean_over_base : float
        Mean BTC price over the base path 12 months ahead. [ratio]
    history_file : str
        History, as named by the user.
    market_file, page_file : str
        Files written; empty for none.
    warnings : tuple of str
        What the reader should know.
    """

    study: Study
    fit: MarketFit
    parameters: tuple[InputNumber, ...]
    tests: tuple[ForecastTest, ...]
    first_date: str
    last_date: str
    seed: int
    mean_over_base: float
    history_file: str
    market_file: str
    page_file: str
    warnings: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        """Whether there is a test and every one is passed."""
        return bool(self.tests) and all(test.is_passed for test in self.tests)

    @property
    def files(self) -> tuple[str, ...]:
        """Files written."""
        return tuple(name for name in (self.market_file, self.page_file) if name)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the result as plain values for JSON; keys carry units."""
        return {
            "history": {
                "file": self.history_file,
                "first_date": self.first_date,
                "last_date": self.last_date,
                "n_months": self.fit.n_months,
                "last_month": self.fit.last_month,
            },
            "market_file": self.market_file,
            "page_file": self.page_file or None,
            "parameters": [_parameter_dict(number) for number in self.parameters],
            "btc_months_over_days_variance_ratio": self.fit.price.months_over_days,
            "btc_mean_over_base_ratio_12_months": self.mean_over_base,
            "forecast_tests": [_test_dict(test) for test in self.tests],
            "seed": self.seed,
            "is_passed": self.is_passed,
            "warnings": list(self.warnings),
        }


def run_calibration(
    history: Path,
    *,
    until: date | None = None,
    study: str | Path = "base",
    out: Path = Path("market.toml"),
    html: Path | None = None,
    is_replacing: bool = False,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CalibrationReport:
    """Fit the market model to a history, test it, and write a market file.

    Parameters
    ----------
    history : pathlib.Path
        Daily CSV file, columns of `sites.daily_history.COLUMNS`.
    until : datetime.date, optional
        Last day to use.
    study : str or pathlib.Path
        Study whose market gives what is assumed rather than fitted.
    out : pathlib.Path
        Market file to write.
    html : pathlib.Path, optional
        Page to write as well.
    is_replacing : bool
        Whether files that are there already are replaced.
    seed : int
        Of the draws of the test. [unitless]
    progress : callable or None
        Told how many windows of the test are done, and how many there are.

    Returns
    -------
    CalibrationReport
        Result with `to_dict` for JSON.

    Raises
    ------
    ConfigError
        With every fault of history and options; nothing is written.
    ReportError
        If the file cannot be written.
    """
    faults = _out_faults("--out", out, is_replacing=is_replacing)
    if html is not None:
        faults += _out_faults("--html", html, is_replacing=is_replacing)
        if html.resolve() == out.resolve():
            what = "is the market file as well."
            faults.append(Fault("--html", "", str(html), what, "Name another file."))
    try:
        daily = load_daily_history(history, until=until)
    except ConfigError as err:
        raise ConfigError([*faults, *err.faults]) from err
    if faults:
        raise ConfigError(faults)
    bundle = load_bundle(study)
    template = bundle.study.market
    months = monthly_history(daily)
    fit = fit_market(months, template)
    tests, earlier = backtest_forecasts(
        months,
        template,
        lambda window: _shocks(seed, window),
        rng=np.random.default_rng(seed),
        progress=progress,
    )
    first, last = daily.dates[0].isoformat(), daily.dates[-1].isoformat()
    numbers = fitted_numbers(fit, earlier, first_date=first, file=str(out))
    report = CalibrationReport(
        study=bundle.study,
        fit=fit,
        parameters=numbers,
        tests=tests,
        first_date=first,
        last_date=last,
        seed=seed,
        mean_over_base=_mean_over_base(fit, seed),
        history_file=str(history),
        market_file=str(out),
        page_file="" if html is None else str(html),
        warnings=_warnings(fit, tests, last),
    )
    page = "" if html is None else _page(report)
    write_text(out, market_toml(bundle, fit, numbers, tests))
    if html is not None:
        write_text(html, page)
    return report


def _page(report: CalibrationReport) -> str:
    # Plotly is slow to import and only a page needs it.
    from optimizer.report.calibration_page import render_calibration

    return render_calibration(report)


def _out_faults(option: str, out: Path, *, is_replacing: bool) -> list[Fault]:
    if out.exists() and not is_replacing:
        action = "Choose another name, or replace it with --force."
        return [Fault(option, "", str(out), "is there already.", action)]
    if not out.resolve().parent.is_dir():
        what = "names no folder that is there."
        return [Fault(option, "", str(out), what, "Make it.")]
    return []


def _shocks(seed: int, window: int) -> FloatArray:
    ids = np.arange(DRAWS_PER_WINDOW) + window * DRAWS_PER_WINDOW
    return draw_factor_shocks(seed, ids, max(HORIZONS_MONTHS))


def _mean_over_base(fit: MarketFit, seed: int) -> float:
    """Return the mean BTC price over the base path in the twelfth month."""
    n_months = max(HORIZONS_MONTHS)
    shocks = draw_factor_shocks(seed, np.arange(_MEAN_DRAWS), n_months)
    both = np.concatenate([shocks, -shocks, np.zeros_like(shocks[:1])])
    seconds = month_hours_h(fit.last_month, n_months) * SECONDS_PER_HOUR
    paths = bitcoin_paths(fit.market, correlated(fit.market, both), seconds)
    last = paths.btc_price_usd[:, -1]
    return float(last[:-1].mean() / last[-1])


def _warnings(
    fit: MarketFit, tests: tuple[ForecastTest, ...], last_date: str
) -> tuple[str, ...]:
    found = []
    if not last_date.startswith(fit.last_month):
        found.append(
            f"days after {fit.last_month} are part of a month and were not used"
        )
    if not tests:
        found.append(
            f"{LEAST_MONTHS} months leave no window to test: give a longer history"
        )
    found += [
        f"{test.series} at {test.horizon_months} months does not pass its test"
        for test in tests
        if not test.is_passed
    ]
    return tuple(found)


def _parameter_dict(number: InputNumber) -> dict[str, JsonValue]:
    return {
        "name": number.key.removeprefix("market."),
        "value": number.value,
        "unit": number.unit,
        "low": number.low,
        "high": number.high,
        "as_of": number.as_of,
        "method": number.note,
    }


def _test_dict(test: ForecastTest) -> dict[str, JsonValue]:
    return {
        "series": test.series,
        "horizon_months": test.horizon_months,
        "n_windows": len(test.pit),
        "n_effective_windows": test.n_effective,
        "first_window_ends": test.origins[0],
        "last_window_ends": test.origins[-1],
        "pit_counts": [int(count) for count in pit_counts(test.pit)],
        "coverage": [
            {
                "band_frac": entry.band_frac,
                "covered_frac": entry.covered_frac,
                "low_frac": entry.low_frac,
                "high_frac": entry.high_frac,
                "is_required": entry.is_required,
                "is_compatible": entry.is_compatible,
            }
            for entry in test.coverage
        ],
        "crps_log_ratio": test.crps,
        "crps_random_walk_log_ratio": test.crps_walk,
        "crps_drifting_walk_log_ratio": test.crps_drifting_walk,
        "crps_over_random_walk": test.crps_ratio,
        "is_passed": test.is_passed,
    }
