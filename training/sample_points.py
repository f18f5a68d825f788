"""The table of sample points: its fields, and its look in QGIS, ready to be labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..engine.classes import CLASSES
from .accuracy_texts import class_title, say

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER, MAP_CLASS, MAP_NAME, MAP_PIXELS, PIXEL_M2, REF_CLASS, NOTE = (
    "point", "map_class", "map_name", "map_pixels", "pixel_m2", "ref_class", "note",
)  # fmt: skip
"""Fields: running number; class on the map, the stratum, with its name and its pixels on the
whole map; square metres of such a pixel, empty without a CRS; class of the reference, empty until
someone looks; remarks. A Shapefile takes them."""

FIELDS = (NUMBER, MAP_CLASS, MAP_NAME, MAP_PIXELS, PIXEL_M2, REF_CLASS, NOTE)

RECORDED = (MAP_CLASS, MAP_PIXELS, PIXEL_M2)
"""Fields that say what a point stands for; points drawn by older versions lack the last."""

_OPEN, _DONE = "255,140,0,255", "31,111,139,255"


def sample_qml(language: str, further: Sequence[int] = ()) -> str:
    """QGIS style of the points: what is to be labelled shows, and a list of classes to choose.

    The class on the map is hidden in the form, so that it does not sway who labels.

    Args:
        language: ``en`` or ``zh``, of the classes.
        further: Class ids beyond the scheme that the map has.
    """
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology|Fields|Forms")
    fields = ET.SubElement(root, "fieldConfiguration")
    _widget(fields, NUMBER, "TextEdit")
    for hidden in (MAP_CLASS, MAP_NAME, MAP_PIXELS, PIXEL_M2):
        _widget(fields, hidden, "Hidden")
    choices = ET.SubElement(
        _widget(fields, REF_CLASS, "ValueMap"), "Option", type="List", name="map"
    )
    for class_id in [*range(len(CLASSES)), *sorted(further)]:
        one = ET.SubElement(choices, "Option", type="Map")
        name = class_title(class_id, language)
        ET.SubElement(one, "Option", type="QString", name=name, value=str(class_id))
    _widget(fields, NOTE, "TextEdit")
    editable = ET.SubElement(root, "editable")
    for name in FIELDS:
        ET.SubElement(editable, "field", name=name, editable=str(int(name in (REF_CLASS, NOTE))))
    titles = (say(language, "to be labelled"), say(language, "labelled"))
    root.append(_renderer(titles))
    ET.SubElement(root, "previewExpression").text = f'"{NUMBER}"'
    ET.SubElement(root, "layerGeometryType").text = "0"
    ET.indent(root)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + ET.tostring(root, encoding="unicode") + "\n"


def _widget(fields: ET.Element, name: str, kind: str) -> ET.Element:
    """Declare the editor of a field; returns its configuration."""
    field = ET.SubElement(fields, "field", name=name)
    config = ET.SubElement(ET.SubElement(field, "editWidget", type=kind), "config")
    return ET.SubElement(config, "Option", type="Map")


def _renderer(titles: tuple[str, str]) -> ET.Element:
    # Texts, which providers compare alike; of numbers and truth values they think differently.
    state = f"CASE WHEN \"{REF_CLASS}\" IS NULL THEN 'open' ELSE 'done' END"
    renderer = ET.Element("renderer-v2", type="categorizedSymbol", attr=state, symbollevels="0")
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, title, colour) in enumerate(zip(("open", "done"), titles, (_OPEN, _DONE))):
        ET.SubElement(
            categories,
            "category",
            render="true",
            type="string",
            value=value,
            symbol=str(number),
            label=title,
        )
        symbol = ET.SubElement(symbols, "symbol", type="marker", name=str(number), alpha="1")
        layer = ET.SubElement(
            symbol, "layer", {"class": "SimpleMarker", "enabled": "1", "locked": "0", "pass": "0"}
        )
        options = ET.SubElement(layer, "Option", type="Map")
        for key, text in (
            ("name", "cross2" if value == "open" else "circle"),
            ("color", colour),
            ("outline_color", colour if value == "open" else "255,255,255,255"),
            ("outline_width", "0.6" if value == "open" else "0.3"),
            ("outline_width_unit", "MM"),
            ("size", "3.4" if value == "open" else "2.6"),
            ("size_unit", "MM"),
        ):
            ET.SubElement(options, "Option", type="QString", name=key, value=text)
    return renderer
