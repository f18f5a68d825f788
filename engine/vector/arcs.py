"""Bands of boundary vertices in, arcs out: each piece of border between two regions once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .boundary import narrow
from .linking import batches, offsets, order_lists, spread
from .pieces import cut_pieces, turn_loops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .boundary import Vertices
    from .pieces import Pieces


@dataclass
class Arcs:
    """Borders between two regions, from node to node or closed.

    A node is a vertex where three or four borders end. Seen from the first point towards
    the second, region ``left`` lies to the left on the screen; left < right.

    Attributes:
        bounds: (n + 1,) int64; the points of arc i are ``bounds[i] .. bounds[i + 1] - 1``.
            The last point of a closed arc repeats its first.
        x: (p,) int32 columns of the points in pixels.
        y: (p,) int32 rows of the points in pixels.
        left: (n,) int32 region.
        right: (n,) int32 region.
        leaving: (k, 4) int32: by node and direction the dart (see below) that leaves
            there, -1 for none. Dart 2 i runs along arc i, dart 2 i + 1 against it.
        opened: Number of arcs that end at nodes; closed arcs without a node come after, in
            the order of their first points in the raster.
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


def build_arcs(bands: Iterable[Vertices], width: int) -> Arcs:
    """Link the vertices along the borders, band by band, and join the pieces.

    Args:
        bands: All vertices in raster order, whole rows at a time.
        width: Columns of the raster.

    Returns:
        The arcs without collinear points, nodes excepted.
    """
    linker = _Linker(width)
    for vertices in bands:
        linker.add(len(vertices.x), cut_pieces(vertices))
    return linker.finish()


@dataclass
class _Points:
    """Points of the pieces of a band in the narrowest types."""

    x: np.ndarray
    y: np.ndarray
    first_row: int


class _Linker:
    """Joins the pieces of all bands; numbers pieces, nodes and vertices through."""

    def __init__(self, width: int):
        self._hanging = np.zeros(width + 1, np.int32)  # piece that goes on below, by column
        self._ends = np.zeros(width + 1, bool)  # whether it ends there, or begins
        self._pieces = 0
        self._nodes = 0
        self._vertices = 0
        self._arcs = 0
        self._points: list[_Points | None] = []
        self._links = _Columns(np.int32, np.int32)  # piece, piece after it
        self._tips = _Columns(np.int32, np.int64)  # piece, where it lies from its last node
        self._leaves = _Columns(np.int64)  # where each arc in turn leaves its first node
        # points, regions, first vertex, whether begun at a node, whether closed in its band
        self._table = _Columns(np.int32, np.int32, np.int32, np.int64, bool, bool)

    def add(self, vertices: int, pieces: Pieces) -> None:
        base, count = self._pieces, len(pieces.sizes)
        column, piece, ends = pieces.above
        upper, lower = self._hanging[column], piece + np.int32(base)
        onward = self._ends[column]
        assert (onward != ends).all(), "a border that leaves a band enters the next"
        self._links.add(np.where(onward, upper, lower), np.where(onward, lower, upper))
        column, piece, ends = pieces.below
        self._hanging[column] = piece + np.int32(base)
        self._ends[column] = ends
        self._tips.add(pieces.tips + np.int32(base), pieces.arrives + 4 * self._nodes)
        self._leaves.add(pieces.leaves + 4 * self._nodes)
        number = np.arange(count)
        begun, closed = number < pieces.begun, number >= count - pieces.loops
        top = pieces.top.astype(np.int64) + self._vertices
        self._table.add(pieces.sizes, pieces.left, pieces.right, top, begun, closed)
        row = int(pieces.y.min(initial=2**31 - 1))
        self._points.append(_Points(narrow(pieces.x), narrow(pieces.y - row), row))
        self._pieces += count
        self._nodes += pieces.nodes
        self._vertices += vertices

    def finish(self) -> Arcs:
        sizes, left, right, top, begun, closed = self._table.take()
        head, rank = self._follow(begun)
        opened = int(begun.sum())
        loops = np.flatnonzero((head == np.arange(len(head))) & ~begun)
        arc_of = np.empty(len(head), np.int32)
        arc_of[begun] = np.arange(opened, dtype=np.int32)
        arc_of[loops] = np.arange(len(loops), dtype=np.int32)
        loops = loops[np.argsort(_first_vertices(arc_of, head, loops, begun, top))]
        arc_of[loops] = opened + np.arange(len(loops), dtype=np.int32)
        heads = np.append(np.flatnonzero(begun), loops)
        left, right = left[heads], right[heads]
        arc = arc_of[head]
        begin, bounds = _places(arc, rank, sizes, np.append(np.zeros(opened, bool), ~closed[loops]))
        x, y = self._gather(begin, sizes, int(bounds[-1]))
        across = opened + np.flatnonzero(~closed[loops])
        _close(x, y, bounds, across)
        leaving = np.full((self._nodes, 4), -1, np.int32)
        (leaves,), (tips, arrives) = self._leaves.take(), self._tips.take()
        leaving.ravel()[leaves] = 2 * np.arange(opened, dtype=np.int32)
        leaving.ravel()[arrives] = 2 * arc[tips] + 1
        return Arcs(bounds, x, y, left, right, leaving, opened)

    def _follow(self, begun) -> tuple[np.ndarray, np.ndarray]:
        """First piece of the arc that each piece is part of, and its place there."""
        head = np.arange(len(begun), dtype=np.int32)
        rank = np.zeros(len(begun), np.int32)
        before, after = self._links.take()
        linked = np.zeros(len(begun), bool)
        linked[before] = True
        linked[after] = True
        ids = np.flatnonzero(linked).astype(np.int32)
        index = np.empty(len(begun), np.int32)
        index[ids] = np.arange(len(ids), dtype=np.int32)
        succ = np.full(len(ids), len(ids), np.int32)
        succ[index[before]] = index[after]
        first, place = order_lists(succ, index[ids[begun[ids]]])
        head[ids] = ids[first]
        rank[ids] = place
        return head, rank

    def _gather(self, begin, sizes, total: int) -> tuple[np.ndarray, np.ndarray]:
        """Put the points of all pieces in their places; lets go of the pieces."""
        x, y = np.empty(total, np.int32), np.empty(total, np.int32)
        done = piece = 0
        ends = np.cumsum(sizes)
        for index, points in enumerate(self._points):
            done += len(points.x)
            stop = int(np.searchsorted(ends, done, side="right"))
            place = spread(begin[piece:stop], sizes[piece:stop])
            x[place] = points.x
            y[place] = points.y.astype(np.int32) + np.int32(points.first_row)
            self._points[index] = None
            piece = stop
        return x, y


class _Columns:
    """Columns of a table that grows."""

    def __init__(self, *types):
        self._types = types
        self._rows: list[tuple[np.ndarray, ...]] = []

    def add(self, *columns: np.ndarray) -> None:
        self._rows.append(tuple(c.astype(t, copy=False) for c, t in zip(columns, self._types)))

    def take(self) -> tuple[np.ndarray, ...]:
        rows, self._rows = self._rows, []
        empty = tuple(np.zeros(0, t) for t in self._types)
        return tuple(np.concatenate(column) for column in zip(empty, *rows))


def _first_vertices(loop_of, head, loops, begun, top) -> np.ndarray:
    """First vertex in raster order of each closed arc: (k,) int64."""
    first = np.full(len(loops), np.iinfo(np.int64).max)
    on = np.flatnonzero(~begun[head])
    np.minimum.at(first, loop_of[head[on]], top[on])
    return first


def _places(arc, rank, sizes, opens):
    """Where each piece begins among all points, and the arcs' bounds.

    ``opens`` marks the arcs that get one more point, which closes them.
    """
    count = len(opens)
    row = offsets(np.bincount(arc, minlength=count))
    place = row[arc] + rank
    ordered = np.empty_like(sizes)
    ordered[place] = sizes
    upto = offsets(ordered)
    lengths = np.diff(upto[row]) + opens
    bounds = offsets(lengths)
    return upto[place] + (bounds[:-1] - upto[row[:-1]])[arc], bounds


def _close(x, y, bounds, loops) -> None:
    """Let closed arcs that cross bands begin and end at their first point, in place."""
    lengths = offsets(bounds[loops + 1] - bounds[loops])
    for first, last in batches(lengths):
        some = loops[first:last]
        size = bounds[some + 1] - bounds[some]
        place = spread(bounds[some], size)
        key = (y[place].astype(np.int64) << 32) | x[place]
        turn_loops(key, offsets(size))
        x[place] = key & 0xFFFFFFFF
        y[place] = key >> 32
