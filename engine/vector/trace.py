"""Class strips in, region statistics and boundary vertices out, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..types import NODATA_CLASS
from .boundary import Boundary
from .linking import connect, sort_order

if TYPE_CHECKING:
    from ..types import ClassStrip

CHUNK_PIXELS = 1 << 18
"""Pixels worked on at once: a few megabytes of temporaries, which stay in the caches."""


@dataclass
class Regions:
    """Statistics of 4-connected regions; index 0 stands for all pixels without data.

    Attributes:
        class_id: (n,) uint8.
        pixels: (n,) int64, number of pixels.
        confidence_sum: (n,) float64, sum of the percentages 0-100 that are known.
        confidence_pixels: (n,) int64, number of pixels with a known percentage.
        runner_key: (m,) int64, sorted ``256 * region + runner-up class``, 255 and the region's
            own class left out.
        runner_pixels: (m,) int64, number of pixels for each key.
    """

    class_id: np.ndarray
    pixels: np.ndarray
    confidence_sum: np.ndarray
    confidence_pixels: np.ndarray
    runner_key: np.ndarray
    runner_pixels: np.ndarray


class Tracer:
    """Collects regions and boundary vertices while strips arrive from top to bottom.

    What is kept between strips grows with the length of the boundaries, not with the area.

    Args:
        width: Columns of the raster.
        height: Rows of the raster.
        chunk_pixels: Pixels worked on at once.
    """

    def __init__(self, width: int, height: int, chunk_pixels: int = CHUNK_PIXELS):
        self._width = width
        self._height = height
        self._rows = max(1, chunk_pixels // max(1, width))
        self._arrived = 0
        self._row = 0
        self._waiting: list[tuple[np.ndarray, ...]] = []
        self._classes = np.full(width + 2, NODATA_CLASS, np.uint8)
        self._labels = np.zeros(width + 2, np.int32)
        self._count = 1
        self._links: list[tuple[np.ndarray, np.ndarray]] = []
        self._boundary = Boundary(max(1, chunk_pixels // 2))
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._runners: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, strip: ClassStrip) -> None:
        """Take the next full-width rows; they are copied or used up before the next chunk."""
        rows = len(strip.classes)
        assert strip.row == self._arrived, "strips come from top to bottom without gaps"
        for band in (strip.classes, strip.confidence, strip.runner_up):
            assert band.shape == (rows, self._width), "strips have the full width"
        self._arrived += rows
        assert self._arrived <= self._height, "more rows than the raster has"
        done = 0
        while done < rows:
            take = min(rows - done, self._rows - sum(len(w[0]) for w in self._waiting))
            part = slice(done, done + take)
            bands = (strip.classes[part], strip.confidence[part], strip.runner_up[part])
            done += take
            if take == self._rows:
                self._chunk(*bands)
                continue
            self._waiting.append(tuple(band.copy() for band in bands))
            if sum(len(w[0]) for w in self._waiting) == self._rows:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            bands = [np.concatenate(column) for column in zip(*self._waiting)]
            self._waiting = []
            self._chunk(*bands)

    def _chunk(self, classes, confidence, runner_up) -> None:
        rows, stride = len(classes), self._width + 2
        padded = np.full((rows + 1, stride), NODATA_CLASS, np.uint8)
        padded[0] = self._classes
        padded[1:, 1:-1] = classes
        start = np.ones((rows + 1, stride), bool)  # first pixel of a run of equal classes
        np.not_equal(padded[:, 1:], padded[:, :-1], out=start[:, 1:])
        below = padded[1:] != padded[:-1]  # border between a pixel and the one under it
        run = np.cumsum(start.ravel(), dtype=np.int32).reshape(start.shape)
        run -= 1
        first = np.flatnonzero(start)
        run_class = padded.ravel()[first]
        local = _label_runs(start, below, padded, run, run_class, first)
        carried = int(run[0, -1]) + 1
        self._link(first[:carried], local[:carried])
        image = local[run]
        self._collect_vertices(_vertex_mask(start, below), image, stride)
        # the class of a component is that of any of its runs
        self._measure(first, local, run_class, carried, confidence, runner_up, image)
        self._classes = padded[-1].copy()
        last = image[-1]
        self._labels = np.where(last > 0, last + (self._count - 1), 0).astype(np.int32)
        self._count += int(local.max(initial=0))
        self._row += rows

    def _link(self, first, local) -> None:
        old = self._labels[first]
        new = local + (self._count - 1)
        linked = old > 0
        self._links.append((old[linked], new[linked]))

    def _collect_vertices(self, mask, image, stride) -> None:
        place = np.flatnonzero(mask)
        flat = image.ravel()
        around = np.empty((4, len(place)), np.int32)
        for quadrant, shift in enumerate((0, 1, stride, stride + 1)):
            np.take(flat, place + shift, out=around[quadrant])
        row, column = np.divmod(place.astype(np.int32), np.int32(stride))
        self._boundary.add(column, row, around, self._row, self._count - 1)

    def _measure(self, first, local, run_class, carried, confidence, runner_up, image) -> None:
        count = int(local.max(initial=0)) + 1
        class_id = np.full(count, NODATA_CLASS, np.uint8)
        class_id[local] = run_class
        total, rows = image.size, len(confidence)
        begin, owner = first[carried:], local[carried:]
        size = np.diff(np.append(begin, total))
        pixels = np.bincount(owner, size, count).astype(np.int64)
        percent = np.full((rows + 1, image.shape[1]), NODATA_CLASS, np.uint8)
        percent[1:, 1:-1] = confidence
        unknown = percent == NODATA_CLASS
        known = size
        if (unknown[1:] & (image[1:] > 0)).any():
            known = size - _run_sums(unknown, begin, total)
        np.copyto(percent, 0, where=unknown)
        sums = _run_sums(percent, begin, total)
        self._parts.append(
            (
                class_id[1:],
                pixels[1:],
                np.bincount(owner, sums, count)[1:],
                np.bincount(owner, known, count)[1:].astype(np.int64),
            )
        )
        self._count_runners(image[1:, 1:-1], runner_up, class_id, count)

    def _count_runners(self, image, runner_up, class_id, count) -> None:
        present = np.flatnonzero(np.bincount(runner_up.ravel(), minlength=256))
        slots = np.zeros(256, np.int32)
        slots[present] = np.arange(len(present))
        key = image * np.int32(len(present))
        key += slots[runner_up]
        table = np.bincount(key.ravel(), minlength=count * len(present))
        hit = np.flatnonzero(table)
        region, slot = np.divmod(hit, len(present))
        runner = present[slot]
        wanted = (runner != NODATA_CLASS) & (region > 0) & (runner != class_id[region])
        keys = (region[wanted] + (self._count - 1)) * 256 + runner[wanted]
        self._runners.append((keys, table[hit[wanted]]))

    def finish(self) -> tuple[Boundary, np.ndarray, Regions]:
        """Close the raster's lower border and settle which parts are one region.

        Returns:
            Boundary vertices; the (m,) int32 region of each of their labels; and the regions,
            numbered from 1 in the order of first pixels.
        """
        assert self._arrived == self._height, "rows are missing"
        self._flush()
        nothing = np.full((1, self._width), NODATA_CLASS, np.uint8)
        self._chunk(nothing, nothing, nothing)
        old, new = (np.concatenate(side) for side in zip(*self._links))
        self._links = []
        parent = connect(self._count, old, new)
        number = np.cumsum(parent == np.arange(self._count), dtype=np.int32) - np.int32(1)
        final = number[parent]
        return self._boundary, final, self._regions(final)

    def _regions(self, final: np.ndarray) -> Regions:
        count = int(final.max(initial=0)) + 1
        class_id, pixels, sums, known = (np.concatenate(part) for part in zip(*self._parts))
        self._parts = []
        owner = final[1:]
        classes = np.full(count, NODATA_CLASS, np.uint8)
        classes[owner] = class_id
        key, weight = (np.concatenate(part) for part in zip(*self._runners))
        self._runners = []
        key, weight = add_up(final[key >> 8].astype(np.int64) * 256 + (key & 255), weight)
        return Regions(
            class_id=classes,
            pixels=np.bincount(owner, pixels, count).astype(np.int64),
            confidence_sum=np.bincount(owner, sums, count),
            confidence_pixels=np.bincount(owner, known, count).astype(np.int64),
            runner_key=key,
            runner_pixels=weight,
        )


def add_up(key: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort keys and add the weights of equal ones: (n,) ints each to (m,) ints each."""
    if not len(key):
        return key, weight
    order = sort_order(key)
    key = key[order]
    begin = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return key[begin], np.add.reduceat(weight[order], begin)


def _label_runs(start, below, padded, run, run_class, first) -> np.ndarray:
    """Join runs of one class that touch from row to row; 0 for no data, others from 1."""
    join = start[:-1] | start[1:]
    join &= ~below
    join &= padded[1:] != NODATA_CLASS
    place = np.flatnonzero(join)
    flat = run.ravel()
    parent = connect(len(first), flat[place], flat[place + padded.shape[1]])
    is_root = (parent == np.arange(len(first))) & (run_class != NODATA_CLASS)
    number = np.cumsum(is_root, dtype=np.int32)
    number[run_class == NODATA_CLASS] = 0
    return number[parent]


def _vertex_mask(start, below) -> np.ndarray:
    """Mark the pixel corners where a border turns, ends at another or crosses it."""
    up, down = start[:-1, 1:], start[1:, 1:]
    left, right = below[:, :-1], below[:, 1:]
    mask = np.zeros(below.shape, bool)
    inner = mask[:, :-1]
    np.bitwise_xor(up, down, out=inner)
    inner |= left ^ right
    crossing = up & down
    crossing &= left
    crossing &= right
    inner |= crossing
    return mask


def _run_sums(values, begin, total) -> np.ndarray:
    """Sum (h, w) uint8 or bool values over runs of the flattened array; modulo 2**32."""
    running = np.cumsum(values.ravel(), dtype=np.uint32)
    ends = np.append(begin[1:], total) - 1
    upto = running[ends]
    sums = np.diff(upto, prepend=running[begin[0] - 1 : begin[0]])
    return sums.astype(np.int64)
