"""The plugin's own icons."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtGui import QIcon, QPalette
from qgis.PyQt.QtWidgets import QApplication

_FOLDER = Path(__file__).resolve().parents[1] / "resources" / "icons"
_DARK = 128  # lightness of a window below which its theme counts as dark


def icon(name: str) -> QIcon:
    """An icon by the name of its SVG file; drawn for dark windows where QGIS's are dark."""
    dark = _FOLDER / f"{name}_dark.svg"
    if is_dark() and dark.is_file():
        return QIcon(str(dark))
    return QIcon(str(_FOLDER / f"{name}.svg"))


def is_dark() -> bool:
    """Whether QGIS's windows have a dark background."""
    window = QApplication.palette().color(QPalette.ColorRole.Window)
    return window.lightness() < _DARK
