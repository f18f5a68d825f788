"""int8 and bfloat16 on the CPU against float32: speed, and what it costs in accuracy.

``python -m benchmarks.int8 [--json FILE] [--threads 2] [--repeat 5] [--data FOLDER]``

The bundled model on the dev scenes of the landcover data, through the users' pipeline; the five
densely labelled classes, isolated counted as dense buildings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from cwsam.engine.cli import make_predictor
from cwsam.engine.device import choose_device, has_native, keep_large_allocations
from cwsam.engine.models.checkpoint import load_model
from cwsam.training.cli import read_file
from cwsam.training.dataset import load_scenes
from cwsam.training.evaluate import confusion_by_source, dense_scores

from . import common

DENSE = "dubai"


def main() -> None:
    """Run the benchmark from the command line."""
    parser = common.arguments(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/landcover"))
    options = parser.parse_args()
    if not (options.data / "split.json").exists():
        raise SystemExit(f"{options.data} holds no split.json; name the data with --data.")
    keep_large_allocations()
    threads = common.use_threads(options.threads)
    kinds = ["float32", "int8", *(["bfloat16"] if has_native(torch.bfloat16) else [])]
    predictors = {k: make_predictor(load_model(), choose_device("cpu", k)) for k in kinds}
    scenes = load_scenes(options.data, "dev", {DENSE}, read_file)
    figures = {
        k: dense_scores(confusion_by_source(scenes, predictor)[DENSE])
        for k, predictor in predictors.items()
    }
    tile = predictors["float32"].tile
    batch = predictors["float32"].batch_size(tile)
    images = np.random.default_rng(0).standard_normal((batch, 3, tile, tile), np.float32)
    calls = {k: (lambda p=p: p.predict(images)) for k, p in predictors.items()}
    seconds = common.side_by_side(calls, options.repeat)
    print(f"\n{len(scenes)} dev scenes, {threads} threads")
    print(f"{'':12}{'ms a tile':>10}{'speed-up':>10}{'mIoU':>8}{'change':>9}{'OA':>8}")
    exact = figures["float32"]
    metrics = {}
    for kind in kinds:
        change = figures[kind]["miou"] - exact["miou"]
        ratio = seconds["float32"] / seconds[kind]
        print(
            f"{kind:12}{1000 * seconds[kind] / batch:10.1f}{ratio:10.2f}"
            f"{figures[kind]['miou']:8.4f}{change:+9.4f}{figures[kind]['oa']:8.4f}"
        )
        if kind == "float32":
            continue
        against = "float32, same run, same scenes"
        metrics[f"int8.{kind}_speedup" if kind != "int8" else "int8.speedup"] = common.figure(
            ratio, "x", against, "attention, convolutions and normalisation stay in float32"
            if kind == "int8" else "conversions between the types, attention's softmax",
        )  # fmt: skip
        metrics[f"int8.{kind}_miou_change" if kind != "int8" else "int8.miou_change"] = (
            common.figure(change, "", against, "rounding of weights and activations")
        )
    common.finish(metrics, options.json)


if __name__ == "__main__":
    main()
