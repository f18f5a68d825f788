"""Exact search for segments that meet where they must not, and for points swept over."""

from __future__ import annotations

import numpy as np

from .linking import batches, offsets, sort_order, spread

_PAIRS = 1 << 15
"""Pairs judged at once: their temporaries stay in the cache."""
_CELLS = 1 << 18
"""Cells of the search grid that are listed at once,"""
_STRIPS = 16
"""unless that made more strips than this, which each look at all segments."""
_TABLE_BITS = 20


def conflicts(x0, y0, x1, y1, active, shift: int) -> np.ndarray:
    """Find segments that meet other than at a common end.

    Two segments conflict when they cross, touch or overlap; a common end alone is no
    conflict. All decisions are exact in integers.

    Args:
        x0: (s,) int column of the first end.
        y0: (s,) int row of the first end.
        x1: (s,) int column of the second end.
        y1: (s,) int row of the second end.
        active: (s,) bool; pairs without an active segment are known to be free of conflict.
        shift: Binary logarithm of the side of the search grid's cells, in units of the
            coordinates.

    Returns:
        Indices of the segments in conflict.
    """
    busy = np.flatnonzero(active)
    if not len(busy):
        return busy
    if len(busy) * 3 > len(active):
        return _search_strips(x0, y0, x1, y1, active, shift)
    near = _near(x0, y0, x1, y1, busy, shift + 1)
    return near[_search_strips(*(v[near] for v in (x0, y0, x1, y1)), active[near], shift)]


def _search_strips(x0, y0, x1, y1, active, shift) -> np.ndarray:
    """Search strips of grid rows one after another, so that few cells are listed at once."""
    low, high = np.minimum(y0, y1) >> shift, np.maximum(y0, y1) >> shift
    cells = high - low + (np.abs(x1 - x0) >> shift) + 1
    upto = np.cumsum(np.bincount(low, cells))
    count = int(min(_STRIPS, upto[-1] // _CELLS + 1))
    if count == 1:
        return _search(x0, y0, x1, y1, active, shift)
    tops = np.searchsorted(upto, upto[-1] * np.arange(1, count) / count) + 1
    bad = np.zeros(len(x0), bool)
    for top, bottom in zip([0, *tops.tolist()], [*tops.tolist(), int(high.max()) + 1]):
        inside = np.flatnonzero((low < bottom) & (high >= top))
        part = (v[inside] for v in (x0, y0, x1, y1, active))
        bad[inside[_search(*part, shift)]] = True
    return np.flatnonzero(bad)


def _search(x0, y0, x1, y1, active, shift) -> np.ndarray:
    key, segment = _cells(x0, y0, x1, y1, shift)
    order = sort_order(key)
    key, segment = key[order], segment[order]
    ends = [v[segment] for v in (x0, y0, x1, y1)]
    eager = active[segment]
    bad = np.zeros(len(x0), bool)
    first, step = np.arange(len(key) - 1), 1
    while len(first):
        first = first[key[first + step] == key[first]]
        for begin in range(0, len(first), _PAIRS):
            i = first[begin : begin + _PAIRS]
            j = i + step
            use = eager[i] | eager[j]
            i, j = i[use], j[use]
            i, j = _judge(ends, i, j)
            bad[segment[i]] = True
            bad[segment[j]] = True
        step += 1
        first = first[: np.searchsorted(first, len(key) - step)]
    return np.flatnonzero(bad)


def _near(x0, y0, x1, y1, busy, shift) -> np.ndarray:
    """Segments that may share a grid cell with one of the ``busy`` ones, and long ones."""
    low_x, high_x = np.minimum(x0, x1) >> shift, np.maximum(x0, x1) >> shift
    low_y, high_y = np.minimum(y0, y1) >> shift, np.maximum(y0, y1) >> shift
    long = (high_x - low_x > 1) | (high_y - low_y > 1)
    table = np.zeros(1 << _TABLE_BITS, bool)
    wide = high_x[busy] - low_x[busy] + 1
    tall = high_y[busy] - low_y[busy] + 1
    row = spread(low_y[busy], tall)
    wide, low = np.repeat(wide, tall), np.repeat(low_x[busy], tall)
    table[_hash(spread(low, wide), np.repeat(row, wide))] = True
    near = long
    for x in (low_x, high_x):
        for y in (low_y, high_y):
            near = near | table[_hash(x, y)]
    return np.flatnonzero(near)


def _hash(x, y) -> np.ndarray:
    """Slot of a grid cell in a table; several cells may share one."""
    return (x + y * 1009) & ((1 << _TABLE_BITS) - 1)


def _cells(x0, y0, x1, y1, shift):
    """List (key, segment) for all grid cells that each segment passes through."""
    low_x, high_x = np.minimum(x0, x1) >> shift, np.maximum(x0, x1) >> shift
    low_y, high_y = np.minimum(y0, y1) >> shift, np.maximum(y0, y1) >> shift
    stride = int(high_x.max(initial=0)) + 2
    base = low_y.astype(np.int64) * stride + low_x
    more_x, more_y = high_x - low_x, high_y - low_y
    keys, segments = [base], [np.arange(len(base))]
    line = np.flatnonzero(((more_x == 0) | (more_y == 0)) & (more_x + more_y > 0))
    pitch = np.where(more_x[line] > 0, 1, stride)
    count = (more_x + more_y)[line].astype(np.int64)
    segments.append(np.repeat(line, count))
    place = spread(np.ones(len(line), np.int64), count)
    keys.append(base[segments[-1]] + place * np.repeat(pitch, count))
    square = np.flatnonzero((more_x == 1) & (more_y == 1))
    for beyond in (1, stride, stride + 1):
        keys.append(base[square] + beyond)
        segments.append(square)
    slanted = np.flatnonzero((more_x > 0) & (more_y > 0) & (more_x + more_y > 2))
    if len(slanted):
        ends = [v[slanted].astype(np.int64) for v in (x0, y0, x1, y1)]
        key, local = _slanted_cells(*ends, shift, stride)
        first = key != base[slanted[local]]  # the first cell is in the list already
        keys.append(key[first])
        segments.append(slanted[local[first]])
    return np.concatenate(keys), np.concatenate(segments)


def _slanted_cells(x0, y0, x1, y1, shift, stride):
    """Cells of long slanted segments, grid row by grid row."""
    cell = 1 << shift
    low_y, high_y = np.minimum(y0, y1), np.maximum(y0, y1)
    tall = (high_y >> shift) - (low_y >> shift) + 1
    segment = np.repeat(np.arange(len(x0)), tall)
    row = spread(low_y >> shift, tall)
    top = np.maximum(row * cell, low_y[segment]) - y0[segment]
    bottom = np.minimum((row + 1) * cell, high_y[segment]) - y0[segment]
    slope = ((x1 - x0) / (y1 - y0))[segment]
    at_top, at_bottom = x0[segment] + top * slope, x0[segment] + bottom * slope
    safe = 1e-6
    left = np.floor((np.minimum(at_top, at_bottom) - safe) / cell).astype(np.int64)
    right = np.floor((np.maximum(at_top, at_bottom) + safe) / cell).astype(np.int64)
    left = np.maximum(left, (np.minimum(x0, x1) >> shift)[segment])
    right = np.minimum(right, (np.maximum(x0, x1) >> shift)[segment])
    wide = right - left + 1
    return spread(row * stride + left, wide), np.repeat(segment, wide)


def _judge(ends, i, j):
    """Keep those pairs (i, j) of segments that conflict."""
    ax, ay, bx, by = (v[i] for v in ends)
    cx, cy, dx, dy = (v[j] for v in ends)
    use = (np.minimum(ax, bx) <= np.maximum(cx, dx)) & (np.minimum(cx, dx) <= np.maximum(ax, bx))
    use &= (np.minimum(ay, by) <= np.maximum(cy, dy)) & (np.minimum(cy, dy) <= np.maximum(ay, by))
    use = np.flatnonzero(use)
    i, j = i[use], j[use]
    ax, ay, bx, by, cx, cy, dx, dy = (
        v[use].astype(np.int64) for v in (ax, ay, bx, by, cx, cy, dx, dy)
    )
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    wx, wy = cx - ax, cy - ay
    parallel = ux * vy - uy * vx
    # on which side of ab are c and d, of cd a and b
    side_c = ux * wy - uy * wx
    side_a = wx * vy - wy * vx
    meet = np.sign(side_c) * np.sign(side_c + parallel) <= 0
    meet &= np.sign(side_a) * np.sign(side_a - parallel) <= 0
    use = np.flatnonzero(meet)
    i, j, parallel = i[use], j[use], parallel[use]
    ax, ay, bx, by, cx, cy, dx, dy = (v[use] for v in (ax, ay, bx, by, cx, cy, dx, dy))
    heads = (ax == cx) & (ay == cy), (bx == dx) & (by == dy)
    chain = (ax == dx) & (ay == dy), (bx == cx) & (by == cy)
    apart, common = heads[0] | heads[1], heads[0] | heads[1] | chain[0] | chain[1]
    forward = (ux * vx + uy * vy)[use] > 0
    # From a common end, segments overlap when parallel and of one direction away from it.
    overlap = (parallel == 0) & (apart == forward)
    wrong = ~common | overlap | (heads[0] & heads[1]) | (chain[0] & chain[1])
    return i[wrong], j[wrong]


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
    point_x, point_y = point_x.astype(np.int64), point_y.astype(np.int64)
    if not len(a) or not len(point_x):
        return nothing
    box = _boxes(x, y, a, b)
    roomy = np.flatnonzero((box[1] - box[0] > 1) & (box[3] - box[2] > 1))
    if not len(roomy):
        return nothing
    chord, point = _points_in_boxes([v[roomy] for v in box], point_x, point_y, cell)
    chord = roomy[chord]
    if not len(chord):
        return nothing
    turns = _windings(x, y, a[chord], b[chord], point_x[point], point_y[point])
    return np.unique(chord[turns != 0])


def _boxes(x, y, a, b) -> np.ndarray:
    """Least and greatest column, least and greatest row of each stretch: (4, k)."""
    box = np.empty((4, len(a)), x.dtype)
    bounds = offsets(b - a + 1)
    for first, last in batches(bounds):
        every = spread(a[first:last], b[first:last] - a[first:last] + 1)
        local = bounds[first:last] - bounds[first]
        for row, values in ((0, x[every]), (2, y[every])):
            box[row, first:last] = np.minimum.reduceat(values, local)
            box[row + 1, first:last] = np.maximum.reduceat(values, local)
    return box


def _points_in_boxes(box, point_x, point_y, cell):
    """Pairs (box, point) with the point strictly inside the box."""
    low_x, high_x, low_y, high_y = box
    stride = int(max(point_x.max(), high_x.max())) // cell + 2
    key = (point_y // cell) * stride + point_x // cell
    order = np.argsort(key)
    key = key[order]
    tall = high_y // cell - low_y // cell + 1
    pairs = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for first, last in batches(offsets(tall)):
        which = np.repeat(np.arange(first, last), tall[first:last])
        row = spread(low_y[first:last] // cell, tall[first:last]) * stride
        begin = np.searchsorted(key, row + low_x[which] // cell)
        found = np.searchsorted(key, row + high_x[which] // cell, side="right") - begin
        which, point = np.repeat(which, found), order[spread(begin, found)]
        inside = (point_x[point] > low_x[which]) & (point_x[point] < high_x[which])
        inside &= (point_y[point] > low_y[which]) & (point_y[point] < high_y[which])
        pairs.append((which[inside], point[inside]))
    which, point = (np.concatenate(column) for column in zip(*pairs))
    return which, point


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
