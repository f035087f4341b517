# SPDX-License-Identifier: Apache-2.0
"""Data in: TOML catalogues with source and date, loading, checking.

Nothing here computes economics.
"""

from __future__ import annotations

from sites.catalogue import bundled_studies
from sites.loader import StudyBundle, load_bundle, load_study

__all__ = ["StudyBundle", "bundled_studies", "load_bundle", "load_study"]
