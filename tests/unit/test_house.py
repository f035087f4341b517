# SPDX-License-Identifier: Apache-2.0
"""Rules of the house, checked by walking the tree and by import-linter."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("gpu", "models", "optimizer", "sites")
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (*PACKAGES, "tests")
    for path in (ROOT / folder).rglob("*.py")
)
SHIPPED = [name for name in MODULES if not name.startswith("tests/")]
MAX_MODULE_LINES = 400
MAX_BODY_LINES = 50
SPDX = "# SPDX-License-Identifier: Apache-2.0"
FILE_MODULES = {"csv", "io", "os", "pathlib", "shutil", "sqlite3", "tempfile"}
NUMBER = re.compile(r"\b(float|int|ndarray|FloatArray|IntArray)\b")


@functools.cache
def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_text(name))


def _functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(_tree(name)) if isinstance(node, kinds)]


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _imports(name: str) -> set[str]:
    """Top names of every module imported, also inside functions."""
    found = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("name", MODULES)
def test_module_is_short_and_licensed(name: str) -> None:
    lines = _text(name).splitlines()
    assert len(lines) <= MAX_MODULE_LINES
    assert lines[0] == SPDX


@pytest.mark.parametrize("name", SHIPPED)
def test_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(_tree(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_function_bodies_are_short(name: str) -> None:
    long = {f.name: _body_lines(f) for f in _functions(name)}
    assert {f: n for f, n in long.items() if n > MAX_BODY_LINES} == {}


@pytest.mark.parametrize("name", SHIPPED)
def test_modules_with_functions_have_postponed_annotations(name: str) -> None:
    assert not _functions(name) or "from __future__ import annotations" in _text(name)


def test_only_the_backend_imports_cupy() -> None:
    assert [n for n in SHIPPED if "cupy" in _imports(n) and n != "gpu/backend.py"] == []


def test_models_never_touch_files() -> None:
    guilty = {
        name: _imports(name) & FILE_MODULES
        for name in SHIPPED
        if name.startswith("models/") and _imports(name) & FILE_MODULES
    }
    assert guilty == {}
    opens = [
        name
        for name in SHIPPED
        if name.startswith("models/")
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "open"
    ]
    assert opens == []


def test_only_the_command_line_prints_or_exits() -> None:
    guilty = []
    for name in SHIPPED:
        if name.startswith(("optimizer/commands/", "optimizer/cli.py")):
            continue
        for node in ast.walk(_tree(name)):
            if not isinstance(node, ast.Call):
                continue
            if ast.unparse(node.func) in ("print", "exit", "sys.exit", "os._exit"):
                guilty.append(f"{name}:{node.lineno}")
    assert guilty == []


def test_imports_go_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_distribution_has_four_packages_and_one_command() -> None:
    project = tomllib.loads(_text("pyproject.toml"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == list(PACKAGES)
    assert project["project"]["scripts"] == {"wattplan": "optimizer.cli:main"}
    owned = metadata.distribution("wattplan").entry_points.select(
        group="console_scripts"
    )
    assert [(point.name, point.value) for point in owned] == [
        ("wattplan", "optimizer.cli:main")
    ]


def test_the_top_of_the_tree_holds_only_what_the_design_names() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert top <= {
        ".ci",
        ".gitignore",
        "LICENSE",
        "Makefile",
        "README.md",
        "constraints.txt",
        "docs",
        "pyproject.toml",
        "tests",
        *PACKAGES,
    }


def test_constraints_pin_every_dependency_exactly() -> None:
    lines = [
        line
        for line in _text("constraints.txt").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.a-z]*", line) for line in lines)
    pinned = {line.split("==")[0] for line in lines}
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.match(r"[A-Za-z0-9-]+", item).group() for item in wanted}
    assert names <= pinned


def _described_parameters(text: str) -> list[tuple[str, str]]:
    """Return (type line, description) of each entry under Parameters."""
    section = re.search(
        r"Parameters\n-{10}\n(.*?)(?:\n\n[A-Z]\w+\n-{3,}|\Z)", text, re.S
    )
    if section is None:
        return []
    entries = re.split(r"\n(?=\S)", section.group(1))
    pairs = []
    for entry in entries:
        head, _, body = entry.partition("\n")
        pairs.append((head, body))
    return pairs


def _public_documented(name: str) -> list[tuple[str, str]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        (node.name, ast.get_docstring(node) or "")
        for node in ast.walk(_tree(name))
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize(
    "name", [n for n in SHIPPED if n.startswith(("models/", "gpu/"))]
)
def test_every_documented_number_has_a_unit_and_every_array_a_shape(name: str) -> None:
    faults = []
    for owner, text in _public_documented(name):
        for head, body in _described_parameters(text):
            if NUMBER.search(head.partition(":")[2]) and not re.search(
                r"\[[^\]]+\]", body
            ):
                faults.append(f"{owner}: {head} has no [unit]")
            if "ndarray" in head and "shape" not in head:
                faults.append(f"{owner}: {head} has no shape")
    assert faults == []
