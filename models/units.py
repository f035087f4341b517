# SPDX-License-Identifier: Apache-2.0
"""Units: conversion constants, calendar months and their lengths.

The project's units are MW, MWh, EH/s, TH/s, J/TH, USD, BTC, months and hours; every
conversion between them stands here once. A month is ``YYYY-MM`` and its hours are the
calendar month's, in UTC. What does not belong here: month arithmetic
(`models.months`), prices, economics, files.
"""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from models.months import add_months

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = [
    "HASHES_PER_EH",
    "HOURS_PER_DAY",
    "KWH_PER_MWH",
    "MONTHS_PER_YEAR",
    "PH_PER_EH",
    "SECONDS_PER_DAY",
    "SECONDS_PER_HOUR",
    "TH_PER_EH",
    "TH_PER_PH",
    "W_PER_MW",
    "check_month",
    "day_number",
    "days_in_month",
    "format_month",
    "hours_in_month",
    "j_per_th",
    "month_hours_h",
    "month_of_date",
    "month_range",
    "parse_month",
    "seconds_in_month",
    "usd_per_kwh",
    "usd_per_mwh",
]

HOURS_PER_DAY: Final = 24.0
SECONDS_PER_HOUR: Final = 3_600.0
SECONDS_PER_DAY: Final = 86_400.0
MONTHS_PER_YEAR: Final = 12
HASHES_PER_EH: Final = 1e18
TH_PER_EH: Final = 1e6
PH_PER_EH: Final = 1e3
TH_PER_PH: Final = 1e3
W_PER_MW: Final = 1e6
KWH_PER_MWH: Final = 1e3

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", flags=re.ASCII)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def parse_month(month: str) -> tuple[int, int]:
    """Return year and month number of an ISO month.

    Parameters
    ----------
    month : str
        ``YYYY-MM``, exactly seven characters, year 0001 to 9999.

    Returns
    -------
    tuple of int
        Year and month (1 to 12).

    Raises
    ------
    ValueError
        If the text has another form.
    """
    match = _MONTH.fullmatch(month)
    if match is None or match.group(1) == "0000":
        msg = f"month {month!r} must be written YYYY-MM, such as 2025-12"
        raise ValueError(msg)
    return int(match.group(1)), int(match.group(2))


def check_month(month: str) -> str:
    """Return the month unchanged if it is a well-formed ``YYYY-MM``.

    Parameters
    ----------
    month : str
        Text to look at.

    Returns
    -------
    str
        The same text.

    Raises
    ------
    ValueError
        If the text has another form.
    """
    parse_month(month)
    return month


def format_month(year: int, month: int) -> str:
    """Return ``YYYY-MM`` of a year and a month number.

    Parameters
    ----------
    year : int
        Calendar year. [years]
    month : int
        Month of the year, 1 to 12. [months]

    Returns
    -------
    str
        ISO month.
    """
    return f"{year:04d}-{month:02d}"


def month_of_date(day: date) -> str:
    """Return the month in which a date lies.

    Parameters
    ----------
    day : datetime.date
        Calendar date.

    Returns
    -------
    str
        ISO month.
    """
    return format_month(day.year, day.month)


def month_range(first: str, n_months: int) -> tuple[str, ...]:
    """Return consecutive months.

    Parameters
    ----------
    first : str
        First ISO month.
    n_months : int
        How many. [months]

    Returns
    -------
    tuple of str, length n_months
        ISO months in order.
    """
    return tuple(add_months(first, k) for k in range(n_months))


def days_in_month(month: str) -> int:
    """Return the number of days of a calendar month.

    Parameters
    ----------
    month : str
        ISO month.

    Returns
    -------
    int
        28 to 31. [days]
    """
    year, number = parse_month(month)
    return calendar.monthrange(year, number)[1]


def hours_in_month(month: str) -> float:
    """Return the number of hours of a calendar month in UTC.

    Parameters
    ----------
    month : str
        ISO month.

    Returns
    -------
    float
        672 to 744. [h]
    """
    return days_in_month(month) * HOURS_PER_DAY


def seconds_in_month(month: str) -> float:
    """Return the number of seconds of a calendar month in UTC.

    Parameters
    ----------
    month : str
        ISO month.

    Returns
    -------
    float
        Leap seconds are not counted. [s]
    """
    return days_in_month(month) * SECONDS_PER_DAY


def month_hours_h(first: str, n_months: int) -> FloatArray:
    """Return the hours of consecutive calendar months.

    Parameters
    ----------
    first : str
        First ISO month.
    n_months : int
        How many. [months]

    Returns
    -------
    ndarray of shape (n_months,)
        Hours of each month, on the host. [h]
    """
    return np.array(_month_hours_h(first, n_months), dtype=np.float64)


@lru_cache(maxsize=64)
def _month_hours_h(first: str, n_months: int) -> tuple[float, ...]:
    # Asked for by every machine of every plan, always for the same horizon.
    return tuple(hours_in_month(month) for month in month_range(first, n_months))


def day_number(day: date) -> int:
    """Return the number of a UTC day counted from 1970-01-01.

    Parameters
    ----------
    day : datetime.date
        Calendar date.

    Returns
    -------
    int
        0 for 1970-01-01. [days]
    """
    return day.toordinal() - _EPOCH_ORDINAL


def j_per_th(power_w: float, hashrate_th_s: float) -> float:
    """Return the efficiency of a machine from its power and hash rate.

    Parameters
    ----------
    power_w : float
        Power at the plug. [W]
    hashrate_th_s : float
        Hash rate, must be positive. [TH/s]

    Returns
    -------
    float
        Energy per hash; equal to MW per EH/s and kW per PH/s. [J/TH]

    Raises
    ------
    ValueError
        If the hash rate is not positive.
    """
    if not hashrate_th_s > 0.0:
        msg = f"hashrate_th_s = {hashrate_th_s} TH/s must be positive"
        raise ValueError(msg)
    return power_w / hashrate_th_s


def usd_per_mwh(price_usd_per_kwh: float) -> float:
    """Return an energy price per MWh from one per kWh.

    Parameters
    ----------
    price_usd_per_kwh : float
        Price. [USD/kWh]

    Returns
    -------
    float
        The same price. [USD/MWh]
    """
    return price_usd_per_kwh * KWH_PER_MWH


def usd_per_kwh(price_usd_per_mwh: float) -> float:
    """Return an energy price per kWh from one per MWh.

    Parameters
    ----------
    price_usd_per_mwh : float
        Price. [USD/MWh]

    Returns
    -------
    float
        The same price. [USD/kWh]
    """
    return price_usd_per_mwh / KWH_PER_MWH
