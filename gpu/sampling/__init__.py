# SPDX-License-Identifier: Apache-2.0
"""Draws: which scenario sees what, grids, Sobol points, tilts, weights."""
