"""Puts finished files into the project: styled, above their raster, with a short legend."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsLayerTreeLayer,
    QgsMapLayerLegendUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtXml import QDomDocument

from .. import __version__
from ..engine.styles import raster_qml, vector_qml
from .class_areas import PROPERTY as AREAS
from .class_areas import rows_of_summary, to_json
from .edit_watch import file_of
from .i18n import language, translator
from .layer_legend import keep_legend
from .run_record import PROPERTY as RUN

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from qgis.core import QgsMapLayer

    from ..engine.classes import LandCoverClass
    from ..engine.types import RunSummary
    from .job import SegmentJob
    from .tasks import Outcome

tr = translator("results")

_EXPAND_DELAY = 300  # ms: by then the layer tree has built the legend


def apply_style(layer: QgsMapLayer, kind: str, legend: Sequence[LandCoverClass]) -> None:
    """Give a layer the classes' colours and names.

    Args:
        layer: Polygons or class raster.
        kind: ``polygons`` or ``classes``; others keep QGIS's style.
        legend: The classes of its model.
    """
    makers = {"polygons": vector_qml, "classes": raster_qml}
    if kind not in makers:
        return
    document = QDomDocument()
    document.setContent(makers[kind](legend, language()))
    layer.importNamedStyle(document)
    keep_legend(layer, legend)


def add_results(job: SegmentJob, summary: RunSummary, outcome: Outcome) -> list[QgsMapLayer]:
    """Add the files of a finished job to the project; on the main thread.

    Polygons alone stand above their raster; together with raster outputs they share a group.
    The layers carry what was run and the areas of the classes.

    Returns:
        The layers, polygons first.
    """
    _reload(job.outputs.paths())
    layers = _open_layers(job, outcome.legend)
    root = QgsProject.instance().layerTreeRoot()
    raster = root.findLayer(job.source.layer_id)
    parent = raster.parent() if raster is not None else root
    place = parent.children().index(raster) if raster is not None else 0
    if len(layers) > 1:
        name = tr("Land cover of {name}").format(name=job.source.info.name)
        parent, place = parent.insertGroup(place, name), 0
    for number, (kind, layer) in enumerate(layers):
        _keep_record(layer, job, summary, outcome)
        QgsProject.instance().addMapLayer(layer, False)
        node = QgsLayerTreeLayer(layer)
        if kind == "polygons":
            _show_present_classes(node, layer, summary)
        else:
            node.setItemVisibilityChecked(kind == "classes" and len(layers) == 1)
            node.setExpanded(False)
        parent.insertChildNode(place + number, node)
        if kind == "polygons":
            QTimer.singleShot(_EXPAND_DELAY, partial(_expand, layer.id()))
    return [layer for _, layer in layers]


def _reload(paths: Iterable[Path]) -> None:
    """Let layers that show an older file of the same name read the new one."""
    written = {os.path.realpath(path) for path in paths}
    for layer in QgsProject.instance().mapLayers().values():
        if file_of(layer) in written:
            layer.dataProvider().reloadData()
            layer.reload()


def _open_layers(
    job: SegmentJob, legend: Sequence[LandCoverClass]
) -> list[tuple[str, QgsMapLayer]]:
    name, outputs = job.source.info.name, job.outputs
    layers: list[tuple[str, QgsMapLayer]] = []
    if outputs.polygons is not None:
        title = tr("{name} – land cover").format(name=name)
        layers.append(("polygons", QgsVectorLayer(str(outputs.polygons), title, "ogr")))
    if outputs.classes is not None:
        title = tr("{name} – classes").format(name=name)
        layers.append(("classes", QgsRasterLayer(str(outputs.classes), title)))
    if outputs.confidence is not None:
        title = tr("{name} – confidence").format(name=name)
        layers.append(("confidence", QgsRasterLayer(str(outputs.confidence), title)))
    for kind, layer in layers:
        layer.setName(_free_name(layer.name()))
        apply_style(layer, kind, legend)
        if not (layer.crs().isValid() and job.source.crs.isValid()):
            layer.setCrs(job.source.crs)  # QGIS guesses one for files that name none
    return layers


def _free_name(name: str) -> str:
    """A name that no layer of the project has, with a number where need be."""
    taken = {layer.name() for layer in QgsProject.instance().mapLayers().values()}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _show_present_classes(
    node: QgsLayerTreeLayer, layer: QgsVectorLayer, summary: RunSummary
) -> None:
    """List in the legend only classes that occur; the style keeps all of them."""
    if not isinstance(layer.renderer(), QgsCategorizedSymbolRenderer):
        return  # without any polygon GeoJSON has no geometry that could be drawn
    values = [int(category.value()) for category in layer.renderer().categories()]
    present = [values.index(c) for c in sorted(summary.areas) if c in values]
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, present)


def _keep_record(
    layer: QgsMapLayer, job: SegmentJob, summary: RunSummary, outcome: Outcome
) -> None:
    """Keep what was run in the layer's metadata and properties."""
    metadata = layer.metadata()
    metadata.setTitle(layer.name())
    if not metadata.history():
        metadata.addHistoryItem(f"program: CWSAM {__version__}")
        metadata.addHistoryItem(f"image: {job.source.info.name}")
        metadata.addHistoryItem(f"model_sha256: {outcome.sha256}")
        settings = {k: v for k, v in vars(job.settings).items() if v is not None}
        metadata.addHistoryItem(f"settings: {json.dumps(settings)}")
    layer.setMetadata(metadata)
    layer.setCustomProperty(AREAS, to_json(rows_of_summary(summary, outcome.legend)))
    if job.request is not None:
        layer.setCustomProperty(RUN, job.request.to_json())


def _expand(layer_id: str) -> None:
    """Unfold a layer's legend, which QGIS folds on arrival when it counts many classes."""
    node = QgsProject.instance().layerTreeRoot().findLayer(layer_id)
    if node is not None:
        group = node.parent()
        for one in (node,) if group.parent() is None else (group, node):
            one.setExpanded(False)  # without a change the view would not follow
            one.setExpanded(True)


def temporary_file(folder: Path, name: str, ending: str, taken: Container[Path] = ()) -> Path:
    """A path in a folder that does not exist yet, named after a layer.

    Args:
        folder: An existing folder.
        name: Name of a layer; characters that file names cannot hold are replaced.
        ending: For instance ``_land_cover.gpkg``.
        taken: Further paths that are spoken for.
    """
    clean = file_stem(name)
    number = 1
    while True:
        path = folder / f"{clean}{'' if number == 1 else f'_{number}'}{ending}"
        if not path.exists() and path not in taken:
            return path
        number += 1


def file_stem(name: str) -> str:
    """A layer's name without the characters that file names cannot hold."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:60] or "layer"
