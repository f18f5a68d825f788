"""Class rasters into polygons from the command line."""

import json
import sqlite3

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
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


@pytest.mark.parametrize("suffix", [".shp", ".geojson", ".fgb"])
def test_formats(tmp_path, suffix):
    out = tmp_path / f"o{suffix}"
    assert vectorize(class_map(tmp_path / "c.tif"), "-o", out).exit_code == 0
    wkb, _ = layer(out)
    assert shapely.is_valid(shapely.from_wkb(np.array(wkb, object))).all()


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.full((1, 9, 9), 77, np.uint8), "value 77, which is not a class"),
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
