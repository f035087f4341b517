# SPDX-License-Identifier: Apache-2.0
"""Data in: TOML catalogues with source and date, loading, checking.

Nothing here computes economics.
"""

from __future__ import annotations

from sites.catalogue import bundled_studies
from sites.copying import copy_study
from sites.loader import StudyBundle, load_bundle, load_study
from sites.provenance import InputNumber, assumption_share_frac, grade_counts
from sites.resolved import resolved_toml
from sites.schema import json_schemas, write_json_schemas
from sites.sources import Source
from sites.suspicious import SuspiciousInput

__all__ = [
    "InputNumber",
    "Source",
    "StudyBundle",
    "SuspiciousInput",
    "assumption_share_frac",
    "bundled_studies",
    "copy_study",
    "grade_counts",
    "json_schemas",
    "load_bundle",
    "load_study",
    "resolved_toml",
    "write_json_schemas",
]
