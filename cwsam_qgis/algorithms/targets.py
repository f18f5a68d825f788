"""Looks at the files an algorithm is to write before anything else is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingOutputLayerDefinition, QgsProviderRegistry

from ...engine.errors import OutputError
from ...engine.staging import refuse_clashes
from ..i18n import engine_text, translator
from ..staging import check_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qgis.core import QgsMapLayer

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


def target_files(parameters: Mapping[str, object], names: Iterable[str]) -> list[Path]:
    """The files that parameters name, with whole paths or where there is one already."""
    texts = (_text(parameters.get(name)) for name in names)
    return [Path(text) for text in texts if os.path.isabs(text) or os.path.isfile(text)]


def refused_clash(outputs: Iterable[Path], layers: Iterable[QgsMapLayer | None]) -> str:
    """Why files cannot be written beside what is read: they are the same, or each other.

    Returns:
        A sentence; empty where nothing stands in the way.
    """
    registry = QgsProviderRegistry.instance()
    parts = (registry.decodeUri(one.providerType(), one.source()) for one in layers if one)
    inputs = [part["path"] for part in parts if part.get("path")]
    try:
        refuse_clashes(inputs, outputs)
    except OutputError as error:
        return engine_text(str(error))
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
