"""Reads what OGR hands over as well-known binary: points and polygons, in two dimensions."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINT, _POLYGON, _COLLECTIONS = 1, 3, (4, 5, 6, 7)


def point_coordinates(geometries: Sequence[bytes | None]) -> np.ndarray:
    """Coordinates of points, (n, 2) float64; NaN for empty ones, the first of a multipoint."""
    result = np.full((len(geometries), 2), np.nan)
    for number, data in enumerate(geometries):
        found = _Reader(data).points() if data else []
        if found:
            result[number] = found[0]
    return result


def polygon_rings(data: bytes | None) -> list[list[np.ndarray]]:
    """Rings of each part of a polygon or multipolygon.

    Args:
        data: Well-known binary, 2-D; other kinds of geometry have no parts.

    Returns:
        Parts, each a list of rings (p, 2) float64, the outer one first.
    """
    return _Reader(data).polygons() if data else []


class _Reader:
    """Walks through one geometry."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._order = bytes(data), 0, "<"

    def points(self) -> list[tuple[float, float]]:
        kind, dims = self._head()
        if kind in _COLLECTIONS:
            return [point for _ in range(self._count()) for point in self.points()]
        if kind != _POINT:
            return []
        xy = self._coordinates(1, dims)[0]
        return [] if np.isnan(xy).any() else [(float(xy[0]), float(xy[1]))]

    def polygons(self) -> list[list[np.ndarray]]:
        kind, dims = self._head()
        if kind in _COLLECTIONS:
            return [part for _ in range(self._count()) for part in self.polygons()]
        if kind != _POLYGON:
            return []
        rings = [self._coordinates(self._count(), dims) for _ in range(self._count())]
        return [rings] if rings else []

    def _head(self) -> tuple[int, int]:
        """Kind of the next geometry and its number of coordinates."""
        self._order = "<" if self._data[self._at] else ">"
        (code,) = struct.unpack_from(f"{self._order}I", self._data, self._at + 1)
        self._at += 5
        base = code & 0x0FFFFFFF
        extra = base // 1000  # ISO: 1 = Z, 2 = M, 3 = both; EWKB has two high bits instead
        dims = 2 + (extra in (1, 3)) + (extra in (2, 3)) + (code >> 31) + (code >> 30 & 1)
        return base % 1000, dims

    def _count(self) -> int:
        (count,) = struct.unpack_from(f"{self._order}I", self._data, self._at)
        self._at += 4
        return count

    def _coordinates(self, count: int, dims: int) -> np.ndarray:
        values = np.frombuffer(self._data, f"{self._order}f8", count * dims, self._at)
        self._at += 8 * count * dims
        return values.reshape(count, dims)[:, :2].astype(float)
