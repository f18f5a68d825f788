"""How good the bundled model is, beside a random forest and a plain U-Net on the same data."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cwsam.engine.config import MoeConfig, load_model_config
from cwsam.engine.device import choose_device, keep_large_allocations
from cwsam.engine.layers.moe import MoeLayer, moe_layers
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.predictor import TorchPredictor
from cwsam.training.cli import make_predictor, read_file
from cwsam.training.config import SourceConfig, TrainConfig
from cwsam.training.dataset import Scene, load_scenes
from cwsam.training.evaluate import confusion_by_source, dense_scores
from cwsam.training.loop import DEAD_SHARE, Trainer, usage_entropy
from cwsam.training.metrics import confusion_matrix
from cwsam.training.pretrained import load_stem
from cwsam.training.schedule import training_plan
from torch import nn

from benchmarks.common import arguments, figure, finish, use_threads
from benchmarks.quality_rivals import (
    UNet,
    averaged,
    local_statistics,
    random_forest,
    remember,
    train_for,
)

DENSE = "dubai"
PARTIAL = ("gsi_road", "gsi_pv", "amazon_forest")
CLASSES = (8, 9, 10, 19, 24, 28)
"""Classes of the densely labelled scenes; scored with 10 counted as 9."""


def main() -> None:
    """Score all that was asked for."""
    parser = arguments(__doc__, repeat=1)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/landcover"))
    parser.add_argument("--weights", default="sam_moe_tiny", help="name or file of the model")
    parser.add_argument("--rf-pixels", type=int, default=144_000, help="0 leaves the forest out")
    parser.add_argument("--rf-stride", type=int, default=2, help="score every so many pixels")
    parser.add_argument("--unet-minutes", type=float, default=20, help="0 leaves the U-Net out")
    parser.add_argument("--unet-file", type=Path, default=Path("runs/quality/unet.pt"))
    parser.add_argument("--ablation", action="store_true", help="train without experts, prompts")
    parser.add_argument("--ablation-minutes", type=float, default=10, help="for each variant")
    options = parser.parse_args()
    keep_large_allocations()
    threads = use_threads(options.threads)
    if not (options.data / "split.json").is_file():
        raise SystemExit(f"{options.data} holds no split.json; name the data with --data.")
    train, dev = (load_scenes(options.data, p, {DENSE}, read_file) for p in ("train", "dev"))
    metrics = bundled(options.weights, dev, options.data)
    if options.rf_pixels:
        metrics |= forest(train, dev, options.rf_pixels, options.rf_stride, threads)
    if options.unet_minutes:
        metrics |= unet(train, dev, options.unet_minutes, options.unet_file)
    if options.ablation:
        ablation(train, dev, options.ablation_minutes)
    finish(metrics, options.json)


def bundled(weights: str, dev: list[Scene], data: Path) -> dict:
    """Score the model through the users' pipeline; print how it uses its experts."""
    predictor = make_predictor(load_model(weights), choose_device("cpu"))
    started = time.perf_counter()
    with watched_experts(predictor.model) as usage:
        matrix = confusion_by_source(dev, predictor)[DENSE]
    seconds = time.perf_counter() - started
    figures = dense_scores(matrix)
    _tell(f"model {weights}", figures)
    usages = [usage]
    for source in PARTIAL:
        scenes = load_scenes(data, "dev", {source}, read_file)
        with watched_experts(predictor.model) as usage:
            counts = confusion_by_source(scenes, predictor)[source]
        usages.append(usage)
        for c in np.flatnonzero(counts.sum(axis=1)):
            print(f"    {source}: recall of {c} {counts[c, c] / counts[c].sum():.3f}")
    tell_experts(usages)
    speed = sum(s.labels.numel() for s in dev) / 1e6 / seconds
    beside = "random forest and U-Net on the same scenes"
    return {
        "quality.miou": figure(figures["miou"], "", beside, "training time and 36 dense scenes"),
        "quality.oa": figure(figures["oa"], "", beside, "training time and 36 dense scenes"),
        "quality.mpx_per_s": figure(speed, "Mpx/s", "-", "the network's matrix multiplies"),
    }


def tell_experts(usages: list[dict[str, torch.Tensor]]) -> None:
    """Print how evenly each mixture uses its experts; every kind of scenes counts alike."""
    for name in usages[0]:
        share = torch.stack([usage[name] / usage[name].sum() for usage in usages]).mean(0)
        dead = int((share * len(share) < DEAD_SHARE).sum())
        print(
            f"    experts of {name}: entropy {usage_entropy(share):.3f} of 1, {dead} of "
            f"{len(share)} dead"
        )


class watched_experts:  # noqa: N801 - used as a function
    """Counts the tokens of each expert inside a ``with`` block, by the mixture's name."""

    def __init__(self, model: nn.Module) -> None:
        self.names = {m: n for n, m in model.named_modules() if isinstance(m, MoeLayer)}
        self.counts: dict[str, torch.Tensor] = {}
        self.hooks = [m.register_forward_pre_hook(self._count) for m in moe_layers(model)]

    def _count(self, layer: MoeLayer, inputs: tuple[torch.Tensor]) -> None:
        chosen = layer.gate(inputs[0].flatten(0, -2)).topk(layer.top_k).indices
        counts = torch.bincount(chosen.flatten(), minlength=layer.num_experts).double()
        name = self.names[layer]
        self.counts[name] = self.counts.get(name, 0) + counts

    def __enter__(self) -> dict[str, torch.Tensor]:
        return self.counts

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()


def forest(train: list[Scene], dev: list[Scene], pixels: int, stride: int, threads: int) -> dict:
    """Score a random forest on every ``stride``-th pixel of the scenes."""
    trained = random_forest(train, pixels, 100, threads)
    matrix = np.zeros((255, 256), np.int64)
    for scene in dev:
        features = local_statistics(scene.image.numpy())[::stride, ::stride]
        predicted = trained.predict(features.reshape(-1, features.shape[-1]))
        truth = scene.labels.numpy()[::stride, ::stride].reshape(-1)
        matrix += confusion_matrix(truth, predicted, 255)
    figures = dense_scores(matrix)
    _tell(f"random forest, {pixels:,} pixels, 100 trees", figures)
    against = "the bundled model; RGB, mean and deviation over 5, 15, 31 px"
    return {
        "quality.rf_miou": figure(figures["miou"], "", against, "what single pixels tell"),
        "quality.rf_oa": figure(figures["oa"], "", against, "what single pixels tell"),
    }


def unet(train: list[Scene], dev: list[Scene], minutes: float, file: Path) -> dict:
    """Score a U-Net trained from scratch; a file of an earlier run of as long is used again."""
    model = UNet(len(CLASSES))
    stored = torch.load(file, weights_only=True) if file.is_file() else {"facts": {}}
    facts = stored["facts"]
    if facts.get("minutes") != minutes:
        trainer = make_trainer(model, train, recipe())
        steps, used = train_for(trainer, minutes)
        facts = {"minutes": minutes, "steps": steps, "used": used}
        remember(file, averaged(trainer), facts)
    else:
        model.load_state_dict(stored["state"])
    figures = dense_scores(score(model, dev, patch=4))
    size = sum(p.numel() for p in model.parameters()) / 1e6
    name = f"U-Net, {size:.1f} M parameters, {facts['used']:.1f} min, {facts['steps']} steps"
    _tell(name, figures)
    against = f"the bundled model; {name}"
    return {
        "quality.unet_miou": figure(figures["miou"], "", against, "its training time"),
        "quality.unet_oa": figure(figures["oa"], "", against, "its training time"),
    }


def ablation(train: list[Scene], dev: list[Scene], minutes: float) -> None:
    """Train the variant whole, without experts, without prompts, equally long.

    All start as the bundled weights did, from ImageNet's in the stem and random ones elsewhere.
    """
    whole = load_model_config("sam_moe_tiny")
    dense = replace(
        whole,
        encoder=replace(whole.encoder, moe=MoeConfig()),
        decoder=replace(whole.decoder, moe=MoeConfig()),
    )
    bare = replace(
        whole, encoder=replace(whole.encoder, prompt=replace(whole.encoder.prompt, enabled=False))
    )
    settings = replace(
        recipe(), optimizer="muon", rate_factors={"image_encoder.patch_embed.network": 0.3}
    )
    for name, config in (("whole", whole), ("no experts", dense), ("no prompts", bare)):
        torch.manual_seed(0)
        model = build_model(config)
        load_stem(model, config.encoder.stem)
        trainer = make_trainer(model, train, settings)
        steps, used = train_for(trainer, minutes)
        patch = config.encoder.patch_size
        figures = dense_scores(score(averaged(trainer), dev, patch, CLASSES))
        _tell(f"{name}: {used:.1f} min, {steps} steps", figures)


def recipe() -> TrainConfig:
    """One recipe for all that is trained here: that of the bundled model, without its sources."""
    return TrainConfig(
        model="sam_moe_tiny",
        classes=CLASSES,
        data="-",
        sources={DENSE: SourceConfig()},
        batch=4,
        steps=10**6,
        validate_every=10**7,
        save_every=10**7,
        learning_rate=1e-3,
        warmup=20,
        weight_decay=0.05,
        iou_weight=0.5,
        class_power=0.3,
        label_smoothing=0.05,
        ema=0.99,
    )


def make_trainer(model: nn.Module, train: list[Scene], settings: TrainConfig) -> Trainer:
    """A trainer that writes to a folder of its own and never validates on the way."""
    folder = Path(tempfile.mkdtemp(prefix="cwsam-quality-"))
    return Trainer(model, settings, train, [], folder, training_plan("cpu", "auto"))


def score(model: nn.Module, dev: list[Scene], patch: int, classes: tuple = ()) -> np.ndarray:
    """Confusion matrix through the same pipeline as the bundled model's."""
    predictor = TorchPredictor(model, choose_device("cpu"), patch, 256, classes or CLASSES)
    return confusion_by_source(dev, predictor)[DENSE]


def _tell(name: str, figures: dict) -> None:
    each = json.dumps({c: round(v, 3) for c, v in figures["iou"].items()})
    print(f"  {name}: mIoU {figures['miou']:.3f}, OA {figures['oa']:.3f}, IoU by class {each}")


if __name__ == "__main__":
    main()
