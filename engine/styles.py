"""Map styles of the classes for QGIS (QML) and other programs (SLD); needs no QGIS."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .classes import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .classes import LandCoverClass

OPACITY = 0.85
"""Of the polygon layer, 0-1: the image below stays readable."""

OUTLINE_MM = 0.1
"""Outline width in millimetres on the map; wider ones turn small polygons into noise."""

_QML_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_QGIS_VERSION = "3.22.0"
_PX_PER_MM = 1 / 0.28  # the pixel of SLD is 0.28 mm
_ATTRIBUTE = "class_id"


def vector_qml(
    classes: Sequence[LandCoverClass] = CLASSES, language: str = "en", attribute: str = _ATTRIBUTE
) -> str:
    """QGIS style of the polygon layer: one category a class.

    Args:
        classes: Ids, names and colours.
        language: ``en`` or ``zh``, of the legend.
        attribute: Integer field that holds the class id.
    """
    root = ET.Element(
        "qgis",
        version=_QGIS_VERSION,
        styleCategories="Symbology|MapTips",
        hasScaleBasedVisibilityFlag="0",
    )
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        type="categorizedSymbol",
        attr=attribute,
        symbollevels="0",
        forceraster="0",
        enableorderby="0",
    )
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for index, entry in enumerate(classes):
        ET.SubElement(
            categories,
            "category",
            render="true",
            type="long",
            value=str(entry.id),
            symbol=str(index),
            label=_label(entry, language),
        )
        symbols.append(_fill_symbol(str(index), entry))
    ET.SubElement(root, "layerOpacity").text = str(OPACITY)
    ET.SubElement(root, "blendMode").text = "0"
    ET.SubElement(root, "previewExpression").text = '"class_name"'
    ET.SubElement(root, "layerGeometryType").text = "2"
    return _QML_HEAD + _text(root)


def raster_qml(classes: Sequence[LandCoverClass] = CLASSES, language: str = "en") -> str:
    """QGIS style of the class raster: a palette with one entry a class."""
    root = ET.Element("qgis", version=_QGIS_VERSION, styleCategories="Symbology")
    pipe = ET.SubElement(root, "pipe")
    renderer = ET.SubElement(
        pipe,
        "rasterrenderer",
        type="paletted",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
    )
    ET.SubElement(renderer, "rasterTransparency")
    palette = ET.SubElement(renderer, "colorPalette")
    for entry in classes:
        ET.SubElement(
            palette,
            "paletteEntry",
            value=str(entry.id),
            color=entry.colour,
            alpha="255",
            label=_label(entry, language),
        )
    return _QML_HEAD + _text(root)


def vector_sld(
    classes: Sequence[LandCoverClass] = CLASSES,
    language: str = "en",
    attribute: str = _ATTRIBUTE,
    layer: str = "landcover",
) -> str:
    """OGC style (SLD 1.1) of the polygon layer, for GeoServer, MapServer and the like."""
    root = ET.Element(
        "StyledLayerDescriptor",
        {
            "xmlns": "http://www.opengis.net/sld",
            "xmlns:ogc": "http://www.opengis.net/ogc",
            "xmlns:se": "http://www.opengis.net/se",
            "version": "1.1.0",
        },
    )
    named = ET.SubElement(root, "NamedLayer")
    ET.SubElement(named, "se:Name").text = layer
    style = ET.SubElement(named, "UserStyle")
    ET.SubElement(style, "se:Name").text = layer
    rules = ET.SubElement(style, "se:FeatureTypeStyle")
    for entry in classes:
        rules.append(_sld_rule(entry, language, attribute))
    return _XML_HEAD + _text(root)


def outline_colour(entry: LandCoverClass) -> tuple[int, int, int]:
    """A darker tone of the class's own hue, red, green, blue 0-255 each."""
    return tuple(round(0.68 * part) for part in entry.rgb)


def _fill_symbol(name: str, entry: LandCoverClass) -> ET.Element:
    symbol = ET.Element(
        "symbol", type="fill", name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    layer = ET.SubElement(
        symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
    )
    settings = {
        "color": _rgba(entry.rgb),
        "style": "solid",
        "joinstyle": "round",
        "outline_color": _rgba(outline_colour(entry)),
        "outline_style": "solid",
        "outline_width": str(OUTLINE_MM),
        "outline_width_unit": "MM",
        "offset": "0,0",
        "offset_unit": "MM",
    }
    layer.append(_option_map(settings))
    return symbol


def _option_map(settings: Mapping[str, str]) -> ET.Element:
    options = ET.Element("Option", type="Map")
    for name, value in settings.items():
        ET.SubElement(options, "Option", type="QString", name=name, value=value)
    return options


def _sld_rule(entry: LandCoverClass, language: str, attribute: str) -> ET.Element:
    label = _label(entry, language)
    rule = ET.Element("se:Rule")
    ET.SubElement(rule, "se:Name").text = label
    ET.SubElement(ET.SubElement(rule, "se:Description"), "se:Title").text = label
    test = ET.SubElement(ET.SubElement(rule, "ogc:Filter"), "ogc:PropertyIsEqualTo")
    ET.SubElement(test, "ogc:PropertyName").text = attribute
    ET.SubElement(test, "ogc:Literal").text = str(entry.id)
    symbol = ET.SubElement(rule, "se:PolygonSymbolizer")
    fill = ET.SubElement(symbol, "se:Fill")
    _parameter(fill, "fill", entry.colour)
    _parameter(fill, "fill-opacity", str(OPACITY))
    stroke = ET.SubElement(symbol, "se:Stroke")
    _parameter(stroke, "stroke", "#{:02x}{:02x}{:02x}".format(*outline_colour(entry)))
    _parameter(stroke, "stroke-width", f"{OUTLINE_MM * _PX_PER_MM:.2f}")
    _parameter(stroke, "stroke-opacity", str(OPACITY))
    _parameter(stroke, "stroke-linejoin", "round")
    return rule


def _parameter(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, "se:SvgParameter", name=name).text = value


def _label(entry: LandCoverClass, language: str) -> str:
    return entry.name_zh if language == "zh" else entry.name


def _rgba(rgb: tuple[int, int, int]) -> str:
    return "{},{},{},255".format(*rgb)


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
