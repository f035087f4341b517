# SPDX-License-Identifier: Apache-2.0
"""Data in: TOML catalogues with source and date, loading, checking.

Nothing here computes economics.
"""
