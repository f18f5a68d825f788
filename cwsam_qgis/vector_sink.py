"""Polygons into GeoPackage, Shapefile, GeoJSON or FlatGeobuf through QGIS's own writer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsLayerMetadata,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from ..engine.classes import CLASSES
from ..engine.errors import OutputError
from ..engine.styles import vector_qml, vector_sld
from .compat import make_field, polygon_type, save_style
from .i18n import language, translator
from .staging import stage
from .vector_formats import VectorFormat, vector_format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qgis.core import QgsCoordinateTransformContext

    from ..engine.classes import LandCoverClass
    from ..engine.types import PolygonBatch
    from .edit_watch import EditWatch

tr = translator("vector_sink")

STYLE_NAME = "land cover"


class VectorSink:
    """A :class:`~cwsam.engine.ports.FeatureSink` that ends in one styled file.

    The file gets its name when the ``with`` block ends without an exception; after one,
    nothing is left and an older file of that name is as it was.
    """

    def __init__(
        self,
        path: Path,
        crs: QgsCoordinateReferenceSystem,
        context: QgsCoordinateTransformContext,
        record: Mapping[str, str] | None = None,
        legend: Sequence[LandCoverClass] = CLASSES,
        edits: EditWatch | None = None,
    ) -> None:
        """Start the file.

        Args:
            path: Final path; the suffix says the format, the stem is the layer's name.
            crs: CRS of the polygons; GeoJSON turns them into longitude and latitude.
            context: The project's transformations.
            record: What was run, to be kept in the file or beside it.
            legend: The classes that the map may hold.
            edits: Knows whether an older file of that name is being edited meanwhile.

        Raises:
            OutputError: The file cannot be written there, or is being edited.
        """
        self._format, self._record = vector_format(path), dict(record or {})
        self._legend, self._edits = tuple(legend), edits
        self._refuse_edited(path)
        self._staging = stage(path)
        self._fields = _fields(self._format)
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName = self._format.driver
        options.fileEncoding = "UTF-8"
        options.layerName = path.stem
        options.layerOptions = list(self._format.options)
        if self._format.driver == "GPKG" and not crs.isValid():
            options.layerOptions = [*options.layerOptions, "SRID=-1"]  # undefined Cartesian
        if self._format.driver == "GeoJSON" and crs.isValid():
            options.layerOptions = ["RFC7946=YES"]
        self._writer = QgsVectorFileWriter.create(
            str(self._staging.path), self._fields, polygon_type(), crs, context, options
        )
        self._english, self._chinese = (np.full(256, None, object) for _ in range(2))
        for entry in self._legend:
            self._english[entry.id], self._chinese[entry.id] = entry.name, entry.name_zh
        if self._writer.hasError():
            message = self._writer.errorMessage()
            self._abandon()
            raise OutputError(self._failed(message))

    def __enter__(self) -> VectorSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._abandon()
            return
        flushed = self._writer.flushBuffer() if hasattr(self._writer, "flushBuffer") else True
        message = self._writer.errorMessage()
        self._writer = None  # closes the file
        try:
            if not flushed:
                raise OutputError(self._failed(message))
            self._add_style()
            self._add_record()
            self._refuse_edited(self._staging.target)
            self._staging.commit()
        except OSError as error:
            raise OutputError(self._failed(error.strerror or str(error))) from error
        finally:
            self._staging.discard()

    def write(self, batch: PolygonBatch) -> None:
        """Append a batch of polygons.

        Raises:
            OutputError: The disk is full or the format's limit is reached.
        """
        columns = zip(
            batch.wkb,
            np.asarray(batch.class_id).tolist(),
            self._english[batch.class_id],
            self._chinese[batch.class_id],
            np.round(np.asarray(batch.confidence, np.float64), 4).tolist(),
            self._english[batch.runner_up],
            np.asarray(batch.area_m2, np.float64).tolist(),
        )
        rows = []
        for wkb, *values, area in columns:
            geometry = QgsGeometry()
            geometry.fromWkb(wkb)
            rows.append((geometry, [*values, None if math.isnan(area) else area]))
        self.write_rows(rows)

    def write_rows(self, rows: Sequence[tuple[QgsGeometry, list]]) -> None:
        """Append polygons with their attributes, in the order of the fields.

        Raises:
            OutputError: The disk is full or the format's limit is reached.
        """
        features = []
        for geometry, values in rows:
            feature = QgsFeature(self._fields)
            feature.setGeometry(geometry)
            feature.setAttributes(values)
            features.append(feature)
        if not self._writer.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
            raise OutputError(self._failed(self._writer.errorMessage()))

    def _refuse_edited(self, path: Path) -> None:
        if self._edits is not None:
            self._edits.refuse(path)

    def _abandon(self) -> None:
        self._writer = None
        self._staging.discard()

    def _add_style(self) -> None:
        """Store the style in the file or beside it."""
        qml = vector_qml(self._legend, language())
        if self._format.styles_inside:
            self._save_style_inside(qml)
            return
        path = self._staging.path
        path.with_suffix(".qml").write_text(qml, encoding="utf-8")
        sld = vector_sld(self._legend, language(), layer=path.stem)
        path.with_suffix(".sld").write_text(sld, encoding="utf-8")

    def _save_style_inside(self, qml: str) -> None:
        layer = QgsVectorLayer(str(self._staging.path), "polygons", "ogr")
        document = QDomDocument()
        document.setContent(qml)
        loaded, message = layer.importNamedStyle(document)
        if loaded:
            message = save_style(layer, STYLE_NAME)
        del layer  # closes the file
        if message:
            raise OutputError(self._failed(message))

    def _add_record(self) -> None:
        """Keep what was run: inside a GeoPackage, else as QGIS's metadata file beside."""
        if not self._record:
            return
        path = self._staging.path
        if self._format.styles_inside:
            file = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
            if file is None:
                raise OutputError(self._failed(gdal.GetLastErrorMsg()))
            file.GetLayer(0).SetMetadata(self._record)
            del file  # closes it
            return
        text = QDomDocument()
        history = QgsLayerMetadata()
        history.setTitle(path.stem)
        for name, value in self._record.items():
            history.addHistoryItem(f"{name}: {value}")
        root = text.createElement("qgis")
        text.appendChild(root)
        history.writeMetadataXml(root, text)
        path.with_suffix(".qmd").write_text(text.toString(), encoding="utf-8")

    def _failed(self, message: str) -> str:
        text = tr("{path} cannot be written ({cause}): check the free space or choose another.")
        cause = message.strip().rstrip(".") or tr("no reason given")
        return text.format(path=self._staging.target, cause=cause)


def _fields(chosen: VectorFormat) -> QgsFields:
    """The fields of the polygon layer, as those of the command line."""
    fields = QgsFields()
    fields.append(make_field("class_id", "integer"))
    fields.append(make_field("class_name", "text"))
    fields.append(make_field(chosen.chinese_field, "text"))
    fields.append(make_field("confidence", "real"))
    fields.append(make_field("runner_up", "text"))
    fields.append(make_field("area_m2", "real"))
    return fields
