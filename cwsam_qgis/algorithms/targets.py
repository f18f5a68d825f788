"""Looks at the files an algorithm is to write before anything else is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingOutputLayerDefinition

from ...engine.errors import OutputError
from ..i18n import translator
from ..staging import check_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

tr = translator("targets")

_NO_FILES = ("memory:", "ogr:", "postgis:", "spatialite:", "postgres:")
_TEMPORARY = ("TEMPORARY_OUTPUT",)


def refused_target(parameters: Mapping[str, object], names: Iterable[str]) -> str:
    """Why a file cannot be written.

    Args:
        parameters: Those of an algorithm.
        names: The parameters that say where files go.

    Returns:
        A sentence; empty where nothing stands in the way.
    """
    files = []
    try:
        for text in filter(None, (_text(parameters.get(name)) for name in names)):
            if text.startswith(_NO_FILES):
                said = tr("{target} is no file: choose a file name.")
                raise OutputError(said.format(target=text))
            if Path(text).is_absolute():
                check_target(Path(text))
                files.append(os.path.realpath(text))
        if len(set(files)) < len(files):
            said = tr("{path} is asked for twice: choose another name.")
            raise OutputError(said.format(path=max(files, key=files.count)))
    except OutputError as error:
        return str(error)
    return ""


def refused_ending(value: object) -> str:
    """Why a raster output cannot have its name; empty where it can."""
    text = _text(value)
    if not text or text in _TEMPORARY or text.lower().endswith((".tif", ".tiff")):
        return ""
    return tr("'{name}' names no GeoTIFF: choose a name that ends in .tif.").format(
        name=Path(text).name
    )


def _text(value: object) -> str:
    """What a parameter says of a place; empty where it says nothing before the run."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink.staticValue()
    return value if isinstance(value, str) else ""
