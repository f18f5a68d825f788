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
    from .device import DeviceMeter
    from .ports import RasterSource
    from .predictor import Predictor
    from .types import ClassStrip, PolygonBatch, RasterInfo

_BYTES_A_CORNER = 160
"""Memory of the vectoriser at its peak for each corner of a finished polygon."""

_BYTES_A_POLYGON = 250
"""Attributes and index of one polygon on disk."""

DEVICE_CONTEXT = 500 << 20
"""Memory of a GPU that driver and libraries take for a process, in bytes."""

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
        device: Peak of a GPU's own memory; None where there is none.
        device_tile: The same for a single tile at a time, which a run falls back to.
        blind: Whether no pixel with data was found to try, so that time and sizes are low.
        polygons: Number of polygons.
        wkb: Size of their geometries.
    """

    tiles: int
    seconds: float
    memory: int
    output: int
    journal: int
    device: int | None = None
    device_tile: int | None = None
    blind: bool = False
    polygons: int = 0
    wkb: int = 0


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
    source: RasterSource,
    predictor: Predictor,
    options: SegmentOptions,
    polygons: bool = True,
    meter: DeviceMeter | None = None,
) -> Estimate:
    """Run two tiles and reckon what the whole raster will take.

    Args:
        source: The raster.
        predictor: The network.
        options: The settings of the run.
        polygons: Whether polygons are wanted, whose memory grows with their borders.
        meter: Measures a GPU's memory; None on a CPU.

    Raises:
        CwsamError: The raster cannot be read or the settings do not fit.
    """
    info = source.info
    grid, _ = plan_tiles(info, predictor, options)
    settled = replace(options, radiometry=settle_radiometry(source, options), read_ahead=False)
    piece = _piece(source, options, grid.tile)
    settled = replace(settled, bands=(1, 2, 3))
    before = resident_bytes()
    if meter is not None:
        meter.start()
    segment(piece, predictor, settled)
    held, peak = meter.read() if meter is not None else (0, 0)
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
    together = max(1, min(batch, summary.tiles))
    on_device = [
        device_bytes(held, peak, together, tiles) if meter is not None else None
        for tiles in (min(batch, len(grid.cols)), 1)
    ]
    return Estimate(
        tiles=len(grid),
        seconds=each * len(grid),
        memory=int(memory + probe.corners * share * _BYTES_A_CORNER),
        output=int(share * (2 * (probe.wkb + probe.polygons * _BYTES_A_POLYGON) + probe.packed)),
        journal=int(share * probe.packed * 1.5),
        device=on_device[0],
        device_tile=on_device[1],
        blind=not summary.tiles,
        polygons=int(share * probe.polygons),
        wkb=int(share * probe.wkb),
    )


def device_bytes(held: int, peak: int, probed: int, tiles: int) -> int:
    """A GPU's memory for a batch, from the peak of a smaller one, in bytes.

    Weights stay, activations grow with the tiles of a batch, and the driver takes its share.

    Args:
        held: Before the probe: the weights.
        peak: During the probe.
        probed: Tiles that the probe had in one batch.
        tiles: Tiles of the run's batches.
    """
    return held + max(0, peak - held) * tiles // probed + DEVICE_CONTEXT


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
    expected: Estimate,
    free_memory: int | None,
    free_output: int | None,
    free_cache: int | None,
    free_device: int | None = None,
) -> list[str]:
    """Sentences on what does not fit, each with the setting that would make it fit.

    Args:
        expected: The estimate.
        free_memory: Bytes that this process may have at its peak; None when unknown.
        free_output: Free bytes on the disk of the results.
        free_cache: Free bytes on the disk of the journal.
        free_device: Bytes of a GPU's memory that this process may have.
    """
    found = []
    if None not in (free_device, expected.device_tile) and expected.device_tile > free_device:
        found.append(
            f"About {size_text(expected.device_tile)} of GPU memory are needed for one tile and "
            f"{size_text(free_device)} are free: take a smaller --tile or --device cpu."
        )
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


def describe(expected: Estimate) -> str:
    """The estimate in one sentence."""
    device = "" if expected.device is None else f" {size_text(expected.device)} of GPU memory,"
    blind = " No data was found to try, so it may take more." if expected.blind else ""
    return (
        f"{expected.tiles:,} tiles, about {duration_text(expected.seconds)}, "
        f"{size_text(expected.memory)} of memory,{device} {size_text(expected.output)} of disk "
        f"for the results, {size_text(expected.journal)} for the journal.{blind}"
    )


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


def duration_text(seconds: float) -> str:
    """A time for people."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(1, round(seconds))} s"
