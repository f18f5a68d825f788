"""``cwsam evaluate`` and ``cwsam sample``, run as users run them, on real files."""

import csv
import json
import sqlite3

import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.features
import shapely
from click.testing import CliRunner
from cwsam.engine import pixel_grid
from cwsam.engine.io.geotransform import to_affine
from cwsam.engine.types import GeoTransform
from cwsam.training.cli import main
from cwsam.training.metrics import confusion_matrix, scores
from cwsam.training.sample_points import FIELDS
from rasterio.warp import Resampling, calculate_default_transform, reproject
from tests.data.class_maps import IDS
from tests.data.rasters import LAMBERT, NORTH_UP, ROTATED, SOUTH_UP, write_raster


def run(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def result(tmp_path):
    """Runs ``evaluate`` and returns its JSON."""

    def call(*arguments):
        path = tmp_path / "found.json"
        done = run("evaluate", *arguments, "-q", "--json", path)
        assert done.exit_code == 0, done.output
        return json.loads(path.read_text(encoding="utf-8"))

    return call


def raster(path, classes, transform=NORTH_UP, nodata=255, **options):
    return write_raster(path, classes[None], transform=transform, nodata=nodata, **options)


def polygons(path, classes, transform=NORTH_UP, crs=LAMBERT, names=None):
    """Polygons that follow the pixels of a class map; in another CRS when asked."""
    found = rasterio.features.shapes(classes, classes != 255, transform=to_affine(transform))
    shapes, values = zip(*((shapely.geometry.shape(s), int(v)) for s, v in found))
    geometries = np.array(shapes, object)
    if crs != LAMBERT:
        geometries = shapely.transform(
            geometries,
            lambda xy: np.column_stack(rasterio.warp.transform(LAMBERT, crs, *xy.T.tolist())),
        )
    values = np.array([names[v] for v in values], object) if names else np.array(values, np.int32)
    pyogrio.raw.write(
        path, shapely.to_wkb(geometries), [values], ["kind" if names else "class_id"],
        geometry_type="Polygon", crs=crs, layer="labels",
    )  # fmt: skip
    return path


def expected(truth, mapped):
    return scores(confusion_matrix(truth, mapped, 255))


@pytest.mark.parametrize("transform", [NORTH_UP, SOUTH_UP, ROTATED], ids=["north", "south", "rot"])
@pytest.mark.parametrize("kind", ["raster", "polygons"])
def test_a_reference_on_the_same_pixels(tmp_path, truth, mapped, result, transform, kind):
    prediction = raster(tmp_path / "map.tif", mapped, transform)
    reference = (
        raster(tmp_path / "truth.tif", truth, transform)
        if kind == "raster"
        else polygons(tmp_path / "truth.gpkg", truth, transform)
    )
    found = result(prediction, reference)
    wanted = expected(truth, mapped)
    assert found["total"] == (truth != 255).sum()
    for name in ("oa", "miou", "fwiou", "kappa"):
        assert found["figures"][name] == pytest.approx(wanted[name])
    for entry in found["classes"]:
        assert entry["precision"] == pytest.approx(wanted["precision"][entry["class_id"]])
    sides = np.hypot(transform.a, transform.d) * np.hypot(transform.b, transform.e)
    assert found["classes"][0]["map_m2"] == pytest.approx(
        found["classes"][0]["map_pixels"] * sides, rel=1e-6
    )


def test_strips_change_nothing(tmp_path, truth, mapped, result, monkeypatch):
    prediction = raster(tmp_path / "map.tif", mapped, ROTATED)
    reference = polygons(tmp_path / "truth.gpkg", truth, ROTATED)
    whole = result(prediction, reference)
    monkeypatch.setattr(pixel_grid, "STRIP_PIXELS", 1)
    assert result(prediction, reference) == whole


def test_a_reference_raster_in_another_crs_and_size(tmp_path, truth, mapped, result):
    prediction = raster(tmp_path / "map.tif", mapped, nodata=None)
    crs = "EPSG:4326"
    height, width = truth.shape
    left, top = NORTH_UP.c, NORTH_UP.f
    bounds = (left, top - height * 0.5, left + width * 0.5, top)
    affine, columns, rows = calculate_default_transform(
        LAMBERT, crs, width, height, *bounds, resolution=0.08 / 111_000
    )
    warped = np.full((rows, columns), 255, np.uint8)
    reproject(
        truth, warped, src_transform=to_affine(NORTH_UP), src_crs=LAMBERT, dst_transform=affine,
        dst_crs=crs, src_nodata=255, dst_nodata=255, resampling=Resampling.nearest,
    )  # fmt: skip
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "uint8"}
    path = tmp_path / "truth.tif"
    with rasterio.open(path, "w", crs=crs, transform=affine, nodata=255, **profile) as file:
        file.write(warped, 1)
    found = result(prediction, path)
    # Every pixel of the map is counted once however fine the reference is.
    assert found["total"] == pytest.approx((truth != 255).sum(), rel=0.01)
    assert found["figures"]["oa"] == pytest.approx(expected(truth, mapped)["oa"], abs=0.02)


def test_what_lies_beside_a_reference_without_nodata_is_unknown(tmp_path, mapped, result):
    prediction = raster(tmp_path / "map.tif", np.where(mapped == 5, 0, mapped).astype(np.uint8))
    part = np.full((20, 30), 0, np.uint8)
    reference = raster(tmp_path / "part.tif", part, nodata=None)
    assert result(prediction, reference)["total"] == part.size


def test_polygons_in_another_crs_with_foreign_names(tmp_path, truth, mapped, result):
    names = {5: "Bos", 8: "Gras", 24: "Water"}
    prediction = raster(tmp_path / "map.tif", mapped)
    reference = polygons(tmp_path / "t.geojson", truth, crs="EPSG:4326", names=names)
    table = ("--field", "kind", "--map", "bos=5", "--map", "gras=grassland")
    found = result(prediction, reference, *table)
    assert found["figures"]["oa"] == pytest.approx(expected(truth, mapped)["oa"], abs=0.01)
    skipped = result(prediction, reference, *table, "--map", "water=skip")
    assert {c["class_id"] for c in skipped["classes"] if c["reference_pixels"]} == {5, 8}


def test_a_vector_map_takes_the_pixels_of_a_raster_reference(tmp_path, truth, mapped, result):
    prediction = polygons(tmp_path / "map.gpkg", mapped)
    reference = raster(tmp_path / "truth.tif", truth)
    assert result(prediction, reference)["figures"]["oa"] == expected(truth, mapped)["oa"]


@pytest.mark.parametrize("crs", [LAMBERT, "EPSG:4326"])
def test_what_lies_beside_a_vector_map_is_not_missed(tmp_path, truth, mapped, result, crs):
    """The polygons of a part are judged like the class raster of that part."""
    part = mapped[10:40, 20:60].copy()
    part[0, 0] = part[-1, -1] = 8  # its extent is that of the part
    place = GeoTransform(NORTH_UP.a, 0, NORTH_UP.c + 20 * NORTH_UP.a, 0, NORTH_UP.e,
                         NORTH_UP.f + 10 * NORTH_UP.e)  # fmt: skip
    reference = raster(tmp_path / "truth.tif", truth)
    by_raster = result(raster(tmp_path / "map.tif", part, place), reference)
    by_polygons = result(polygons(tmp_path / "map.gpkg", part, place, crs), reference)
    assert by_raster["total"] == (truth[10:40, 20:60] != 255).sum()
    if crs == LAMBERT:
        assert by_polygons["total"] == by_raster["total"]
        assert by_polygons["figures"] == by_raster["figures"]
    else:  # the rectangle in degrees is a little larger
        assert by_polygons["total"] == pytest.approx(by_raster["total"], rel=0.1)


def test_two_vector_layers_are_drawn_at_a_resolution(tmp_path, truth, mapped, result):
    prediction = polygons(tmp_path / "map.gpkg", mapped)
    reference = polygons(tmp_path / "truth.shp", truth)
    found = result(prediction, reference, "--resolution", 0.5)
    assert found["total"] == (truth != 255).sum()
    assert found["figures"]["oa"] == expected(truth, mapped)["oa"]
    by_default = result(prediction, reference)
    assert "in pixels of" in by_default["notices"][0]
    assert by_default["figures"]["oa"] == pytest.approx(found["figures"]["oa"], abs=1e-3)


def test_pictures_without_georeference_are_laid_on_each_other(tmp_path, truth, mapped, result):
    prediction = raster(tmp_path / "map.png", mapped, None, crs=None, nodata=None, driver="PNG")
    reference = raster(tmp_path / "truth.png", truth, None, crs=None, nodata=None, driver="PNG")
    found = result(prediction, reference)
    assert found["figures"]["oa"] == expected(truth, mapped)["oa"]
    assert found["classes"][0]["map_m2"] is None
    smaller = raster(tmp_path / "s.png", truth[:9], None, crs=None, nodata=None, driver="PNG")
    done = run("evaluate", prediction, smaller)
    assert done.exit_code == 1
    assert "no georeference" in done.output


def test_all_outputs_and_the_terminal(tmp_path, truth, mapped):
    prediction, reference = raster(tmp_path / "map.tif", mapped), tmp_path / "truth.tif"
    raster(reference, truth)
    done = run(
        "evaluate", prediction, reference, "--merge", "8=arbor forest", "--language", "zh",
        "--csv", tmp_path / "f.csv", "--json", tmp_path / "f.json", "--html", tmp_path / "f.html",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "总体精度" in done.output
    with open(tmp_path / "f.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class_name"] for row in rows] == ["乔木林", "水域"]
    assert (tmp_path / "f_matrix.csv").is_file()
    assert "草地 计入 乔木林" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.fixture
def points(tmp_path, mapped):
    prediction = raster(tmp_path / "map.tif", mapped)
    path = tmp_path / "points.gpkg"
    done = run("sample", prediction, "-o", path, "--size", 300, "--seed", 4, "-q")
    assert done.exit_code == 0, done.output
    return path


def columns_of(path):
    meta, _, geometry, data = pyogrio.raw.read(path, layer="points")
    return shapely.from_wkb(geometry), dict(zip(meta["fields"].tolist(), data))


def test_the_sample_is_ready_to_be_labelled(points, mapped):
    xy, columns = columns_of(points)
    assert tuple(columns) == FIELDS
    assert len(xy) == 300
    assert np.isnan(columns["ref_class"].astype(float)).all()
    cols = np.floor((shapely.get_x(xy) - NORTH_UP.c) / 0.5).astype(int)
    rows = np.floor((NORTH_UP.f - shapely.get_y(xy)) / 0.5).astype(int)
    np.testing.assert_array_equal(mapped[rows, cols], columns["map_class"])
    sizes = dict(zip(columns["map_class"].tolist(), columns["map_pixels"].tolist()))
    assert sizes == {c: int((mapped == c).sum()) for c in IDS}
    with sqlite3.connect(points) as database:
        (qml,) = database.execute("SELECT styleQML FROM layer_styles").fetchone()
    assert "ValueMap" in qml


def label(points, truth, without=0):
    """Fill in the reference class, as somebody does by looking."""
    xy, columns = columns_of(points)
    cols = np.floor((shapely.get_x(xy) - NORTH_UP.c) / 0.5).astype(int)
    rows = np.floor((NORTH_UP.f - shapely.get_y(xy)) / 0.5).astype(int)
    with sqlite3.connect(points) as database:
        for trigger in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'points'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger[0]}"')
        for number, value in zip(columns["point"][without:], truth[rows, cols][without:]):
            database.execute(
                "UPDATE points SET ref_class = ? WHERE point = ?", (int(value), int(number))
            )


def test_labelled_points_estimate_accuracy_and_areas(tmp_path, points, truth, mapped, result):
    whole = np.where(truth == 255, mapped, truth)
    label(points, whole)
    found = result(tmp_path / "map.tif", points, "--html", tmp_path / "r.html")
    assert found["counted"] == "points"
    assert found["total"] == 300
    overall, margin = found["figures"]["oa"], found["figures"]["oa_margin95"]
    assert abs(overall - (whole == mapped).mean()) < 1.5 * margin
    assert 0.01 < margin < 0.06
    areas = {c["class_id"]: c for c in found["classes"]}
    for c in IDS:
        true = (whole == c).sum() * 0.25
        assert abs(areas[c]["area_m2"] - true) < 1.7 * areas[c]["area_m2_margin95"]
        assert areas[c]["mapped_m2"] == pytest.approx((mapped == c).sum() * 0.25)
    assert "±" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_points_of_another_maps_sample_keep_their_strata(tmp_path, points, truth, mapped, result):
    whole = np.where(truth == 255, mapped, truth)
    label(points, whole, without=20)
    other = raster(tmp_path / "other.tif", np.roll(mapped, 2, axis=1))
    found = result(other, points)
    assert "20 of 300" in found["notices"][0]
    assert found["figures"]["oa"] == pytest.approx(
        (np.roll(mapped, 2, axis=1) == whole).mean(), abs=0.09
    )


def test_sample_size_from_a_standard_error(tmp_path, mapped):
    prediction = polygons(tmp_path / "map.gpkg", mapped)
    done = run(
        "sample", prediction, "-o", tmp_path / "p.geojson", "--standard-error", 0.05,
        "--expect", "water=0.9", "--allocation", "proportional", "--resolution", 0.5,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    count = pyogrio.read_info(tmp_path / "p.geojson")["features"]
    # All at 0.8 would need 0.16 / 0.05² = 64; water, a third, is expected to be better.
    assert 50 < count < 62
    assert (tmp_path / "p.qml").is_file()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["evaluate", "map.tif", "nowhere.tif"], "does not exist"),
        (["evaluate", "image.tif", "map.tif"], "has 3 bands"),
        (["evaluate", "map.tif", "image.tif"], "has 3 bands"),
        (["evaluate", "map.tif", "t.gpkg", "--field", "kind"], "its fields are: class_id"),
        (["evaluate", "map.tif", "t.gpkg", "--layer", "roads"], "no layer 'roads'"),
        (["evaluate", "map.tif", "far.tif"], "cover the same ground"),
        (["evaluate", "map.tif", "t.gpkg", "--merge", "8"], "no pair"),
        (["evaluate", "map.tif", "t.gpkg", "--map", "5=wood"], "sparse woodland"),
        (["evaluate", "map.tif", "t.gpkg", "--html", "no/where.html"], "does not exist"),
        (["evaluate", "map.tif", "t.gpkg", "--csv", "t.gpkg"], "twice or is the input"),
        (["evaluate", "map.tif", "t.gpkg", "--html", "./map.tif"], "twice or is the input"),
        (["evaluate", "map.tif", "t.gpkg", "--json", "a", "--html", "a"], "asked for twice"),
        (["evaluate", "map.tif", "t.gpkg", "--csv", "a.csv", "--json", "a_matrix.csv"], "twice"),
        (["evaluate", "map.tif", "t.gpkg", "--csv", "b.csv"], "b_matrix.csv is a folder"),
        (["evaluate", "map.tif", "t.gpkg", "--merge", "8=5", "--merge", "8=24"], "given twice"),
        (["evaluate", "complex.tif", "t.gpkg"], "holds complex numbers"),
        (["evaluate", "map.tif", "complex.tif"], "holds complex numbers"),
        (["evaluate", "map.tif", "t.gpkg", "--json", "x" * 300], "cannot be used (File name too"),
        (["evaluate", "map.tif", "lines.geojson"], "holds lines"),
        (["evaluate", "map.tif", "odd.geojson"], "with --map 'Bos=CLASS', or leave it out"),
        (["evaluate", "odd.geojson", "map.tif"], "with --map-prediction 'Bos=CLASS'"),
        (["evaluate", "map.tif", "odd.geojson", "--json", "odd.geojson"], "is the input"),
        (["sample", "t.gpkg", "-o", "t.gpkg", "--size", "500"], "is the input"),
        (
            [
                "sample",
                "map.tif",
                "-o",
                "p.gpkg",
                "--standard-error",
                "0.02",
                "--expect",
                "bos=0.9",
            ],
            "no class called 'bos'; `cwsam models` lists",
        ),
        (["sample", "map.tif", "-o", "map.tif", "--size", "500"], "twice or is the input"),
        (["evaluate", "bare.geojson", "map.tif"], "has no polygons"),
        (["sample", "map.tif", "-o", "p.gpkg", "--size", "5"], "at least 150"),
        (["sample", "map.tif", "-o", "p.png", "--size", "500"], "no known file extension"),
        (["sample", "empty.tif", "-o", "p.gpkg", "--size", "500"], "has no classes"),
        (["sample", "t.gpkg", "-o", "p.gpkg", "--size", "500", "--resolution", "1e-9"], "too many"),
    ],
)
def test_mistakes_are_sentences(tmp_path, truth, mapped, monkeypatch, command, words):
    monkeypatch.chdir(tmp_path)
    raster(tmp_path / "map.tif", mapped)
    raster(tmp_path / "far.tif", truth, crs="EPSG:32631")
    raster(tmp_path / "empty.tif", np.full((20, 20), 255, np.uint8))
    write_raster(tmp_path / "image.tif", np.stack([mapped] * 3))
    polygons(tmp_path / "t.gpkg", truth)
    (tmp_path / "b_matrix.csv").mkdir()
    raster(tmp_path / "complex.tif", mapped.astype(np.complex64), nodata=None)
    lines = np.array([shapely.to_wkb(shapely.LineString([(4, 50), (4.1, 50)]))], object)
    pyogrio.raw.write(
        tmp_path / "lines.geojson", lines, [np.array([5])], ["class_id"],
        geometry_type="LineString", crs="EPSG:4326",
    )  # fmt: skip
    pyogrio.raw.write(
        tmp_path / "bare.geojson", lines[:0], [np.array([], int)], ["class_id"],
        geometry_type="Polygon", crs="EPSG:4326",
    )  # fmt: skip
    polygons(
        tmp_path / "odd.geojson", truth, crs="EPSG:4326", names=dict.fromkeys(IDS, "Bos")
    ).write_text((tmp_path / "odd.geojson").read_text().replace('"kind"', '"class"'))
    before = sorted(p.name for p in tmp_path.iterdir())
    done = run(*command)
    assert done.exit_code == 1
    assert words in done.output
    assert "Traceback" not in done.output
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_one_of_size_and_error_is_needed(tmp_path, mapped):
    raster(tmp_path / "map.tif", mapped)
    both = ("--standard-error", "0.02", "--expect", "5=90")
    done = run("sample", tmp_path / "map.tif", "-o", tmp_path / "p.gpkg", *both)
    assert "90 is no share from 0 to 1" in done.output
    assert run("sample", tmp_path / "map.tif", "-o", tmp_path / "p.gpkg").exit_code == 2


def test_geometries_of_all_dimensions_are_read():
    from cwsam.engine.io.wkb_reader import point_coordinates, polygon_rings

    ring = [(0, 0, 7), (4, 0, 7), (4, 4, 7), (0, 0, 7)]
    solid = shapely.Polygon(ring)
    for flavor in ("iso", "extended"):
        for order in (0, 1):
            data = shapely.to_wkb(
                shapely.MultiPolygon([solid, solid]), byte_order=order, flavor=flavor,
                output_dimension=3,
            )  # fmt: skip
            parts = polygon_rings(data)
            assert len(parts) == 2
            np.testing.assert_array_equal(parts[1][0], np.array(ring)[:, :2])
    mixed = [shapely.to_wkb(g) for g in (shapely.Point(1, 2), shapely.MultiPoint([(3, 4)]))]
    mixed += [shapely.to_wkb(shapely.Point()), None, shapely.to_wkb(solid)]
    np.testing.assert_array_equal(
        point_coordinates(mixed), [[1, 2], [3, 4], *[[np.nan, np.nan]] * 3]
    )
    assert polygon_rings(None) == polygon_rings(mixed[0]) == []
