"""Styles the outputs of algorithms when QGIS loads them into the project."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingLayerPostProcessorInterface

if TYPE_CHECKING:
    from qgis.core import QgsProcessingContext

    from ...engine.classes import LandCoverClass


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles an output when it is loaded into the project."""

    def __init__(self, kind: str, legend: tuple[LandCoverClass, ...], placed: bool) -> None:
        super().__init__()
        self._kind, self._legend, self._placed = kind, legend, placed

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: N802 - QGIS's name
        """Give the layer the classes' colours."""
        from ..results import apply_style

        del context, feedback
        apply_style(layer, self._kind, self._legend)
        if not self._placed:
            layer.setCrs(QgsCoordinateReferenceSystem())  # QGIS guesses one for such files


# QGIS keeps no reference to them, and the algorithm is gone before the layers are loaded.
_styler = lru_cache(maxsize=64)(_Styler)


def style_on_load(
    path: str,
    kind: str,
    legend: tuple[LandCoverClass, ...],
    context: QgsProcessingContext,
    placed: bool = True,
) -> None:
    """Style a file when QGIS loads it after the run; does nothing if it will not.

    Args:
        path: The file, as QGIS names the output.
        kind: ``polygons``, ``classes`` or ``confidence``.
        legend: The classes of the model.
        context: Processing's.
        placed: Whether the image has a coordinate reference system.
    """
    if path and context.willLoadLayerOnCompletion(path):
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(_styler(kind, legend, placed))
