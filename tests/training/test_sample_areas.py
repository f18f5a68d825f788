"""Areas from sample points stand for the pixels that the points were drawn from."""

import json
import sqlite3

import numpy as np
import pyogrio
import pytest
import shapely
from cwsam.engine.types import GeoTransform
from tests.data.rasters import LAMBERT, NORTH_UP
from tests.training.test_cli_accuracy import columns_of, label, polygons, raster, run

PIXEL_M2 = 0.25
FINER = GeoTransform(0.25, 0.0, NORTH_UP.c, 0.0, -0.25, NORTH_UP.f)


@pytest.fixture
def labelled(tmp_path, truth, mapped):
    """Points of a map of 0.5 m, labelled."""
    path = tmp_path / "points.gpkg"
    done = run("sample", raster(tmp_path / "map.tif", mapped), "-o", path, "--size", 300, "-q")
    assert done.exit_code == 0, done.output
    label(path, np.where(truth == 255, mapped, truth))
    return path


@pytest.fixture
def finer(tmp_path, mapped):
    """The same map on pixels of a quarter of the area."""
    return raster(tmp_path / "finer.tif", mapped.repeat(2, 0).repeat(2, 1), FINER)


def evaluated(prediction, points, *options):
    """The JSON of an evaluation."""
    path = points.with_suffix(".json")
    done = run("evaluate", prediction, points, "-q", "--json", path, *options)
    assert done.exit_code == 0, done.output
    return json.loads(path.read_text(encoding="utf-8"))


def changed(points, *statements):
    """Edit a GeoPackage of points, as somebody does in QGIS."""
    with sqlite3.connect(points) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            database.execute(statement)


def mapped_areas(found):
    return {c["class_id"]: c["mapped_m2"] for c in found["classes"]}


def true_areas(mapped):
    ids, counts = np.unique(mapped, return_counts=True)
    return pytest.approx(dict(zip(ids.tolist(), (counts * PIXEL_M2).tolist())))


def test_a_point_records_how_large_its_pixel_is(labelled):
    _, columns = columns_of(labelled)
    np.testing.assert_allclose(columns["pixel_m2"], PIXEL_M2)


def test_a_map_of_other_pixels_has_the_same_areas(labelled, finer, mapped):
    found = evaluated(finer, labelled)
    assert mapped_areas(found) == true_areas(mapped)
    assert found["notices"] == []


def test_a_map_of_polygons_has_the_same_areas_at_any_resolution(tmp_path, mapped):
    drawn, points = polygons(tmp_path / "map.gpkg", mapped), tmp_path / "points.gpkg"
    run("sample", drawn, "-o", points, "--size", 300, "-q", "--resolution", 0.5)
    label(points, mapped)
    for options in ((), ("--resolution", 0.5), ("--resolution", 0.25)):
        assert mapped_areas(evaluated(drawn, points, *options)) == true_areas(mapped)


def test_points_of_older_versions_have_areas_on_their_own_pixels_only(
    tmp_path, labelled, finer, mapped
):
    changed(labelled, "ALTER TABLE points DROP COLUMN pixel_m2")
    own = evaluated(tmp_path / "map.tif", labelled, "--csv", tmp_path / "own.csv")
    assert mapped_areas(own) == true_areas(mapped)
    assert own["notices"] == []
    found = evaluated(finer, labelled)
    assert set(mapped_areas(found).values()) == {None}
    assert {c["area_m2"] for c in found["classes"]} == {None}
    assert "drawn on other pixels" in found["notices"][0]
    assert found["figures"]["oa"] == pytest.approx(own["figures"]["oa"])
    assert "Adjusted area (%)" in run("evaluate", finer, labelled).output


def test_points_without_a_crs_record_no_size(tmp_path, mapped):
    plain = raster(tmp_path / "plain.png", mapped, None, crs=None, nodata=None, driver="PNG")
    points = tmp_path / "points.gpkg"
    assert run("sample", plain, "-o", points, "--size", 300, "-q").exit_code == 0
    assert np.isnan(columns_of(points)[1]["pixel_m2"].astype(float)).all()


def test_points_that_were_added_by_hand_are_told_and_left_out(tmp_path, labelled):
    changed(
        labelled,
        "UPDATE points SET map_class = NULL, map_pixels = NULL, pixel_m2 = NULL WHERE point < 8",
    )
    found = evaluated(tmp_path / "map.tif", labelled)
    assert found["total"] == 293
    assert found["notices"] == [
        "7 labelled points do not say from which class they were drawn and are left out: points "
        "that were added by hand are no part of a random sample."
    ]
    changed(labelled, "UPDATE points SET map_class = NULL")
    done = run("evaluate", tmp_path / "map.tif", labelled)
    assert done.exit_code == 1
    assert "says from which class of a map it was drawn" in done.output


@pytest.mark.parametrize("name", ["map_class", "map_pixels", "pixel_m2"])
def test_a_recorded_field_of_text_is_named(tmp_path, labelled, mapped, name):
    xy, columns = columns_of(labelled)
    columns[name] = np.array(["water"] * len(xy), object)
    columns["ref_class"] = columns["ref_class"].astype(np.int32)
    columns["note"] = columns["map_name"]
    other = tmp_path / "other.gpkg"
    pyogrio.raw.write(
        other, shapely.to_wkb(xy), list(columns.values()), list(columns), geometry_type="Point",
        crs=LAMBERT, layer="points",
    )  # fmt: skip
    done = run("evaluate", tmp_path / "map.tif", other)
    assert done.exit_code == 1
    assert f"field '{name}' holds other values than numbers" in done.output


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
def test_labelled_points_are_not_replaced(tmp_path, mapped, suffix):
    prediction, points = raster(tmp_path / "map.tif", mapped), tmp_path / f"points{suffix}"
    draw = ("sample", prediction, "-o", points, "--size", 200, "-q")
    assert run(*draw).exit_code == 0
    assert run(*draw).exit_code == 0, "nothing is lost yet"
    meta, _, geometry, data = pyogrio.raw.read(points)
    columns = dict(zip(meta["fields"].tolist(), data))
    columns["ref_class"] = np.ma.masked_array(np.full(200, 5, np.int32), np.arange(200) != 7)
    del columns["note"]
    points.unlink()
    pyogrio.raw.write(
        points, geometry, [np.ma.getdata(c) for c in columns.values()], list(columns),
        field_mask=[np.ma.getmaskarray(c) if np.ma.isMaskedArray(c) else None
                    for c in columns.values()],
        geometry_type="Point", crs=meta["crs"], layer="points",
    )  # fmt: skip
    before = points.read_bytes()
    done = run(*draw)
    assert done.exit_code == 1
    assert "holds 1 labelled points, which would be lost" in done.output
    assert points.read_bytes() == before
