"""The division of labelled ground: the same as a plain search finds, in few calls."""

import sys

import numpy as np
import pytest
from cwsam.engine.array_source import ArraySource
from cwsam.engine.errors import Cancelled
from cwsam.training.finetune.labels import LabelledRaster, LabelPolygon
from cwsam.training.finetune.split import (
    _SMALLER_BLOCK,
    MAX_CHECKED,
    MIN_PIXELS,
    TRIALS,
    Split,
    block_sides,
    outside,
    split_blocks,
    starved,
)
from cwsam.training.finetune.survey import Survey
from tests.training.finetune_support import labelled_raster, reader


def plainly_starved(survey, split, class_ids):
    """Pixel by pixel, as the definition says."""
    train, held = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for block in split.train:
        labels = survey.read(block)[outside(block.window, split.forbidden(block.raster))]
        train += np.bincount(labels, minlength=256)
    for block in split.validation:
        held += np.bincount(survey.read(block).ravel(), minlength=256)
    return [c for c in class_ids if train[c] < MIN_PIXELS or held[c] == 0]


def plainly_drawn(counts, share, total, rng):
    chosen, held = np.zeros(len(counts), bool), np.zeros(counts.shape[1])
    for k in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        candidates = rng.permutation(np.flatnonzero((counts[:, k] > 0) & ~chosen))
        for i in candidates[: max(1, len(candidates) - 1)]:
            if held[k] >= 0.7 * share * total[k]:
                break
            if ((held + counts[i]) / total)[k] > 0.75:
                continue
            chosen[i] = True
            held += counts[i]
    return chosen


def plainly_split(survey, class_ids, share, seed):
    """The search without any short cut: all candidates are judged, the first of the best wins."""
    candidates = {}
    for level, side in enumerate(block_sides(survey.side)):
        blocks, counts = survey.blocks(side)
        counts, rng = counts[:, list(class_ids)], np.random.default_rng(seed)
        total, shown = np.maximum(counts.sum(axis=0), 1), counts >= MIN_PIXELS
        for _ in range(TRIALS):
            chosen = plainly_drawn(counts, share * rng.uniform(0.8, 1.2), total, rng)
            held = counts[chosen].sum(axis=0) / total
            missing = (~shown[chosen].any(axis=0)) | (~shown[~chosen].any(axis=0))
            cost = float((np.abs(held - share) + missing).mean())
            candidates[level, chosen.tobytes()] = (cost + level * _SMALLER_BLOCK, blocks, chosen)
    ranked = sorted(candidates.items(), key=lambda item: (item[1][0], item[0]))
    splits = []
    for (level, _), (_, blocks, chosen) in ranked[:MAX_CHECKED]:
        train = tuple(b for b, held in zip(blocks, chosen) if not held)
        held = tuple(b for b, held in zip(blocks, chosen) if held)
        splits.append(Split(train, held, block_sides(survey.side)[level]))
    return min(splits, key=lambda split: len(plainly_starved(survey, split, class_ids)))


def dense(size, square=32, seed=0, classes=4):
    """A raster that is labelled all over, in squares."""
    rng = np.random.default_rng(seed)
    n = size // square
    coarse = rng.integers(0, classes, (n, n)).astype(np.uint8)
    labels = coarse.repeat(square, 0).repeat(square, 1)
    polygons = tuple(
        LabelPolygon(
            int(coarse[r, c]), (c * square, r * square, (c + 1) * square, (r + 1) * square)
        )
        for r in range(n)
        for c in range(n)
    )
    return LabelledRaster(
        ArraySource(np.zeros((3, size, size), np.uint8)), reader(labels), polygons
    )


def few_places(seed):
    """Two classes in corners so close together that most divisions starve one of them."""
    rng = np.random.default_rng(seed)
    labels, polygons = np.full((200, 232), 255, np.uint8), []
    for class_id, spots in ((8, 3), (24, 5), (23, 14)):
        for _ in range(spots):
            row, col = int(rng.integers(0, 180)), int(rng.integers(0, 210))
            labels[row : row + 12, col : col + 12] = class_id
            polygons.append(LabelPolygon(class_id, (col, row, col + 12, row + 12)))
    source = ArraySource(np.zeros((3, 200, 232), np.uint8))
    return LabelledRaster(source, reader(labels), tuple(polygons))


CASES = {
    "squares": ([labelled_raster((8, 24, 23), seed=1)[0]], 64, (8, 23, 24)),
    "two rasters": ([labelled_raster((8, 24), seed=s)[0] for s in (2, 3)], 64, (8, 24)),
    "blocks as wide as the gap": ([labelled_raster((8, 24), seed=4)[0]], 32, (8, 24)),
    "an odd side": ([labelled_raster((8, 24), seed=5)[0]], 96, (8, 24)),
    "all over": ([dense(320)], 64, (0, 1, 2, 3)),
    "few places": ([few_places(1)], 64, (8, 23, 24)),
    "fewer still": ([few_places(4)], 128, (8, 23, 24)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 7])
def test_the_split_is_that_of_the_plain_search(name, seed):
    rasters, side, class_ids = CASES[name]
    survey = Survey(rasters, side, seed)
    split = split_blocks(survey, class_ids, 0.25, seed)
    assert split == plainly_split(survey, class_ids, 0.25, seed)
    assert starved(survey, split, class_ids) == plainly_starved(survey, split, class_ids)


@pytest.mark.parametrize("name", CASES)
def test_classes_that_a_side_lacks_are_counted_to_the_pixel(name):
    rasters, side, class_ids = CASES[name]
    survey, rng = Survey(rasters, side), np.random.default_rng(3)
    for level in block_sides(side):
        blocks, _ = survey.blocks(level)
        for share in (0.1, 0.5, 0.9, 0.97):
            held = rng.random(len(blocks)) < share
            train = tuple(b for b, h in zip(blocks, held) if not h)
            split = Split(train, tuple(b for b, h in zip(blocks, held) if h), level)
            found = starved(survey, split, class_ids)
            assert found == plainly_starved(survey, split, class_ids)


def test_a_densely_labelled_raster_is_divided_in_few_calls():
    survey, calls = Survey([dense(1536)], 96), 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        split_blocks(survey, (0, 1, 2, 3), 0.25, 0)
    finally:
        sys.setprofile(None)
    print(f"finetune.split_calls: {calls}")
    assert calls < 3_000_000


def test_the_search_asks_whether_to_stop():
    survey, asked = Survey([labelled_raster()[0]], 64), []

    def ask():
        asked.append(1)
        if len(asked) == 40:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        split_blocks(survey, (8, 24), 0.25, 0, ask)
