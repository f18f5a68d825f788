"""Shows the finished part of a running class map on QGIS's map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsPointXY, QgsProject
from qgis.gui import QgsMapCanvasItem
from qgis.PyQt.QtCore import QPointF, QRectF
from qgis.PyQt.QtGui import QImage, QPainter, QPolygonF, QTransform

from ..strip_preview import preview_size

if TYPE_CHECKING:
    from qgis.gui import QgsMapCanvas

    from ..layer_source import LayerSource


class PreviewItem(QgsMapCanvasItem):
    """A picture that grows from top to bottom; the main thread only copies and draws."""

    def __init__(self, canvas: QgsMapCanvas, source: LayerSource) -> None:
        """Begin with an empty picture over a layer's part.

        Args:
            canvas: The map.
            source: Of the running job: size and place.
        """
        super().__init__(canvas)
        self._canvas = canvas
        info = source.info
        _, (self._width, self._height) = preview_size(info.width, info.height)
        self._image = QImage(self._width, self._height, QImage.Format.Format_ARGB32_Premultiplied)
        self._image.fill(0)
        self.rows = 0  # shown so far
        box = source.extent
        self._corners = [
            QgsPointXY(box.xMinimum(), box.yMaximum()),
            QgsPointXY(box.xMaximum(), box.yMaximum()),
            QgsPointXY(box.xMaximum(), box.yMinimum()),
            QgsPointXY(box.xMinimum(), box.yMinimum()),
        ]
        self._crs = source.crs
        self.setZValue(5)  # above the map, below what the user draws

    def add_rows(self, first: int, count: int, pixels: bytes) -> None:
        """Show further rows; see :class:`~..strip_preview.StripPreview`."""
        part = QImage(
            pixels, self._width, count, 4 * self._width, QImage.Format.Format_ARGB32_Premultiplied
        )
        painter = QPainter(self._image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(0, first, part)
        painter.end()
        self.rows = max(self.rows, first + count)
        self.update()

    def updatePosition(self) -> None:  # noqa: N802 - Qt's name
        """Follow the map when it moves."""
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """The whole map, in its pixels."""
        size = self._canvas.size()
        return QRectF(0, 0, size.width(), size.height())

    def paint(self, painter: QPainter, option: object = None, widget: object = None) -> None:
        """Draw the picture where the map shows its place."""
        del option, widget
        place = self._place()
        if place is None or not self.rows:
            return
        painter.setTransform(place, True)
        painter.drawImage(0, 0, self._image)

    def _place(self) -> QTransform | None:
        """From the picture's pixels to the map's; None where the map's CRS cannot show it."""
        target = self._canvas.mapSettings().destinationCrs()
        corners = self._corners
        if self._crs.isValid() and target.isValid() and self._crs != target:
            try:
                change = QgsCoordinateTransform(self._crs, target, QgsProject.instance())
                corners = [change.transform(corner) for corner in corners]
            except QgsCsException:
                return None
        own = QPolygonF(
            [
                QPointF(0, 0),
                QPointF(self._width, 0),
                QPointF(self._width, self._height),
                QPointF(0, self._height),
            ]
        )
        seen = QPolygonF([self.toCanvasCoordinates(corner) for corner in corners])
        place = QTransform()
        return place if QTransform.quadToQuad(own, seen, place) else None
