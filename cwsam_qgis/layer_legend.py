"""The classes of a result layer, those beyond the scheme included."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from qgis.core import QgsCategorizedSymbolRenderer

from ..engine.classes import CLASSES, LandCoverClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsMapLayer, QgsVectorLayer

PROPERTY = "cwsam/classes"
"""Custom property of result layers that holds the classes beyond the scheme as JSON."""


def keep_legend(layer: QgsMapLayer, legend: Sequence[LandCoverClass]) -> None:
    """Keep with a layer what classes it may hold beyond the scheme."""
    added = [asdict(entry) for entry in legend if entry.id >= len(CLASSES)]
    if added:
        layer.setCustomProperty(PROPERTY, json.dumps(added, ensure_ascii=False))


def layer_legend(layer: QgsVectorLayer) -> tuple[LandCoverClass, ...]:
    """The scheme and a layer's own classes: as a run has kept them, else as its style says."""
    try:
        kept = [LandCoverClass(**entry) for entry in json.loads(layer.customProperty(PROPERTY, ""))]
    except (ValueError, TypeError):
        kept = _styled(layer)
    return (*CLASSES, *kept)


def _styled(layer: QgsVectorLayer) -> list[LandCoverClass]:
    """Classes beyond the scheme in the style of a file that was opened again."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return []
    categories = renderer.categories()  # its symbols live as long as this list
    found = []
    for category in categories:
        text = str(category.value())
        if text.isdecimal() and int(text) >= len(CLASSES):
            name, colour = category.label(), category.symbol().color().name()
            found.append(LandCoverClass(int(text), name, name, colour))
    return found
