"""Layers of sample points, ready to be labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtXml import QDomDocument

from ..engine.classes import CLASSES
from ..engine.errors import OutputError
from ..training.sample_points import MAP_CLASS, MAP_PIXELS, REF_CLASS, sample_qml
from .compat import save_style
from .i18n import language, translator
from .output_path import refuse_precious
from .staging import stage

if TYPE_CHECKING:
    from pathlib import Path

    from ..training.map_strips import DrawnSample
    from .accuracy_job import SampleJob

tr = translator("sample_layer")


def style_sample(layer: QgsVectorLayer) -> None:
    """Give a layer of sample points its symbols and a form with the classes to choose from."""
    index = layer.fields().indexFromName(MAP_CLASS)
    further = sorted(int(c) for c in layer.uniqueValues(index) if int(c) >= len(CLASSES))
    document = QDomDocument()
    document.setContent(sample_qml(language(), further))
    layer.importNamedStyle(document)


def add_sample(job: SampleJob, sample: DrawnSample, path: Path | None) -> QgsVectorLayer:
    """Add sample points to the project.

    Args:
        job: What drew them.
        sample: The points.
        path: A GeoPackage to keep them in; None for a temporary layer.

    Raises:
        OutputError: The file cannot be written.
    """
    from .accuracy_job import sample_fields

    name = tr("{name} – sample").format(name=job.name)
    layer = QgsVectorLayer("Point", name, "memory")
    if job.crs is not None:
        layer.setCrs(job.crs)
    layer.dataProvider().addAttributes(list(sample_fields()))
    layer.updateFields()
    layer.dataProvider().addFeatures(list(job.features(sample)))
    layer.updateExtents()
    style_sample(layer)
    if path is not None:
        layer = _saved(layer, path)
    QgsProject.instance().addMapLayer(layer)
    return layer


def refuse_labelled(path: Path) -> None:
    """Refuse to replace points that somebody has labelled.

    Raises:
        OutputError: The file holds such points.
    """
    from osgeo import gdal  # not when the plugin starts

    try:
        file = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY)
    except RuntimeError:  # where another plugin lets GDAL raise
        file = None
    layers = [] if file is None else [file.GetLayer(n) for n in range(file.GetLayerCount())]
    for layer in layers:
        index = layer.GetLayerDefn().GetFieldIndex(REF_CLASS)
        count = 0 if index < 0 else sum(one.IsFieldSetAndNotNull(index) for one in layer)
        if count:
            text = tr(
                "{path} holds {count} labelled points, which would be lost: choose another name, "
                "or remove the file first."
            )
            raise OutputError(text.format(path=path, count=count))


def _saved(layer: QgsVectorLayer, path: Path) -> QgsVectorLayer:
    """The layer as a GeoPackage that holds its style."""
    refuse_precious(path, (MAP_CLASS, MAP_PIXELS))  # it may be being edited since it was chosen
    staging = stage(path)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", path.stem
    context = QgsProject.instance().transformContext()
    code, cause, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(staging.path), context, options
    )
    if code != QgsVectorFileWriter.WriterError.NoError:
        staging.discard()
        text = tr("{path} cannot be written ({cause}): check the free space or choose another.")
        raise OutputError(text.format(path=path, cause=cause))
    staging.commit()
    saved = QgsVectorLayer(f"{path}|layername={path.stem}", layer.name(), "ogr")
    style_sample(saved)
    save_style(saved, "sample")  # should it fail, the project still keeps the style
    return saved
