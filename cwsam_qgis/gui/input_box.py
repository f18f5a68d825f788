"""Chooses layer, bands and extent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import RasterError
from ..compat import raster_layers_only
from ..i18n import translator
from ..layer_grid import LayerGrid, describe_layer
from ..layer_source import LayerSource
from .area_box import AreaBox
from .band_rows import BandRows
from .layer_watch import LayerWatch
from .own_layers import except_own, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.gui import QgsMapCanvas

    from ..run_record import Area

tr = translator("input_box")


class InputBox(QWidget):
    """What is segmented: one layer or several, three bands, an extent."""

    changed = pyqtSignal()
    """Any choice has changed."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.area = AreaBox(canvas)
        self._more: list[str] = []
        self._layer_id = ""
        self._watch = LayerWatch(("nameChanged",), self)
        self._watch.heard.connect(self._renamed)
        self._make_widgets()
        self._lay_out()
        self.layer_box.layerChanged.connect(self._layer_changed)
        self.area.changed.connect(self.changed)
        self.bands.changed.connect(self.changed)
        project = QgsProject.instance()
        project.layersAdded.connect(self._project_changed)
        project.layersRemoved.connect(self._project_changed)
        except_own(self.layer_box)
        self._layer_changed(self.layer_box.currentLayer())

    def set_layers(self, layers: list[QgsRasterLayer]) -> None:
        """Choose layers: the first in the box, the others named below it."""
        if layers:
            self.layer_box.setLayer(layers[0])
        self._more = [layer.id() for layer in layers[1:]]
        self._show_more()
        self.changed.emit()

    def layers(self) -> list[QgsRasterLayer]:
        """The chosen layers that still exist."""
        project = QgsProject.instance()
        more = [project.mapLayer(one) for one in self._more]
        return [layer for layer in (self.layer_box.currentLayer(), *more) if layer is not None]

    def grids(self) -> list[LayerGrid]:
        """Size and place of the chosen parts; opens and reads nothing.

        Raises:
            RasterError: No layer is chosen, or one does not fit the extent.
        """
        size = self.area.pixel_size.value()
        return [describe_layer(layer, self.area.extent_of(layer), size) for layer in self._chosen()]

    def sources(self) -> list[LayerSource]:
        """The chosen layers, ready for a worker.

        Raises:
            RasterError: No layer is chosen, or one does not fit the extent.
        """
        return [self.source_of(layer) for layer in self._chosen()]

    def source_of(self, layer: QgsRasterLayer) -> LayerSource:
        """One layer with the chosen extent and pixel size."""
        extent, size = self.area.extent_of(layer), self.area.pixel_size.value()
        return LayerSource(layer, extent, size, self.area.mask_of(layer))

    def apply(self, layer: QgsRasterLayer, bands: Sequence[int] | None, area: Area) -> None:
        """Choose as in an earlier run."""
        self.set_layers([layer])
        self.bands.choose(bands or ())
        self.area.apply(area, layer.crs())

    def let_go(self) -> None:
        """Listen to the project and its layers no more."""
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._project_changed)
        project.layersRemoved.disconnect(self._project_changed)
        self._watch.follow()
        self.area.let_go()

    def _project_changed(self, _layers: object = None) -> None:
        """Follow the list, which moves to another layer without telling."""
        except_own(self.layer_box)
        self.area.project_changed()
        layer = self.layer_box.currentLayer()
        if id_of(layer) != self._layer_id:
            self._layer_changed(layer)
        else:
            self._renamed()

    def _renamed(self, _layer: object = None) -> None:
        self._show_more()
        self.changed.emit()

    def _chosen(self) -> list[QgsRasterLayer]:
        if not self.layers():
            raise RasterError(tr("There is no raster layer: add one to the project."))
        return self.layers()

    def _make_widgets(self) -> None:
        self.layer_box = QgsMapLayerComboBox()
        self.layer_box.setFilters(raster_layers_only())
        self.layer_box.setToolTip(tr("Raster layer to segment: a file, a map server, any raster"))
        self.more_label = QLabel()
        self.more_label.setWordWrap(True)
        self.more_clear = QToolButton()
        self.more_clear.setText("×")
        self.more_clear.setAutoRaise(True)
        self.more_clear.setToolTip(tr("Segment only the layer above"))
        self.more_clear.clicked.connect(self._forget_more)
        self.bands = BandRows(self)

    def _lay_out(self) -> None:
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.more_row = _row(self.more_label, self.more_clear)
        self._add_row(tr("&Layer"), self.layer_box, self.more_row)
        self.bands.add_to(self.form)
        self.form.addRow(tr("&Extent"), self.area)
        self.form.labelForField(self.area).setBuddy(self.area.kind)
        self._show_more()

    def _add_row(self, text: str, *widgets: QWidget) -> None:
        """A row of several widgets below each other; hidden ones leave no gap."""
        field = QWidget()
        column = QVBoxLayout(field)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in widgets:
            column.addWidget(widget)
        self.form.addRow(text, field)
        self.form.labelForField(field).setBuddy(widgets[0])

    def _layer_changed(self, layer: QgsRasterLayer | None) -> None:
        """Follow a new layer: its bands, its CRS, whether it needs a pixel size."""
        self._layer_id = id_of(layer)
        self.bands.follow(layer)
        self.area.follow(layer)
        if layer is not None and layer.id() in self._more:
            self._more.remove(layer.id())
        self._show_more()
        self.changed.emit()

    def _forget_more(self) -> None:
        self._more = []
        self._show_more()
        self.changed.emit()

    def _show_more(self) -> None:
        self._watch.follow(*self.layers())
        names = [layer.name() for layer in self.layers()[1:]]
        self.more_row.setVisible(bool(names))
        self.more_label.setText(tr("and {names}").format(names=", ".join(names)))


def _row(first: QWidget, second: QWidget) -> QWidget:
    """Two widgets side by side; the first takes the room."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(first, 1)
    layout.addWidget(second)
    return row
