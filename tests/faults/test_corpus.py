"""Odd rasters give the right result, broken ones a sentence; none a traceback."""

import numpy as np
import pytest
import rasterio
from cwsam.engine.errors import CwsamError
from cwsam.engine.io.job import JobOptions, Outputs, segment_file
from cwsam.engine.models.card import ModelCard
from cwsam.engine.pipeline import SegmentOptions
from cwsam.engine.tiling.normalize import Stretch
from tests.data.corpus import HOLE, cuts, odd_places, odd_types, plane, write_intact
from tests.data.rasters import write_raster
from tests.engine.test_pipeline import BrightnessPredictor

CORPUS = [*odd_types(), *odd_places()]
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


def test_nothing_valid_gives_an_empty_map(tmp_path):
    image = write_raster(tmp_path / "a.tif", np.full((3, 9, 9), 7, np.uint8), nodata=7)
    assert (run(image, tmp_path / "c.tif") == 255).all()
