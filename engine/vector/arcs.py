"""Boundary vertices in, arcs out: each piece of border between two regions once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .linking import offsets, order_lists, spread

if TYPE_CHECKING:
    from .trace import Vertices

EAST, SOUTH, WEST, NORTH = range(4)
"""Directions out of a vertex, clockwise on the screen; rows grow to the south."""


@dataclass
class Arcs:
    """Borders between two regions, from node to node or closed.

    A node is a vertex where three or four borders end. Seen from the first point towards
    the second, region ``left`` lies to the left on the screen; left < right.

    Attributes:
        bounds: (n + 1,) int64; the points of arc i are ``bounds[i] .. bounds[i + 1] - 1``.
            The last point of a closed arc repeats its first.
        x: (p,) columns of the points in pixels.
        y: (p,) rows of the points in pixels.
        left: (n,) int32 region.
        right: (n,) int32 region.
        leaving: (k, 4) int32: by node and direction the dart (see below) that leaves
            there, -1 for none. Dart 2 i runs along arc i, dart 2 i + 1 against it.
        opened: Number of arcs that end at nodes; closed arcs without a node come after.
    """

    bounds: np.ndarray
    x: np.ndarray
    y: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaving: np.ndarray
    opened: int

    def __len__(self) -> int:
        return len(self.left)


def neighbour_below(vertices: Vertices) -> np.ndarray:
    """Find the next vertex in the same column: (n,) int32, meaningless at the last one."""
    order = _column_order(vertices.x)
    below = np.empty(len(order), np.int32)
    below[order[:-1]] = order[1:]
    below[order[-1:]] = 0
    return below


def _column_order(x: np.ndarray) -> np.ndarray:
    narrow = x.astype(np.uint16) if x.max(initial=0) < 65536 else x
    return np.argsort(narrow, kind="stable").astype(np.int32)


def build_arcs(vertices: Vertices, below: np.ndarray) -> Arcs:
    """Link the vertices along the borders.

    Args:
        vertices: Vertices of n pixel corners; the regions around may have been merged
            since they were traced, which leaves vertices without any border.
        below: (n,) int32 from :func:`neighbour_below`.

    Returns:
        The arcs without collinear points, nodes excepted.
    """
    nw, ne, sw, se = vertices.around
    count = len(vertices.x)
    has = np.stack([ne != se, se != sw, sw != nw, nw != ne])
    degree = has.sum(axis=0, dtype=np.uint8)
    # Along each border the way out keeps the smaller region number on the left.
    out = np.stack([ne < se, se < sw, sw < nw, nw < ne])
    above = np.zeros(count, np.int32)
    down = np.flatnonzero(has[SOUTH])
    above[below[down]] = down
    ids = np.arange(count, dtype=np.int32)
    toward = (ids + np.int32(1), below, ids - np.int32(1), above)
    follow = np.select(out[:3], toward[:3], toward[3])
    two = degree == 2
    node_ids = np.flatnonzero(degree > 2)
    at, slot = np.nonzero(out[:, node_ids].T)
    tail = node_ids[at]
    first = np.empty(len(tail), np.int32)
    for direction in range(4):
        leaving = slot == direction
        first[leaving] = toward[direction][tail[leaving]]
    straight = two & (has[EAST] == has[WEST])
    del has, degree, above, ids, toward  # the largest arrays of a run are yet to come
    points, lengths, opened = _chain(two, follow, tail, first)
    points, lengths = _drop(points, lengths, straight)
    return _finish(vertices, out, points, lengths, opened, node_ids, at, slot)


def _chain(two, follow, tail, first):
    """List the vertices of every arc: (points, lengths, number of open arcs)."""
    inner = np.flatnonzero(two).astype(np.int32)
    index = np.full(len(two), len(inner), np.int32)
    index[inner] = np.arange(len(inner), dtype=np.int32)
    begins = two[first]
    starts = index[first[begins]]
    succ = index[follow[inner]]
    del index
    head, rank = order_lists(succ, starts)
    del succ
    arc_of = np.full(len(inner), -1, np.int32)
    arc_of[starts] = np.flatnonzero(begins)
    loops = np.flatnonzero((head == np.arange(len(inner))) & (arc_of < 0))
    opened = len(first)
    arc_of[loops] = opened + np.arange(len(loops))
    arc = arc_of[head]
    lengths = np.bincount(arc, minlength=opened + len(loops))
    lengths[:opened] += 2
    lengths[opened:] += 1
    bounds = offsets(lengths)
    points = np.empty(bounds[-1], np.int32)
    points[bounds[arc] + rank + (arc < opened)] = inner
    ends = bounds[1:] - 1
    points[bounds[:opened]] = tail
    direct = ~begins
    points[ends[:opened][direct]] = first[direct]
    points[ends[:opened][begins]] = follow[points[ends[:opened][begins] - 1]]
    _turn_loops(points, bounds[opened:])
    return points, lengths, opened


def _turn_loops(points, bounds) -> None:
    """Let closed arcs begin and end at their first vertex in raster order, in place."""
    if len(bounds) < 2:
        return
    sizes = np.diff(bounds) - 1
    begin = bounds[:-1]
    where = spread(begin, sizes)
    cycle = points[where]
    local = offsets(sizes)[:-1]
    top = np.minimum.reduceat(cycle, local)
    shift = np.flatnonzero(cycle == np.repeat(top, sizes)) - local
    step = np.arange(len(cycle)) - np.repeat(local, sizes)
    step = (step + np.repeat(shift, sizes)) % np.repeat(sizes, sizes)
    points[where] = cycle[np.repeat(local, sizes) + step]
    points[begin + sizes] = points[begin]


def _drop(points, lengths, straight):
    if not straight.any():
        return points, lengths
    keep = ~straight[points]
    return points[keep], np.add.reduceat(keep, offsets(lengths)[:-1], dtype=np.int64)


def _finish(vertices, out, points, lengths, opened, node_ids, at, slot) -> Arcs:
    bounds = offsets(lengths)
    x, y = vertices.x[points], vertices.y[points]
    begin, end = bounds[:-1], bounds[1:] - 1
    direction = np.concatenate([slot, _first_direction(out[:, points[begin[opened:]]])])
    nw, ne, sw, se = vertices.around[:, points[begin]]
    left = np.choose(direction, [ne, se, sw, nw])
    right = np.choose(direction, [se, sw, nw, ne])
    node_of = np.zeros(len(vertices.x), np.int32)
    node_of[node_ids] = np.arange(len(node_ids))
    leaving = np.full((len(node_ids), 4), -1, np.int32)
    darts = 2 * np.arange(opened, dtype=np.int32)
    leaving[at, slot] = darts
    tip = end[:opened]
    step_x, step_y = x[tip - 1] - x[tip], y[tip - 1] - y[tip]
    back = np.where(step_x > 0, EAST, np.where(step_x < 0, WEST, 0))
    back = np.where(step_y > 0, SOUTH, np.where(step_y < 0, NORTH, back))
    leaving[node_of[points[tip]], back] = darts + 1
    return Arcs(bounds, x, y, left, right, leaving, opened)


def _first_direction(out: np.ndarray) -> np.ndarray:
    """Direction (n,) of the one way out in (4, n) bool."""
    return np.argmax(out, axis=0)
