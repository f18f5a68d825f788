"""Pixel corners at which borders turn or meet, held compactly and given back in bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Vertices:
    """Pixel corners at which the borders between regions turn or meet, in raster order.

    Attributes:
        x: (n,) int32, column of the corner, 0 to the raster's width.
        y: (n,) int32, row of the corner, 0 to the raster's height.
        around: (4, n) int32, regions of the pixels to the north-west, north-east,
            south-west and south-east (north: the row above).
    """

    x: np.ndarray
    y: np.ndarray
    around: np.ndarray


@dataclass
class _Part:
    """Vertices of a few rows in the narrowest types: 7 bytes each where regions are few."""

    column: np.ndarray
    row: np.ndarray
    around: np.ndarray
    first_row: int
    first_label: int

    def unpack(self, number: np.ndarray) -> tuple[np.ndarray, ...]:
        """Column, row and regions around, as in :class:`Vertices`."""
        top = self.first_label + int(self.around.max()) + 1
        region = number[self.first_label : top].copy()
        region[0] = 0  # no data has label 0 everywhere
        return (
            self.column.astype(np.int32),
            self.row.astype(np.int32) + np.int32(self.first_row),
            region[self.around],
        )


class Boundary:
    """Collects the vertices of a raster from top to bottom.

    Args:
        band: Number of vertices from which on a band is full; rows are never divided.
    """

    def __init__(self, band: int):
        self._band = band
        self._parts: list[_Part | None] = []

    def add(self, column, row, around, first_row: int, first_label: int) -> None:
        """Take the vertices of the next rows.

        Args:
            column: (n,) int columns.
            row: (n,) int rows from ``first_row`` on.
            around: (4, n) int labels as in :class:`Vertices`, 0 for no data.
            first_row: Row that ``row`` counts from.
            first_label: What is to be added to the labels above 0.
        """
        if len(column):
            columns = (narrow(values) for values in (column, row, around))
            self._parts.append(_Part(*columns, first_row, first_label))

    def bands(self, number: np.ndarray, consume: bool = False) -> Iterator[Vertices]:
        """Give all vertices back, some rows at a time.

        Args:
            number: (m,) int32 region of each label.
            consume: Let go of what has been given back.
        """
        waiting: list[tuple[np.ndarray, ...]] = []
        count = 0
        for index, part in enumerate(self._parts):
            waiting.append(part.unpack(number))
            count += len(part.column)
            if consume:
                self._parts[index] = None
            if count >= self._band or index == len(self._parts) - 1:
                x, y, around = zip(*waiting)
                waiting, count = [], 0
                yield Vertices(np.concatenate(x), np.concatenate(y), np.concatenate(around, axis=1))


def column_neighbours(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the pairs of vertices that follow one another in a column.

    Args:
        x: (n,) int columns of vertices in raster order.

    Returns:
        ``(upper, lower)``: (m,) int32 each.
    """
    # numpy sorts 16 bits in linear time
    key = x.astype(np.uint16) if x.max(initial=0) < 65536 else x
    order = np.argsort(key, kind="stable").astype(np.int32)
    column = x[order]
    same = column[1:] == column[:-1]
    return order[:-1][same], order[1:][same]


def narrow(values: np.ndarray) -> np.ndarray:
    """Copy non-negative ints to the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
