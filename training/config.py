"""Training configuration: frozen dataclasses read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..engine.config import from_mapping, read_yaml
from ..engine.errors import ConfigError


@dataclass(frozen=True)
class SourceConfig:
    """How one folder of the data set takes part.

    Attributes:
        share: Share of the chips drawn from it; shares are normalised to 1.
        zoom: Smallest and largest ground size of a chip, as a multiple of the chip's pixels
            at the image's own resolution (2 shows twice the ground at half the resolution).
    """

    share: float = 1.0
    zoom: tuple[float, float] = (0.5, 2.0)


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to a chip.

    Attributes:
        gain: Largest relative change of one channel's brightness.
        brightness: Largest relative change of all channels.
        contrast: Largest relative change around the chip's mean.
        saturation: Largest relative change of the distance to grey.
        gamma: Largest change of the exponent, as its natural logarithm.
        cutmix: Probability that a rectangle of another chip is pasted in.
    """

    gain: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.3
    gamma: float = 0.2
    cutmix: float = 0.3


@dataclass(frozen=True)
class TrainConfig:
    """Everything a training run depends on; defaults follow the published recipe.

    Attributes:
        model: Variant to train.
        data: Folder with ``split.json`` (lists ``train`` and ``dev`` of pairs ``image`` and
            ``labels33``, paths relative to the folder).
        classes: Class ids that have labels; the class head trains these.
        sources: Settings by first folder of the image's path; others take no part.
        chip: Side of a training chip in pixels.
        batch: Chips a step.
        steps: Optimiser steps.
        learning_rate: Peak of AdamW's learning rate.
        min_learning_rate: End of the cosine.
        warmup: Steps of linear warm-up.
        restart: Step at which the cosine starts again from its peak (Loshchilov and Hutter
            2017, warm restarts); 0 for a single cosine.
        weight_decay: AdamW's decay, on matrices only.
        iou_weight: Weight of the soft Jaccard loss beside cross-entropy.
        balance_weight: Weight of the experts' load-balancing loss.
        class_power: Class weights are frequency to the power of minus this.
        label_smoothing: Share of the target spread over all classes.
        clip_norm: Largest norm of the gradient.
        ema: Decay of the averaged weights that are evaluated and kept.
        validate_every: Steps between validations.
        seed: Seed of every random number.
        precision: ``float32``, ``bfloat16`` or ``auto`` (measured on the machine).
        augment: Random changes to the chips.
    """

    model: str
    data: str
    classes: tuple[int, ...]
    sources: dict = field(default_factory=dict)
    chip: int = 256
    batch: int = 2
    steps: int = 20000
    learning_rate: float = 2e-4
    min_learning_rate: float = 1e-7
    warmup: int = 0
    restart: int = 0
    weight_decay: float = 0.01
    iou_weight: float = 1.0
    balance_weight: float = 0.01
    class_power: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 1.0
    ema: float = 0.998
    validate_every: int = 200
    seed: int = 0
    precision: str = "auto"
    augment: AugmentConfig = AugmentConfig()


def load_train_config(path: Path, **overrides: object) -> TrainConfig:
    """Read a training configuration.

    Args:
        path: YAML file.
        overrides: Settings that replace the file's; None leaves a setting alone.

    Raises:
        ConfigError: The file or a setting cannot be used.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold a mapping of names to values.")
    values.update({k: v for k, v in overrides.items() if v is not None})
    values["classes"] = tuple(values.get("classes", ()))
    values["sources"] = {
        name: from_mapping(SourceConfig, entry or {}, f"{path}, sources, {name}")
        for name, entry in values.get("sources", {}).items()
    }
    config = from_mapping(TrainConfig, values, str(path))
    if not config.classes:
        raise ConfigError(f"{path} needs the setting 'classes', the class ids that have labels.")
    return config
