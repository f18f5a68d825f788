"""The settings of a run that do not name files."""

from __future__ import annotations

from dataclasses import dataclass

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Devices that may be asked for, as the engine calls them."""

PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")
"""Precisions that may be asked for, as the engine calls them."""


@dataclass(frozen=True)
class Settings:
    """The user's settings before the raster is known.

    Attributes:
        bands: Bands for red, green, blue from 1; None to choose by colour interpretation.
        tile: Side of a tile in pixels; 0 for the model's own.
        overlap: Overlap of tiles in pixels; -1 for an eighth of the tile.
        keep_classes: Class ids kept in the result; None for all.
        min_area: Smallest polygon, in square metres or pixels.
        simplify: Tolerance of shared borders, in metres or pixels.
        metric: Whether the two are in metres; without a CRS they count as pixels.
        smooth: Rounds of corner cutting, 0-3.
    """

    bands: tuple[int, int, int] | None = None
    tile: int = 0
    overlap: int = -1
    keep_classes: tuple[int, ...] | None = None
    min_area: float = 0.0
    simplify: float = 0.0
    metric: bool = False
    smooth: int = 0
