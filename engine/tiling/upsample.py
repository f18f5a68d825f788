"""Best and second class of every pixel, from probabilities at the decoder's cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor


def rank_upsampled(cells: Tensor, scale: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Interpolate bilinearly between cells and rank the classes of each pixel.

    Pixels with the same place between four cells are interpolated together, so that all work is
    on contiguous memory and only the ranks, a byte each, are put in the order of pixels.
    Notation: K classes, s pixels a cell.

    Args:
        cells: (K, h + 1, w + 1) float32, centres of cells; K at most 255.
        scale: s.

    Returns:
        ``(best, percent, second)``: (h * s, w * s) uint8 each, of the pixels from the first
        cell's centre on; numbers of channels and the first one's probability. With one channel
        the second is 0 too.
    """
    k, h, w = len(cells), cells.shape[1] - 1, cells.shape[2] - 1
    # With an odd scale pixels lie on the centres of cells, else in between.
    places = [(i + (0.5 if scale % 2 == 0 else 0.0)) / scale for i in range(scale)]
    ranks = np.zeros((3, h, scale, w, scale), np.uint8)
    block = cells.new_empty(k, h, w)
    for i, down in enumerate(places):
        rows = torch.lerp(cells[:, :-1], cells[:, 1:], down)
        for j, right in enumerate(places):
            torch.lerp(rows[..., :-1], rows[..., 1:], right, out=block)
            for plane, values in zip(ranks[:, :, i, :, j], _rank(block)):
                plane[...] = values
    best, percent, second = ranks.reshape(3, h * scale, w * scale)
    return best, percent, second


def _rank(block: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best channel, its percentage and second channel of (K, h, w); ``block`` is used up."""
    highest = block.amax(0)
    best = _first_equal(block, highest)
    percent = (highest * 100).round_().clamp_(0, 100).to(torch.uint8).numpy()
    if len(block) == 1:
        return best, percent, best
    block.scatter_(0, torch.from_numpy(best)[None].long(), -1.0)
    return best, percent, _first_equal(block, block.amax(0))


def _first_equal(block: Tensor, wanted: Tensor) -> np.ndarray:
    """First channel (h, w) uint8 of (K, h, w) that equals ``wanted`` (h, w).

    numpy compares a plane seven times as fast as torch finds the place of a maximum.
    """
    count, planes, value = len(block), block.numpy(), wanted.numpy()
    found = np.ones(value.shape, np.uint8)  # channels from the end
    equal = np.empty(value.shape, bool)
    rank = equal.view(np.uint8)
    for k in range(count - 1):
        np.equal(planes[k], value, out=equal)
        np.multiply(rank, np.uint8(count - k), out=rank)
        np.maximum(found, rank, out=found)
    return np.subtract(np.uint8(count), found, out=found)
