"""Widgets below each other: in a box with a title, or in a panel that scrolls on small screens."""

from __future__ import annotations

from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QGroupBox, QLayout, QToolButton, QVBoxLayout, QWidget

from ..i18n import translator

tr = translator("columns")


def scrolling_column(panel: QWidget, *widgets: QWidget, footer: QLayout | None = None) -> None:
    """Lay widgets out below each other in a column that scrolls up and down, never sideways.

    Args:
        panel: A widget without a layout; it gets one.
        widgets: From top to bottom.
        footer: Stays visible below the column.
    """
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(6, 6, 6, 6)
    column.setSpacing(8)
    for widget in widgets:
        column.addWidget(widget)
    for button in content.findChildren(QToolButton, "collapseButton"):  # of QGIS's group boxes
        button.setToolTip(tr("Show or hide these settings"))
    column.addStretch(1)
    scroll = QgsScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(content)
    bar = scroll.verticalScrollBar().sizeHint().width()
    scroll.setMinimumWidth(content.minimumSizeHint().width() + bar)
    layout = QVBoxLayout(panel)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(scroll, 1)
    if footer is not None:
        footer.setContentsMargins(9, 4, 9, 9)
        layout.addLayout(footer)


def titled(title: str, *widgets: QWidget) -> QGroupBox:
    """A box with a title and widgets below each other."""
    group = QGroupBox(title)
    column = QVBoxLayout(group)
    column.setSpacing(6)
    for widget in widgets:
        column.addWidget(widget)
    return group
