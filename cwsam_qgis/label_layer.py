"""A new polygon layer that is ready to be digitised with class labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsEditorWidgetSetup,
    QgsFields,
    QgsMemoryProviderUtils,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument

from ..engine.errors import OutputError
from ..engine.styles import vector_qml
from .compat import make_field, polygon_type
from .i18n import class_label, language, translator
from .output_path import refuse_precious
from .staging import stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qgis.core import QgsCoordinateReferenceSystem

    from ..engine.classes import LandCoverClass

tr = translator("label_layer")

FIELD = "class_id"
_NOTE = "note"


def make_label_layer(
    name: str,
    crs: QgsCoordinateReferenceSystem,
    legend: Sequence[LandCoverClass],
    path: Path | None = None,
) -> QgsVectorLayer:
    """Make an empty label layer: a class list in its form, the classes' colours on the map.

    Args:
        name: Name of the layer.
        crs: That of the image.
        legend: Classes that can be chosen.
        path: A GeoPackage to make; None for a temporary layer.

    Raises:
        OutputError: The file cannot be written there, or holds what is not to be replaced.
    """
    if path is not None:
        refuse_precious(path, (FIELD, _NOTE))
    fields = QgsFields()
    fields.append(make_field(FIELD, "integer"))
    fields.append(make_field(_NOTE, "text", 80))
    layer = QgsMemoryProviderUtils.createMemoryLayer(name, fields, polygon_type(), crs)
    if path is not None:
        layer = _in_file(layer, name, path)
    _style(layer, legend)
    return layer


def _in_file(layer: QgsVectorLayer, name: str, path: Path) -> QgsVectorLayer:
    staging = stage(path)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = name
    context = QgsProject.instance().transformContext()
    written = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(staging.path), context, options)
    if written[0] != QgsVectorFileWriter.WriterError.NoError:
        staging.discard()
        text = tr("{path} cannot be written ({cause}): choose another name.")
        raise OutputError(text.format(path=path, cause=written[1].strip().rstrip(".")))
    staging.commit()
    made = QgsVectorLayer(str(path), name, "ogr")
    if not (made.crs().isValid() and layer.crs().isValid()):
        made.setCrs(layer.crs())  # QGIS guesses one for files that name none
    return made


def _style(layer: QgsVectorLayer, legend: Sequence[LandCoverClass]) -> None:
    document = QDomDocument()
    document.setContent(vector_qml(legend, language()))
    layer.importNamedStyle(document)
    column = layer.fields().indexOf(FIELD)
    choices = [{class_label(entry): str(entry.id)} for entry in legend]
    layer.setEditorWidgetSetup(column, QgsEditorWidgetSetup("ValueMap", {"map": choices}))
    layer.setFieldAlias(column, tr("Class"))
    layer.setFieldAlias(layer.fields().indexOf(_NOTE), tr("Note"))
    layer.setDisplayExpression(f'represent_value("{FIELD}")')
    form = layer.editFormConfig()
    form.setReuseLastValue(column, True)  # polygons of one class are drawn in a row
    layer.setEditFormConfig(form)
