"""Fine-tuning on real labels: the base model, the adapter and a random forest on the same labels.

Flanders: one 0.5 m image with 45 polygons under a chessboard of 144 m squares; labels on the
squares of one colour train (16 pixels along the others are left out), those on the other colour
test. Baker Lake: labels on one image train, those on the other test. What is reported is mIoU over
the classes that have at least 400 labelled pixels on both sides, of the whole test image through
the pipeline that users run. Each scene is learnt twice: with the base model's other classes beside
the labelled ones, and, as the forest does it, with the labelled ones alone.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cwsam.engine.cli import make_predictor
from cwsam.engine.device import choose_device, keep_large_allocations
from cwsam.engine.io.labels import read_label_layer
from cwsam.engine.io.raster_source import open_raster
from cwsam.engine.models.checkpoint import DEFAULT_MODEL, load_model
from cwsam.engine.pipeline import SegmentOptions
from cwsam.engine.tiling.normalize import Stretch
from cwsam.engine.types import NODATA_CLASS, Window
from cwsam.training.cli_pairs import labelled
from cwsam.training.dataset import Scene
from cwsam.training.evaluate import classify
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.labels import LabelledRaster, read_scheme
from cwsam.training.finetune.run import finetune
from cwsam.training.metrics import confusion_matrix, scores

from .common import arguments, figure, finish, use_threads
from .quality_rivals import local_statistics, random_forest

SQUARE, GAP, LEAST = 288, 16, 400
"""Side of the squares, ground left out beside test squares, labelled pixels to count a class."""

BAKER_LAKE = {
    "Forest": "arbor forest",
    "Building": "isolated building",
    "Road": "road",
    "Train corridor": "railway",
    "Hydro": "water",
}
BOUND = "labels of one small scene; what the base model has seen"


def main() -> None:
    """Run both scenes, each in a process of its own; print and write the metrics."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/georeferenced"))
    parser.add_argument("--scenes", default="flanders,bakerlake")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--steps", type=int, default=FinetuneConfig.steps)
    parser.add_argument("--fold", type=int, choices=(0, 1), default=0, help="squares that train")
    parser.add_argument("--polygons", default="", help="also with so many a class: 3,10,30")
    parser.add_argument("--only", help="Measure one scene in this process.")
    parser.add_argument("--limit", type=int, default=0, help="Polygons a class, with --only.")
    parser.add_argument("--alone", type=int, default=0, help="Labelled classes alone, with --only.")
    options = parser.parse_args()
    if options.only:
        use_threads(options.threads)
        print(json.dumps(measure(options.only, options)))
        return
    metrics, runs = {}, {}
    for scene in options.scenes.split(","):
        limits = [0, *(int(n) for n in options.polygons.split(",") if n)]
        for limit, alone in itertools.product(limits, (0, 1)):
            name = f"{scene}, {limit or 'all'} polygons a class{', alone' if alone else ''}"
            found = runs[name] = in_a_process(scene, limit, alone, options)
            print(f"{name}: {describe(found)}", flush=True)
        found, alone = (runs[f"{scene}, all polygons a class{end}"] for end in ("", ", alone"))
        for name, other in (("before", "after"), ("after", "rf"), ("rf", "after")):
            metrics[f"finetune.{scene}.{name}"] = figure(found[name], "mIoU", other, BOUND)
        metrics[f"finetune.{scene}.after_alone"] = figure(alone["after"], "mIoU", "rf", BOUND)
    worst = {k: max(run[k] for run in runs.values()) for k in ("seconds", "peak_rss_gb")}
    metrics["finetune.seconds"] = figure(
        worst["seconds"], "s", "300 s: processor time over the threads, start to adapter", "steps"
    )
    metrics["finetune.peak_rss_gb"] = figure(worst["peak_rss_gb"], "GB", "4 GB", "batch and chip")
    finish(metrics, options.json)


def in_a_process(scene: str, limit: int, alone: int, options: object) -> dict:
    """Measure in a fresh process, whose peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.finetune", "--only", scene]
    command += ["--limit", str(limit), "--alone", str(alone)]
    for name in ("data", "model", "steps", "fold", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def describe(found: dict) -> str:
    """One line on a measurement."""
    classes = ", ".join(f"{c} {v:.2f}" for c, v in found["classes"].items())
    return (
        f"before {found['before']:.3f}  after {found['after']:.3f}  random forest {found['rf']:.3f}"
        f"  ({found['steps']} steps, {found['seconds']:.0f} s of computing, {found['wall']:.0f} s "
        f"on the clock, {found['peak_rss_gb']:.1f} GB; IoU after: {classes})"
    )


def measure(scene: str, options: object) -> dict:
    """Fine-tune and score one scene in this process."""
    keep_large_allocations()
    raster, image, truth = {"flanders": flanders, "bakerlake": baker_lake}[scene](options)
    if options.limit:
        raster = keep_few(raster, options.limit)
    train = raster.labels(whole(raster.source))
    counts = [np.bincount(part.ravel(), minlength=256) for part in (train, truth)]
    least = (1 if options.limit else LEAST, LEAST)
    judged = [
        c for c in range(NODATA_CLASS) if counts[0][c] >= least[0] and counts[1][c] >= least[1]
    ]
    truth = np.where(np.isin(truth, judged), truth, NODATA_CLASS).astype(np.uint8)
    before, _ = score(load_model(options.model), image, truth)
    base = load_model(options.model)  # afresh: a predictor takes its model over
    started, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        adapter = Path(folder) / "adapter.safetensors"
        config = FinetuneConfig(
            seconds=1e6,
            steps=options.steps,
            skip_sparse=True,
            only_labelled=bool(options.alone),
            device="cpu",
        )
        result = finetune(base, [raster], adapter, config)
        wall, used = time.perf_counter() - started, time.process_time() - used
        after, classes = score(load_model(options.model, adapter=adapter), image, truth)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {
        "before": before,
        "after": after,
        "rf": forest(raster, train, image, truth),
        "classes": classes,
        "steps": result.steps,
        "seconds": used / torch.get_num_threads(),
        "wall": wall,
        "peak_rss_gb": peak,
    }


def flanders(options: object) -> tuple[LabelledRaster, np.ndarray, np.ndarray]:
    """Labels on the squares of one colour; the image and the labels on the others."""
    folder = options.data / "flanders_sportsfields"
    raster = open_labels(folder / "flanders_2025.tif", folder / "labels.gpkg", "class_id", {})
    window = whole(raster.source)
    rows, cols = np.mgrid[: window.height, : window.width]
    colour = (rows // SQUARE + cols // SQUARE) % 2
    edge = np.zeros_like(colour, bool)
    for place, side in ((rows, window.height), (cols, window.width)):
        near = np.minimum(place % SQUARE, SQUARE - 1 - place % SQUARE) < GAP
        edge |= near & (place >= GAP) & (place < side - GAP)
    everything = raster.labels(window)
    test = np.where(colour != options.fold, everything, NODATA_CLASS).astype(np.uint8)
    hidden = (colour != options.fold) | edge
    return without(raster, hidden), raster.source.read(window, (1, 2, 3))[0], test


def baker_lake(options: object) -> tuple[LabelledRaster, np.ndarray, np.ndarray]:
    """Labels on the second image; the first image with its labels."""
    folder = options.data / "nb_bakerlake"
    labels = folder / "BakerLake_2017_clipped.gpkg"
    train, test = (
        open_labels(folder / f"bakerlake_{n}of2.tif", labels, "Niveau_3", BAKER_LAKE) for n in "21"
    )
    window = whole(test.source)
    return train, test.source.read(window, (1, 2, 3))[0], test.labels(window)


def open_labels(image: Path, labels: Path, field: str, table: dict) -> LabelledRaster:
    """An image with its label polygons."""
    source = open_raster(image)
    layer = read_label_layer(labels, field, source.info)
    return labelled(source, layer, read_scheme(layer.values, table), (1, 2, 3), Stretch())


def whole(source: object) -> Window:
    """All pixels of a raster."""
    return Window(0, 0, source.info.width, source.info.height)


def without(raster: LabelledRaster, hidden: np.ndarray) -> LabelledRaster:
    """The same raster with the labels of hidden pixels, (h, w) bool, taken away."""

    def labels(window: Window) -> np.ndarray:
        found = raster.labels(window)
        rows = slice(window.row, window.row + window.height)
        found[hidden[rows, window.col : window.col + window.width]] = NODATA_CLASS
        return found

    return replace(raster, labels=labels)


def keep_few(raster: LabelledRaster, limit: int, seed: int = 0) -> LabelledRaster:
    """The same raster with at most so many polygons a class that still have labels."""
    window = whole(raster.source)
    labels = raster.labels(window)
    order = np.random.default_rng(seed).permutation(len(raster.polygons))
    kept, hidden = [], np.ones(labels.shape, bool)
    for number in order:
        polygon = raster.polygons[number]
        box = polygon.window(window.width, window.height)
        if box is None or sum(p.class_id == polygon.class_id for p in kept) >= limit:
            continue
        part = (slice(box.row, box.row + box.height), slice(box.col, box.col + box.width))
        mine = labels[part] == polygon.class_id
        if mine.any():
            kept.append(polygon)
            hidden[part][mine] = False
    return replace(without(raster, hidden), polygons=tuple(kept))


def score(loaded: object, image: np.ndarray, truth: np.ndarray) -> tuple[float, dict]:
    """MIoU and IoU by class of a model's map of the whole image."""
    scene = Scene("test", "test", torch.from_numpy(image), torch.from_numpy(truth))
    predictor = make_predictor(loaded, choose_device("cpu"))
    return figures(truth, classify(scene, predictor, SegmentOptions()))


def forest(
    raster: LabelledRaster, train: np.ndarray, image: np.ndarray, truth: np.ndarray
) -> float:
    """MIoU of a random forest trained on the same labels."""
    pixels, _ = raster.source.read(whole(raster.source), (1, 2, 3))
    scene = Scene("train", "train", torch.from_numpy(pixels), torch.from_numpy(train))
    fitted = random_forest([scene], 144_000, 100, os.cpu_count() or 1)
    features = local_statistics(image)
    predicted = fitted.predict(features.reshape(-1, features.shape[-1]))
    return figures(truth, predicted.reshape(truth.shape).astype(np.uint8))[0]


def figures(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, dict]:
    """MIoU and IoU by class id."""
    found = scores(confusion_matrix(truth, predicted, NODATA_CLASS))
    return found["miou"], found["iou"]


if __name__ == "__main__":
    main()
