# SPDX-License-Identifier: Apache-2.0
"""Scoring: random numbers, scenarios, batched IRR and risk on NumPy or CuPy."""
