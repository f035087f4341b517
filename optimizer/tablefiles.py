# SPDX-License-Identifier: Apache-2.0
"""Tables and values as files: Parquet, CSV and JSON, there and back.

A table is a mapping of column name to values, all of one length. What does not belong
here: which tables a run has.
"""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from models.errors import DataError
from optimizer.console import JsonValue, dump_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "Columns",
    "csv_text",
    "json_text",
    "read_json",
    "read_parquet",
    "write_parquet",
]

Columns: TypeAlias = "Mapping[str, NDArray[np.generic] | Sequence[object]]"


def write_parquet(path: Path, columns: Columns) -> None:
    """Write a table as Parquet; NaN is stored as null.

    Parameters
    ----------
    path : Path
        File to write.
    columns : mapping of str to array or sequence
        Values by column name; all of one length, empty allowed.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    import pyarrow
    import pyarrow.parquet

    _check_lengths(columns)
    arrays = {
        name: pyarrow.array(values, from_pandas=True)
        for name, values in columns.items()
    }
    pyarrow.parquet.write_table(pyarrow.table(arrays), path, compression="zstd")


def read_parquet(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the columns of a Parquet file; null numbers come back as NaN.

    Raises
    ------
    DataError
        If the file is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError as error:
        msg = f"{path}: the file is missing. Run the command that writes it again."
        raise DataError(msg) from error
    except (pyarrow.ArrowException, OSError) as error:
        first_line = str(error).split("\n", 1)[0]
        msg = f"{path}: not a readable Parquet file ({first_line}). Make the run again."
        raise DataError(msg) from error
    return {
        name: table.column(name).to_numpy(zero_copy_only=False)
        for name in table.column_names
    }


def csv_text(columns: Columns) -> str:
    """Return a table as CSV text; floats keep every digit, NaN and None are empty.

    Parameters
    ----------
    columns : mapping of str to array or sequence
        Values by column name; all of one length.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    _check_lengths(columns)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    lists = [
        values.tolist() if isinstance(values, np.ndarray) else list(values)
        for values in columns.values()
    ]
    for row in zip(*lists, strict=True):
        writer.writerow([_csv_cell(value) for value in row])
    return buffer.getvalue()


def json_text(value: object) -> str:
    """Return a value as JSON text with a final line end; NaN becomes null."""
    return dump_json(value) + "\n"


def read_json(path: Path) -> JsonValue:
    """Return the value in a JSON file.

    Raises
    ------
    DataError
        If the file is missing or is not JSON.
    """
    try:
        value: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path}: the file is missing. Run the command that writes it again."
        raise DataError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path}: not readable as JSON ({error}). Make the run again."
        raise DataError(msg) from error
    return value


def _check_lengths(columns: Columns) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        msg = f"columns must be of one length, got {lengths}"
        raise ValueError(msg)


def _csv_cell(value: object) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
