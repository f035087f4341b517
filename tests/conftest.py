# SPDX-License-Identifier: Apache-2.0
"""Options, markers and fixtures of every test.

A test that needs something this computer lacks is skipped, counted and named at the
end. With ``CI=true`` such a skip is a failure, except where no small package could mend
it: a GPU, its compiler, and the price history, which is not ours to ship.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import ModuleType

IS_CI = os.environ.get("CI", "").lower() == "true"

hypothesis.settings.register_profile(
    "wattplan", deadline=None, derandomize=IS_CI, print_blob=True
)
hypothesis.settings.load_profile("wattplan")


def office_path() -> str | None:
    """Program file of LibreOffice, which systems name one way or the other."""
    return shutil.which("soffice") or shutil.which("libreoffice")


@dataclass(frozen=True, slots=True)
class Need:
    """What a marker asks of the computer.

    Parameters
    ----------
    is_met : bool
        Whether it is there.
    reason : str
        What is missing and how to get it.
    may_skip_in_ci : bool
        Whether CI counts the skip rather than fails.
    """

    is_met: bool
    reason: str
    may_skip_in_ci: bool = False


def _needs(config: pytest.Config) -> dict[str, Need]:
    return {
        "gpu": Need(
            config.getoption("--run-gpu"),
            "a GPU (pytest --run-gpu)",
            may_skip_in_ci=True,
        ),
        "web": Need(
            shutil.which("chromium") is not None,
            "Chromium (apt-get install chromium)",
        ),
        "office": Need(
            office_path() is not None,
            "LibreOffice (apt-get install libreoffice-calc)",
        ),
        "compiler": Need(
            shutil.which("g++") is not None, "a C++ compiler (apt-get install g++)"
        ),
        "nvcc": Need(
            shutil.which("nvcc") is not None,
            "the CUDA compiler (nvcc of the CUDA toolkit)",
            may_skip_in_ci=True,
        ),
        "history": Need(
            os.path.isfile(os.environ.get("WATTPLAN_HISTORY", "")),  # noqa: PTH113
            "the price history (WATTPLAN_HISTORY=FILE.csv)",
            may_skip_in_ci=True,
        ),
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--run-gpu", action="store_true", help="run the tests that need a CUDA device"
    )
    parser.addoption(
        "--refresh-golden", action="store_true", help="write the reviewed files again"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "xp" in metafunc.fixturenames:
        cupy = pytest.param("cupy", marks=pytest.mark.gpu)
        metafunc.parametrize("xp", ["numpy", cupy], indirect=True)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    needs = _needs(config)
    for item in items:
        for name, need in needs.items():
            if item.get_closest_marker(name) is not None and not need.is_met:
                item.add_marker(pytest.mark.skip(reason=f"needs {need.reason}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not (IS_CI and report.skipped) or hasattr(report, "wasxfail"):
        return report
    excused = [n for n, need in _needs(item.config).items() if need.may_skip_in_ci]
    if not any(item.get_closest_marker(name) for name in excused):
        report.outcome = "failed"
        report.longrepr = f"CI allows no skip: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count and name what was skipped, and how many GPU tests ran."""
    skipped = Counter(_reason(r) for r in terminalreporter.getreports("skipped"))
    if skipped:
        terminalreporter.section("skipped tests")
        for reason, count in sorted(skipped.items()):
            terminalreporter.line(f"{count:5d} skipped: {reason}")
    ran = sum(
        "gpu" in report.keywords
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if getattr(report, "when", "") == "call"
    )
    terminalreporter.line(f"GPU tests run: {ran}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        return str(longrepr[2]).removeprefix("Skipped: ")
    return str(longrepr)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20251130)


@pytest.fixture
def xp(request: pytest.FixtureRequest) -> ModuleType:
    """Array module: NumPy always, CuPy with ``--run-gpu``."""
    return importlib.import_module(request.param)


@pytest.fixture
def chromium_path() -> str:
    """Program file of Chromium; the test needs the marker ``web``."""
    path = shutil.which("chromium")
    assert path is not None
    return path


@pytest.fixture
def soffice_path() -> str:
    """Program file of LibreOffice; the test needs the marker ``office``."""
    path = office_path()
    assert path is not None
    return path
