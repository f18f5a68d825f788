"""Arcs in, rings and polygons out, as sequences of directed arcs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .linking import batches, offsets, order_loops

if TYPE_CHECKING:
    from .arcs import Arcs


@dataclass
class Rings:
    """Rings of all polygons, the exterior ring of each polygon first.

    Attributes:
        darts: (d,) int32 directed arcs in ring order: 2 i runs along arc i, 2 i + 1 against it.
        bounds: (r + 1,) int64; ring j consists of ``darts[bounds[j] : bounds[j + 1]]``.
        hole: (r,) bool.
        first_ring: (n + 1,) int64; rings ``first_ring[k] .. first_ring[k + 1] - 1`` make
            polygon k.
        region: (n,) int32 region of each polygon, ascending.
    """

    darts: np.ndarray
    bounds: np.ndarray
    hole: np.ndarray
    first_ring: np.ndarray
    region: np.ndarray


def choose_polygons(rings: Rings, chosen: np.ndarray) -> Rings:
    """The rings of some polygons: ``chosen`` is (n,) bool by polygon."""
    counts, sizes = np.diff(rings.first_ring), np.diff(rings.bounds)
    ring = np.repeat(chosen, counts)
    return Rings(
        darts=rings.darts[np.repeat(ring, sizes)],
        bounds=offsets(sizes[ring]),
        hole=rings.hole[ring],
        first_ring=offsets(counts[chosen]),
        region=rings.region[chosen],
    )


def twice_areas(x: np.ndarray, y: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Shoelace sums of point sequences about the origin.

    Args:
        x: (p,) columns, integer or float.
        y: (p,) rows.
        bounds: (n + 1,) int64 first points of the sequences, each of two points or more.

    Returns:
        (n,) int64 or float64; over a ring they add up to twice its area, which is negative
        where the ring runs counter-clockwise on the screen (rows grow downwards).
    """
    wide = np.int64 if x.dtype.kind == "i" else np.float64
    sums = np.zeros(len(bounds) - 1, wide)
    for first, last in batches(bounds):
        local = bounds[first : last + 1]
        part = slice(local[0], local[-1])
        px, py = x[part].astype(wide), y[part].astype(wide)
        cross = np.zeros(len(px), wide)
        np.subtract(px[:-1] * py[1:], px[1:] * py[:-1], out=cross[:-1])
        cross[local[1:] - 1 - local[0]] = 0
        sums[first:last] = np.add.reduceat(cross, local[:-1] - local[0])
    return sums


def ring_sums(values: np.ndarray, rings: Rings) -> np.ndarray:
    """Add (n,) values of arcs along the rings, negative against the arc: (r,)."""
    if not len(rings.darts):
        return np.zeros(0, values.dtype)
    signed = values[rings.darts >> 1]
    np.negative(signed, out=signed, where=(rings.darts & 1).astype(bool))
    return np.add.reduceat(signed, rings.bounds[:-1])


def build_rings(arcs: Arcs) -> Rings:
    """Walk around all regions with the region on the left.

    At a node the walk turns left as sharply as it can, so that regions are 4-connected.
    Where one walk comes twice through a node, the region touches itself with a corner: the
    walk is cut in two rings there, for a ring of a simple feature may not touch itself.
    """
    face = np.empty(2 * len(arcs), np.int32)
    face[0::2], face[1::2] = arcs.left, arcs.right
    succ = _turn_left(arcs)
    head, rank = order_loops(succ)
    head, rank = _cut_pinches(arcs, face, succ, head, rank)
    inside = np.flatnonzero(face > 0)
    tops = inside[head[inside] == inside]
    number = np.zeros(len(face), np.int64)
    number[tops] = np.arange(len(tops))
    ring = number[head[inside]]
    area = twice_areas(arcs.x, arcs.y, arcs.bounds)
    signed = np.where(inside & 1, -area[inside >> 1], area[inside >> 1])
    hole = np.bincount(ring, signed, len(tops)) > 0
    order = np.argsort(face[tops].astype(np.int64) * 2 + hole, kind="stable")
    place = np.empty(len(tops), np.int64)
    place[order] = np.arange(len(tops))
    bounds = offsets(np.bincount(ring, minlength=len(tops))[order])
    darts = np.empty(len(inside), np.int32)
    darts[bounds[place[ring]] + rank[inside]] = inside
    outer = np.flatnonzero(~hole[order])
    return Rings(
        darts=darts,
        bounds=bounds,
        hole=hole[order],
        first_ring=np.append(outer, len(tops)),
        region=face[tops[order[outer]]],
    )


def _turn_left(arcs: Arcs) -> np.ndarray:
    """The dart after each dart around the region on its left: (2 n,) int32."""
    succ = np.arange(2 * len(arcs), dtype=np.int32)
    leaving = arcs.leaving
    for slot in range(4):
        onward = leaving[:, (slot + 3) % 4]
        for turn in (2, 1):
            nearer = leaving[:, (slot + turn) % 4]
            onward = np.where(nearer >= 0, nearer, onward)
        here = leaving[:, slot] >= 0
        succ[leaving[here, slot] ^ 1] = onward[here]
    return succ


def _cut_pinches(arcs, face, succ, head, rank):
    crossings = arcs.leaving[(arcs.leaving >= 0).all(axis=1)]
    touched = np.zeros(len(succ), bool)
    for slot in (0, 1):
        one, other = crossings[:, slot] ^ 1, crossings[:, slot + 2] ^ 1
        pinch = (head[one] == head[other]) & (face[one] > 0)
        one, other = one[pinch], other[pinch]
        succ[one], succ[other] = succ[other], succ[one]
        touched[head[one]] = True
    again = np.flatnonzero(touched[head])
    if len(again):
        index = np.zeros(len(succ), np.int32)
        index[again] = np.arange(len(again), dtype=np.int32)
        top, place = order_loops(index[succ[again]])
        head[again] = again[top]
        rank[again] = place
    return head, rank
