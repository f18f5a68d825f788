"""Finds the blank squares that map servers send where they have no picture."""

from __future__ import annotations

import numpy as np

CELL = 32
"""Side of the squares that are looked at, in pixels."""


def flat_squares(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find squares of one exact colour, which photographs hardly ever have.

    Args:
        pixels: (C, h, w) uint8.

    Returns:
        ``(blank, flat)``, (h, w) bool: where squares are black or white throughout, which
        servers send for missing pictures; where they are of any one colour.
    """
    channels, height, width = pixels.shape
    padded = np.pad(pixels, ((0, 0), (0, -height % CELL), (0, -width % CELL)), mode="edge")
    rows, cols = padded.shape[1] // CELL, padded.shape[2] // CELL
    squares = padded.reshape(channels, rows, CELL, cols, CELL)
    low, high = squares.min(axis=(2, 4)), squares.max(axis=(2, 4))
    flat = (low == high).all(axis=0)
    blank = flat & ((high == 0).all(axis=0) | (low == 255).all(axis=0))
    return tuple(_to_pixels(found, height, width) for found in (blank, flat))


def _to_pixels(squares: np.ndarray, height: int, width: int) -> np.ndarray:
    return squares.repeat(CELL, axis=0).repeat(CELL, axis=1)[:height, :width]
