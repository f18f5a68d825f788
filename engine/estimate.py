"""What a run will take: tiles, time, memory and disk, from a probe of two tiles."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .array_source import ArraySource
from .errors import RasterError
from .memory import resident_bytes
from .pipeline import SegmentOptions, plan_tiles, segment, settle_radiometry
from .tiling.blend import BLOCK_CELLS
from .types import Window

if TYPE_CHECKING:
    from .ports import RasterSource
    from .predictor import Predictor
    from .types import ClassStrip, PolygonBatch, RasterInfo

_BYTES_A_CORNER = 160
"""Memory of the vectoriser at its peak for each corner of a finished polygon."""

_BYTES_A_POLYGON = 250
"""Attributes and index of one polygon on disk."""

_PROBE_PLACES = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.75, 0.25), (0.25, 0.75))


@dataclass(frozen=True)
class Estimate:
    """What a run will take; sizes in bytes.

    Attributes:
        tiles: Tiles of the raster.
        seconds: Wall time.
        memory: Peak of this process.
        output: Space for the results while they are written.
        journal: Space for the journal in the cache folder.
    """

    tiles: int
    seconds: float
    memory: int
    output: int
    journal: int


class _Probe:
    """Sinks for the probe: keeps what its results weigh."""

    def __init__(self) -> None:
        self.packed = self.corners = self.polygons = self.wkb = 0

    def write(self, item: ClassStrip | PolygonBatch) -> None:
        """Weigh a strip or a batch of polygons."""
        if hasattr(item, "wkb"):
            size = sum(map(len, item.wkb))
            self.wkb += size
            self.corners += size // 16  # two float64 a corner
            self.polygons += len(item)
        else:
            self.packed += len(zlib.compress(item.classes.tobytes(), 1))
            self.packed += len(zlib.compress(item.confidence.tobytes(), 1))


def estimate(
    source: RasterSource, predictor: Predictor, options: SegmentOptions, polygons: bool = True
) -> Estimate:
    """Run two tiles and reckon what the whole raster will take.

    Args:
        source: The raster.
        predictor: The network.
        options: The settings of the run.
        polygons: Whether polygons are wanted, whose memory grows with their borders.

    Raises:
        CwsamError: The raster cannot be read or the settings do not fit.
    """
    info = source.info
    grid, _ = plan_tiles(info, predictor, options)
    settled = replace(options, radiometry=settle_radiometry(source, options), read_ahead=False)
    piece = _piece(source, options, grid.tile)
    settled = replace(settled, bands=(1, 2, 3))
    before = resident_bytes()
    segment(piece, predictor, settled)
    probe, started = _Probe(), time.perf_counter()
    summary = segment(piece, predictor, settled, probe if polygons else None, [probe])
    seconds = time.perf_counter() - started
    activations = max(0, resident_bytes() - before)
    share = info.width * info.height / (piece.info.width * piece.info.height)
    batch = predictor.batch_size(grid.tile)
    memory = resident_bytes() + activations * max(0, batch - 2) // 2
    memory += fixed_bytes(info, predictor, options)
    # A probe without data took no time; its network's time then stays unknown.
    each = seconds / max(1, summary.tiles)
    return Estimate(
        tiles=len(grid),
        seconds=each * len(grid),
        memory=int(memory + probe.corners * share * _BYTES_A_CORNER),
        output=int(share * (2 * (probe.wkb + probe.polygons * _BYTES_A_POLYGON) + probe.packed)),
        journal=int(share * probe.packed * 1.5),
    )


def fixed_bytes(info: RasterInfo, predictor: Predictor, options: SegmentOptions) -> int:
    """Memory that follows from the raster's width and the tile alone, in bytes."""
    grid, _ = plan_tiles(info, predictor, options)
    cells = grid.tile // predictor.cell
    steps = [(b - a) // predictor.cell for a, b in zip(grid.rows, grid.rows[1:])]
    columns = grid.cols[-1] // predictor.cell + cells
    block = 4 * cells * min(columns, BLOCK_CELLS + cells)  # sums and their copies
    waiting = (cells - min(steps, default=cells) + 1) * columns
    planes = 8 * grid.tile * info.width
    return 4 * len(predictor.class_ids) * (block + waiting) + planes


def _piece(source: RasterSource, options: SegmentOptions, tile: int) -> ArraySource:
    """Two neighbouring tiles' pixels, from a place that holds data where there is one."""
    info = source.info
    width, height = min(info.width, 2 * tile), min(info.height, tile)
    for across, down in _PROBE_PLACES:
        col = min(int(info.width * across), info.width - width)
        row = min(int(info.height * down), info.height - height)
        pixels, valid = source.read(Window(col, row, width, height), options.bands)
        if valid.any():
            break
    return ArraySource(pixels, valid, info.transform, info.crs, info.name)


def refusals(
    expected: Estimate, free_memory: int | None, free_output: int | None, free_cache: int | None
) -> list[str]:
    """Sentences on what does not fit, each with the setting that would make it fit.

    Args:
        expected: The estimate.
        free_memory: Bytes that this process may have at its peak; None when unknown.
        free_output: Free bytes on the disk of the results.
        free_cache: Free bytes on the disk of the journal.
    """
    found = []
    if free_memory is not None and expected.memory > free_memory:
        found.append(
            f"About {size_text(expected.memory)} of memory are needed and "
            f"{size_text(free_memory)} are free: ask for --raster instead of polygons, take a "
            "smaller --tile or a coarser --gsd, or cut the raster in pieces."
        )
    if free_output is not None and expected.output > free_output:
        found.append(
            f"About {size_text(expected.output)} of disk are needed for the results and "
            f"{size_text(free_output)} are free: choose another folder, a coarser --gsd or "
            "--classes."
        )
    if free_cache is not None and expected.journal > free_cache:
        found.append(
            f"About {size_text(expected.journal)} of disk are needed for the journal and "
            f"{size_text(free_cache)} are free: set CWSAM_CACHE to a folder with space."
        )
    return found


def check_fits(sentences: list[str]) -> None:
    """Refuse a run that cannot fit.

    Raises:
        RasterError: With all that does not fit.
    """
    if sentences:
        raise RasterError(" ".join(sentences))


def size_text(size: int) -> str:
    """Bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
