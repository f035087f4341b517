# SPDX-License-Identifier: Apache-2.0
"""The market model: base path, halving, network, volatility and correlation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_studies import alpha, beta, market, tiny_study

from models.clients import count_client_slots
from models.market import Shocks, base_paths, correlation_root, simulate
from models.market_parameters import FACTORS, Correlation
from models.study import Study, TimeGrid
from models.units import month_hours_h

RTOL = 1e-9
N = 20_000


def study_of(months: int = 24, **changes: object) -> Study:
    time = TimeGrid(
        start_month="2025-12",
        months=months,
        monthly_months=months,
        order_step_months=3,
        holding_step_months=3,
    )
    return tiny_study(time=time, market=market(**changes))


def shocks(study: Study, n: int, rng: np.random.Generator) -> Shocks:
    months, sites = study.time.months, len(study.sites)
    return Shocks(
        monthly=rng.standard_normal((n, len(FACTORS), months)),
        site_power=rng.standard_normal((n, sites, months)),
        site_build=rng.standard_normal((n, sites, 2)),
        client_fate=rng.exponential(size=(n, sites, count_client_slots(study))),
        within_month=rng.exponential(size=(n, 2, months)),
    )


def test_without_drift_the_base_price_is_flat() -> None:
    paths = base_paths(study_of())
    assert paths.n_scenarios == 1
    np.testing.assert_array_equal(paths.btc_price_usd, np.full((1, 24), 100_000.0))
    np.testing.assert_array_equal(paths.power_multiplier, np.ones((1, 2, 24)))
    np.testing.assert_array_equal(paths.capex_factor, np.ones((1, 2)))
    np.testing.assert_array_equal(paths.delay_months, np.zeros((1, 2)))


def test_drift_of_the_base_price_compounds_from_the_first_month() -> None:
    # exp(0.12 t / 12): 1 in the first month, exp(0.12) in the thirteenth.
    paths = base_paths(study_of(btc_log_drift_per_year=0.12))
    assert paths.btc_price_usd[0, 0] == 100_000.0
    assert paths.btc_price_usd[0, 12] == pytest.approx(1e5 * math.exp(0.12), rel=RTOL)


def test_rent_falls_by_its_yearly_drift_and_utilisation_stays() -> None:
    paths = base_paths(study_of())
    # 2.4 USD per GPU-hour, 20 % less a year later; 60 % sold throughout.
    assert paths.gpu_rent_usd_per_gpu_h[0, 0, 12] == pytest.approx(2.4 * 0.8, rel=RTOL)
    np.testing.assert_array_equal(paths.gpu_utilisation_frac, np.full((1, 1, 24), 0.6))


def test_the_halving_month_is_split_pro_rata() -> None:
    # A network at rest finds a block every 600 s. From height 925,000 the 125,000
    # blocks to the halving last 75e6 s = 868.0556 days; 1 December 2025 to 1 April
    # 2028 is 31 + 365 + 365 + 31 + 29 + 31 = 852 days, so 16.0556 of April's 30 days
    # pay 3.125 BTC and the rest 1.5625: mean 1.5625 (1 + 16.0556 / 30) = 2.398727.
    paths = base_paths(study_of(months=36, network_elasticity=0.0))
    np.testing.assert_allclose(paths.network_eh_s, 1000.0, rtol=RTOL)
    subsidy = 1.5625 * (1.0 + (75e6 / 86_400 - 852) / 30)
    assert subsidy == pytest.approx(2.398727, abs=1e-6)
    # 1 EH/s of 1,000 gets 1/1000 of 144 blocks a day, with 1 % fees.
    for period, days, mean in ((27, 31, 3.125), (28, 30, subsidy), (29, 31, 1.5625)):
        expected = days * 144 * mean * 1.01 / 1000
        assert paths.btc_per_eh_s[0, period] == pytest.approx(expected, rel=RTOL)


def test_hash_price_is_output_per_day_times_price() -> None:
    study = study_of(months=36)
    paths = base_paths(study)
    days = month_hours_h("2025-12", 36) / 24
    worth = paths.btc_per_eh_s * paths.btc_price_usd / days / 1000
    np.testing.assert_allclose(paths.hashprice_usd_per_ph_day, worth, rtol=RTOL)


@pytest.mark.parametrize(
    ("reference_usd", "half_life_months"), [(50_000.0, 7.5), (200_000.0, 2.0)]
)
def test_the_network_closes_its_gap_with_the_half_life_of_the_direction(
    reference_usd: float, half_life_months: float
) -> None:
    # Flat price, no trend, no halving within 24 months: the resting level stays at
    # ln 1000 + 0.6 ln(price / reference), and of the gap 0.5^(months / half-life)
    # is left: up with 7.5 months, down with 2.
    paths = base_paths(study_of(reference_btc_price_usd=reference_usd))
    gap = 0.6 * math.log(100_000.0 / reference_usd)
    months = np.arange(1, 25)
    left = gap * 0.5 ** (months / half_life_months)
    expected = np.exp(math.log(1000.0) + gap - left)
    np.testing.assert_allclose(paths.network_eh_s[0], expected, rtol=RTOL)


def test_the_network_grows_with_its_trend_when_nothing_else_changes() -> None:
    study = study_of(
        network_trend_per_year=0.12,
        network_elasticity=0.0,
        network_half_life_up_months=1e-3,
    )
    # With a half-life of next to nothing the network is always at rest.
    paths = base_paths(study)
    assert paths.network_eh_s[0, 11] == pytest.approx(1120.0, rel=1e-9)


def test_difficulty_lags_a_growing_network_so_output_is_ahead_of_it() -> None:
    paths = base_paths(study_of(reference_btc_price_usd=50_000.0))
    days = month_hours_h("2025-12", 24) / 24
    at_rest = days * 144 * 3.125 * 1.01 / paths.network_eh_s
    assert (paths.btc_per_eh_s > at_rest).all()
    assert (paths.btc_per_eh_s < 1.1 * at_rest).all()


def test_price_variance_grows_with_time(rng: np.random.Generator) -> None:
    study = study_of()
    paths = simulate(study, shocks(study, N, rng))
    log_price = np.log(paths.btc_price_usd / 100_000.0)
    # Variance 0.5^2 (t + 1) / 12; a sample variance is off by about sqrt(2 / n).
    for period in (0, 11, 23):
        variance = 0.25 * (period + 1) / 12
        assert log_price[:, period].var() == pytest.approx(variance, rel=0.05)
        assert abs(log_price[:, period].mean()) < 4 * math.sqrt(variance / N)


def test_autoregressions_reach_their_stationary_variance(
    rng: np.random.Generator,
) -> None:
    study = study_of(months=36, gpu_utilisation_half_life_months=3.0)
    paths = simulate(study, shocks(study, N, rng))
    base = base_paths(study)
    rent = np.log(paths.gpu_rent_usd_per_gpu_h / base.gpu_rent_usd_per_gpu_h)[:, 0]
    # x_t = k x_(t-1) + s e_t: variance s^2 (1 - k^(2 (t + 1))) / (1 - k^2).
    keep, step = 0.5 ** (1 / 8), 0.3**2 / 12
    for period in (0, 5, 35):
        variance = step * (1 - keep ** (2 * (period + 1))) / (1 - keep**2)
        assert rent[:, period].var() == pytest.approx(variance, rel=0.05)


def test_power_is_common_to_sites_as_far_as_stated(rng: np.random.Generator) -> None:
    study = study_of(power_common_frac=0.3)
    paths = simulate(study, shocks(study, N, rng))
    log_power = np.log(paths.power_multiplier)
    found = np.corrcoef(log_power[:, 0, -1], log_power[:, 1, -1])[0, 1]
    assert found == pytest.approx(0.3, abs=4 / math.sqrt(N))
    keep, step = 0.5 ** (1 / 6), 0.15**2 / 12
    variance = step * (1 - keep**48) / (1 - keep**2)
    assert log_power[:, 1, -1].var() == pytest.approx(variance, rel=0.05)


def test_correlations_are_reproduced(rng: np.random.Generator) -> None:
    pairs = (
        Correlation(first="btc_price", second="gpu_rent", value=0.6),
        Correlation(first="btc_price", second="fees", value=-0.3),
        Correlation(first="network", second="gpu_utilisation", value=0.5),
    )
    study = study_of(correlations=pairs, gpu_utilisation_volatility_per_year=0.05)
    paths = simulate(study, shocks(study, N, rng))
    # First month: each deviation is its own correlated shock times its volatility.
    base = base_paths(study)

    def first(name: str) -> np.ndarray:
        here, there = getattr(paths, name), getattr(base, name)
        return np.log(here / there).reshape(N, -1, 24)[:, 0, 0]

    price, network = first("btc_price_usd"), first("network_eh_s")
    rent, used = first("gpu_rent_usd_per_gpu_h"), first("gpu_utilisation_frac")
    tolerance = 4 / math.sqrt(N)
    assert np.corrcoef(price, rent)[0, 1] == pytest.approx(0.6, abs=tolerance)
    # Fees move the network's resting level a little, hence the wider bound.
    assert np.corrcoef(network, used)[0, 1] == pytest.approx(0.5, abs=2 * tolerance)
    assert np.corrcoef(price, used)[0, 1] == pytest.approx(0.0, abs=tolerance)


def test_the_correlation_root_gives_the_matrix_back() -> None:
    pairs = (
        Correlation(first="btc_price", second="fees", value=0.4),
        Correlation(first="fees", second="power", value=-0.2),
    )
    root = correlation_root(market(correlations=pairs))
    matrix = root @ root.T
    fees = FACTORS.index("fees")
    np.testing.assert_allclose(np.diag(matrix), 1.0, rtol=RTOL)
    assert matrix[FACTORS.index("btc_price"), fees] == pytest.approx(0.4, rel=RTOL)
    assert matrix[fees, FACTORS.index("power")] == pytest.approx(-0.2, rel=RTOL)


def test_contradicting_correlations_are_refused() -> None:
    # a with b, b with c at 0.9, a with c at -0.9: no three series do that.
    pairs = (
        Correlation(first="btc_price", second="fees", value=0.9),
        Correlation(first="fees", second="power", value=0.9),
        Correlation(first="btc_price", second="power", value=-0.9),
    )
    with pytest.raises(ValueError, match="contradict each other"):
        correlation_root(market(correlations=pairs))


def test_build_cost_and_delay_are_drawn_per_site(rng: np.random.Generator) -> None:
    study = study_of()
    draws = shocks(study, N, rng)
    paths = simulate(study, draws)
    log_factor = np.log(paths.capex_factor)
    assert log_factor.std() == pytest.approx(0.15, rel=0.05)
    # floor(3 |e| + 1/2): no delay if |e| < 1/6, two months for |e| of 0.5 to 0.83.
    size = np.abs(draws.site_build[:, :, 1])
    assert (paths.delay_months[size < 1 / 6] == 0).all()
    assert (paths.delay_months[(size > 0.51) & (size < 0.83)] == 2).all()
    assert paths.delay_months.min() == 0


def test_utilisation_never_passes_one(rng: np.random.Generator) -> None:
    study = study_of(gpu_utilisation_volatility_per_year=2.0)
    paths = simulate(study, shocks(study, 500, rng))
    assert paths.gpu_utilisation_frac.max() == 1.0
    assert paths.gpu_utilisation_frac.min() > 0.0


def test_a_price_fall_shrinks_the_network_later(rng: np.random.Generator) -> None:
    study = study_of()
    draws = Shocks(
        monthly=np.zeros((1, len(FACTORS), 24)),
        site_power=np.zeros((1, 2, 24)),
        site_build=np.zeros((1, 2, 2)),
        client_fate=np.full((1, 2, count_client_slots(study)), np.inf),
        within_month=np.zeros((1, 2, 24)),
    )
    draws.monthly[0, FACTORS.index("btc_price"), 5] = -3.0
    base, fallen = base_paths(study), simulate(study, draws)
    np.testing.assert_array_equal(fallen.network_eh_s[:, :6], base.network_eh_s[:, :6])
    assert (fallen.network_eh_s[:, 6:] < base.network_eh_s[:, 6:]).all()


def test_sites_of_the_study_give_the_axes() -> None:
    study = study_of()
    assert [site.id for site in study.sites] == [alpha().id, beta().id]
    paths = base_paths(study)
    assert paths.power_multiplier.shape == (1, 2, 24)
    assert paths.gpu_rent_usd_per_gpu_h.shape == (1, 1, 24)
