"""Classes that are counted as others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.classes import CLASSES
from ..i18n import class_label, translator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...engine.classes import LandCoverClass

tr = translator("merge_box")

_FIRST = (10, 9)  # the pair that is merged most often: isolated building, dense built-up area


class MergeBox(QgsCollapsibleGroupBox):
    """A list of pairs: this class is counted as that one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Merge classes"), parent)
        self.setCollapsed(True)
        self.setToolTip(tr("Classes that need not be told apart, such as two sorts of buildings"))
        self._column = QVBoxLayout(self)
        self._column.setSpacing(4)
        self.add_button = QPushButton(tr("&Add a pair"))
        self._column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.add_button.clicked.connect(lambda: self.add(*_FIRST))
        self.rows: list[_Row] = []
        self._classes = {entry.id: entry for entry in CLASSES}

    def offer(self, classes: Iterable[LandCoverClass]) -> None:
        """Offer these classes and those of the scheme; what is chosen stays."""
        self._classes = {entry.id: entry for entry in (*CLASSES, *classes)}
        for row in self.rows:
            for box in (row.source, row.target):
                _fill(box, self._classes.values(), box.currentData())

    def add(self, source: int, target: int) -> None:
        """Add a pair of class ids."""
        row = _Row(self._classes.values(), source, target)
        row.remove_button.clicked.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._column.insertWidget(self._column.count() - 1, row)

    def text(self) -> str:
        """The pairs as ``10=9, 8=7``."""
        return ", ".join(f"{row.source.currentData()}={row.target.currentData()}"
                         for row in self.rows)  # fmt: skip

    def _remove(self, row: _Row) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()


class _Row(QWidget):
    """One pair with a button that takes it away."""

    def __init__(self, classes: Iterable[LandCoverClass], source: int, target: int) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.source, self.target = _box(classes, source), _box(classes, target)
        self.source.setAccessibleName(tr("Class"))
        self.target.setAccessibleName(tr("Counted as"))
        self.remove_button = QToolButton()
        self.remove_button.setText("×")
        self.remove_button.setAutoRaise(True)
        self.remove_button.setToolTip(tr("Remove this pair"))
        row.addWidget(self.source, 1)
        row.addWidget(QLabel("→"))
        row.addWidget(self.target, 1)
        row.addWidget(self.remove_button)


def _box(classes: Iterable[LandCoverClass], chosen: int) -> QComboBox:
    box = QComboBox()
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    _fill(box, classes, chosen)
    return box


def _fill(box: QComboBox, classes: Iterable[LandCoverClass], chosen: int) -> None:
    """Offer classes; a chosen one that is not among them any more gives way to the first."""
    box.clear()
    for entry in classes:
        box.addItem(swatch(entry.colour), class_label(entry), entry.id)
    box.setCurrentIndex(max(0, box.findData(chosen)))


def swatch(colour: str) -> QIcon:
    """A small square of a colour."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
