"""Tiles leave no trace in the map."""

import numpy as np
import torch
from cwsam.engine.array_source import ArraySource
from cwsam.engine.device import DevicePlan
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.pipeline import SegmentOptions, plan_tiles, segment
from cwsam.engine.predictor import TorchPredictor
from tests.engine.test_pipeline import BrightnessPredictor, Collector, expected_classes, scene

SEAM_RATIO = 1.5
"""Class changes across the columns at tile borders, beside those across other columns, at most."""


class WrongAtTheEdge(BrightnessPredictor):
    """Right inside a tile, sure of a wrong class in its outermost pixels."""

    def predict(self, images):
        right = super().predict(images)
        right[..., [0, -1], :] = right[..., [0, -1], :].flip(1)
        right[..., :, [0, -1]] = right[..., :, [0, -1]].flip(1)
        return right


def class_map(pixels, predictor, overlap):
    strips = Collector()
    segment(ArraySource(pixels), predictor, SegmentOptions(overlap=overlap), None, [strips])
    return np.concatenate([strip.classes for strip in strips.items])


def test_what_tiles_get_wrong_at_their_edges_does_not_show():
    pixels = scene(80, 90)
    truth = expected_classes(pixels)
    inner = (slice(1, -3), slice(1, -3))  # only the raster's own edges have no second tile
    blended = class_map(pixels, WrongAtTheEdge(), 8)
    np.testing.assert_array_equal(blended[inner], truth[inner])
    assert (class_map(pixels, WrongAtTheEdge(), 0)[inner] != truth[inner]).mean() > 0.05


def test_result_does_not_depend_on_the_tile_phase():
    pixels = scene(80, 90)
    whole = class_map(pixels, WrongAtTheEdge(), 8)
    for dy, dx in ((1, 0), (3, 5), (7, 2)):
        shifted = class_map(pixels[:, dy:, dx:], WrongAtTheEdge(), 8)
        inner = (slice(1, -3), slice(1, -3))
        np.testing.assert_array_equal(shifted[inner], whole[dy:, dx:][inner])


def test_a_network_changes_class_no_more_often_at_tile_borders(tiny_model):
    loaded = load_model(tiny_model)
    plan = DevicePlan("cpu", torch.float32, "")
    predictor = TorchPredictor(loaded.model, plan, 8, 64, loaded.card.classes_seen)
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 255, (3, 32, 40))
    pixels = np.kron(coarse, np.ones((1, 9, 9))).astype(np.uint8)
    source = ArraySource(pixels)
    classes = class_map(pixels, predictor, -1)
    changes = (classes[:, 1:] != classes[:, :-1]).mean(0)
    grid, _ = plan_tiles(source.info, predictor, SegmentOptions())
    borders = np.zeros(len(changes), bool)
    for edge in (*grid.cols[1:], *(col + grid.tile for col in grid.cols[:-1])):
        borders[edge - 2 : edge + 1] = True
    assert changes[~borders].mean() > 0
    assert changes[borders].mean() <= SEAM_RATIO * changes[~borders].mean()
