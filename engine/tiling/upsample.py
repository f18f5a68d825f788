"""Best and second class of every pixel, from probabilities at the decoder's cells."""

from __future__ import annotations

import numpy as np
import torch

PLANE_CELLS = 1 << 15
"""Cells of a channel worked on at once: so few stay in the cache, and torch computes them in the
calling thread alone, where many small steps never wait for other threads."""


def rank_upsampled(cells: np.ndarray, scale: int) -> np.ndarray:
    """Interpolate bilinearly between cells and rank the classes of each pixel.

    Pixels with the same place between four cells are interpolated together, so that all work is
    on contiguous memory and only the ranks, a byte each, are put in the order of pixels.

    Args:
        cells: (K, h + 1, w + 1) float32, probabilities at the centres of cells; K at most 255
            and h * w preferably at most :data:`PLANE_CELLS`.
        scale: s, pixels a cell.

    Returns:
        (3, h * s, w * s) uint8 of the pixels from the first cell's centre on: channel of the
        best class, its probability in percent, channel of the second class. With one channel
        both are 0.
    """
    k, h, w = len(cells), cells.shape[1] - 1, cells.shape[2] - 1
    # With an odd scale pixels lie on the centres of cells, else in between.
    places = [(i + 0.5 * (scale % 2 == 0)) / scale for i in range(scale)]
    ranks = np.empty((3, h, scale, w, scale), np.uint8)
    source = torch.from_numpy(cells)
    rows, block = torch.empty(k, h, w + 1), torch.empty(k, h, w)
    for i, below in enumerate(places):
        for plane, row in zip(source, rows):
            torch.lerp(plane[:-1], plane[1:], below, out=row)
        for j, beside in enumerate(places):
            for row, pixels in zip(rows, block):
                torch.lerp(row[:, :-1], row[:, 1:], beside, out=pixels)
            _rank(block.numpy(), ranks[:, :, i, :, j])
    return ranks.reshape(3, h * scale, w * scale)


def _rank(block: np.ndarray, ranks: np.ndarray) -> None:
    """Write best channel, percentage and second channel of (K, h, w) to (3, h, w)."""
    highest, second = block[0].copy(), np.full_like(block[0], -1.0)
    lower = np.empty_like(second)
    for plane in block[1:]:
        np.minimum(highest, plane, out=lower)
        np.maximum(second, lower, out=second)
        np.maximum(highest, plane, out=highest)
    best = _first_equal(block, highest)
    ranks[0] = best
    ranks[2] = _first_equal(block, second) if len(block) > 1 else 0
    equal = np.nonzero(highest == second)
    if len(equal[0]):
        columns = block[:, equal[0], equal[1]]
        columns[best[equal], np.arange(columns.shape[1])] = -1.0
        ranks[2][equal] = columns.argmax(0)
    ranks[1] = np.rint((highest * 100).clip(0, 100))


def _first_equal(block: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """First channel (h, w) uint8 of (K, h, w) that equals ``wanted`` (h, w).

    Comparing plane by plane takes a tenth of the time in which torch finds places of maxima.
    """
    count = len(block)
    found = np.ones(wanted.shape, np.uint8)  # channels from the end
    equal = np.empty(wanted.shape, bool)
    rank = equal.view(np.uint8)
    for channel in range(count - 1):
        np.equal(block[channel], wanted, out=equal)
        np.multiply(rank, np.uint8(count - channel), out=rank)
        np.maximum(found, rank, out=found)
    return np.subtract(np.uint8(count), found, out=found)
