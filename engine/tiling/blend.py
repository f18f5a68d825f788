"""Blends overlapping tiles in row strips at the decoder's resolution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from ..types import NODATA_CLASS, ClassStrip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from .grid import TileGrid

MAX_STRIP_ELEMENTS = 1 << 24
"""Largest block of full-resolution probabilities held at once, in elements."""


def blend_window(length: int, overlap: int) -> Tensor:
    """Weights along one axis of a tile: a raised cosine over the overlap at both ends.

    Args:
        length: Cells of a tile.
        overlap: Cells over which the weight rises.

    Returns:
        (length,) float32, all greater than 0.
    """
    ramp = max(1, min(overlap, length // 2))
    position = (torch.arange(length) + 0.5).minimum(length - 0.5 - torch.arange(length))
    weight = torch.sin(math.pi / 2 * (position / ramp).clamp(max=1.0)) ** 2
    return weight.clamp(min=1e-4)


class StripBlender:
    """Adds tiles row by row and hands out finished strips of the class map.

    Holds one tile's height of the raster's width at the decoder's resolution; nothing that
    grows with the raster's height. Notation: K classes, s pixels a decoder cell.
    """

    def __init__(self, grid: TileGrid, cell: int, overlap: int, class_ids: Sequence[int]) -> None:
        """Prepare for a raster.

        Args:
            grid: Tiles; rows of tiles come from top to bottom.
            cell: s.
            overlap: Overlap of tiles in pixels.
            class_ids: Class id of each of the K channels.
        """
        self.grid, self.cell = grid, cell
        self.class_ids = torch.tensor(class_ids, dtype=torch.uint8)
        cells = grid.tile // cell
        self.window = blend_window(cells, overlap // cell)
        self.columns = grid.cols[-1] // cell + cells
        self.sums = torch.zeros(len(class_ids), cells, self.columns)
        self.weight_cols = self._weight_sum(grid.cols)
        self.weight_rows = self._weight_sum(grid.rows)
        # One cell more than a tile: the last half cell of a strip waits for the next one.
        self.valid = torch.zeros(cell + grid.tile, grid.width, dtype=torch.bool)
        self.tail: Tensor | None = None
        self.next_row = 0

    def _weight_sum(self, edges: Sequence[int]) -> Tensor:
        """Sum of the weights along one axis; the two-dimensional window is a product."""
        cells = len(self.window)
        total = torch.zeros(edges[-1] // self.cell + cells)
        for edge in edges:
            total[edge // self.cell : edge // self.cell + cells] += self.window
        return total

    def add(self, col: int, probabilities: Tensor) -> None:
        """Add one tile of the current row of tiles.

        Args:
            col: Left edge of the tile in pixels.
            probabilities: (K, tile / s, tile / s) float32.
        """
        first = col // self.cell
        part = self.sums[:, :, first : first + len(self.window)]
        part.addcmul_(probabilities, self.window[:, None] * self.window)

    def mark_valid(self, col: int, valid: np.ndarray) -> None:
        """Note which pixels of a tile of the current row hold data.

        Args:
            col: Left edge of the tile in pixels.
            valid: (h, w) bool, the tile's part inside the raster.
        """
        h, w = valid.shape
        self.valid[self.cell : self.cell + h, col : col + w] = torch.from_numpy(valid)

    def finish_row(self, index: int) -> Iterator[ClassStrip]:
        """Close a row of tiles and hand out the raster rows that no later tile touches.

        Args:
            index: Number of the row of tiles, from 0.
        """
        grid, s = self.grid, self.cell
        start = grid.rows[index]
        is_last = index == len(grid.rows) - 1
        end = start + grid.tile if is_last else grid.rows[index + 1]
        done = (end - start) // s
        weight = self.weight_rows[start // s : start // s + done, None] * self.weight_cols
        finished = self.sums[:, :done] / weight
        yield from self._strips(finished, start, is_last)
        if not is_last:
            self._shift(done)

    def _shift(self, done: int) -> None:
        """Move the unfinished cells to the top."""
        kept = self.sums.shape[1] - done
        self.sums[:, :kept] = self.sums[:, done:].clone()
        self.sums[:, kept:] = 0
        pixels = done * self.cell
        self.valid[: len(self.valid) - pixels] = self.valid[pixels:].clone()
        self.valid[len(self.valid) - pixels :] = False

    def _strips(self, cells: Tensor, start: int, is_last: bool) -> Iterator[ClassStrip]:
        """Upsample finished cells (K, n, columns) bilinearly, with one row of context."""
        s, width = self.cell, self.grid.width
        context = [cells[:, :1] if self.tail is None else self.tail, cells]
        if is_last:
            context.append(cells[:, -1:])
        self.tail = cells[:, -1:].clone()
        block = torch.cat(context, 1)
        top = start - s  # raster row of the block's first pixel row
        complete = start + cells.shape[1] * s - (0 if is_last else s // 2)
        end = min(self.grid.height, complete)
        rows = s * max(1, MAX_STRIP_ELEMENTS // (cells.shape[0] * self.columns * s * s))
        while self.next_row < end:
            stop = min(end, self.next_row + rows)
            a, b = (math.floor((y + 0.5 - top) / s - 0.5) for y in (self.next_row, stop - 1))
            up = F.interpolate(
                block[None, :, a : b + 2], scale_factor=s, mode="bilinear", align_corners=False
            )[0]
            first = self.next_row - top - a * s
            some = up[:, first : first + stop - self.next_row, :width]
            yield self._classify(some, self.next_row, self.next_row - top)
            self.next_row = stop

    def _classify(self, probabilities: Tensor, row: int, valid_row: int) -> ClassStrip:
        """Turn (K, h, width) probabilities into classes, confidence and runner-up."""
        confidence, best = probabilities.max(0)
        if len(self.class_ids) > 1:
            runner_up = self.class_ids[probabilities.scatter(0, best[None], -1.0).argmax(0)]
        else:
            runner_up = torch.full(best.shape, NODATA_CLASS, dtype=torch.uint8)
        classes = self.class_ids[best]
        percent = (confidence * 100).round_().clamp_(0, 100).to(torch.uint8)
        hidden = ~self.valid[valid_row : valid_row + len(classes)]
        for plane in (classes, percent, runner_up):
            plane[hidden] = NODATA_CLASS
        return ClassStrip(row, classes.numpy(), percent.numpy(), runner_up.numpy())
