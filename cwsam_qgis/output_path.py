"""Names that users give their outputs, and files that stand there already."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import OutputError
from ..engine.files import try_folder
from .edit_watch import EditWatch
from .i18n import translator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from osgeo import gdal

tr = translator("output_path")

_LONGEST = 200  # bytes of a name; systems take 255, and side files add to it
_SHOWN = 30  # letters of a name that is too long
_OF_QGIS = ("layer_styles", "layer_metadata")


def read_path(text: str, suffix: str) -> Path:
    """The file that a user's text names.

    Args:
        text: A whole path; without an ending it gets the usual one.
        suffix: The usual ending.

    Raises:
        OutputError: It names a folder, no folder, or is longer than systems allow.
    """
    text = text.strip()
    path = Path(text)
    check_name(path)
    if text.endswith(("/", os.sep)) or os.path.isdir(path):
        raise OutputError(tr("{path} is a folder: choose a file name in it.").format(path=text))
    if not path.suffix:
        path = path.with_name(path.name + suffix)
    if not path.is_absolute():
        raise OutputError(tr("{path} names no folder: choose a whole path.").format(path=path))
    return path


def check_name(path: Path) -> None:
    """Refuse a name that is longer than systems allow.

    Raises:
        OutputError: A part of the path is.
    """
    for part in path.parts:
        if len(os.fsencode(part)) > _LONGEST:
            text = tr("The name '{name}…' is too long: choose a shorter one.")
            raise OutputError(text.format(name=part[:_SHOWN]))


def folder_refusal(text: str) -> str:
    """Why a text names no folder that files can be put in; empty when it does.

    A folder that does not exist yet is asked of the one that it would be made in.
    """
    path = Path(text)
    if not path.is_absolute():
        return tr("{path} names no folder: choose a whole path.").format(path=text)
    there = next((one for one in (path, *path.parents) if os.path.exists(one)), path)
    try:
        check_name(path)
        try_folder(there)
    except OutputError as error:
        return str(error)
    except OSError as error:
        said = tr("The folder {path} cannot be used ({cause}): choose another.")
        return said.format(path=text, cause=error.strerror or error)
    return ""


def next_free(path: Path, used: Callable[[Path], bool]) -> Path:
    """The path itself, or ``name_2``, ``name_3`` and so on beside it.

    Args:
        path: The name that is wanted.
        used: Whether a name cannot be had.
    """
    number, candidate = 1, path
    while used(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return candidate


def existing(paths: Iterable[Path]) -> list[Path]:
    """Those of some files that exist; folders of their names are refused by who writes."""
    return [path for path in paths if os.path.isfile(path)]


def refuse_precious(path: Path, fields: Collection[str]) -> None:
    """Refuse to replace what no question should put at risk.

    Args:
        path: A file that would be replaced.
        fields: What a layer in it has when it is one of the kind that would replace it.

    Raises:
        OutputError: It is being edited, or holds layers of another kind.
    """
    if os.path.isfile(path):
        with closing(EditWatch()) as edits:
            edits.refuse(path)
        refuse_foreign(path, fields)


def refuse_foreign(path: Path, fields: Collection[str]) -> None:
    """Refuse to replace a GeoPackage that holds layers of another kind; on any thread.

    Args:
        path: A file that would be replaced.
        fields: What a layer in it has when it is one of the kind that would replace it.

    Raises:
        OutputError: It does.
    """
    if path.suffix.lower() != ".gpkg" or not os.path.isfile(path):
        return
    others = _foreign_layers(path, fields)
    if others:
        text = tr("{path} holds other layers ({names}): choose another name.")
        raise OutputError(text.format(path=path, names=", ".join(others)))


def _foreign_layers(path: Path, fields: Collection[str]) -> list[str]:
    """Names of what a GeoPackage holds beside one layer with some fields."""
    from osgeo import gdal  # not when the plugin starts

    file = _opened(path, gdal.OF_VECTOR)
    if file is None:  # rasters only, or no GeoPackage at all
        return [] if _opened(path, gdal.OF_RASTER) is None else [path.stem]
    ours = [layer for layer in (file.GetLayer(n) for n in range(file.GetLayerCount()))
            if all(layer.GetLayerDefn().GetFieldIndex(name) >= 0 for name in fields)]  # fmt: skip
    known = {*_OF_QGIS, *(layer.GetName() for layer in ours[:1])}
    names = _first_column(file, "SELECT table_name FROM gpkg_contents")
    names += _first_column(file, "SELECT name FROM sqlite_master WHERE name = 'qgis_projects'")
    return sorted({name for name in names if name not in known})


def _opened(path: Path, kind: int) -> gdal.Dataset | None:
    """A file as GDAL sees it, or None; other plugins decide whether GDAL raises errors."""
    from osgeo import gdal

    try:
        return gdal.OpenEx(str(path), kind | gdal.OF_READONLY)
    except RuntimeError:
        return None


def _first_column(file: gdal.Dataset, sql: str) -> list[str]:
    rows = file.ExecuteSQL(sql)
    if rows is None:
        return []
    found = [row.GetField(0) for row in rows]
    file.ReleaseResultSet(rows)
    return found
