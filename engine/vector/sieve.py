"""Small patches handed to a neighbour, on the graph of adjacent regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..types import NODATA_CLASS
from .boundary import Vertices, column_neighbours
from .linking import connect, sort_order
from .trace import Regions, add_up

if TYPE_CHECKING:
    from collections.abc import Iterable


def shared_borders(bands: Iterable[Vertices], small: np.ndarray):
    """Measure the borders of small regions.

    Args:
        bands: All boundary vertices, some rows at a time.
        small: (r,) bool by region.

    Returns:
        ``(low, high, length)``: (m,) int64 each, two regions with data of which one is small,
        low < high, and their common border in pixel sides.
    """
    found, hanging = [], None
    for band in bands:
        vertices = band if hanging is None else _joined(hanging, band)
        borders, hanging = _borders(vertices, len(vertices.x) - len(band.x), small)
        found.append(borders)
    if not found:
        return (np.zeros(0, np.int64),) * 3
    return _gather(*(np.concatenate(column) for column in zip(*found)))


def _borders(vertices: Vertices, hung: int, small: np.ndarray):
    """Borders of a band, and those vertices from which a border goes on below it.

    The first ``hung`` vertices are such ones of the bands before.
    """
    x, y, (_, ne, sw, se) = vertices.x, vertices.y, vertices.around
    upper, lower = column_neighbours(x)
    lows, highs, lengths = [], [], []
    ids = np.arange(hung, len(x), dtype=np.int32)
    for one, other, place, at, after in (
        (ne, se, x, ids, ids + np.int32(1)),
        (sw, se, y, upper, lower),
    ):
        a, b = one[at], other[at]
        use = np.flatnonzero((a != b) & (a > 0) & (b > 0) & (small[a] | small[b]))
        lows.append(np.minimum(a[use], b[use]))
        highs.append(np.maximum(a[use], b[use]))
        lengths.append(place[after[use]] - place[at[use]])
    lowest = sw != se
    lowest[upper] = False
    hanging = Vertices(x[lowest], y[lowest], vertices.around[:, lowest])
    return _gather(*(np.concatenate(c) for c in (lows, highs, lengths))), hanging


def _joined(first: Vertices, second: Vertices) -> Vertices:
    return Vertices(
        np.concatenate([first.x, second.x]),
        np.concatenate([first.y, second.y]),
        np.concatenate([first.around, second.around], axis=1),
    )


def _gather(low, high, length):
    base = np.int64(high.max(initial=0)) + 1
    key, length = add_up(low.astype(np.int64) * base + high, length.astype(np.int64))
    low = key // base
    return low, key - low * base, length


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
        giver, taker = _hand_over(low, high, length, pixels, class_id, preferred)
        step = np.arange(count)
        step[giver] = taker
        pixels += np.bincount(taker, pixels[giver], count).astype(np.int64)
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


def _hand_over(low, high, length, pixels, class_id, preferred):
    """Choose which patches go in this round, and to whom: (giver, taker)."""
    # Of two neighbours the smaller one is small, and the other has to wait for it.
    swap = pixels[low] > pixels[high]
    patch, neighbour = np.where(swap, high, low), np.where(swap, low, high)
    waits = np.zeros(len(pixels), bool)
    waits[neighbour] = True
    go = np.flatnonzero(~waits[patch])
    patch, neighbour, length = patch[go], neighbour[go], length[go]
    order = sort_order(patch)
    patch, neighbour, length = patch[order], neighbour[order], length[order]
    if preferred is not None:  # above any length of a border
        length = length + ((class_id[neighbour] == preferred[patch]).astype(np.int64) << 48)
    begin = np.flatnonzero(np.append(True, patch[1:] != patch[:-1]))
    longest = np.maximum.reduceat(length, begin)
    best = length == np.repeat(longest, np.diff(np.append(begin, len(patch))))
    patch, neighbour = patch[best], neighbour[best]
    order = np.lexsort((-neighbour, pixels[neighbour], patch))
    patch, neighbour = patch[order], neighbour[order]
    last = np.flatnonzero(np.append(patch[1:] != patch[:-1], True))
    return patch[last], neighbour[last]


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
