"""The classes of a result layer, those beyond the scheme included."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from qgis.core import QgsCategorizedSymbolRenderer, QgsPalettedRasterRenderer

from ..engine.classes import CLASSES, LandCoverClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsMapLayer

PROPERTY = "cwsam/classes"
"""Custom property of result layers that holds the classes beyond the scheme as JSON."""


def keep_legend(layer: QgsMapLayer, legend: Sequence[LandCoverClass]) -> None:
    """Keep with a layer what classes it may hold beyond the scheme."""
    added = [asdict(entry) for entry in legend if entry.id >= len(CLASSES)]
    if added:
        layer.setCustomProperty(PROPERTY, json.dumps(added, ensure_ascii=False))


def layer_legend(layer: QgsMapLayer) -> tuple[LandCoverClass, ...]:
    """The scheme and a layer's own classes: as a run has kept them, else as its style says."""
    try:
        kept = [LandCoverClass(**entry) for entry in json.loads(layer.customProperty(PROPERTY, ""))]
    except (ValueError, TypeError):
        kept = _styled(layer)
    return (*CLASSES, *kept)


def _styled(layer: QgsMapLayer) -> list[LandCoverClass]:
    """Classes beyond the scheme in the style of a file that was opened again."""
    found = []
    for value, name, colour in _style(layer):
        if value.isdecimal() and int(value) >= len(CLASSES):
            found.append(LandCoverClass(int(value), name, name, colour))
    return found


def _style(layer: QgsMapLayer) -> list[tuple[str, str, str]]:
    """Value, name and colour of each entry of a style by classes; none of other styles."""
    renderer = layer.renderer()
    if isinstance(renderer, QgsPalettedRasterRenderer):
        return [(f"{c.value:g}", c.label, c.color.name()) for c in renderer.classes()]
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return []
    categories = renderer.categories()  # its symbols live as long as this list
    return [(str(c.value()), c.label(), c.symbol().color().name()) for c in categories]
