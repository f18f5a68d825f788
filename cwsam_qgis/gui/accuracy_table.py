"""A sortable table of the accuracy of every class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from ..i18n import translator
from .merge_box import swatch
from .number_cell import NumberCell

if TYPE_CHECKING:
    from qgis.PyQt.QtGui import QKeyEvent, QResizeEvent

    from ...training.accuracy_tables import ClassTable

tr = translator("accuracy_table")

_ROWS_SHOWN = 10
_LEAST_LETTERS = 10
"""Of a class's name, however narrow the dock is; its tooltip has all of it."""

_MAIN_COLUMNS = 4
"""Figures that a dock shows beside the name before it has to scroll."""

_UNIT_LETTERS = 8
_MARGINS = 6
"""Pixels that Qt leaves free beside the text of a cell."""


class AccuracyTable(QTableWidget):
    """Class and figures; a click on a heading sorts, Ctrl+C copies all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 1, parent)
        self._table: ClassTable | None = None
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setToolTip(tr("Click a heading to sort; Ctrl+C copies the table"))
        self.setAccessibleName(tr("Accuracy of the classes"))

    def show_table(self, table: ClassTable) -> None:
        """Show other figures."""
        self._table = table
        self.setSortingEnabled(False)
        self.clear()
        self.setColumnCount(1 + len(table.columns))
        self.setHorizontalHeaderLabels([tr("Class"), *map(_short, table.columns)])
        for column, title in enumerate(table.columns, 1):
            self.horizontalHeaderItem(column).setToolTip(title)
        self.setRowCount(len(table.rows))
        for number, row in enumerate(table.rows):
            first = QTableWidgetItem(swatch(row.label.colour), row.label.text)
            first.setToolTip(f"{row.class_id}: {row.label.text}")
            self.setItem(number, 0, first)
            for column, cell in enumerate(row.cells, 1):
                self.setItem(number, column, NumberCell(cell.value, cell.text))
        self.setSortingEnabled(True)
        self.sortItems(0, Qt.SortOrder.AscendingOrder)
        for column in range(1, self.columnCount()):
            self.setColumnWidth(column, self._width(column))
        self._fit_names()
        bars = self.horizontalHeader().sizeHint().height() + self.horizontalScrollBar().height()
        shown = min(max(len(table.rows), 3), _ROWS_SHOWN)
        self.setFixedHeight(bars + shown * self.verticalHeader().defaultSectionSize() + 4)

    def text(self) -> str:
        """The table with tabs between its cells, as shown."""
        header = [tr("Class"), *(self._table.columns if self._table else ())]
        lines = [header]
        for row in range(self.rowCount()):
            lines.append([self.item(row, column).text() for column in range(self.columnCount())])
        return "\n".join("\t".join(line) for line in lines)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Share the new width."""
        super().resizeEvent(event)
        self._fit_names()

    def _fit_names(self) -> None:
        """Give the names what the main figures leave, as far as they need it."""
        if not self.rowCount():
            return
        figures = range(1, min(1 + _MAIN_COLUMNS, self.columnCount()))
        left = self.viewport().width() - sum(map(self.columnWidth, figures))
        least = _LEAST_LETTERS * self._letter()
        needed = self.sizeHintForColumn(0) + 1  # the line between columns
        self.setColumnWidth(0, min(needed, max(left, least)))

    def _width(self, column: int) -> int:
        """What a column of figures needs, without the room that Qt keeps for a sorting arrow."""
        lines = self.horizontalHeaderItem(column).text().split("\n")
        cells = [self.item(row, column).text() for row in range(self.rowCount())]
        width = self.fontMetrics().horizontalAdvance
        return max(map(width, (*lines, *cells))) + self._letter() // 2 + _MARGINS

    def _letter(self) -> int:
        return self.fontMetrics().averageCharWidth()

    def copy(self) -> None:
        """Put the whole table on the clipboard, ready for a spreadsheet."""
        QgsApplication.clipboard().setText(self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Copy on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)


def _short(title: str) -> str:
    """A heading that leaves room for others: units below it, other remarks in its tooltip."""
    name, bracket, remark = title.replace("（", " (").replace("）", ")").partition(" (")
    return f"{name}\n({remark}" if bracket and len(remark) <= _UNIT_LETTERS else name
