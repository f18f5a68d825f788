"""Chooses the part of a layer: all, what the map shows, a rectangle, or polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
)
from qgis.gui import QgsExtentWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import RasterError
from ..area_mask import AreaMask, area_bounds
from ..compat import polygon_layers_only
from ..i18n import translator
from ..layer_grid import has_pixel_grid
from ..run_record import Area
from .layer_watch import EDITS, LayerWatch
from .own_layers import id_of

if TYPE_CHECKING:
    from qgis.core import QgsRasterLayer, QgsVectorLayer
    from qgis.gui import QgsMapCanvas

tr = translator("area_box")

WHOLE, VISIBLE, DRAWN, POLYGONS = "whole", "visible", "drawn", "polygons"
_METRES = 0.5  # a first pixel size for maps that a server draws at any scale
_DEGREE = 111_320.0  # metres on the equator


class AreaBox(QWidget):
    """A list of ways to bound a run, and what the chosen way needs below it."""

    changed = pyqtSignal()
    """Any choice has changed, or the map has moved and its part is wanted."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._make_widgets()
        self._lay_out()
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.kind.activated.connect(self._kind_activated)
        self.drawn.extentChanged.connect(lambda _: self.changed.emit())
        self.polygons.layerChanged.connect(self._polygons_changed)
        self._watch = LayerWatch((*EDITS, "selectionChanged", "subsetStringChanged"), self)
        self._watch.heard.connect(self._polygons_edited)
        self.selected.toggled.connect(lambda _: self.changed.emit())
        self.pixel_size.valueChanged.connect(lambda _: self.changed.emit())
        canvas.extentsChanged.connect(self._canvas_moved)
        self._polygons_id = ""
        self.project_changed()
        self._kind_changed()

    def follow(self, layer: QgsRasterLayer | None) -> None:
        """Serve another layer: its CRS, and whether it needs a pixel size."""
        usable = layer is not None and layer.isValid()
        if usable:
            self.drawn.setOutputCrs(layer.crs())
        online = usable and not has_pixel_grid(layer)
        self.pixel_row.setVisible(online)
        if online:
            self._suggest_pixel(layer.crs())
            if self.kind.currentData() == WHOLE:
                self.choose(VISIBLE)

    def choose(self, kind: str) -> None:
        """Choose one of the ways."""
        self.kind.setCurrentIndex(self.kind.findData(kind))

    def extent_of(self, layer: QgsRasterLayer) -> QgsRectangle | None:
        """The chosen rectangle in a layer's CRS; None for all of it.

        Raises:
            RasterError: It is empty, or cannot be placed on the layer.
        """
        kind = self.kind.currentData()
        if kind == WHOLE:
            return None
        if kind == POLYGONS:
            return area_bounds(self._polygon_layer(), layer.crs(), self.selected.isChecked())
        if kind == VISIBLE:
            extent, crs = self._canvas.extent(), self._canvas.mapSettings().destinationCrs()
        else:
            extent, crs = self.drawn.outputExtent(), self.drawn.outputCrs()
        if extent.isEmpty():
            raise RasterError(tr("The extent is empty: draw a rectangle or choose another extent."))
        transform = QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance())
        try:
            return transform.transformBoundingBox(extent)
        except QgsCsException as error:
            text = tr("The extent cannot be placed on '{name}': choose another extent.")
            raise RasterError(text.format(name=layer.name())) from error

    def mask_of(self, layer: QgsRasterLayer) -> AreaMask | None:
        """The polygons that cut a layer's pixels; None for the other ways.

        Raises:
            RasterError: There are none, or they cannot be placed on the layer.
        """
        if self.kind.currentData() != POLYGONS:
            return None
        return AreaMask(self._polygon_layer(), layer.crs(), self.selected.isChecked())

    def area_of(self, layer: QgsRasterLayer) -> Area:
        """The choice in plain values, to be made again by :meth:`apply`."""
        kind, box = self.kind.currentData(), self.extent_of(layer)
        edges = ()
        if box is not None:
            edges = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        chosen = self._polygon_layer() if kind == POLYGONS else None
        features = ()
        if chosen is not None and self.selected.isChecked():
            features = tuple(chosen.selectedFeatureIds())
        layer_id = chosen.id() if chosen is not None else ""
        return Area(kind, edges, layer_id, features, self.pixel_size.value())

    def apply(self, area: Area, crs: QgsCoordinateReferenceSystem) -> None:
        """Choose as in an earlier run; polygons that are gone become their rectangle.

        Args:
            area: The choice.
            crs: Of the raster layer.
        """
        if area.pixel_size > 0:
            self.pixel_size.setValue(area.pixel_size)
        polygons = QgsProject.instance().mapLayer(area.layer) if area.layer else None
        if area.kind == POLYGONS and polygons is not None:
            self.choose(POLYGONS)
            self.polygons.setLayer(polygons)
            if area.features:
                polygons.selectByIds(list(area.features))
            self.selected.setChecked(bool(area.features))
        elif area.extent:
            self.choose(DRAWN)
            self.drawn.setOutputCrs(crs)
            self.drawn.setOutputExtentFromUser(QgsRectangle(*area.extent), crs)
        else:
            self.choose(WHOLE)

    def _polygon_layer(self) -> QgsVectorLayer:
        layer = self.polygons.currentLayer()
        if layer is None:
            raise RasterError(
                tr("There is no polygon layer: add one to the project or choose another extent.")
            )
        return layer

    def _make_widgets(self) -> None:
        self.kind = QComboBox()
        for value, text in (
            (WHOLE, tr("Whole layer")),
            (VISIBLE, tr("Visible part of the map")),
            (DRAWN, tr("Rectangle…")),
            (POLYGONS, tr("Polygons of a layer")),
        ):
            self.kind.addItem(text, value)
        self.kind.setToolTip(tr("Part of the layer to segment"))
        self.setFocusProxy(self.kind)
        self.drawn = QgsExtentWidget(None, QgsExtentWidget.WidgetStyle.CondensedStyle)
        self.drawn.setMapCanvas(self._canvas)
        self.drawn.setToolTip(tr("Draw on the map or take the extent of a layer"))
        self.polygons = QgsMapLayerComboBox()
        self.polygons.setFilters(polygon_layers_only())
        self.polygons.setToolTip(tr("Only pixels inside of these polygons are segmented"))
        self.selected = QCheckBox(tr("Selected features only"))
        self.selected.setToolTip(tr("Only polygons that are selected in their layer"))
        self.pixel_size = QDoubleSpinBox()
        self.pixel_size.setDecimals(8)
        self.pixel_size.setRange(1e-8, 100000.0)
        self.pixel_size.setValue(_METRES)
        self.pixel_size.setToolTip(
            tr("Resolution to ask the server for: side of a pixel in units of the layer's CRS")
        )

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        label = QLabel(tr("&Pixel size"))
        label.setBuddy(self.pixel_size)
        self.pixel_row = QWidget()
        row = QHBoxLayout(self.pixel_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        row.addWidget(self.pixel_size)
        for widget in (self.kind, self.drawn, self.polygons, self.selected, self.pixel_row):
            column.addWidget(widget)

    def _suggest_pixel(self, crs: QgsCoordinateReferenceSystem) -> None:
        """Offer half a metre in the layer's units, unless a size has been chosen for them."""
        unit = QgsUnitTypes.toAbbreviatedString(crs.mapUnits())
        if self.pixel_size.suffix() == f" {unit}":
            return
        degrees = crs.isGeographic()
        self.pixel_size.setSuffix(f" {unit}")
        self.pixel_size.setDecimals(8 if degrees else 3)
        self.pixel_size.setSingleStep(1e-6 if degrees else 0.1)
        self.pixel_size.setValue(_METRES / _DEGREE if degrees else _METRES)

    def _kind_changed(self, _index: int = 0) -> None:
        kind = self.kind.currentData()
        self.drawn.setVisible(kind == DRAWN)
        self.polygons.setVisible(kind == POLYGONS)
        self.selected.setVisible(kind == POLYGONS)
        if kind == POLYGONS:
            self._offer_selection()
        self.changed.emit()

    def _kind_activated(self, _index: int) -> None:
        """Let the user draw at once; a click less."""
        if self.kind.currentData() == DRAWN and self.drawn.outputExtent().isEmpty():
            self.drawn.setOutputExtentFromDrawOnCanvas()

    def project_changed(self) -> None:
        """Layers have come or gone; the list may have moved to another without telling."""
        if id_of(self.polygons.currentLayer()) != self._polygons_id:
            self._polygons_changed(self.polygons.currentLayer())

    def let_go(self) -> None:
        """Listen to no layer any more."""
        self._watch.follow()

    def _polygons_edited(self, _layer: object) -> None:
        if self.kind.currentData() == POLYGONS:
            self.changed.emit()

    def _polygons_changed(self, layer: QgsVectorLayer | None) -> None:
        self._polygons_id = id_of(layer)
        self._watch.follow(layer)
        if self.kind.currentData() == POLYGONS:
            self._offer_selection()
            self.changed.emit()

    def _offer_selection(self) -> None:
        """Take the selection where there is one: it was made for a reason."""
        layer = self.polygons.currentLayer()
        self.selected.setChecked(layer is not None and layer.selectedFeatureCount() > 0)

    def _canvas_moved(self) -> None:
        if self.kind.currentData() == VISIBLE:
            self.changed.emit()
