"""A sortable table of the classes' areas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QIcon, QKeySequence, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ..class_areas import to_csv
from ..i18n import class_label, translator
from .number_cell import NumberCell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.PyQt.QtGui import QKeyEvent

    from ..class_areas import AreaRow

tr = translator("area_table")

_ROWS_SHOWN = 8
_HECTARE = 10_000.0  # square metres
_SQUARE_KM = 1_000_000.0


class AreaTable(QTableWidget):
    """Class, area, share, polygons, confidence; a click on a heading sorts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 5, parent)
        self.rows: list[AreaRow] = []
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setToolTip(tr("Click a heading to sort; Ctrl+C copies the table"))
        self.setAccessibleName(tr("Areas of the classes"))

    def set_rows(self, rows: Sequence[AreaRow]) -> None:
        """Show other classes."""
        self.rows = list(rows)
        unit, name = _unit(self.rows)
        self.setSortingEnabled(False)
        self.setHorizontalHeaderLabels([tr("Class"), name, "%", "n", tr("Conf.")])
        for column, tip in ((3, tr("Number of polygons")), (4, tr("Mean confidence, 0 to 1"))):
            self.horizontalHeaderItem(column).setToolTip(tip)
        self.setRowCount(len(self.rows))
        for number, row in enumerate(self.rows):
            entry = row.entry
            first = QTableWidgetItem(_swatch(entry.colour), class_label(entry))
            first.setToolTip(f"{entry.id}: {entry.name} / {entry.name_zh}")
            self.setItem(number, 0, first)
            area = row.area_m2 / unit
            texts = (
                (area, "–" if math.isnan(area) else f"{area:,.{0 if area >= 1000 else 2}f}"),
                (row.share, f"{100 * row.share:.1f}"),
                (row.polygons, f"{row.polygons:,}"),
                (row.confidence, _or_dash(row.confidence)),
            )
            for column, (value, text) in enumerate(texts, 1):
                self.setItem(number, column, NumberCell(value, text))
        self.setSortingEnabled(True)
        self.sortItems(2, Qt.SortOrder.DescendingOrder)
        height = self.verticalHeader().defaultSectionSize()
        shown = min(max(len(self.rows), 3), _ROWS_SHOWN)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * height + 4)

    def copy(self) -> None:
        """Put the whole table on the clipboard, ready for a spreadsheet."""
        QgsApplication.clipboard().setText(to_csv(self.rows, "\t"))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Copy on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)


def _unit(rows: Sequence[AreaRow]) -> tuple[float, str]:
    """A unit that keeps the numbers short: its square metres, its name."""
    areas = [row.area_m2 for row in rows if not math.isnan(row.area_m2)]
    largest = max(areas, default=0.0)
    if largest >= 10 * _SQUARE_KM:
        return _SQUARE_KM, "km²"
    return (_HECTARE, "ha") if largest >= _HECTARE else (1.0, "m²")


def _or_dash(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
