"""What the bundled model is measured beside: a random forest and a plain U-Net."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from cwsam.training.dataset import Scene
from cwsam.training.loop import Trainer
from torch import Tensor, nn

SIDES = (5, 15, 31)
"""Sides in pixels of the windows of the local statistics."""


def local_statistics(image: np.ndarray) -> np.ndarray:
    """RGB with local means and deviations, as per-pixel classifiers are fed.

    Args:
        image: (3, h, w) uint8.

    Returns:
        (h, w, 21) float32.
    """
    pixels = torch.from_numpy(image).float()[None]
    planes = [pixels]
    for side in SIDES:
        padded = F.pad(pixels, (side // 2,) * 4, mode="reflect")
        mean = F.avg_pool2d(padded, side, 1)
        square = F.avg_pool2d(padded * padded, side, 1)
        planes += [mean, (square - mean * mean).clamp_min(0).sqrt()]
    return torch.cat(planes, 1)[0].permute(1, 2, 0).numpy()


def random_forest(train: list[Scene], pixels: int, trees: int, threads: int, seed: int = 0):
    """Train the forest that dzetsaka-like tools offer on evenly drawn labelled pixels.

    Args:
        train: Scenes to draw from, equally many pixels of each.
        pixels: Pixels in all.
        trees: Trees.
        threads: Processor cores to use.
        seed: Of the draw and the forest.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise SystemExit(
            "This benchmark needs scikit-learn: run 'pip install scikit-learn', or leave the "
            "forest out with --rf-pixels 0."
        ) from None
    rng = np.random.default_rng(seed)
    samples, truth = [], []
    for scene in train:
        labels = scene.labels.numpy()
        known = np.flatnonzero(labels != 255)
        drawn = rng.choice(known, min(len(known), pixels // len(train)), replace=False)
        features = local_statistics(scene.image.numpy()).reshape(-1, 3 + 6 * len(SIDES))
        samples.append(features[drawn])
        truth.append(labels.reshape(-1)[drawn])
    forest = RandomForestClassifier(trees, n_jobs=threads, random_state=seed)
    return forest.fit(np.concatenate(samples), np.concatenate(truth))


class UNet(nn.Module):
    """A plain U-Net (Ronneberger et al. 2015) with batch norm; 1.1 million parameters at 16."""

    pixel_statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(5)]
        inputs = [3, *widths[:-1]]
        self.down = nn.ModuleList(_double(a, b) for a, b in zip(inputs, widths))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(list(zip(widths, widths[1:])))
        )
        self.merge = nn.ModuleList(_double(2 * a, a) for a in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, classes, 1)
        self.image_encoder = nn.Identity()  # where the trainer switches checkpointing

    def forward(self, images: Tensor, classes: object = None) -> tuple[Tensor, None]:
        """Class logits (B, K, h, w) at full resolution; ``classes`` are all it has."""
        skips, x = [], images
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1])):
            x = merge(torch.cat([up(x), skip], 1))
        return self.head(x), None


def _double(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a in (inputs, outputs):
        layers += [nn.Conv2d(a, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)]
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def train_for(trainer: Trainer, minutes: float) -> tuple[int, float]:
    """Train until so many minutes of computing are used up, as one cosine.

    Computing is processor time over torch's threads, which on a quiet machine is wall time and
    on a busy one is not. The steps that fit are counted on the first few.

    Returns:
        Steps done and minutes used.
    """
    from dataclasses import replace

    threads, first = torch.get_num_threads(), time.process_time()

    def used() -> float:
        return (time.process_time() - first) / threads / 60

    def settle(status: object) -> None:
        if trainer.step == TRIAL_STEPS:
            steps = max(TRIAL_STEPS + 1, int(minutes / used() * TRIAL_STEPS))
            trainer.config = replace(trainer.config, steps=steps, validate_every=steps + 1)
        if trainer.step % 20 == 0:
            print(f"    step {trainer.step} of {trainer.config.steps}, {used():.1f} min", end="\r")

    trainer.run(settle)
    return trainer.step, used()


TRIAL_STEPS = 5


def averaged(trainer: Trainer) -> nn.Module:
    """The trainer's model with its averaged weights."""
    trainer.model.load_state_dict({**trainer.model.state_dict(), **trainer.average})
    return trainer.model.eval()


def remember(path: Path, model: nn.Module, facts: dict) -> None:
    """Keep a trained rival, so that the next run need not train it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state": model.state_dict(), "facts": facts}, path)
