"""Numbers that a training run derives from its recipe and its scenes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..engine.device import DevicePlan, bfloat16_is_faster, choose_device
from ..engine.errors import ConfigError, TrainingDataError
from ..engine.types import NODATA_CLASS
from .dataset import scene_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from .config import TrainConfig
    from .dataset import Scene

RARE_SHARE = 1 / 64
"""Classes rarer than this share of the most frequent one get no larger class weight."""


def training_plan(device: str, precision: str) -> DevicePlan:
    """Choose the device and the precision of a training run.

    As in prediction, but on a CPU that is clearly faster in bfloat16 ``auto`` takes that: small
    errors of a step even out in training.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``auto``, ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        DeviceError: What is asked for by name cannot be had.
    """
    plan = choose_device(device, precision)
    if plan.device == "cpu" and precision == "auto" and bfloat16_is_faster():
        return choose_device("cpu", "bfloat16")
    return plan


def count_steps(scenes: list[Scene], config: TrainConfig, processes: int = 1) -> int:
    """Optimiser steps of a run: as set, or as many as the epochs take."""
    if config.steps:
        return config.steps
    area = sum(s.labels.numel() for s in scenes)
    drawn = config.chip**2 * config.batch * config.accumulate * processes
    return max(1, math.ceil(config.epochs * area / drawn))


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a cosine to the minimum; a second one after the restart."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    first, last = config.warmup, config.restart or config.steps
    if config.restart and step >= config.restart:
        first, last = config.restart, config.steps
    done = (step - first) / max(1, last - first)
    span = config.learning_rate - config.min_learning_rate
    return config.min_learning_rate + span * 0.5 * (1 + math.cos(math.pi * done))


def class_weights(scenes: list[Scene], config: TrainConfig) -> Tensor | None:
    """Weights (K,) of the trained classes: as set, or by how often their pixels are drawn.

    By frequency they are its power of ``-class_power``, with mean 1. A class counts as often as
    its pixels are drawn, so that the share of a source, not the size of its images, says how
    rare its classes are.

    Raises:
        TrainingDataError: No scene has a pixel of a class.
    """
    if config.class_weights:
        return torch.tensor([float(config.class_weights.get(c, 1.0)) for c in config.classes])
    if config.class_power == 0:
        return None
    frequency = torch.zeros(256)
    for scene, weight in zip(scenes, scene_weights(scenes, config)):
        counts = torch.bincount(scene.labels.flatten().long(), minlength=256)
        frequency += weight * counts / counts.sum()
    frequency = frequency[list(config.classes)]
    if not (frequency > 0).all():
        missing = config.classes[int((frequency == 0).nonzero()[0])]
        raise TrainingDataError(
            f"No training scene has a pixel of class {missing}; take it out of 'classes'."
        )
    weights = frequency.clamp_min(RARE_SHARE * float(frequency.max())).pow(-config.class_power)
    return weights / weights.mean()


def label_lookup(classes: tuple[int, ...]) -> Tensor:
    """Table (256,) int64 from class id to channel; classes not trained become 255."""
    table = torch.full((256,), NODATA_CLASS)
    table[list(classes)] = torch.arange(len(classes))
    return table


def only_classes(labels: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Labels of any shape, uint8, with 255 in place of all classes but some."""
    table = np.full(256, NODATA_CLASS, np.uint8)
    table[list(classes)] = classes
    return table[labels]


def freeze(model: nn.Module, beginnings: tuple[str, ...]) -> None:
    """Fix the parameters whose names begin so.

    Raises:
        ConfigError: No parameter's name begins so, or none is left to train.
    """
    for beginning in beginnings:
        fixed = [p for n, p in model.named_parameters() if n.startswith(beginning)]
        if not fixed:
            raise ConfigError(
                f"'freeze' names '{beginning}', and no parameter begins so; "
                "'cwsam train --parameters' lists them."
            )
        for parameter in fixed:
            parameter.requires_grad_(False)
    if not any(p.requires_grad for p in model.parameters()):
        raise ConfigError("'freeze' leaves no parameter to train; take an entry out.")


def parameter_table(model: nn.Module) -> str:
    """Name, shape and whether it is trained of every parameter, with totals."""
    rows = [
        (name, " x ".join(map(str, p.shape)), "yes" if p.requires_grad else "no")
        for name, p in model.named_parameters()
    ]
    width = [max(len(row[i]) for row in [*rows, ("name", "shape", "")]) for i in range(2)]
    lines = [f"{'name':{width[0]}}  {'shape':>{width[1]}}  trainable"]
    lines += [f"{n:{width[0]}}  {s:>{width[1]}}  {t}" for n, s, t in rows]
    total = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    lines.append(
        f"{total:,} parameters, {trained:,} trainable ({trained / max(1, total):.2%}), "
        f"{total - trained:,} fixed"
    )
    return "\n".join(lines)
