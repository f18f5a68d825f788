"""What a run will take, from its size and from what earlier runs took; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .job import count_tiles
from .settings import recall, remember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.types import RasterInfo
    from .job import Outputs
    from .model_list import ModelFacts
    from .network import ModelChoice
    from .run_settings import Settings

_TORCH_BYTES = 400_000_000  # torch and what it needs, once loaded
_POLYGON_BYTES = 0.35  # of a GeoPackage for each pixel, before the first run has told
_CORNER_RATIO = 10  # memory of the polygons' corners for each byte on disk
_RASTER_BYTES = {"classes": 0.15, "confidence": 0.6}  # for each pixel, compressed
_WHILE_WRITING = 2  # the writer's and the style's copies
_JOURNAL_BYTES = 1.1  # for each pixel


@dataclass(frozen=True)
class Measured:
    """What runs with a model took; 0 where nothing is known.

    Attributes:
        speed: Pixels a second.
        memory: Bytes of torch, model and activations; of a run that loaded torch itself.
        polygon_bytes: Bytes of polygons on disk for each pixel.
    """

    speed: float = 0.0
    memory: float = 0.0
    polygon_bytes: float = 0.0


@dataclass(frozen=True)
class RunEstimate:
    """What a run will take.

    Attributes:
        pixels: Pixels of all layers.
        tiles: Tiles of all layers.
        seconds: Wall time; None before a run has been measured.
        memory: Bytes of memory beside what QGIS holds already.
        disk: Bytes on disk while the results are written, the journal included.
    """

    pixels: int
    tiles: int
    seconds: float | None
    memory: int
    disk: int


def estimate_run(
    infos: Sequence[RasterInfo],
    settings: Settings,
    facts: ModelFacts,
    choice: ModelChoice,
    outputs: Outputs,
) -> RunEstimate:
    """Reckon what a run over some layers will take.

    Args:
        infos: The layers' parts.
        settings: The settings.
        facts: The model.
        choice: Its device and precision.
        outputs: Which files are wanted.

    Raises:
        ConfigError: Tile and overlap do not fit together.
    """
    known = recall_measured(choice)
    pixels = sum(info.width * info.height for info in infos)
    biggest = max(info.width * info.height for info in infos)
    a_polygon_pixel = known.polygon_bytes or _POLYGON_BYTES
    memory = known.memory or _TORCH_BYTES + 3 * facts.bytes
    memory += max(strip_bytes(info, settings, facts) for info in infos)
    disk = _JOURNAL_BYTES * biggest
    if outputs.polygons is not None:
        memory += _CORNER_RATIO * a_polygon_pixel * biggest
        disk += _WHILE_WRITING * a_polygon_pixel * pixels
    for name, weight in _RASTER_BYTES.items():
        if getattr(outputs, name) is not None:
            disk += weight * pixels
    return RunEstimate(
        pixels=pixels,
        tiles=sum(count_tiles(info, settings, facts) for info in infos),
        seconds=pixels / known.speed if known.speed else None,
        memory=int(memory),
        disk=int(disk),
    )


def strip_bytes(info: RasterInfo, settings: Settings, facts: ModelFacts) -> int:
    """Memory of the strips that are being blended; it grows with the raster's width."""
    tile = settings.tile or facts.config.image_size
    cell = facts.config.encoder.patch_size // 4
    overlap = settings.overlap if settings.overlap >= 0 else tile // 8
    columns = -(-info.width // cell) + tile // cell
    block = 4 * (tile // cell) * min(columns, 512 + tile // cell)
    waiting = (overlap // cell + 1) * columns
    return 4 * len(facts.class_ids) * (block + waiting) + 8 * tile * info.width


def recall_measured(choice: ModelChoice) -> Measured:
    """What runs with this model on this device took."""
    values = recall("measured", {}).get(_key(choice), {})
    names = Measured.__dataclass_fields__
    good = {n: float(v) for n, v in values.items() if n in names and isinstance(v, (int, float))}
    return Measured(**good)


def remember_measured(choice: ModelChoice, measured: Measured) -> None:
    """Keep what a run took: its speed and sizes, and the most memory of all runs."""
    kept = dict(recall("measured", {}))
    memory = max(recall_measured(choice).memory, measured.memory)
    kept[_key(choice)] = {**vars(measured), "memory": memory}
    remember("measured", kept)


def _key(choice: ModelChoice) -> str:
    return f"{choice.model.name} {choice.device} {choice.precision}"
