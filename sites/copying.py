# SPDX-License-Identifier: Apache-2.0
"""A bundled study and all it includes, copied into a folder to work on.

The one place in this package that writes files. What does not belong here: what the
files mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ConfigError, Fault
from sites.assembly import assemble
from sites.catalogue import BUNDLED, SOURCES_FILE, FileReader, bundled_studies
from sites.words import did_you_mean, listed

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["STUDY_FILE", "copy_study"]

STUDY_FILE = "study.toml"


def copy_study(name: str, folder: str | PathLike[str]) -> tuple[Path, ...]:
    """Return the files written: a bundled study and every file it includes.

    The study becomes ``study.toml``, its catalogues keep their folders
    (``sites/georgia.toml``), so that the copy loads by itself.

    Parameters
    ----------
    name : str
        Bundled study, see `sites.bundled_studies`.
    folder : path
        Where to write; made if missing.

    Raises
    ------
    ConfigError
        If there is no such study, or if a file is already there (nothing is written).
    """
    source = BUNDLED / "studies" / f"{name}.toml"
    if not source.is_file():
        hint = did_you_mean(name, bundled_studies())
        action = f"{hint}Bundled studies: {listed(bundled_studies())}."
        raise ConfigError([Fault(name, "", "", "is no bundled study.", action)])
    reader = FileReader(root=source.parent)
    assemble(source, reader)
    target = Path(folder)
    copies = {
        path: target / (STUDY_FILE if path == source else path.relative_to(BUNDLED))
        for path in (*reader.paths, BUNDLED / SOURCES_FILE)
    }
    taken = [copy for copy in copies.values() if copy.exists()]
    if taken:
        action = "Choose another folder, or remove the file."
        faults = [
            Fault(path.as_posix(), "", "", "exists already.", action) for path in taken
        ]
        raise ConfigError(faults)
    for path, copy in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tuple(copies.values())
