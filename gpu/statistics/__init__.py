# SPDX-License-Identifier: Apache-2.0
"""Counting: statistics that merge exactly, intervals, tails, months."""
