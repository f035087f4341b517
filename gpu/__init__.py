# SPDX-License-Identifier: Apache-2.0
"""Scoring: random numbers, scenarios, batched IRR and risk on NumPy or CuPy."""

from gpu.backend import Backend, array_module, get_array_module, to_host
from gpu.irr_batch import irr
from gpu.statistics.risk import cvar, quantile

__all__ = [
    "Backend",
    "array_module",
    "cvar",
    "get_array_module",
    "irr",
    "quantile",
    "to_host",
]
