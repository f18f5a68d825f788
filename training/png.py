"""Writes PNG images without an image library."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG file of an image.

    Args:
        pixels: (h, w, 3) uint8, red, green, blue.

    Source: https://www.w3.org/TR/png-3/
    """
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def colour_classes(classes: np.ndarray, colours: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """A class map in colours, light grey where there is no class.

    Args:
        classes: (h, w) uint8 class ids.
        colours: Red, green, blue of each id from 0 on.

    Returns:
        (h, w, 3) uint8.
    """
    palette = np.full((256, 3), 238, np.uint8)
    palette[: len(colours)] = colours
    return palette[classes]
