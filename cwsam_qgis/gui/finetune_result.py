"""The course of a fine-tuning and what it has made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..i18n import class_label, translator
from .learning_curve import LearningCurve
from .mapping_table import LIGHTS

if TYPE_CHECKING:
    from ...training.finetune.outcome import FinetuneResult

tr = translator("finetune_result")

_SHOWN = 6  # rows before the table scrolls
_WORTH_A_COLOUR = 0.01  # change of IoU


class FinetuneResultBox(QWidget):
    """Curves, a table of the classes before and after, and what to do next."""

    use_wanted = pyqtSignal()
    """The adapter is to be used for segmenting."""

    report_wanted = pyqtSignal()
    """The report is to be opened."""

    preview_wanted = pyqtSignal()
    """Both maps of the visible ground are to be made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curve = LearningCurve()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.table = QTableWidget(0, 4)
        self._make_table()
        self.use_button = _button(
            tr("&Use this adapter now"), tr("Choose it in the Segment tab"), self.use_wanted
        )
        self.use_button.setObjectName("cwsamUseAdapter")
        self.report_button = _button(
            tr("Open &report"), tr("Curves, confusions and pictures, in the browser"),
            self.report_wanted,
        )  # fmt: skip
        self.preview_button = _button(
            tr("&Before and after"),
            tr("Map what is visible with the base model and with the adapter, as two layers"),
            self.preview_wanted,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.curve, self.summary, self.table, self.use_button):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.preview_button)
        row.addWidget(self.report_button)
        column.addLayout(row)
        self.begin()

    def begin(self) -> None:
        """A run begins: nothing is made yet."""
        self.curve.clear()
        for widget in self._made():
            widget.hide()

    def show_result(self, found: FinetuneResult) -> None:
        """Show what a run has made."""
        before, after = found.before.miou, found.after.miou
        text = tr("Mean IoU on validation ground: {before} → <b>{after}</b> ({change}).")
        lines = [
            text.format(
                before=f"{before:.3f}", after=f"{after:.3f}", change=f"{after - before:+.3f}"
            )
        ]
        if not math.isnan(found.after.kept):
            text = tr("{percent} % of the unlabelled ground keep their class.")
            lines.append(text.format(percent=f"{100 * found.after.kept:.0f}"))
        if not found.improved:
            lines.append(tr("The adapter is no better than the base model: label more places."))
        self.summary.setText(" ".join(lines))
        rows = [entry for entry in found.legend if entry.id in found.after.iou]
        self.table.setRowCount(len(rows))
        for row, entry in enumerate(rows):
            old, new = found.before.iou.get(entry.id, 0.0), found.after.iou[entry.id]
            self.table.setItem(row, 0, QTableWidgetItem(class_label(entry)))
            for column, text in enumerate((f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}"), 1):
                self.table.setItem(row, column, _number(text))
            if abs(new - old) >= _WORTH_A_COLOUR:
                light = LIGHTS["enough" if new > old else "too_few"]
                self.table.item(row, 3).setForeground(QColor(light))
        self._fit_table()
        for widget in self._made():
            widget.show()

    def _made(self) -> tuple[QWidget, ...]:
        buttons = (self.use_button, self.report_button, self.preview_button)
        return (self.summary, self.table, *buttons)

    def _make_table(self) -> None:
        heads = [tr("Class"), tr("Before"), tr("After"), tr("Change")]
        self.table.setHorizontalHeaderLabels(heads)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setToolTip(tr("IoU of each class on the ground held back for validation, 0–1"))
        self.table.setAccessibleName(tr("IoU of each class before and after"))
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _fit_table(self) -> None:
        rows = min(self.table.rowCount(), _SHOWN)
        height = self.table.horizontalHeader().sizeHint().height() + 2 * self.table.frameWidth()
        self.table.setFixedHeight(height + sum(self.table.rowHeight(row) for row in range(rows)))


def _number(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _button(text: str, tip: str, signal: pyqtSignal) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda: signal.emit())
    return button
