"""Chooses image, label layer and class field, or makes a label layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QWidget,
)
from qgis.utils import iface

from ...engine.classes import CLASSES
from ...engine.errors import CwsamError, RasterError, TrainingDataError
from ..compat import polygon_layers_only, raster_layers_only
from ..finetune_job import LabelledLayers
from ..i18n import translator
from ..label_layer import make_label_layer
from ..label_reader import CLASS_FIELDS
from ..layer_grid import has_pixel_grid
from ..settings import recall, remember
from .band_rows import BandRows
from .layer_watch import EDITS, LayerWatch
from .own_layers import except_own, first_foreign, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.gui import QgsMapCanvas

    from ...engine.classes import LandCoverClass

tr = translator("label_box")

_EDIT_DELAY = 500  # ms: a polygon comes with several signals


class LabelBox(QWidget):
    """Image, bands, labels, class field.

    Attributes:
        legend: Classes that a new label layer offers.
    """

    changed = pyqtSignal()
    """Another layer or field was chosen."""

    edited = pyqtSignal()
    """Polygons of the chosen label layer have changed."""

    refused = pyqtSignal(str)
    """A label layer could not be made; says why."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._watch = LayerWatch((*EDITS, "dataChanged"), self)
        self._image_id = self._labels_id = ""
        self.legend: Sequence[LandCoverClass] = CLASSES
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EDIT_DELAY)
        self._timer.timeout.connect(self.edited)
        self._watch.heard.connect(lambda _: self._timer.start())
        self._make_widgets()
        self._lay_out()
        self.image_box.layerChanged.connect(self._image_changed)
        self.labels_box.layerChanged.connect(self._labels_changed)
        self.field_box.fieldChanged.connect(lambda _: self.changed.emit())
        self.pixel_size.valueChanged.connect(lambda _: self.changed.emit())
        self._project_changed()
        self._image_changed(self.image())
        self._labels_changed(self.labels())
        QgsProject.instance().layersAdded.connect(self._project_changed)
        QgsProject.instance().layersRemoved.connect(self._project_changed)

    def image(self) -> QgsRasterLayer | None:
        """The chosen image."""
        return self.image_box.currentLayer()

    def labels(self) -> QgsVectorLayer | None:
        """The chosen label layer."""
        return self.labels_box.currentLayer()

    def layers(self) -> LabelledLayers:
        """Image and labels, ready for a worker.

        Raises:
            CwsamError: One is missing or cannot be used.
        """
        if self.image() is None:
            raise RasterError(tr("There is no image: add a raster layer to the project."))
        if self.labels() is None:
            raise TrainingDataError(tr("There are no labels yet: create a label layer."))
        field, size = self.field_box.currentField(), self.pixel_size.value()
        return LabelledLayers(self.image(), self.labels(), field, size)

    def make_labels(self, path: Path | None = None) -> QgsVectorLayer | None:
        """Add a label layer, choose it, and let the user begin to draw.

        Args:
            path: A GeoPackage to make; None for a temporary layer.
        """
        image = self.image()
        if image is None:
            self.refused.emit(tr("There is no image: add a raster layer to the project."))
            return None
        name = tr("{name} – labels").format(name=image.name())
        try:
            layer = make_label_layer(name, image.crs(), self.legend, path)
        except CwsamError as error:
            self.refused.emit(str(error))
            return None
        QgsProject.instance().addMapLayer(layer)
        self.labels_box.setLayer(layer)
        self.field_box.setField(CLASS_FIELDS[0])
        layer.startEditing()
        self._canvas.setCurrentLayer(layer)
        if iface is not None:
            iface.setActiveLayer(layer)
            iface.actionAddFeature().trigger()
        return layer

    def let_go(self) -> None:
        """Listen to no layer any more."""
        QgsProject.instance().layersAdded.disconnect(self._project_changed)
        QgsProject.instance().layersRemoved.disconnect(self._project_changed)
        self._timer.stop()
        self._watch.follow()

    def _ask_file(self) -> None:
        folder = str(recall("label_folder", ""))
        text, _ = QFileDialog.getSaveFileName(
            self, tr("New label layer"), folder, tr("GeoPackage") + " (*.gpkg)"
        )
        if text:
            remember("label_folder", str(Path(text).parent))
            self.make_labels(Path(text).with_suffix(".gpkg"))

    def _make_widgets(self) -> None:
        self.image_box, self.labels_box = QgsMapLayerComboBox(), QgsMapLayerComboBox()
        self.image_box.setFilters(raster_layers_only())
        self.image_box.setToolTip(tr("The image that the labels lie on"))
        self.labels_box.setFilters(polygon_layers_only())
        self.labels_box.setAllowEmptyLayer(True)
        self.labels_box.setToolTip(tr("Polygons with a class, in any reference system"))
        self.create_button = QPushButton(tr("&New"))
        self.create_button.setObjectName("cwsamNewLabels")
        self.create_button.setToolTip(
            tr("Create a label layer with a list of all classes, ready to be drawn in")
        )
        menu = QMenu(self.create_button)
        self.file_action = menu.addAction(tr("Label layer in a file…"), self._ask_file)
        self.temporary_action = menu.addAction(tr("Temporary label layer"))
        self.temporary_action.triggered.connect(lambda: self.make_labels())
        self.create_button.setMenu(menu)
        self.field_box = QgsFieldComboBox()
        self.field_box.setToolTip(tr("Field with the class: an id, a name, or any other value"))
        self.pixel_size = QDoubleSpinBox()
        self.pixel_size.setDecimals(6)
        self.pixel_size.setMaximum(1e6)
        self.pixel_size.setToolTip(tr("Resolution that is asked of the server, in layer units"))
        self.bands = BandRows(self)
        self.bands.changed.connect(self.changed)

    def _lay_out(self) -> None:
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.addRow(tr("&Image"), self.image_box)
        self.bands.add_to(self.form)
        self.form.addRow(tr("&Pixel size"), self.pixel_size)
        row = QHBoxLayout()
        row.addWidget(self.labels_box, 1)
        row.addWidget(self.create_button)
        self.form.addRow(tr("&Labels"), row)
        self.form.labelForField(row).setBuddy(self.labels_box)
        self.form.addRow(tr("Class &field"), self.field_box)

    def _image_changed(self, layer: QgsRasterLayer | None) -> None:
        self._image_id = id_of(layer)
        self.bands.follow(layer)
        online = layer is not None and layer.isValid() and not has_pixel_grid(layer)
        self.pixel_size.setVisible(online)
        self.form.labelForField(self.pixel_size).setVisible(online)
        self.changed.emit()

    def _project_changed(self, _layers: object = None) -> None:
        """Follow layers that come and go: our own are no image, and no labels unasked."""
        except_own(self.image_box)
        if id_of(self.image()) != self._image_id:
            self._image_changed(self.image())
        if self.labels() is None or id_of(self.labels()) != self._labels_id:
            self.labels_box.setLayer(first_foreign(self.labels_box))
            if id_of(self.labels()) != self._labels_id:
                self._labels_changed(self.labels())

    def _labels_changed(self, layer: QgsVectorLayer | None) -> None:
        self._labels_id = id_of(layer)
        self._watch.follow(layer)
        self.field_box.setLayer(layer)
        if layer is not None:
            names = [field.name() for field in layer.fields()]
            usual = [name for name in CLASS_FIELDS if name in names]
            if usual:
                self.field_box.setField(usual[0])
            elif names and not self.field_box.currentField():
                self.field_box.setField(names[-1])
        self.changed.emit()
