"""Styles the outputs of algorithms when QGIS loads them into the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsProcessingLayerPostProcessorInterface

if TYPE_CHECKING:
    from qgis.core import QgsProcessingContext


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles an output when it is loaded into the project."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: N802 - QGIS's name
        """Give the layer the classes' colours."""
        from ..results import apply_style

        del context, feedback
        apply_style(layer, self._kind)


# QGIS keeps no reference to them, and the algorithm is gone before the layers are loaded.
_STYLERS = {kind: _Styler(kind) for kind in ("polygons", "classes", "confidence")}


def style_on_load(path: str, kind: str, context: QgsProcessingContext) -> None:
    """Style a file when QGIS loads it after the run; does nothing if it will not.

    Args:
        path: The file, as QGIS names the output.
        kind: ``polygons``, ``classes`` or ``confidence``.
        context: Processing's.
    """
    if path and context.willLoadLayerOnCompletion(path):
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(_STYLERS[kind])
