"""The vertices of a band of rows in, pieces of arcs out.

A border that leaves the band upwards or downwards ends there at a stand-in for the vertex
beyond: the numbers from that of the band's vertices on, first those below, then those above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .boundary import column_neighbours
from .linking import offsets, order_lists, spread

if TYPE_CHECKING:
    from .boundary import Vertices

EAST, SOUTH, WEST, NORTH = range(4)
"""Directions out of a vertex, clockwise on the screen; rows grow to the south."""


@dataclass
class Pieces:
    """Pieces of arcs within a band, each directed like its arc.

    First come those that begin at a node, in the order of nodes and directions; then those
    that begin at the band's edge; then closed arcs.

    Attributes:
        x: (p,) int32 columns of the points, those on straight runs left out.
        y: (p,) int32 rows.
        sizes: (n,) int64 number of points of each piece, may be 0 between edges.
        left: (n,) int32 region to the left.
        right: (n,) int32 region to the right.
        begun: Number of pieces that begin at a node.
        loops: Number of closed arcs.
        nodes: Number of nodes.
        leaves: (begun,) int64 ``4 * node + direction`` in which the piece leaves its node.
        tips: (t,) int32 pieces that end at a node.
        arrives: (t,) int64 ``4 * node + direction`` in which it lies from there.
        top: (n,) int32 first vertex in raster order of each piece, by its number in the band.
        below: ``(column, piece, ends)`` where a border goes on below the band: (k,) each;
            whether the piece ends there or begins.
        above: The same above the band.
    """

    x: np.ndarray
    y: np.ndarray
    sizes: np.ndarray
    left: np.ndarray
    right: np.ndarray
    begun: int
    loops: int
    nodes: int
    leaves: np.ndarray
    tips: np.ndarray
    arrives: np.ndarray
    top: np.ndarray
    below: tuple[np.ndarray, np.ndarray, np.ndarray]
    above: tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass
class _Graph:
    """Borders between the vertices of a band and their stand-ins beyond it.

    Attributes:
        x: (m,) int32 columns, those of the stand-ins last.
        y: (m,) int32 rows, of stand-ins one beyond their neighbour's.
        around: (4, m) int32 regions.
        out: (4, m) bool by direction: along each border the way out keeps the smaller region
            number on the left.
        toward: Next vertex in each direction, (m,) int32 each.
        two: (m,) bool, vertices that two borders share.
        straight: (m,) bool, points that are no corner, and the stand-ins.
        node_ids: (k,) int64 vertices where three or four borders end.
        lowest: (b,) int vertices with a stand-in below.
        highest: (c,) int vertices with a stand-in above.
    """

    x: np.ndarray
    y: np.ndarray
    around: np.ndarray
    out: np.ndarray
    toward: tuple[np.ndarray, ...]
    two: np.ndarray
    straight: np.ndarray
    node_ids: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def cut_pieces(vertices: Vertices) -> Pieces:
    """Link the vertices of a band along the borders.

    Args:
        vertices: One or more; the regions around may have been merged since they were traced,
            which leaves vertices without any border.

    Returns:
        The pieces without collinear points, nodes excepted.
    """
    graph = _graph(vertices)
    count, total = len(vertices.x), len(graph.x)
    follow = np.select(graph.out[:3], graph.toward[:3], graph.toward[3])
    ends = np.concatenate([graph.node_ids, np.arange(count, total)])
    at, slot = np.nonzero(graph.out[:, ends].T)
    tail = ends[at]
    first = np.empty(len(tail), np.int32)
    for direction in range(4):
        leaving = slot == direction
        first[leaving] = graph.toward[direction][tail[leaving]]
    points, lengths, opened = _chain(graph.two, follow, tail, first)
    return _finish(graph, count, points, offsets(lengths), opened, at, slot)


def _graph(vertices: Vertices) -> _Graph:
    nw, ne, sw, se = vertices.around
    x, y, count = vertices.x, vertices.y, len(vertices.x)
    has = np.stack([ne != se, se != sw, sw != nw, nw != ne])
    out = np.stack([ne < se, se < sw, sw < nw, nw < ne])
    upper, lower = column_neighbours(x)
    goes_down, goes_up = has[SOUTH].copy(), has[NORTH].copy()
    goes_down[upper] = False
    goes_up[lower] = False
    lowest, highest = np.flatnonzero(goes_down), np.flatnonzero(goes_up)
    downs = slice(count, count + len(lowest))
    ups = slice(downs.stop, downs.stop + len(highest))
    below, above = np.zeros(ups.stop, np.int32), np.zeros(ups.stop, np.int32)
    below[upper], above[lower] = lower, upper
    ids = np.arange(ups.stop, dtype=np.int32)
    below[lowest], above[highest] = ids[downs], ids[ups]
    above[downs], below[ups] = lowest, highest
    beyond = np.zeros((4, ups.stop - count), bool)
    beyond[NORTH, : len(lowest)] = ~out[SOUTH, lowest]
    beyond[SOUTH, len(lowest) :] = ~out[NORTH, highest]
    regions = np.zeros(beyond.shape, np.int32)
    regions[:2, : len(lowest)] = vertices.around[2:, lowest]
    regions[2:, len(lowest) :] = vertices.around[:2, highest]
    degree = has.sum(axis=0, dtype=np.uint8)
    none = np.zeros(ups.stop - count, bool)
    two = np.append(degree == 2, none)
    return _Graph(
        x=np.concatenate([x, x[lowest], x[highest]]),
        y=np.concatenate([y, y[lowest] + np.int32(1), y[highest] - np.int32(1)]),
        around=np.concatenate([vertices.around, regions], axis=1),
        out=np.concatenate([out, beyond], axis=1),
        toward=(ids + np.int32(1), below, ids - np.int32(1), above),
        two=two,
        straight=np.append(two[:count] & (has[EAST] == has[WEST]), ~none),
        node_ids=np.flatnonzero(degree > 2),
        lowest=lowest,
        highest=highest,
    )


def _chain(two, follow, tail, first):
    """List the vertices of every piece: (points, lengths, number of open pieces)."""
    inner = np.flatnonzero(two).astype(np.int32)
    index = np.full(len(two), len(inner), np.int32)
    index[inner] = np.arange(len(inner), dtype=np.int32)
    begins = two[first]
    starts = index[first[begins]]
    head, rank = order_lists(index[follow[inner]], starts)
    piece_of = np.full(len(inner), -1, np.int32)
    piece_of[starts] = np.flatnonzero(begins)
    loops = np.flatnonzero((head == np.arange(len(inner))) & (piece_of < 0))
    opened = len(first)
    piece_of[loops] = opened + np.arange(len(loops))
    piece = piece_of[head]
    lengths = np.bincount(piece, minlength=opened + len(loops))
    lengths[:opened] += 2
    lengths[opened:] += 1
    bounds = offsets(lengths)
    points = np.empty(bounds[-1], np.int32)
    points[bounds[piece] + rank + (piece < opened)] = inner
    ends = bounds[1:] - 1
    points[bounds[:opened]] = tail
    direct = ~begins
    points[ends[:opened][direct]] = first[direct]
    points[ends[:opened][begins]] = follow[points[ends[:opened][begins] - 1]]
    turn_loops(points, bounds[opened:])
    return points, lengths, opened


def turn_loops(points: np.ndarray, bounds: np.ndarray) -> None:
    """Let closed arcs begin and end at their smallest point, in place.

    Args:
        points: Numbers of points, ascending in raster order, within an arc all different but
            the last one, which is overwritten.
        bounds: (n + 1,) first points of the arcs.
    """
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


def _finish(graph: _Graph, count, points, bounds, opened, at, slot) -> Pieces:
    begin, tip = points[bounds[:-1]], points[bounds[1:] - 1][:opened]
    before = points[bounds[1:][:opened] - 2]
    direction = np.concatenate([slot, np.argmax(graph.out[:, begin[opened:]], axis=0)])
    nw, ne, sw, se = graph.around[:, begin]
    keep = ~graph.straight[points]
    first = bounds[:-1]
    sizes = np.add.reduceat(keep, first, dtype=np.int64) if len(first) else first
    top = np.minimum.reduceat(points, first) if len(first) else begin
    points = points[keep]
    begun = int(np.searchsorted(at, len(graph.node_ids)))
    node_of = np.zeros(count, np.int32)
    node_of[graph.node_ids] = np.arange(len(graph.node_ids))
    tips = np.flatnonzero(tip < count).astype(np.int32)
    back = _back(graph, tip[tips], before[tips])
    edge = np.full(len(graph.x) - count, -1, np.int32)
    ends = np.zeros(len(edge), bool)
    outer = np.flatnonzero(tip >= count)
    edge[begin[begun:opened] - count] = np.arange(begun, opened)
    edge[tip[outer] - count] = outer
    ends[tip[outer] - count] = True
    low = len(graph.lowest)
    return Pieces(
        x=graph.x[points],
        y=graph.y[points],
        sizes=sizes,
        left=np.choose(direction, [ne, se, sw, nw]),
        right=np.choose(direction, [se, sw, nw, ne]),
        begun=begun,
        loops=len(begin) - opened,
        nodes=len(graph.node_ids),
        leaves=4 * at[:begun] + slot[:begun],
        tips=tips,
        arrives=4 * node_of[tip[tips]].astype(np.int64) + back,
        top=top,
        below=(graph.x[graph.lowest], edge[:low], ends[:low]),
        above=(graph.x[graph.highest], edge[low:], ends[low:]),
    )


def _back(graph: _Graph, tip, before) -> np.ndarray:
    """Direction from the last vertex of a piece to the one before: (n,)."""
    step_x, step_y = graph.x[before] - graph.x[tip], graph.y[before] - graph.y[tip]
    back = np.where(step_x > 0, EAST, np.where(step_x < 0, WEST, 0))
    return np.where(step_y > 0, SOUTH, np.where(step_y < 0, NORTH, back))
