"""Small patches handed to a neighbour, on the graph of adjacent regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..types import NODATA_CLASS
from .linking import connect
from .trace import Regions, Vertices, add_up

if TYPE_CHECKING:
    pass


def shared_borders(vertices: Vertices, below: np.ndarray, small: np.ndarray):
    """Measure the borders of small regions.

    Args:
        vertices: Boundary vertices.
        below: (n,) int32 next vertex in the same column.
        small: (r,) bool by region.

    Returns:
        ``(low, high, length)``: (m,) int64 each, two regions with data of which one is small,
        low < high, and their common border in pixel sides.
    """
    _, ne, sw, se = vertices.around
    lows, highs, lengths = [], [], []
    for one, other, place, after in (
        (ne, se, vertices.x, np.arange(1, len(ne) + 1)),
        (sw, se, vertices.y, below),
    ):
        use = np.flatnonzero((one != other) & (one > 0) & (other > 0) & (small[one] | small[other]))
        lows.append(np.minimum(one[use], other[use]).astype(np.int64))
        highs.append(np.maximum(one[use], other[use]))
        lengths.append(place[after[use]] - place[use])
    return _gather(*(np.concatenate(column) for column in (lows, highs, lengths)))


def _gather(low, high, length):
    key, length = add_up((low.astype(np.int64) << 32) | high, length.astype(np.int64))
    return key >> 32, key & 0xFFFFFFFF, length


def sieve(regions: Regions, borders, min_area: float, by_runner_up: bool) -> np.ndarray:
    """Hand patches below a size to their best neighbour until none is left.

    Smallest first: in each round those patches go that are smaller than every small
    neighbour of theirs. The best neighbour has the patch's runner-up class, if asked for, then
    the longest common border, then the most pixels. The receiver keeps its class; regions
    that become adjacent and have one class are joined. A patch whose only neighbours have no
    data stays.

    Args:
        regions: Regions with class and size.
        borders: From :func:`shared_borders`.
        min_area: Smallest size that may stay, in pixels.
        by_runner_up: Whether a neighbour of the runner-up class is preferred.

    Returns:
        (r,) int array: for every region the one that it is part of now.
    """
    count = len(regions.pixels)
    pixels, class_id = regions.pixels.copy(), regions.class_id
    runner = most_frequent_runner_up(regions.runner_key, regions.runner_pixels, count)
    part_of = np.arange(count)
    low, high, length = borders
    while len(low):
        preferred = runner if by_runner_up else None
        giver, taker = _hand_over(low, high, length, pixels, class_id, preferred, min_area)
        step = np.arange(count)
        step[giver] = taker
        np.add.at(pixels, taker, pixels[giver])
        low, high = step[low], step[high]
        alike = (class_id[low] == class_id[high]) & (low != high)
        if alike.any():
            joined = _join(low[alike], high[alike], pixels, runner)
            low, high, step = joined[low], joined[high], joined[step]
        part_of = step[part_of]
        use = (low != high) & ((pixels[low] < min_area) | (pixels[high] < min_area))
        low, high, length = low[use], high[use], length[use]
        low, high, length = _gather(np.minimum(low, high), np.maximum(low, high), length)
    return part_of


def _hand_over(low, high, length, pixels, class_id, preferred, min_area):
    """Choose which patches go in this round, and to whom: (giver, taker)."""
    patch = np.concatenate([low, high])
    neighbour = np.concatenate([high, low])
    length = np.concatenate([length, length])
    is_small = pixels[patch] < min_area
    patch, neighbour, length = patch[is_small], neighbour[is_small], length[is_small]
    smaller = pixels[neighbour] < pixels[patch]
    smaller |= (pixels[neighbour] == pixels[patch]) & (neighbour < patch)
    waits = np.zeros(len(pixels), bool)
    waits[patch[smaller]] = True
    go = ~waits[patch]
    patch, neighbour, length = patch[go], neighbour[go], length[go]
    match = np.zeros(len(patch), bool)
    if preferred is not None:
        match = class_id[neighbour] == preferred[patch]
    order = np.lexsort((-neighbour, pixels[neighbour], length, match, patch))
    patch, neighbour = patch[order], neighbour[order]
    best = np.flatnonzero(np.append(patch[1:] != patch[:-1], True))
    return patch[best], neighbour[best]


def _join(one, other, pixels, runner) -> np.ndarray:
    """Join regions of one class; sizes add up, the largest part's runner-up stands."""
    involved, index = np.unique(np.concatenate([one, other]), return_inverse=True)
    parent = connect(len(involved), index[: len(one)], index[len(one) :])
    order = np.lexsort((pixels[involved], parent))
    last = np.flatnonzero(np.append(parent[order][1:] != parent[order][:-1], True))
    tops = parent[order][last]
    runner[involved[tops]] = runner[involved[order[last]]]
    sums = np.bincount(parent, pixels[involved], len(involved)).astype(np.int64)
    pixels[involved] = sums
    joined = np.arange(len(pixels))
    joined[involved] = involved[parent]
    return joined


def merge_regions(regions: Regions, part_of: np.ndarray) -> tuple[Regions, np.ndarray]:
    """Add the statistics up after :func:`sieve`.

    All pixels count for the size. Confidence and runner-up speak of the polygon's own class:
    they are taken over the pixels that had this class from the start, not over patches of
    other classes that were handed over.

    Args:
        regions: Regions before.
        part_of: (r,) the region that each is part of now.

    Returns:
        The regions that are left, numbered anew in the old order, and (r,) int32 new numbers.
    """
    tops = part_of == np.arange(len(part_of))
    number = (np.cumsum(tops, dtype=np.int32) - np.int32(1))[part_of]
    count = int(tops.sum())
    class_id = regions.class_id[tops]
    own = regions.class_id == class_id[number]
    region = regions.runner_key >> 8
    use = own[region]
    key, weight = add_up(
        number[region[use]].astype(np.int64) * 256 + (regions.runner_key[use] & 255),
        regions.runner_pixels[use],
    )
    known = np.where(own, regions.confidence_pixels, 0)
    sums = np.where(own, regions.confidence_sum, 0)
    merged = Regions(
        class_id=class_id,
        pixels=np.bincount(number, regions.pixels, count).astype(np.int64),
        confidence_sum=np.bincount(number, sums, count),
        confidence_pixels=np.bincount(number, known, count).astype(np.int64),
        runner_key=key,
        runner_pixels=weight,
    )
    return merged, number


def most_frequent_runner_up(key: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """Most frequent runner-up class of each region, the smaller id at equal numbers.

    Args:
        key: (m,) int64 sorted ``256 * region + class``.
        weight: (m,) int64 pixels.
        count: Number of regions.

    Returns:
        (count,) uint8, 255 where there is none.
    """
    best = np.full(count, NODATA_CLASS, np.uint8)
    if not len(key):
        return best
    region = key >> 8
    begin = np.flatnonzero(np.append(True, region[1:] != region[:-1]))
    most = np.maximum.reduceat(weight, begin)
    sizes = np.diff(np.append(begin, len(key)))
    hit = np.flatnonzero(weight == np.repeat(most, sizes))[::-1]
    best[region[hit]] = key[hit] & 255  # reversed: the first of equals is written last
    return best
