"""Values of a class field: what each means and, of labels, whether they suffice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ...training.finetune.check import ENOUGH, FEW, TOO_FEW
from ...training.finetune.labels import NEW, SKIP
from ..i18n import class_label, engine_text, translator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qgis.PyQt.QtGui import QResizeEvent

    from ...engine.classes import LandCoverClass
    from ...training.finetune.check import ClassStatistics
    from ..finetune_task import Judgement

tr = translator("mapping_table")

LIGHTS = {ENOUGH: "#2f9e44", FEW: "#f2b100", TOO_FEW: "#d92d20"}
"""Colours of the traffic light."""

MOST_ROWS = 200
_SHOWN = 7  # rows before the table scrolls
_VALUE_LETTERS, _CLASS_LETTERS = 6, 13  # that stay to be seen, however narrow the dock
_ARROW = 48  # px beside the letters of a box: its swatch and its arrow
_VALUE, _CLASS, _COUNT, _LIGHT = range(4)


class MappingTable(QTableWidget):
    """One row a value: value, class and, for labels, polygons and a traffic light."""

    changed = pyqtSignal()
    """The user has given a value another meaning."""

    def __init__(self, parent: QWidget | None = None, labels: bool = True) -> None:
        """Make an empty table.

        Args:
            parent: Qt's owner.
            labels: Whether the values are those of labels to learn from, which are counted
                and may be new classes.
        """
        super().__init__(0, 4, parent)
        heads = [tr("Value"), tr("Class"), tr("Polygons"), tr("Labels")]
        self.setHorizontalHeaderLabels(heads)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setWordWrap(False)  # long values end in an ellipsis
        self.setAccessibleName(tr("Meaning of the values"))
        head = self.horizontalHeader()
        for column in (_COUNT, _LIGHT):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.setColumnHidden(column, not labels)
        head.setSectionResizeMode(_VALUE, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(_CLASS, QHeaderView.ResizeMode.Stretch)
        self._labels = labels
        self._values: list[str] = []
        self._fit()

    def clear_values(self) -> None:
        """Show nothing."""
        self._values = []
        self.setRowCount(0)
        self._fit()

    def table(self) -> dict[str, str]:
        """What the shown values mean, as the core reads it."""
        return {value: str(self._box(row).currentData()) for row, value in enumerate(self._values)}

    def show_judgement(self, found: Judgement, legend: Sequence[LandCoverClass]) -> None:
        """Show what was found of the labels; choices that were made stay."""
        values = sorted((value for value in found.counts if value), key=_order)[:MOST_ROWS]
        self.show_values(values, {value: _proposal(found, value) for value in values}, legend)
        lights = {c.class_id: c for c in found.check.classes} if found.check else {}
        for row, value in enumerate(values):
            count = QTableWidgetItem(str(found.counts[value]))
            count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, _COUNT, count)
            class_id = found.scheme.ids.get(value) if found.scheme else None
            self.setItem(row, _LIGHT, _light(lights.get(class_id)))
        self._fit()

    def show_values(
        self, values: Sequence[str], proposals: Mapping[str, str], legend: Sequence[LandCoverClass]
    ) -> None:
        """Show values to be given a meaning; choices that were made stay.

        Args:
            values: What is to be mapped, in order.
            proposals: What each value means unless another choice is made, as :meth:`table`
                gives it.
            legend: Classes to choose from.
        """
        values = list(values)
        if values != self._values:
            kept = self.table()
            self._values = values
            self.setRowCount(len(values))
            for row, value in enumerate(values):
                self._make_row(row, value, legend, kept.get(value) or proposals[value])
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Share the new width."""
        super().resizeEvent(event)
        self._share_width()

    def _make_row(
        self, row: int, value: str, legend: Sequence[LandCoverClass], chosen: str
    ) -> None:
        item = QTableWidgetItem(value)
        item.setToolTip(value)
        self.setItem(row, _VALUE, item)
        box = QComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setAccessibleName(tr("Class of {value}").format(value=value))
        if self._labels:
            box.addItem(tr("New class '{value}'").format(value=value), NEW)
        box.addItem(tr("Leave out"), SKIP)
        box.insertSeparator(box.count())
        for entry in legend:
            box.addItem(_swatch(QColor(entry.colour)), class_label(entry), str(entry.id))
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.activated.connect(lambda _: self.changed.emit())
        self.setCellWidget(row, _CLASS, box)

    def _box(self, row: int) -> QComboBox:
        return self.cellWidget(row, _CLASS)

    def _fit(self) -> None:
        """As high as its rows, up to a limit."""
        rows = min(self.rowCount(), _SHOWN)
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        height += sum(self.rowHeight(row) for row in range(rows))
        self.setFixedHeight(height + (0 if rows else self.fontMetrics().height()))
        self._share_width()

    def _share_width(self) -> None:
        """Values as wide as they are, as long as the classes can still be read."""
        letter = self.fontMetrics().averageCharWidth()
        rest = self.viewport().width()
        rest -= sum(self.columnWidth(c) for c in (_COUNT, _LIGHT) if not self.isColumnHidden(c))
        width = min(self.sizeHintForColumn(_VALUE), rest - letter * _CLASS_LETTERS - _ARROW)
        head = self.horizontalHeader().sectionSizeHint(_VALUE)
        self.setColumnWidth(_VALUE, max(width, head, letter * _VALUE_LETTERS))


def _order(value: str) -> tuple[int, str]:
    """Class ids by their number, before names."""
    return (int(value), "") if value.isdecimal() else (1 << 30, value)


def _proposal(found: Judgement, value: str) -> str:
    """The class that a value names, else a new one."""
    class_id = found.scheme.ids.get(value) if found.scheme else None
    new = {entry.id for entry in found.scheme.new_classes} if found.scheme else set()
    return NEW if class_id is None or class_id in new else str(class_id)


def _light(entry: ClassStatistics | None) -> QTableWidgetItem:
    """The traffic light of a class, with words beside the colour."""
    if entry is None:
        return QTableWidgetItem("–")
    words = {ENOUGH: tr("enough"), FEW: tr("few"), TOO_FEW: tr("{count} more")}
    item = QTableWidgetItem(words[entry.light].format(count=entry.needed))
    item.setIcon(_swatch(QColor(LIGHTS[entry.light]), round_=True))
    sentence = engine_text(entry.sentence) if entry.sentence else tr("There are enough labels.")
    item.setToolTip(sentence)
    return item


def _swatch(colour: QColor, round_: bool = False) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen(colour.darker(130))
    (painter.drawEllipse if round_ else painter.drawRect)(1, 1, 10, 10)
    painter.end()
    return QIcon(pixmap)
