"""Styles: complete, well-formed, and the committed files are up to date."""

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cwsam.engine.classes import CLASSES
from cwsam.engine.styles import outline_colour, raster_qml, vector_qml, vector_sld

ROOT = Path(__file__).resolve().parents[2]
SE = "{http://www.opengis.net/se}"
OGC = "{http://www.opengis.net/ogc}"


@pytest.mark.parametrize("name", ["landcover.qml", "landcover.sld", "landcover_raster.qml"])
def test_committed_styles_equal_the_generators_output(name):
    made = runpy.run_path(str(ROOT / "scripts" / "make_styles.py"))["style_files"]()
    assert (ROOT / "resources" / "styles" / name).read_bytes().decode("utf-8") == made[name]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_vector_qml_has_every_class_with_its_colour(language):
    root = ET.fromstring(vector_qml(language=language))
    renderer = root.find("renderer-v2")
    assert renderer.get("attr") == "class_id"
    fills = {
        symbol.get("name"): symbol.find(".//Option[@name='color']").get("value")
        for symbol in renderer.iter("symbol")
    }
    got = [
        (int(c.get("value")), c.get("label"), fills[c.get("symbol")])
        for c in renderer.iter("category")
    ]
    name = "name" if language == "en" else "name_zh"
    assert got == [(c.id, getattr(c, name), "{},{},{},255".format(*c.rgb)) for c in CLASSES]
    assert root.find("layerGeometryType").text == "2"


def test_raster_qml_has_every_class():
    entries = list(ET.fromstring(raster_qml()).iter("paletteEntry"))
    got = [(int(e.get("value")), e.get("label"), e.get("color")) for e in entries]
    assert got == [(c.id, c.name, c.colour) for c in CLASSES]


def test_sld_has_a_rule_for_every_class():
    rules = list(ET.fromstring(vector_sld(layer="roofs")).iter(f"{SE}Rule"))
    assert [int(r.find(f".//{OGC}Literal").text) for r in rules] == [c.id for c in CLASSES]
    colours = [r.find(f".//{SE}Fill/{SE}SvgParameter[@name='fill']").text for r in rules]
    assert colours == [c.colour for c in CLASSES]


def test_outlines_are_darker_than_fills():
    for entry in CLASSES:
        assert sum(outline_colour(entry)) < sum(entry.rgb)
