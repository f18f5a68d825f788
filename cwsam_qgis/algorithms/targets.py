"""Looks at the files an algorithm is to write before anything else is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingOutputLayerDefinition

from ...engine.errors import OutputError
from ..staging import check_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def refused_target(parameters: Mapping[str, object], names: Iterable[str]) -> str:
    """Why a file cannot be written.

    Args:
        parameters: Those of an algorithm.
        names: The parameters that say where files go.

    Returns:
        A sentence; empty where nothing stands in the way.
    """
    for path in filter(None, (_file(parameters.get(name)) for name in names)):
        try:
            check_target(path)
        except OutputError as error:
            return str(error)
    return ""


def _file(value: object) -> Path | None:
    """The file that a parameter names; None for temporary ones and databases."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink.staticValue()
    path = Path(value) if isinstance(value, str) else None
    return path if path is not None and path.is_absolute() else None
