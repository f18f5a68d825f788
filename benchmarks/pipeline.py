"""The whole road from file to GeoPackage beside the network's bare forward time.

``python -m benchmarks.pipeline [--json FILE] [--size 2048] [--repeat 5] [--variant NAME]
[--precision NAME]``

``--variant sam_vit_b --size 1024 --width 1920 --repeat 1`` measures a large network with random
weights on two tiles; its figure is ``pipeline.overhead_sam_vit_b``. The map of random weights is
noise in all classes, which is the worst case for blending, vectorising and compressing. Both
sides run in the same process, on the same weights in the same precision, after a warm-up; the
bare forward has no edges or batches of fewer tiles to care for. With ``--precision`` the
figures' names end with it; without it the device chooses as the command line does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from cwsam.engine.cli import make_predictor
from cwsam.engine.config import load_model_config
from cwsam.engine.device import PRECISIONS, choose_device, keep_large_allocations, set_threads
from cwsam.engine.io.job import JobOptions, Length, Outputs, segment_file
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import LoadedModel, load_model
from cwsam.engine.pipeline import SegmentOptions
from cwsam.engine.types import RunSummary
from rasterio.transform import Affine

from benchmarks.common import PeakMemory, arguments, figure, finish

PHOTO = Path(__file__).resolve().parent.parent / "demo" / "yellowstone.png"
OPTIONS = JobOptions(
    SegmentOptions(read_ahead=True, write_behind=True), None, Length(100, True), Length(1.5, True)
)
"""What the command line runs with."""


def random_model(variant: str) -> LoadedModel:
    """A variant with random weights: as fast as with trained ones, and maps nonsense."""
    torch.manual_seed(0)
    config = load_model_config(variant)
    card = ModelCard(f"{variant}, random weights")
    return LoadedModel(variant, build_model(config), config, card, "random")


def write_image(folder: Path, height: int, width: int) -> Path:
    """Mirror the demo's photograph to a GeoTIFF of so many pixels."""
    with rasterio.open(PHOTO) as source:
        pixels = source.read([1, 2, 3])
    _, h, w = pixels.shape
    margins = ((0, 0), (0, max(0, height - h)), (0, max(0, width - w)))
    image = np.pad(pixels, margins, "symmetric")
    path = folder / "image.tif"
    profile = {
        "driver": "GTiff", "width": width, "height": height, "count": 3, "dtype": "uint8",
        "tiled": True, "crs": "EPSG:32612", "transform": Affine(0.5, 0, 5e5, 0, -0.5, 5e6),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(image[:, :height, :width])
    return path


def end_to_end(predictor: object, card: object, image: Path) -> tuple[float, RunSummary]:
    """Wall seconds of one run with polygons, class raster and confidence raster."""
    folder = image.parent
    outputs = Outputs(
        folder / "out.gpkg", classes=folder / "out_classes.tif", confidence=folder / "out_conf.tif"
    )
    started = time.perf_counter()
    _, summary = segment_file(image, outputs, predictor, card, OPTIONS, {})
    return time.perf_counter() - started, summary


def bare_forward(predictor: object, tiles: int) -> float:
    """Wall seconds of the network alone on as many tiles, in full batches."""
    tile = predictor.tile
    size = predictor.batch_size(tile)
    images = np.random.default_rng(0).standard_normal((size, 3, tile, tile), np.float32)
    started = time.perf_counter()
    for first in range(0, tiles, size):
        predictor.predict(images[: min(size, tiles - first)])
    return time.perf_counter() - started


def measure(loaded: LoadedModel, height: int, width: int, repeat: int, precision: str) -> dict:
    """Run both in turn; returns medians and the stages' shares."""
    keep_large_allocations()
    threads = set_threads()
    plan = choose_device("cpu", precision)
    predictor = make_predictor(loaded, plan)
    whole, bare, stages = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        image = write_image(Path(folder), height, width)
        with PeakMemory() as memory:  # also the warm-up
            _, summary = end_to_end(predictor, loaded.card, image)
        for _ in range(repeat):
            seconds, summary = end_to_end(predictor, loaded.card, image)
            whole.append(seconds)
            stages.append({k: v / seconds for k, v in summary.seconds.items()})
            bare.append(bare_forward(predictor, summary.tiles))
    seconds = statistics.median(whole)
    return {
        "threads": threads,
        "precision": "int8" if plan.int8 else str(plan.dtype)[6:],
        "seconds": seconds,
        "mpx_per_s": height * width / 1e6 / seconds,
        "forward_mpx_per_s": summary.tiles * predictor.tile**2 / 1e6 / statistics.median(bare),
        "overhead": statistics.median(a / b for a, b in zip(whole, bare)),
        "peak_rss_mb": memory.peak / 2**20,
        "tiles": summary.tiles,
        "shares": {k: statistics.median(s[k] for s in stages) for k in stages[0]},
    }


def main() -> None:
    """Measure, print a table, and write JSON if asked."""
    parser = arguments(__doc__)
    parser.add_argument("--size", type=int, default=2048, help="side of the image in pixels")
    parser.add_argument("--width", type=int, help="columns, where the image is no square")
    parser.add_argument("--variant", help="a variant with random weights; else the bundled model")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    settings = parser.parse_args()
    if not PHOTO.exists():
        raise SystemExit("The demo's photograph is missing; run make demo first.")
    width = settings.width or settings.size
    loaded = random_model(settings.variant) if settings.variant else load_model()
    result = measure(loaded, settings.size, width, settings.repeat, settings.precision)
    print(
        f"{loaded.name}: {width} x {settings.size} px, {result['tiles']} tiles, "
        f"{result['precision']}, {result['threads']} threads, median of {settings.repeat}: "
        f"{result['seconds']:.2f} s; bare forward {result['forward_mpx_per_s']:.3f} Mpx/s of tiles"
    )
    for stage, share in sorted(result["shares"].items(), key=lambda item: -item[1]):
        print(f"  {stage:<12} {100 * share:5.1f} %")
    bound = max(result["shares"], key=result["shares"].get)
    rows = (
        ("mpx_per_s", "Mpx/s", "raster pixels a second, file to GeoPackage"),
        ("overhead", "x", "bare forward time of the same tiles"),
        ("peak_rss_mb", "MB", "whole process"),
    )
    asked = settings.precision if settings.precision != "auto" else None
    ending = "".join(f"_{name}" for name in (settings.variant, asked) if name)
    figures = {
        f"pipeline.{n}{ending}": figure(result[n], unit, against, bound)
        for n, unit, against in rows
    }
    finish(figures, settings.json)


if __name__ == "__main__":
    main()
