"""Odd rasters give the right result, broken ones a sentence; none a traceback."""

import numpy as np
import pytest
import rasterio
from cwsam.engine.errors import CwsamError
from cwsam.engine.estimate import estimate, refusals
from cwsam.engine.io.geotransform import to_affine
from cwsam.engine.io.job import JobOptions, Outputs, segment_file
from cwsam.engine.io.raster_source import open_raster
from cwsam.engine.models.card import ModelCard
from cwsam.engine.pipeline import SegmentOptions
from cwsam.engine.tiling.normalize import Stretch
from cwsam.engine.types import GeoTransform
from rasterio.windows import Window
from tests.data.corpus import HOLE, cuts, odd_files, odd_places, odd_types, plane, write_intact
from tests.data.rasters import NORTH_UP, write_raster
from tests.engine.test_pipeline import BrightnessPredictor

CORPUS = [*odd_types(), *odd_places(), *odd_files()]
CARD = ModelCard("for tests", gsd_m=(1e-6, 1e9))


def run(image, raster, top=255.0):
    options = JobOptions(SegmentOptions(overlap=4, stretch=Stretch("range", 0.0, top)))
    segment_file(image, Outputs(classes=raster), BrightnessPredictor(), CARD, options, {})
    with rasterio.open(raster) as data:
        return data.read(1)


def test_the_corpus_is_large():
    assert len(CORPUS) + len(cuts()) >= 200
    assert len({odd.name for odd in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("odd", CORPUS, ids=lambda odd: odd.name)
def test_odd_rasters_give_the_right_map(tmp_path, odd):
    classes = run(odd.write(tmp_path), tmp_path / "c.tif", 255 * odd.scale)
    levels = plane(*odd.size)
    truth = np.array([5, 8, 24])[(levels > 100).astype(int) + (levels > 200)]
    if odd.hole:
        truth[HOLE] = 255
    if odd.name != "gcps":
        np.testing.assert_array_equal(classes, truth)
    else:  # warped: borders may move by a pixel
        assert classes.shape == truth.shape
        assert (classes == truth).mean() > 0.8


@pytest.mark.parametrize(("driver", "share"), cuts())
def test_files_that_are_cut_off_are_refused(tmp_path, driver, share):
    image, raster = write_intact(tmp_path, driver), tmp_path / "c.tif"
    with open(image, "r+b") as file:
        file.truncate(int(share * image.stat().st_size))
    with pytest.raises(CwsamError) as caught:
        run(image, raster)
    assert any(word in str(caught.value) for word in ("copy", "convert", "download"))
    assert [path for path in tmp_path.iterdir() if path != image and path.suffix != ".xml"] == []


def test_complex_numbers_are_refused_with_the_remedy(tmp_path):
    image = write_raster(tmp_path / "a.tif", np.ones((1, 9, 9), np.complex64))
    with pytest.raises(CwsamError, match=r"gdal_calc"):
        run(image, tmp_path / "c.tif")


@pytest.mark.parametrize(
    "grid",
    [
        (0.0, 0.0, 9.0, 0.0, 0.0, 9.0),
        (1.0, 1.0, 0.0, 1.0, 1.0, 0.0),
        (np.nan, 0.0, 0.0, 0.0, -1.0, 0.0),
    ],
)
def test_pixels_without_a_size_are_refused_with_the_remedy(tmp_path, grid):
    image = write_raster(
        tmp_path / "a.tif", np.ones((3, 9, 9), np.uint8), transform=GeoTransform(*grid)
    )
    with pytest.raises(CwsamError, match=r"gdal_edit"):
        run(image, tmp_path / "c.tif")


def test_a_mosaic_with_a_missing_part_is_refused(tmp_path):
    image = next(odd for odd in CORPUS if odd.name == "vrt_mosaic").write(tmp_path)
    (tmp_path / "parts" / "whole.tif").unlink()
    with pytest.raises(CwsamError, match=r"whole\.tif"):
        run(image, tmp_path / "c.tif")


def test_a_very_large_raster_is_estimated_and_refused_where_it_does_not_fit(tmp_path):
    path = tmp_path / "large.tif"
    profile = {
        "driver": "GTiff", "width": 200_000, "height": 200_000, "count": 3, "dtype": "uint8",
        "tiled": True, "blockxsize": 4096, "blockysize": 4096, "sparse_ok": True,
        "bigtiff": "YES", "compress": "deflate", "crs": "EPSG:32631",
        "transform": to_affine(NORTH_UP),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as data:
        data.write(np.full((3, 16, 16), 120, np.uint8), window=Window(100_000, 100_000, 16, 16))
    with open_raster(path) as source:
        assert source.info.gsd_m == 0.5
        predictor = BrightnessPredictor()
        expected = estimate(source, predictor, SegmentOptions(tile=1024, overlap=64))
    assert expected.tiles > 40_000
    assert expected.seconds > 60
    assert expected.memory < 8e9  # one class: the borders are short
    assert refusals(expected, 1 << 20, 1, 1)


def test_nothing_valid_gives_an_empty_map(tmp_path):
    image = write_raster(tmp_path / "a.tif", np.full((3, 9, 9), 7, np.uint8), nodata=7)
    assert (run(image, tmp_path / "c.tif") == 255).all()
