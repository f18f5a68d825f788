"""The pipeline on rasters whose right answer is known."""

import numpy as np
import pytest
import torch
from cwsam.engine.array_source import ArraySource
from cwsam.engine.errors import Cancelled, ConfigError
from cwsam.engine.pipeline import SegmentOptions, segment
from cwsam.engine.ports import Progress
from cwsam.engine.types import Crs, GeoTransform
from cwsam.engine.vector.assemble import VectorOptions

LAMBERT = Crs("", "EPSG:31370", "projected")
GRID = GeoTransform(0.5, 0.0, 1000.0, 0.0, -0.5, 2000.0)


class BrightnessPredictor:
    """Tells class 5, 8 or 24 by the first channel alone; exact at full resolution."""

    patch, cell, tile = 4, 1, 16
    class_ids = (5, 8, 24)
    pixel_statistics = ((0.0,) * 3, (1.0,) * 3)

    def __init__(self):
        self.batches = []

    def batch_size(self, tile):
        return 3

    def predict(self, images):
        assert images.dtype == np.float32
        assert np.isfinite(images).all()
        self.batches.append(len(images))
        first = torch.from_numpy(images[:, 0])
        index = (first > 0.3).long() + (first > 0.6).long()
        return torch.nn.functional.one_hot(index, 3).movedim(-1, 1).float() * 0.7 + 0.1


class Collector:
    def __init__(self):
        self.items = []

    def write(self, item):
        self.items.append(item)


def scene(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.choice([20, 120, 220], size=(-(-height // 5), -(-width // 7)))
    plane = np.kron(coarse, np.ones((5, 7)))[:height, :width]
    return np.stack([plane] * 3).astype(np.uint8)


def expected_classes(pixels):
    return np.array([5, 8, 24])[(pixels[0] > 100).astype(int) + (pixels[0] > 200)]


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (16, 16), (37, 61)])
@pytest.mark.parametrize("overlap", [0, 6])
def test_class_map_equals_the_truth_for_any_size(size, overlap):
    pixels = scene(*size)
    classes = Collector()
    features = Collector()
    summary = segment(
        ArraySource(pixels, None, GRID, LAMBERT),
        BrightnessPredictor(),
        SegmentOptions(overlap=overlap),
        features,
        [classes],
    )
    joined = np.concatenate([strip.classes for strip in classes.items])
    np.testing.assert_array_equal(joined, expected_classes(pixels))
    assert sum(total.pixels for total in summary.areas.values()) == pixels[0].size
    area = sum(total.area_m2 for total in summary.areas.values())
    assert area == pytest.approx(pixels[0].size * 0.25)
    assert sum(len(batch) for batch in features.items) == sum(
        total.polygons for total in summary.areas.values()
    )


def test_nodata_is_neither_classified_nor_given_to_the_network():
    pixels, valid = scene(40, 64), np.ones((40, 64), bool)
    valid[:, :33] = False
    predictor, classes, features = BrightnessPredictor(), Collector(), Collector()
    summary = segment(
        ArraySource(pixels, valid), predictor, SegmentOptions(overlap=0), features, [classes]
    )
    joined = np.concatenate([strip.classes for strip in classes.items])
    assert (joined[:, :33] == 255).all()
    np.testing.assert_array_equal(joined[:, 33:], expected_classes(pixels)[:, 33:])
    assert summary.tiles == 6  # of 12: the left half holds no data
    assert sum(batch.pixels.sum() for batch in features.items) == valid.sum()


def test_classes_that_are_not_kept_become_nodata():
    pixels, classes = scene(30, 30), Collector()
    summary = segment(
        ArraySource(pixels),
        BrightnessPredictor(),
        SegmentOptions(keep_classes=(8,)),
        rasters=[classes],
    )
    joined = np.concatenate([strip.classes for strip in classes.items])
    np.testing.assert_array_equal(joined == 8, expected_classes(pixels) == 8)
    assert set(summary.areas) == {8}


def test_sieve_and_simplification_keep_the_whole_area():
    pixels, features = scene(60, 80), Collector()
    options = SegmentOptions(vector=VectorOptions(min_area_px=50, tolerance_px=1.5))
    summary = segment(
        ArraySource(pixels, None, GRID, LAMBERT), BrightnessPredictor(), options, features
    )
    assert min(int(batch.pixels.min()) for batch in features.items) >= 50
    area = sum(total.area_m2 for total in summary.areas.values())
    assert area == pytest.approx(60 * 80 * 0.25)


def test_small_patches_are_merged_before_classes_are_kept():
    """The same areas come out whether the other classes are kept or not."""
    pixels, vector = scene(60, 80, seed=3), VectorOptions(min_area_px=50)
    found, rasters = [], Collector()
    for kept in (None, (8,)):
        features = Collector()
        options = SegmentOptions(keep_classes=kept, vector=vector)
        segment(ArraySource(pixels), BrightnessPredictor(), options, features, [rasters])
        ids, sizes = (
            np.concatenate([getattr(batch, name) for batch in features.items])
            for name in ("class_id", "pixels")
        )
        assert sizes.min() >= 50
        found.append(sorted(sizes[ids == 8].tolist()))
    assert found[0] == found[1]
    assert len(found[0]) > 3
    assert (pixels.shape[1] * pixels.shape[2]) > sum(found[1])
    assert {5, 24} & set(np.unique(rasters.items[0].classes))
    assert set(np.unique(rasters.items[-1].classes)) <= {8, 255}


def test_sixteen_bit_is_not_wrapped():
    eight = scene(40, 40)
    wide = eight.astype(np.uint16) * 40
    results = []
    for pixels in (eight, wide):
        classes = Collector()
        segment(ArraySource(pixels), BrightnessPredictor(), SegmentOptions(), rasters=[classes])
        results.append(np.concatenate([strip.classes for strip in classes.items]))
    np.testing.assert_array_equal(*results)


def test_cancel_answers_within_a_batch():
    predictor = BrightnessPredictor()
    progress = Progress(cancelled=lambda: len(predictor.batches) >= 2)
    with pytest.raises(Cancelled):
        segment(ArraySource(scene(100, 100)), predictor, SegmentOptions(), progress=progress)
    assert len(predictor.batches) == 2


def test_progress_reaches_the_total():
    seen = []
    progress = Progress(report=lambda done, total, message: seen.append((done, total, message)))
    segment(ArraySource(scene(50, 50)), BrightnessPredictor(), SegmentOptions(), progress=progress)
    tiles = [(d, t) for d, t, m in seen if m == "Segmenting"]
    assert tiles[-1][0] == tiles[-1][1]
    assert tiles == sorted(tiles)


def test_tile_that_does_not_fit_the_model_is_refused():
    with pytest.raises(ConfigError, match="multiple of 4"):
        segment(ArraySource(scene(9, 9)), BrightnessPredictor(), SegmentOptions(tile=18))
