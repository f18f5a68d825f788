"""Simplified borders that keep the topology: check, give points back, check again.

Nodes never move. If then no two segments meet other than at a common vertex, the borders
leave each node in the old cyclic order, each ring keeps its sense and no border has
swept over another connected piece of the boundaries, then the new map is the old one,
bent: the same polygons, neighbours and holes, without gaps or overlaps.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from .crossings import conflicts, swept
from .linking import offsets, spread
from .rings import ring_sums, twice_areas
from .simplify import cut_corners, douglas_peucker, farthest, open_loops

if TYPE_CHECKING:
    from .arcs import Arcs
    from .rings import Rings

_GENTLE_ROUNDS = 6
"""Repairs that return only the farthest point; later ones return all points of a stretch."""
_CELL_BITS = 2
"""Binary logarithm of the side in pixels of the cells in which crossings are searched."""


def simplify_arcs(arcs: Arcs, rings: Rings, tolerance: float):
    """Simplify all borders between two regions; borders to no data stay as they are.

    Args:
        arcs: The borders with all their corners.
        rings: The polygons in terms of the arcs.
        tolerance: Largest distance in pixels.

    Returns:
        ``(x, y, bounds)`` of the simplified arcs, int32, int32 and int64.
    """
    x, y, bounds = arcs.x, arcs.y, arcs.bounds
    if tolerance <= 0 or not len(arcs):
        return x, y, bounds
    keep = douglas_peucker(x, y, bounds, movable(arcs), tolerance)
    islands = bounds[:-1][rings.darts[rings.bounds[:-1]][rings.hole] >> 1]
    back = None
    for rounds in itertools.count():
        kept = np.flatnonzero(keep)
        a, b, first = _segments(kept, bounds)
        active = changed = b - a > 1
        if back is not None:
            fresh = np.zeros(len(keep), bool)
            fresh[back] = True
            active = fresh[a] | fresh[b]
        bad = np.zeros(len(a), bool)
        bad[conflicts(x[a], y[a], x[b], y[b], active, _CELL_BITS)] = True
        sweeping = np.flatnonzero(active & changed)
        bad[sweeping[swept(x, y, a[sweeping], b[sweeping], x[islands], y[islands], 8)]] = True
        touched = np.logical_or.reduceat(active, first[:-1])
        _flag_nodes(arcs, x, y, a, b, first, touched, bad)
        points = first + np.arange(len(first))
        inverted = _inverted_arcs(x[kept], y[kept], points, rings)
        bad[spread(first[inverted], first[inverted + 1] - first[inverted])] = True
        bad &= changed
        if not bad.any():
            return x[kept], y[kept], points
        back = _points_back(x, y, a[bad], b[bad], rounds)
        keep[back] = True
    return None


def movable(arcs: Arcs) -> np.ndarray:
    """Arcs between two regions: (n,) bool, False along no data and the raster's edge."""
    return (arcs.left > 0) & (arcs.right > 0)


def _segments(kept, bounds):
    """First and last point of all segments, and (n + 1,) first segments of the arcs."""
    counts = np.diff(np.searchsorted(kept, bounds))
    last = np.cumsum(counts) - 1
    inside = np.ones(len(kept), bool)
    inside[last] = False
    begin = np.flatnonzero(inside)
    return kept[begin], kept[begin + 1], offsets(counts - 1)


def _points_back(x, y, a, b, rounds) -> np.ndarray:
    if rounds >= _GENTLE_ROUNDS:
        return spread(a + 1, b - a - 1)
    return farthest(x, y, a, b)[0]


def _flag_nodes(arcs, x, y, a, b, first, touched, bad) -> None:
    """Mark the segments at nodes that they no longer leave in the old cyclic order.

    Looks at nodes with an arc marked in ``touched``; ``first`` holds the first segment of
    every arc.
    """
    ends = touched[arcs.leaving >> 1] & (arcs.leaving >= 0)
    leaving = arcs.leaving[ends.any(axis=1)]
    present = leaving >= 0
    arc = leaving >> 1
    backward = leaving & 1
    segment = np.where(backward, first[arc + 1] - 1, first[arc])
    angle = _pseudo_angle(x, y, a[segment], b[segment], 1 - 2 * backward)
    # Fill the missing slot of a node of three with the angle before it: no step there.
    for slot in (0, 1, 2, 3):
        gap = np.flatnonzero(~present[:, slot])
        angle[gap, slot] = angle[gap, (slot + 3) % 4]
    drops = np.count_nonzero(angle > np.roll(angle, -1, axis=1), axis=1)
    wrong = drops != 1
    bad[segment[wrong][present[wrong]]] = True


def _pseudo_angle(x, y, a, b, sense) -> np.ndarray:
    """Monotone stand-in for the angle, 0-4 clockwise on the screen from the east."""
    dx, dy = (x[b] - x[a]) * sense, (y[b] - y[a]) * sense
    ratio = dy / (np.abs(dx) + np.abs(dy))
    return np.where(dx < 0, 2 - ratio, np.where(dy < 0, 4 + ratio, ratio))


def _inverted_arcs(x, y, bounds, rings) -> np.ndarray:
    """Arcs, possibly repeated, of rings that have turned inside out or lost their area."""
    area = ring_sums(twice_areas(x, y, bounds), rings)
    wrong = np.flatnonzero(np.where(rings.hole, area <= 0, area >= 0))
    begin = rings.bounds[wrong]
    return rings.darts[spread(begin, rings.bounds[wrong + 1] - begin)] >> 1


def smooth_arcs(arcs: Arcs, rings: Rings, x, y, bounds, rounds: int):
    """Cut the corners of all borders between two regions, where that does no harm.

    Args:
        arcs: The borders; says which may move and which are closed.
        rings: The polygons in terms of the arcs.
        x: (p,) int columns of the (simplified) arcs.
        y: (p,) int rows.
        bounds: (n + 1,) first points of the arcs.
        rounds: Rounds of cutting; 1 to 3 make sense.

    Returns:
        ``(x, y, bounds)``, the coordinates float64.
    """
    scale = 2 * 4**rounds
    plain = x.astype(np.int64) * scale, y.astype(np.int64) * scale, bounds
    soft = movable(arcs)
    loops = np.zeros(len(arcs), bool)
    loops[arcs.opened :] = soft[arcs.opened :]
    halved = open_loops(*plain, np.flatnonzero(loops))
    cut = halved
    for _ in range(rounds):
        cut = cut_corners(*cut)
    islands = rings.darts[rings.bounds[:-1]][rings.hole] >> 1
    anchor = halved[2][islands]
    soft &= ~_sweeping_corners(*halved, halved[0][anchor], halved[1][anchor], 8 * scale)
    fresh = soft.copy()
    while True:
        now = _choose(cut, plain, soft)
        arc = np.repeat(np.arange(len(arcs)), np.diff(now[2]) - 1)
        a = np.arange(len(arc)) + arc
        active = fresh[arc]
        wrong = conflicts(
            now[0][a], now[1][a], now[0][a + 1], now[1][a + 1], active, scale.bit_length()
        )
        failed = np.zeros(len(arcs), bool)
        failed[arc[wrong]] = True
        failed[_inverted_arcs(*now, rings)] = True
        fresh = failed & soft
        if not fresh.any():
            break
        soft &= ~fresh
    return now[0] / scale, now[1] / scale, now[2]


def _sweeping_corners(x, y, bounds, point_x, point_y, cell) -> np.ndarray:
    """Arcs (n,) bool with a corner whose triangle holds one of the points."""
    arc = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    inner = np.flatnonzero(arc[2:] == arc[:-2]) + 1
    found = np.zeros(len(bounds) - 1, bool)
    found[arc[inner[swept(x, y, inner - 1, inner + 1, point_x, point_y, cell)]]] = True
    return found


def _choose(cut, plain, soft):
    """Take the arcs marked in ``soft`` from ``cut`` and the others from ``plain``."""
    begin = np.where(soft, cut[2][:-1], plain[2][:-1] + len(cut[0]))
    sizes = np.where(soft, np.diff(cut[2]), np.diff(plain[2]))
    index = spread(begin, sizes)
    x, y = (np.concatenate([cut[k], plain[k]])[index] for k in (0, 1))
    return x, y, offsets(sizes)
