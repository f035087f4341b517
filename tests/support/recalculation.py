# SPDX-License-Identifier: Apache-2.0
"""A workbook changed, recalculated by LibreOffice and read back."""

from __future__ import annotations

import functools
import shutil
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

from openpyxl import load_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from optimizer.workbook import Model

ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Settings of a profile that recalculates every workbook it opens."""


def office_path() -> str | None:
    """Program file of LibreOffice, as `tests/conftest.py` finds it."""
    return shutil.which("soffice") or shutil.which("libreoffice")


Cells = dict[tuple[str, str], object]


def recalculated(soffice_path: str, workbooks: list[Path], folder: Path) -> Path:
    """Folder of the workbooks as LibreOffice saves them after working them out."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    settings = profile / "user" / "registrymodifications.xcu"
    settings.write_text(ALWAYS, encoding="utf-8")
    out = folder / "recalculated"
    subprocess.run(
        [
            soffice_path,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(out),
            *map(str, workbooks),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return out


@functools.cache
def cells(workbook: Path) -> Cells:
    """Every value that a workbook shows, dates as day numbers."""
    found: Cells = {}
    book = load_workbook(workbook, read_only=True, data_only=True)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                value = cell.value
                if isinstance(value, datetime):
                    value = float((value - datetime(1899, 12, 30)).days)
                if value is not None:
                    found[sheet.title, cell.coordinate] = value
    book.close()
    return found


@functools.cache
def formulas(workbook: Path) -> dict[tuple[str, str], str]:
    """Every formula of a workbook."""
    book = load_workbook(workbook, read_only=True)
    found = {
        (sheet.title, cell.coordinate): str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }
    book.close()
    return found


def changed(
    workbook: Path, model: Model, changes: Mapping[str, float], target: Path
) -> Path:
    """The workbook with inputs changed by hand; it keeps no cached value."""
    book = load_workbook(workbook)
    for key, value in changes.items():
        line = model.draft.inputs.lines[key]
        book["Inputs"][f"D{line.row + 1}"] = value
    book.save(target)
    return target
