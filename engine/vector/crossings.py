"""Exact search for segments that meet where they must not, and for points swept over."""

from __future__ import annotations

import numpy as np

from .linking import offsets, spread

_PAIRS = 1 << 15
"""Pairs judged at once: their temporaries stay in the cache."""


def conflicts(x0, y0, x1, y1, active, cell: int) -> np.ndarray:
    """Find segments that meet other than at a common end.

    Two segments conflict when they cross, touch or overlap; a common end alone is no
    conflict. All decisions are exact in integers.

    Args:
        x0: (s,) int64 column of the first end.
        y0: (s,) int64 row of the first end.
        x1: (s,) int64 column of the second end.
        y1: (s,) int64 row of the second end.
        active: (s,) bool; pairs without an active segment are known to be free of conflict.
        cell: Side of the search grid's cells, in units of the coordinates.

    Returns:
        Sorted indices of the segments in conflict.
    """
    if not active.any():
        return np.zeros(0, np.int64)
    key, segment = _cells(x0, y0, x1, y1, cell)
    busy = active[segment]
    if np.count_nonzero(active) * 4 < len(active):
        wanted = np.unique(key[busy])
        near = wanted[np.minimum(np.searchsorted(wanted, key), len(wanted) - 1)] == key
        key, segment = key[near], segment[near]
    order = np.argsort(key)
    key, segment = key[order], segment[order]
    bad = np.zeros(len(x0), bool)
    first, shift = np.arange(len(key) - 1), 1
    while len(first):
        first = first[key[first + shift] == key[first]]
        i, j = segment[first], segment[first + shift]
        for part in range(0, len(i), 1 << 16):
            _judge(
                x0, y0, x1, y1, active, i[part : part + (1 << 16)], j[part : part + (1 << 16)], bad
            )
        shift += 1
        first = first[first + shift < len(key)]
    return np.flatnonzero(bad)


def _cells(x0, y0, x1, y1, cell):
    """List (key, segment) for all grid cells that each segment passes through."""
    low_x, high_x = np.minimum(x0, x1) // cell, np.maximum(x0, x1) // cell
    low_y, high_y = np.minimum(y0, y1) // cell, np.maximum(y0, y1) // cell
    stride = int(high_x.max(initial=0)) + 2
    one_row = (low_y == high_y) | (low_x == high_x)
    box = np.flatnonzero(one_row)
    segment, row, begin, end = [], [], [], []
    tall = high_y[box] - low_y[box] + 1
    segment.append(np.repeat(box, tall))
    row.append(spread(low_y[box], tall))
    begin.append(low_x[segment[0]])
    end.append(high_x[segment[0]])
    slanted = np.flatnonzero(~one_row)
    if len(slanted):
        tall = high_y[slanted] - low_y[slanted] + 1
        s = np.repeat(slanted, tall)
        r = spread(low_y[slanted], tall)
        top = np.maximum(r * cell, np.minimum(y0[s], y1[s])) - y0[s]
        bottom = np.minimum((r + 1) * cell, np.maximum(y0[s], y1[s])) - y0[s]
        slope = (x1[s] - x0[s]) / (y1[s] - y0[s])
        at_top, at_bottom = x0[s] + top * slope, x0[s] + bottom * slope
        safe = 1e-6
        left = np.floor((np.minimum(at_top, at_bottom) - safe) / cell).astype(np.int64)
        right = np.floor((np.maximum(at_top, at_bottom) + safe) / cell).astype(np.int64)
        segment.append(s)
        row.append(r)
        begin.append(np.maximum(left, low_x[s]))
        end.append(np.minimum(right, high_x[s]))
    segment, row, begin, end = (np.concatenate(v) for v in (segment, row, begin, end))
    wide = end - begin + 1
    return spread(row * stride + begin, wide), np.repeat(segment, wide)


def _judge(x0, y0, x1, y1, active, i, j, bad) -> None:
    """Mark in ``bad`` the segments of those pairs (i, j) that conflict."""
    use = active[i] | active[j]
    i, j = i[use], j[use]
    ends = [v[k] for k in (i, j) for v in (x0, y0, x1, y1)]
    ax, ay, bx, by, cx, cy, dx, dy = ends
    use = (np.minimum(ax, bx) <= np.maximum(cx, dx)) & (np.minimum(cx, dx) <= np.maximum(ax, bx))
    use &= (np.minimum(ay, by) <= np.maximum(cy, dy)) & (np.minimum(cy, dy) <= np.maximum(ay, by))
    use &= i != j
    i, j = i[use], j[use]
    ax, ay, bx, by, cx, cy, dx, dy = (v[use] for v in ends)
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    wx, wy = cx - ax, cy - ay
    # side of c and d from ab, of a and b from cd
    parallel = ux * vy - uy * vx
    side_c = ux * wy - uy * wx
    side_d = side_c + parallel
    side_a = wx * vy - wy * vx
    side_b = side_a - parallel
    meet = (np.sign(side_c) * np.sign(side_d) <= 0) & (np.sign(side_a) * np.sign(side_b) <= 0)
    same = [
        (ax == cx) & (ay == cy),
        (ax == dx) & (ay == dy),
        (bx == cx) & (by == cy),
        (bx == dx) & (by == dy),
    ]
    forward = ux * vx + uy * vy > 0
    apart = same[0] | same[3]
    common = apart | same[1] | same[2]
    # From a common end, segments overlap when parallel and of one direction away from it.
    overlap = (parallel == 0) & np.where(apart, forward, ~forward)
    twin = (same[0] & same[3]) | (same[1] & same[2])
    wrong = np.where(common, overlap | twin, meet)
    bad[i[wrong]] = True
    bad[j[wrong]] = True


def swept(x, y, a, b, point_x, point_y, cell: int) -> np.ndarray:
    """Find stretches between which and their chord a point lies.

    Args:
        x: (p,) int64 columns of all points.
        y: (p,) int64 rows.
        a: (k,) first points of the stretches.
        b: (k,) last points.
        point_x: (m,) int64 columns of the points that must not change sides.
        point_y: (m,) int64 rows.
        cell: Side of the search grid's cells.

    Returns:
        Sorted indices of stretches that, closed by their chord, wind around a point.
    """
    nothing = np.zeros(0, np.int64)
    if not len(a) or not len(point_x):
        return nothing
    sizes = b - a + 1
    every = spread(a, sizes)
    local = offsets(sizes)[:-1]
    box = [f.reduceat(v[every], local) for v in (x, y) for f in (np.minimum, np.maximum)]
    roomy = np.flatnonzero((box[1] - box[0] > 1) & (box[3] - box[2] > 1))
    if not len(roomy):
        return nothing
    chord, point = _points_in_boxes([v[roomy] for v in box], point_x, point_y, cell)
    chord = roomy[chord]
    if not len(chord):
        return nothing
    turns = _windings(x, y, a[chord], b[chord], point_x[point], point_y[point])
    return np.unique(chord[turns != 0])


def _points_in_boxes(box, point_x, point_y, cell):
    """Pairs (box, point) with the point strictly inside the box."""
    low_x, high_x, low_y, high_y = box
    stride = int(max(point_x.max(), high_x.max())) // cell + 2
    key = (point_y // cell) * stride + point_x // cell
    order = np.argsort(key)
    key = key[order]
    tall = high_y // cell - low_y // cell + 1
    which = np.repeat(np.arange(len(low_x)), tall)
    row = spread(low_y // cell, tall) * stride
    begin = np.searchsorted(key, row + low_x[which] // cell)
    found = np.searchsorted(key, row + high_x[which] // cell, side="right") - begin
    which, point = np.repeat(which, found), order[spread(begin, found)]
    inside = (point_x[point] > low_x[which]) & (point_x[point] < high_x[which])
    inside &= (point_y[point] > low_y[which]) & (point_y[point] < high_y[which])
    return which[inside], point[inside]


def _windings(x, y, a, b, point_x, point_y) -> np.ndarray:
    """Winding number of each closed stretch around its point (Sunday 2001); 0 at its ends."""
    sizes = b - a + 1
    start = spread(a, sizes)
    local = offsets(sizes)[:-1]
    after = start + 1
    after[np.append(local[1:], len(start)) - 1] = a
    px, py = np.repeat(point_x, sizes), np.repeat(point_y, sizes)
    sx, sy, tx, ty = x[start] - px, y[start] - py, x[after] - px, y[after] - py
    side = sx * ty - sy * tx
    turns = ((sy <= 0) & (ty > 0) & (side > 0)).astype(np.int64)
    turns -= (sy > 0) & (ty <= 0) & (side < 0)
    total = np.add.reduceat(turns, local)
    at_end = ((x[a] == point_x) & (y[a] == point_y)) | ((x[b] == point_x) & (y[b] == point_y))
    total[at_end] = 0
    return total
