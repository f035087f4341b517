# SPDX-License-Identifier: Apache-2.0
"""What debt may finance, and the cover that project debt must keep.

What does not belong here: what a draw costs (`models.debt`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.ledger import ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.debt import DebtFacility
    from models.ledger import Ledger
    from models.study import Study

__all__ = [
    "DSCR_STEP_MONTHS",
    "DSCR_WINDOW_MONTHS",
    "FINANCED_ITEMS",
    "cover_at",
    "dscr_test_months",
    "due_at",
    "financed_cost_usd",
    "service_cover",
]

DSCR_WINDOW_MONTHS: Final = 12
"""Debt service cover looks back this long. [months]"""

_ROUNDING: Final = 1e-12

DSCR_STEP_MONTHS: Final = 3
"""Debt service cover is tested this often. [months]"""

FINANCED_ITEMS: Final = {
    "machine": ("asic_purchase",),
    "gpu": ("gpu_purchase",),
    "project": ("phase_capex", "shell_capex", "conversion_capex"),
}
"""Items of `models.ledger.ITEMS` that each kind of facility may finance."""

_AVAILABLE: Final = {
    item.name for item in ITEMS if item.kind in {"operating", "resale", "tax"}
}


def dscr_test_months(n_periods: int) -> range:
    """Return the periods at whose end cover is tested: every quarter from month 12."""
    return range(DSCR_WINDOW_MONTHS - 1, n_periods, DSCR_STEP_MONTHS)


def financed_cost_usd(
    study: Study, ledger: Ledger, facility: DebtFacility
) -> FloatArray:
    """Return what is paid for things that a facility may finance.

    Parameters
    ----------
    study : Study
        Study of the ledger.
    ledger : Ledger
        Ledger of the plan.
    facility : DebtFacility
        Facility.

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Payments, >= 0. [USD]
    """
    sites = (
        slice(None)
        if facility.site is None
        else slice(study.site_index(facility.site), study.site_index(facility.site) + 1)
    )
    paid = np.zeros_like(ledger.treasury.btc_sold)
    for name in FINANCED_ITEMS[facility.kind]:
        if name in ledger.site_items:
            paid = paid - ledger.site_items[name][:, sites, 1:].sum(axis=1)
    return paid


def service_cover(study: Study, ledger: Ledger, facility: DebtFacility) -> FloatArray:
    """Return the debt service cover ratio of project debt at each test.

    ``cover = sum of cash available / sum of (interest + principal)`` over the twelve
    months to the test; cash available is the site's operating cash and machine sales
    after its own tax, BTC at the price when mined.

    Parameters
    ----------
    study : Study
        Study of the ledger.
    ledger : Ledger
        Ledger of the plan.
    facility : DebtFacility
        Project debt of one site.

    Returns
    -------
    ndarray of shape (n_scenarios, n_tests)
        Cover; NaN where nothing was due. [ratio]

    Raises
    ------
    ValueError
        If the facility has no site.
    """
    if facility.site is None:
        msg = f"debt facility {facility.id} is not project debt: no site, no cover"
        raise ValueError(msg)
    site = study.site_index(facility.site)
    cash = np.zeros_like(ledger.treasury.btc_sold)
    for name, flow in ledger.site_items.items():
        if name in _AVAILABLE:
            cash = cash + flow[:, site, 1:]
    place = study.company.debt_facilities.index(facility)
    service = ledger.debt.service_usd[place]
    return cover_at(cash, service, dscr_test_months(len(service)))


def cover_at(
    cash_usd: FloatArray, service_usd: FloatArray, tests: Sequence[int]
) -> FloatArray:
    """Return cash over service of the twelve months to each test.

    Parameters
    ----------
    cash_usd : ndarray of shape (n_scenarios, n_periods)
        Cash available for debt service. [USD]
    service_usd : ndarray of shape (n_periods,)
        Interest and principal. [USD]
    tests : sequence of int
        At whose end cover is tested. [period]

    Returns
    -------
    ndarray of shape (n_scenarios, n_tests)
        Cover; NaN where nothing was due. [ratio]
    """
    cover = np.zeros_like(cash_usd, shape=(cash_usd.shape[0], len(tests)))
    for column, test in enumerate(tests):
        due = due_at(service_usd, test)
        paid_by = cash_usd[:, _window(test)].sum(axis=1)
        cover[:, column] = paid_by / due if due > 0.0 else np.nan
    return cover


def due_at(service_usd: FloatArray, test: int) -> float:
    """Return the service of the twelve months to a test, 0 where only rounding is due.

    Parameters
    ----------
    service_usd : ndarray of shape (n_periods,)
        Interest and principal. [USD]
    test : int
        At whose end cover is tested. [period]

    Returns
    -------
    float
        Service. [USD]
    """
    # A loan paid off may leave a rounding in its balance: nothing is due on that.
    nothing = _ROUNDING * float(np.abs(service_usd).sum())
    due = float(service_usd[_window(test)].sum())
    return due if due > nothing else 0.0


def _window(test: int) -> slice:
    return slice(max(test - DSCR_WINDOW_MONTHS + 1, 0), test + 1)
