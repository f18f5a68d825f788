"""The colour of texts that are painted by hand, in any theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QLabel

if TYPE_CHECKING:
    from qgis.PyQt.QtGui import QColor
    from qgis.PyQt.QtWidgets import QWidget


class TextColour:
    """Asks a hidden label: QGIS's dark themes colour labels, but no plain widgets."""

    def __init__(self, widget: QWidget) -> None:
        """Follow the theme of a widget."""
        self._label = QLabel(widget)
        self._label.hide()

    def now(self) -> QColor:
        """The colour of texts on the widget."""
        self._label.ensurePolished()
        return self._label.palette().color(QPalette.ColorRole.WindowText)
