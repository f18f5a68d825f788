"""Layers of sample points, ready to be labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtXml import QDomDocument

from ..engine.classes import CLASSES
from ..training.sample_points import MAP_CLASS, sample_qml
from .i18n import language

if TYPE_CHECKING:
    from qgis.core import QgsVectorLayer


def style_sample(layer: QgsVectorLayer) -> None:
    """Give a layer of sample points its symbols and a form with the classes to choose from."""
    index = layer.fields().indexFromName(MAP_CLASS)
    further = sorted(int(c) for c in layer.uniqueValues(index) if int(c) >= len(CLASSES))
    document = QDomDocument()
    document.setContent(sample_qml(language(), further))
    layer.importNamedStyle(document)
