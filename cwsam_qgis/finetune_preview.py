"""Maps of the visible ground before and after fine-tuning, as layers to switch between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsLayerTreeLayer,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from ..engine.errors import RasterError
from ..engine.styles import raster_qml
from .class_areas import PROPERTY as AREAS
from .finetune_task import PreviewTask
from .i18n import language, translator
from .job import Outputs, SegmentJob
from .layer_source import LayerSource
from .network import ModelChoice
from .results import file_stem, temporary_file
from .run_settings import Settings

if TYPE_CHECKING:
    from qgis.core import QgsRectangle
    from qgis.gui import QgsMapCanvas

    from ..training.finetune.outcome import FinetuneResult
    from .finetune_job import Wish

tr = translator("finetune_preview")


class Preview:
    """One comparison: made on the main thread, run by its task, shown when that has ended.

    Attributes:
        task: Does the work.
    """

    def __init__(
        self, canvas: QgsMapCanvas, raster: QgsRasterLayer, wish: Wish, result: FinetuneResult
    ) -> None:
        """Take over the visible part of the image.

        Raises:
            RasterError: The image is not visible.
        """
        self._name, self._raster_id = raster.name(), raster.id()
        self._crs, self._legend = raster.crs(), result.legend
        # A map that a server draws is asked at the resolution of the screen.
        extent, size = visible_extent(canvas, raster), canvas.mapUnitsPerPixel()
        folder, taken = Path(QgsProcessingUtils.tempFolder()), set()
        jobs, choices, self._files = [], [], []
        for when, adapter in (("before", None), ("after", result.adapter)):
            path = temporary_file(folder, f"{file_stem(self._name)}_{when}", ".tif", taken)
            taken.add(path)
            self._files.append(path)
            source = LayerSource(raster, extent, size)
            jobs.append(SegmentJob(source, Settings(wish.bands), Outputs(classes=path)))
            choices.append(ModelChoice(wish.model, adapter, wish.config.device))
        self.task = PreviewTask(jobs, choices)

    def show(self) -> list[QgsRasterLayer]:
        """Add both maps as a group above the image; the later one covers the earlier."""
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(self._raster_id)
        parent = node.parent() if node is not None else root
        place = parent.children().index(node) if node is not None else 0
        group = parent.insertGroup(place, tr("Fine-tuning of {name}").format(name=self._name))
        layers = []
        for title, path in zip((tr("before"), tr("after")), self._files):
            layer = QgsRasterLayer(str(path), f"{self._name} – {title}")
            document = QDomDocument()
            document.setContent(raster_qml(self._legend, language()))
            layer.importNamedStyle(document)
            if not (layer.crs().isValid() and self._crs.isValid()):
                layer.setCrs(self._crs)
            layer.setCustomProperty(AREAS, "")  # ours: no image to segment
            QgsProject.instance().addMapLayer(layer, False)
            child = QgsLayerTreeLayer(layer)
            child.setExpanded(False)
            group.insertChildNode(0, child)
            layers.append(layer)
        return layers


def visible_extent(canvas: QgsMapCanvas, raster: QgsRasterLayer) -> QgsRectangle:
    """What the map shows of a raster, in its CRS.

    Raises:
        RasterError: Nothing of it.
    """
    extent, there = canvas.extent(), canvas.mapSettings().destinationCrs()
    if there.isValid() and raster.crs().isValid():
        transform = QgsCoordinateTransform(there, raster.crs(), QgsProject.instance())
        try:
            extent = transform.transformBoundingBox(extent)
        except QgsCsException as error:
            raise RasterError(_unseen(raster)) from error
    extent = extent.intersect(raster.extent())
    if extent.isEmpty():
        raise RasterError(_unseen(raster))
    return extent


def _unseen(raster: QgsRasterLayer) -> str:
    return tr("The map shows nothing of '{name}': move to the image.").format(name=raster.name())
