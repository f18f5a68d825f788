"""Class rasters into polygons from the command line."""

import json
import sqlite3
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from cwsam.engine.classes import CLASSES, new_class
from cwsam.engine.io.class_legend import read_legend
from cwsam.engine.io.pam import category_names_xml
from cwsam.engine.io.raster_sink import ClassRasterSink
from cwsam.engine.types import ClassStrip, RasterInfo
from cwsam.training.cli import main
from tests.data.rasters import NORTH_UP, ROTATED, SOUTH_UP, write_raster
from tests.engine.test_cli import cwsam, photo  # noqa: F401


def vectorize(*arguments):
    return CliRunner().invoke(main, ["vectorize", *map(str, arguments)], catch_exceptions=False)


def layer(path, name=None):
    """Geometries as bytes and the other columns by name."""
    meta, _, wkb, columns = pyogrio.raw.read(path, layer=name or path.stem)
    return [bytes(one) for one in wkb], dict(zip(meta["fields"], columns))


def class_map(path, shape=(60, 80), **options):
    rng = np.random.default_rng(6)
    classes = np.kron(rng.choice([5, 8, 24, 255], (12, 16)), np.ones((5, 5), int))
    classes = classes[: shape[0], : shape[1]].astype(options.pop("dtype", np.uint8))
    return write_raster(path, classes[None], **{"nodata": 255, **options})


@pytest.mark.parametrize("grid", [NORTH_UP, SOUTH_UP, ROTATED], ids=["north", "south", "rotated"])
def test_polygons_are_those_of_the_run_that_made_the_raster(cwsam, tmp_path, grid):  # noqa: F811
    image = photo(tmp_path / "a.tif", transform=grid)
    raster, percent = tmp_path / "c.tif", tmp_path / "p.tif"
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    how = ("--min-area", "2px", "--simplify", "1px", "--smooth", "1")
    made = cwsam("segment", image, "-o", first, "--raster", raster, "--confidence", percent, *how)
    assert made.exit_code == 0, made.output
    result = vectorize(raster, "-o", second, "--confidence", percent, *how)
    assert result.exit_code == 0, result.output
    (wkb, fields), (same, others) = layer(first), layer(second)
    assert len(wkb) > 1
    assert wkb == same
    for name in ("class_id", "class_name", "confidence", "area_m2"):
        np.testing.assert_array_equal(fields[name], others[name])


def test_no_kept_polygon_is_below_the_smallest_area(tmp_path):
    raster, out = class_map(tmp_path / "c.tif"), tmp_path / "o.gpkg"
    made = vectorize(raster, "-o", out, "--classes", "5", "--min-area", "60px")
    assert made.exit_code == 0, made.output
    wkb, _ = layer(out)
    assert len(wkb) > 1
    pixel = abs(NORTH_UP.a * NORTH_UP.e)
    assert shapely.area(shapely.from_wkb(wkb)).min() >= 60 * pixel - 1e-6


def test_without_a_confidence_raster_the_field_is_empty(tmp_path):
    raster, out = class_map(tmp_path / "c.tif"), tmp_path / "o.gpkg"
    result = vectorize(raster, "-o", out, "--classes", "5,24")
    assert result.exit_code == 0, result.output
    _, fields = layer(out)
    assert set(fields["class_id"]) == {5, 24}
    assert np.isnan(fields["confidence"]).all()
    with sqlite3.connect(out) as database:
        ((text,),) = database.execute("SELECT metadata FROM gpkg_metadata").fetchall()
    assert json.loads(text)["class_raster"] == str(raster)
    (line,) = [line for line in result.output.splitlines() if line.startswith(" 5 ")]
    assert line.split()[-1] == "-"


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32"])
def test_other_types_hold_classes_too(tmp_path, dtype):
    out, same = tmp_path / "o.gpkg", tmp_path / "p.gpkg"
    vectorize(class_map(tmp_path / "c.tif"), "-o", out)
    other = class_map(tmp_path / "d.tif", dtype=dtype)
    assert vectorize(other, "-o", same, "-q").output == ""
    assert layer(out)[0] == layer(same)[0]


def test_a_layer_is_added_to_a_geopackage(tmp_path):
    raster, out = class_map(tmp_path / "c.tif"), tmp_path / "o.gpkg"
    assert vectorize(raster, "-o", out, "--layer", "first").exit_code == 0
    assert vectorize(raster, "-o", out, "--layer", "second", "--append").exit_code == 0
    assert layer(out, "first")[0] == layer(out, "second")[0]
    again = vectorize(raster, "-o", out, "--layer", "second", "--append")
    assert again.exit_code == 1
    assert "has a layer 'second' already" in again.output


def legend_of(path):
    """Class names by id in the style inside a GeoPackage."""
    with sqlite3.connect(path) as database:
        ((qml,),) = database.execute("SELECT styleQML FROM layer_styles").fetchall()
    return {int(c.get("value")): c.get("label") for c in ET.fromstring(qml).iter("category")}


def added_map(path, ids=(5, 33, 34), **options):
    return write_raster(path, np.array(ids, np.uint8).reshape(1, 1, -1), nodata=255, **options)


def test_classes_of_an_adapter_keep_names_and_colours(tmp_path):
    legend = (*CLASSES, new_class(33, "solar pond", "盐池"), new_class(34, "hop garden", "啤酒花"))
    raster, out = tmp_path / "c.tif", tmp_path / "o.gpkg"
    info = RasterInfo("a.tif", 3, 1, ("uint8",), (None,), ("grey",), NORTH_UP, None)
    plane = np.array([[5, 33, 34]], np.uint8)
    with ClassRasterSink(raster, info, legend) as sink:
        sink.write(ClassStrip(0, plane, plane, plane))
    classes, named = read_legend(raster)
    assert classes[: len(legend)] == legend
    assert named == set(range(35))
    result = vectorize(raster, "-o", out)
    assert result.exit_code == 0, result.output
    assert "does not name" not in result.output
    assert "33 solar pond" in result.output
    _, fields = layer(out)
    assert list(fields["class_name"]) == ["arbor forest", "solar pond", "hop garden"]
    assert list(fields["class_name_zh"]) == ["乔木林", "盐池", "啤酒花"]
    assert legend_of(out)[34] == "hop garden"
    (tmp_path / "c.tif.aux.xml").unlink()
    kept = vectorize(raster, "-o", tmp_path / "k.gpkg", "--classes", "盐池,34")
    assert kept.exit_code == 0, kept.output
    assert list(layer(tmp_path / "k.gpkg")[1]["class_id"]) == [33, 34]


def test_category_names_and_colour_table_of_other_programs_count(tmp_path):
    palette = {5: (1, 2, 3, 255), 33: (9, 8, 7, 255)}
    raster, out = added_map(tmp_path / "c.tif", palette=palette), tmp_path / "o.gpkg"
    names = {5: "beech", 33: "vine\nyard", 34: " "}
    (tmp_path / "c.tif.aux.xml").write_bytes(category_names_xml(names))
    classes, named = read_legend(raster)
    assert (classes[5].name, classes[5].name_zh, classes[5].colour) == ("beech", "beech", "#010203")
    assert (classes[33].name, classes[33].colour) == ("vine yard", "#090807")
    assert classes[24] == CLASSES[24]
    assert 34 not in named
    result = vectorize(raster, "-o", out)
    assert "c.tif does not name its class(es) 34: they are called 'class 34'" in result.output
    assert list(layer(out)[1]["class_name"]) == ["beech", "vine yard", "class 34"]
    legend = legend_of(out)
    assert legend[34] == "class 34"
    assert 35 not in legend


@pytest.mark.parametrize(
    "side_file", [b"<PAMData", b'<!DOCTYPE a [<!ENTITY e "e">]><PAMDataset>&e;</PAMDataset>', b""]
)
def test_a_broken_side_file_is_no_hindrance(tmp_path, side_file):
    raster = added_map(tmp_path / "c.tif")
    (tmp_path / "c.tif.aux.xml").write_bytes(side_file)
    classes, named = read_legend(raster)
    assert classes[33].name == "class 33"
    assert named == set(range(33))


@pytest.mark.parametrize("suffix", [".shp", ".geojson", ".fgb"])
def test_formats(tmp_path, suffix):
    out = tmp_path / f"o{suffix}"
    assert vectorize(class_map(tmp_path / "c.tif"), "-o", out).exit_code == 0
    wkb, _ = layer(out)
    assert shapely.is_valid(shapely.from_wkb(np.array(wkb, object))).all()


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.full((1, 9, 9), 300, np.int16), "value 300, which is not a class"),
        (np.full((1, 9, 9), 2.5, np.float32), "value 2.5, which is not a class"),
        (np.full((1, 9, 9), -3, np.int16), "value -3, which is not a class"),
        (np.full((3, 9, 9), 7, np.uint8), "has 3 bands and is no class raster"),
    ],
)
def test_what_is_no_class_raster_is_refused(tmp_path, pixels, sentence):
    raster, out = write_raster(tmp_path / "c.tif", pixels), tmp_path / "o.gpkg"
    result = vectorize(raster, "-o", out)
    assert result.exit_code == 1
    assert sentence in result.output
    assert "gdal_translate" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["c.tif"]


def test_confidence_must_fit(tmp_path):
    raster, out = class_map(tmp_path / "c.tif"), tmp_path / "o.gpkg"
    small = write_raster(tmp_path / "p.tif", np.full((1, 9, 9), 50, np.uint8))
    assert "of the same run" in vectorize(raster, "-o", out, "--confidence", small).output
    wild = write_raster(tmp_path / "q.tif", np.full((1, 60, 80), 200, np.uint8))
    assert "not a percentage" in vectorize(raster, "-o", out, "--confidence", wild).output
    assert (
        "twice or is the input"
        in vectorize(
            raster, "-o", raster.with_suffix(".gpkg"), "--confidence", raster.with_suffix(".gpkg")
        ).output
    )
    assert not out.exists()


def test_a_raster_that_is_cut_off_leaves_nothing(tmp_path):
    raster, out = class_map(tmp_path / "c.tif"), tmp_path / "o.gpkg"
    with open(raster, "r+b") as file:
        file.truncate(raster.stat().st_size - 900)
    result = vectorize(raster, "-o", out)
    assert result.exit_code == 1
    assert "cut off" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["c.tif"]
