"""Runs as wholes: resumed, in batches, as mosaics, estimated, resampled, repeated."""

import json
import sqlite3

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from cwsam.engine import cli_run
from cwsam.engine.estimate import Estimate
from cwsam.engine.io import vector_sink
from cwsam.engine.predictor import TorchPredictor
from cwsam.engine.types import GeoTransform
from tests.data.rasters import LAMBERT, write_raster
from tests.engine.test_cli import cwsam, photo  # noqa: F401


def read(path):
    with rasterio.open(path) as data:
        return data.read()


def shapes(path, layer=None):
    _, _, wkb, columns = pyogrio.raw.read(path, layer=layer or path.stem)
    return [bytes(b) for b in wkb], columns[0].tolist()


@pytest.fixture
def stops_after(monkeypatch):
    """Make the network press Ctrl-C after some batches."""
    forward = TorchPredictor.predict

    def arm(batches):
        left = [batches]

        def predict(self, images):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return forward(self, images)

        monkeypatch.setattr(TorchPredictor, "predict", predict)
        monkeypatch.setattr(TorchPredictor, "batch_size", lambda self, tile: 2)

    return arm


def test_a_stopped_run_goes_on_to_the_same_bytes(cwsam, tmp_path, stops_after):  # noqa: F811
    image = photo(tmp_path / "a.tif", 300, 200)
    whole, again = tmp_path / "whole", tmp_path / "again"
    files = {f: (f / "c.tif", f / "o.gpkg") for f in (whole, again)}
    for folder in files:
        folder.mkdir()
    stops_after(10**6)
    assert (
        cwsam("segment", image, "--raster", files[whole][0], "-o", files[whole][1]).exit_code == 0
    )
    stops_after(7)
    arguments = ("segment", image, "--raster", files[again][0], "-o", files[again][1])
    result = cwsam(*arguments)
    assert result.exit_code == 130, result.output
    assert "nothing was written" in result.output
    assert not list(again.iterdir())
    stops_after(10**6)
    result = cwsam(*arguments)
    assert result.exit_code == 0, result.output
    assert "Continuing the interrupted run after row" in result.output
    assert files[whole][0].read_bytes() == files[again][0].read_bytes()
    assert shapes(files[whole][1]) == shapes(files[again][1])
    assert "interrupted" not in cwsam(*arguments).output  # the journal is gone


def test_fresh_and_changed_inputs_start_over(cwsam, tmp_path, stops_after):  # noqa: F811
    image, raster = photo(tmp_path / "a.tif", 300, 200), tmp_path / "c.tif"
    stops_after(7)
    cwsam("segment", image, "--raster", raster)
    stops_after(10**6)
    assert "Continuing" not in cwsam("segment", image, "--raster", raster, "--fresh").output
    stops_after(7)
    cwsam("segment", image, "--raster", raster)
    photo(image, 300, 200, nodata=7)
    stops_after(10**6)
    result = cwsam("segment", image, "--raster", raster)
    assert result.exit_code == 0
    assert "changed since" in result.output


def test_folder_of_images_with_a_table(cwsam, tmp_path):  # noqa: F811
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.tif", "b.TIF", "a_classes.tif"):
        photo(folder / name)
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.tif").write_bytes(b"II*\0nonsense")
    result = cwsam("segment", folder, "-o", out)
    assert result.exit_code == 1
    assert sorted(p.name for p in out.glob("*.gpkg")) == ["a.gpkg", "b.gpkg"]
    lines = [line.split() for line in result.output.splitlines()]
    table = {
        line[0]: line for line in lines if line and line[0] in ("a.tif", "b.TIF", "broken.tif")
    }
    assert table["a.tif"][1] == "11,700"
    assert table["a.tif"][-1] == "ok"
    assert "error:" in table["broken.tif"]
    (tmp_path / "empty").mkdir()
    assert "holds no raster" in cwsam("segment", tmp_path / "empty", "-o", out).output


def test_interrupt_tells_what_is_complete(cwsam, tmp_path, stops_after):  # noqa: F811
    images, out = [photo(tmp_path / f"{n}.tif") for n in "ab"], tmp_path / "out"
    stops_after(5)  # a has four batches
    result = cwsam("segment", *images, "-o", out)
    assert result.exit_code == 130
    assert "1 earlier image(s) are complete" in result.output
    assert [p.name for p in out.iterdir()] == ["a.gpkg"]


def test_mosaic_equals_the_whole_image(cwsam, tmp_path):  # noqa: F811
    whole = photo(tmp_path / "whole.tif", 120, 200)
    pixels, grid = read(whole), GeoTransform(0.5, 0, 150000, 0, -0.5, 170000)
    parts = []
    for name, row, col, height, width in (
        ("nw", 0, 0, 70, 110), ("ne", 0, 100, 70, 100), ("s", 60, 0, 60, 200),
    ):  # fmt: skip
        x, y = grid.apply(col, row)
        place = GeoTransform(0.5, 0, x, 0, -0.5, y)
        part = pixels[:, row : row + height, col : col + width]
        parts.append(write_raster(tmp_path / f"{name}.tif", part, transform=place))
    cwsam("segment", whole, "--raster", tmp_path / "1.tif", "-o", tmp_path / "1.gpkg")
    result = cwsam(
        "segment", *parts, "--mosaic", "--raster", tmp_path / "2.tif", "-o", tmp_path / "2.gpkg"
    )
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(read(tmp_path / "1.tif"), read(tmp_path / "2.tif"))
    assert shapes(tmp_path / "1.gpkg") == shapes(tmp_path / "2.gpkg")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"transform": GeoTransform(0.5, 0, 150000.2, 0, -0.5, 170000)}, "off the grid"),
        ({"transform": GeoTransform(0.6, 0, 150000, 0, -0.6, 170000)}, "pixel size"),
        ({"crs": "EPSG:32631"}, "different CRS"),
        ({"transform": None, "crs": None}, "no georeference"),
    ],
)
def test_mosaics_that_do_not_fit_name_the_remedy(cwsam, tmp_path, change, sentence):  # noqa: F811
    images = [photo(tmp_path / "a.tif"), photo(tmp_path / "b.tif", **change)]
    result = cwsam("segment", *images, "--mosaic", "-o", tmp_path / "o.gpkg")
    assert result.exit_code == 1
    assert sentence in result.output
    remedy = (
        "gdal_translate -a_srs"
        if sentence == "no georeference"
        else (f"gdalwarp -t_srs {LAMBERT} -tr 0.5 0.5 -tap")
    )
    assert remedy in result.output


def test_dry_run_tells_and_writes_nothing(cwsam, tmp_path):  # noqa: F811
    image = photo(tmp_path / "a.tif")
    result = cwsam("segment", image, "-o", tmp_path / "o.gpkg", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "6 tiles" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_what_cannot_fit_is_refused(cwsam, tmp_path, monkeypatch):  # noqa: F811
    image, huge = photo(tmp_path / "a.tif"), Estimate(6, 1.0, 1 << 60, 1 << 60, 1 << 60)
    monkeypatch.setattr(cli_run, "estimate", lambda *rest: huge)
    for more in (["--dry-run"], []):
        monkeypatch.setattr(cli_run, "PROBED_PIXELS", 0)
        result = cwsam("segment", image, "-o", tmp_path / "o.gpkg", *more)
        assert result.exit_code == 1
        assert all(word in result.output for word in ("--tile", "another folder", "CWSAM_CACHE"))
        assert not (tmp_path / "o.gpkg").exists()


@pytest.mark.parametrize("more", [["--dry-run"], []])
def test_too_many_polygons_for_a_shapefile_are_refused_before_the_run(
    cwsam,  # noqa: F811
    tmp_path,
    monkeypatch,
    more,
):
    image = photo(tmp_path / "a.tif")
    monkeypatch.setattr(cli_run, "PROBED_PIXELS", 0)
    assert cwsam("segment", image, "-o", tmp_path / "o.shp", "--dry-run").exit_code == 0
    monkeypatch.setattr(vector_sink, "SHAPEFILE_LIMIT", 1000)
    result = cwsam("segment", image, "-o", tmp_path / "o.shp", *more)
    assert result.exit_code == 1
    assert "a Shapefile holds 2 GB: choose .gpkg (GeoPackage)" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert cwsam("segment", image, "-o", tmp_path / "o.gpkg", *more).exit_code == 0


@pytest.mark.parametrize(("gsd", "size"), [(1.0, (45, 65)), (0.25, (180, 260))])
def test_gsd_resamples_and_places_the_result(cwsam, tmp_path, gsd, size):  # noqa: F811
    image, raster, gpkg = photo(tmp_path / "a.tif"), tmp_path / "c.tif", tmp_path / "o.gpkg"
    result = cwsam("segment", image, "--raster", raster, "-o", gpkg, "--gsd", gsd)
    assert result.exit_code == 0, result.output
    with rasterio.open(raster) as classes, rasterio.open(image) as source:
        assert classes.shape == size
        assert classes.bounds == source.bounds
        assert classes.res == (gsd, gsd)
    bounds = shapely.total_bounds(shapely.from_wkb(shapes(gpkg)[0]))
    assert bounds.tolist() == [150000, 169955, 150065, 170000]


def test_gsd_needs_a_scale(cwsam, tmp_path):  # noqa: F811
    image = photo(tmp_path / "a.png", crs=None, transform=None, driver="PNG")
    result = cwsam("segment", image, "-o", tmp_path / "o.gpkg", "--gsd", "1")
    assert result.exit_code == 1
    assert "no scale on the ground" in result.output


def test_stretch_is_taken_and_told(cwsam, tmp_path):  # noqa: F811
    image = write_raster(
        tmp_path / "a.tif", (read(photo(tmp_path / "b.tif")) * 16).astype("uint16")
    )
    for text, told in (
        ("0:4080", "[0, 4080]"),
        ("1,99", "percentiles 1 and 99"),
        ("none", "65535"),
    ):
        result = cwsam("segment", image, "--raster", tmp_path / "c.tif", "--stretch", text)
        assert f"{told}" in result.output, result.output
    result = cwsam("segment", image, "--raster", tmp_path / "c.tif", "--stretch", "9")
    assert "The stretch must be" in result.output


def test_record_repeats_the_run(cwsam, tmp_path, tiny_model):  # noqa: F811
    image, raster, record = photo(tmp_path / "a.tif"), tmp_path / "c.tif", tmp_path / "run.json"
    gpkg = tmp_path / "o.gpkg"
    more = ("--tile", "32", "--min-area", "9px", "--record", record)
    assert cwsam("segment", image, "--raster", raster, "-o", gpkg, *more).exit_code == 0
    told = json.loads(record.read_text())
    assert told["model_sha256"]
    assert told["runs"][0]["crs"] == LAMBERT
    assert told["runs"][0]["extent"] == "150000, 169955, 150065, 170000"
    first, polygons = raster.read_bytes(), shapes(gpkg)
    raster.unlink()
    result = cwsam("segment", "--from-record", record, model=None)
    assert result.exit_code == 0, result.output
    assert raster.read_bytes() == first
    result = cwsam("segment", "--from-record", gpkg, "-o", tmp_path / "p.gpkg", model=None)
    assert result.exit_code == 0, result.output
    assert shapes(tmp_path / "p.gpkg") == polygons
    told["model_sha256"] = "0" * 64
    record.write_text(json.dumps(told))
    assert "other weights" in cwsam("segment", "--from-record", record, model=None).output
    record.write_text("{}")
    assert "no run record" in cwsam("segment", "--from-record", record).output
    damaged = tmp_path / "damaged.gpkg"
    damaged.write_text("no database")
    assert "no run record" in cwsam("segment", "--from-record", damaged).output
    with sqlite3.connect(gpkg) as database:
        ((text,),) = database.execute("SELECT metadata FROM gpkg_metadata").fetchall()
    assert json.loads(text)["extent"] == "150000, 169955, 150065, 170000"


def test_geojson_without_crs_is_noticed(cwsam, tmp_path):  # noqa: F811
    image = photo(tmp_path / "a.tif", crs=None)
    result = cwsam("segment", image, "-o", tmp_path / "o.geojson")
    assert result.exit_code == 0
    assert "should hold longitude and latitude" in result.output


def test_append_adds_a_layer(cwsam, tmp_path):  # noqa: F811
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "o.gpkg"
    assert cwsam("segment", image, "-o", gpkg, "--layer", "first").exit_code == 0
    polygons = shapes(gpkg, "first")
    result = cwsam("segment", image, "-o", gpkg, "--layer", "second", "--append")
    assert result.exit_code == 0, result.output
    assert shapes(gpkg, "first") == shapes(gpkg, "second") == polygons
    taken = cwsam("segment", image, "-o", gpkg, "--layer", "second", "--append")
    assert "has a layer 'second' already" in taken.output
    both = cwsam("segment", image, image, "-o", tmp_path / "out", "--layer", "x")
    assert "leave it out" in both.output
    shp = cwsam("segment", image, "-o", tmp_path / "o.shp", "--append")
    assert "choose a .gpkg file" in shp.output
