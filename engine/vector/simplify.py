"""Douglas-Peucker on all arcs at once, and smoothing by corner cutting."""

from __future__ import annotations

import numpy as np

from .linking import batches, offsets, spread


def farthest(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray):
    """Find, for each stretch of points, the one farthest from the stretch's chord.

    Args:
        x: (p,) int columns of all points.
        y: (p,) int rows.
        a: (k,) first points of the stretches.
        b: (k,) last points, at least a + 2.

    Returns:
        ``(index, square)``: (k,) point between a and b, and its squared distance (float64)
        from the segment between a and b.
    """
    inner = b - a - 1
    point = spread(a + 1, inner)
    far = _square_distances(x, y, point, np.repeat(a, inner), np.repeat(b, inner))
    local = offsets(inner)[:-1]
    most = np.maximum.reduceat(far, local)
    hit = np.flatnonzero(far == np.repeat(most, inner))
    # of equally far points the first one counts
    chord = np.searchsorted(local, hit, side="right") - 1
    hit = hit[np.append(True, chord[1:] != chord[:-1])]
    return point[hit], most


def _square_distances(x, y, point, a, b) -> np.ndarray:
    ax, ay = x[a], y[a]
    px = (x[point] - ax).astype(np.float64)
    py = (y[point] - ay).astype(np.float64)
    dx = (x[b] - ax).astype(np.float64)
    dy = (y[b] - ay).astype(np.float64)
    length = dx * dx + dy * dy
    along = px * dx + py * dy
    cross = px * dy - py * dx
    square = cross * cross / np.maximum(length, 1.0)
    off = np.flatnonzero((along < 0) | (along > length) | (length == 0))
    if len(off):
        to_a = px[off] ** 2 + py[off] ** 2
        to_b = (px[off] - dx[off]) ** 2 + (py[off] - dy[off]) ** 2
        square[off] = np.where(along[off] > length[off], to_b, to_a)
    return square


def douglas_peucker(
    x: np.ndarray, y: np.ndarray, bounds: np.ndarray, movable: np.ndarray, tolerance: float
) -> np.ndarray:
    """Choose the points that stay.

    Douglas and Peucker (1973), with the distance to the chord as a segment, level by level
    over all arcs together. Closed arcs keep at least four points so that they do not collapse.

    Args:
        x: (p,) int columns of the points of all arcs.
        y: (p,) int rows.
        bounds: (n + 1,) first points of the arcs.
        movable: (n,) bool, arcs that may be simplified.
        tolerance: Largest distance in pixels of a dropped point from its segment.

    Returns:
        (p,) bool, True where the point stays.
    """
    keep = np.repeat(~movable, np.diff(bounds))
    a, b = bounds[:-1], bounds[1:] - 1
    keep[a] = True
    keep[b] = True
    go = np.flatnonzero(movable & (b - a > 1))
    for first, last in batches(offsets(b[go] - a[go])):
        part = go[first:last]
        _keep_far_points(x, y, a[part], b[part], tolerance * tolerance, keep)
    return keep


def _keep_far_points(x, y, a, b, limit: float, keep: np.ndarray) -> None:
    """Mark in ``keep`` the points between a and b that stay, level by level."""
    closed = (x[a] == x[b]) & (y[a] == y[b])
    # Twice, splits of closed arcs are forced: four corners, or a triangle at least.
    forced = 2 * closed.astype(np.int8)
    while len(a):
        middle, square = farthest(x, y, a, b)
        split = (square > limit) | (forced > 0)
        a, b, middle = a[split], b[split], middle[split]
        forced = np.maximum(forced[split] - 1, 0)
        keep[middle] = True
        a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
        forced = np.concatenate([forced, forced])
        long = b - a > 1
        a, b, forced = a[long], b[long], forced[long]


def open_loops(x, y, bounds, loops):
    """Let closed arcs begin in the middle of their first segment instead of a corner.

    Args:
        x: (p,) int columns, even numbers.
        y: (p,) int rows, even numbers.
        bounds: (n + 1,) first points of the arcs.
        loops: (k,) indices of the closed arcs.

    Returns:
        ``(x, y, bounds)`` with one point more in each of the closed arcs.
    """
    grown = np.diff(bounds)
    grown[loops] += 1
    fresh = offsets(grown)
    out_x = np.empty(fresh[-1], x.dtype)
    out_y = np.empty(fresh[-1], y.dtype)
    arc = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    place = np.arange(len(x)) + (fresh[:-1] - bounds[:-1])[arc]
    first, last = fresh[loops], fresh[loops + 1] - 1
    for source, target in ((x, out_x), (y, out_y)):
        target[place] = source
        middle = (source[bounds[loops]] + source[bounds[loops] + 1]) // 2
        target[last - 1] = source[bounds[loops]]
        target[first] = middle
        target[last] = middle
    return out_x, out_y, fresh


def cut_corners(x, y, bounds):
    """One round of corner cutting (Chaikin 1974) with fixed ends.

    Args:
        x: (p,) int columns, multiples of 4.
        y: (p,) int rows, multiples of 4.
        bounds: (n + 1,) first points of the arcs.

    Returns:
        ``(x, y, bounds)``: every inner point is replaced by two, a quarter of the way
        towards its neighbours.
    """
    sizes = np.diff(bounds)
    fresh = offsets(2 * sizes - 2)
    inner = np.ones(len(x), bool)
    inner[bounds[:-1]] = False
    inner[bounds[1:] - 1] = False
    inner = np.flatnonzero(inner)
    arc = np.repeat(np.arange(len(sizes)), np.maximum(sizes - 2, 0))
    place = fresh[:-1][arc] + 2 * (inner - bounds[:-1][arc]) - 1
    result = []
    for source in (x, y):
        target = np.empty(fresh[-1], source.dtype)
        target[fresh[:-1]] = source[bounds[:-1]]
        target[fresh[1:] - 1] = source[bounds[1:] - 1]
        target[place] = (3 * source[inner] + source[inner - 1]) // 4
        target[place + 1] = (3 * source[inner] + source[inner + 1]) // 4
        result.append(target)
    return result[0], result[1], fresh
