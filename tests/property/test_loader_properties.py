# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a study file, the loader answers with a study or with faults."""

from __future__ import annotations

import copy
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sites
from models.errors import ConfigError
from sites.catalogue import BUNDLED
from sites.toml_text import toml_text

if TYPE_CHECKING:
    from pathlib import Path

    from models.errors import Fault

TEACHING = tomllib.loads((BUNDLED / "studies" / "teaching.toml").read_text("utf-8"))


def leaves(value: object, path: tuple = ()) -> list[tuple]:
    """Paths of every key and list member of a table."""
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    else:
        steps = []
    found = [] if not path else [path]
    for key, entry in steps:
        found += leaves(entry, (*path, key))
    return found


PLACES = leaves(TEACHING)
JUNK = st.one_of(
    st.integers(-(10**6), 10**12),
    st.floats(allow_nan=True, allow_infinity=True),
    st.booleans(),
    st.text(max_size=12),
    st.dates(),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from(["value", "low", "source", "x"]), st.integers()),
)


def put(table: dict, path: tuple, junk: object) -> dict:
    changed = copy.deepcopy(table)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = junk
    return changed


def faults_of(path: Path) -> tuple[Fault, ...]:
    """Return the faults of a study, none if it loads; any other error escapes."""
    try:
        sites.load_study(path)
    except ConfigError as error:
        return error.faults
    return ()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.sampled_from(PLACES), junk=JUNK)
def test_junk_in_any_place_gives_a_study_or_faults_with_file_and_remedy(
    folder, place, junk
):
    path = folder / "study.toml"
    path.write_text(toml_text(put(TEACHING, place, junk)), encoding="utf-8")
    for fault in faults_of(path):
        assert fault.file
        assert fault.allowed
        assert fault.action
