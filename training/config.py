"""Training configuration: frozen dataclasses read from YAML."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..engine.config import from_mapping, read_yaml
from ..engine.errors import ConfigError
from ..engine.types import NODATA_CLASS
from .checks import MAX_SEED, is_number, numbers_by, require

PRECISIONS = ("auto", "float32", "bfloat16", "float16")

OPTIMIZERS = ("adamw", "muon")

_COUNTS = (
    *("chip", "batch", "accumulate", "validation_batch", "epochs"),
    *("validate_every", "save_every"),
)
_NOT_NEGATIVE = (
    *("steps", "warmup", "restart", "min_learning_rate", "muon_rate"),
    *("weight_decay", "iou_weight", "balance_weight", "class_power"),
)
_POSITIVE = ("learning_rate", "clip_norm")
_BELOW_ONE = ("ema", "label_smoothing")


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

    def __post_init__(self) -> None:
        """Check what types cannot.

        Raises:
            ConfigError: A setting is out of its range.
        """
        numbers = [v for v in self.zoom if is_number(v)]
        if len(numbers) != 2 or len(self.zoom) != 2 or not 0 < numbers[0] <= numbers[1]:
            raise ConfigError(
                f"A source's 'zoom' must be two numbers such as [0.5, 2.0], not {self.zoom}."
            )
        if not 0 < self.share < math.inf:
            raise ConfigError("A source's 'share' must be more than 0; leave it out instead.")


@dataclass(frozen=True)
class FolderConfig:
    """Images and labels of the same names in two folders.

    Attributes:
        images: Folder of the images.
        labels: Folder of the label images.
    """

    images: str = ""
    labels: str = ""


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes to a chip, one draw for the whole chip as another raster would have it.

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

    def __post_init__(self) -> None:
        """Check what types cannot.

        Raises:
            ConfigError: A setting is out of its range.
        """
        shares = ("gain", "brightness", "contrast", "saturation", "cutmix")
        named = ((n, f"augment, {n}", getattr(self, n)) for n in (*shares, "gamma"))
        require(
            (
                is_number(value, 0, 1 if n in shares else 5),
                name,
                f"from 0 to {1 if n in shares else 5}",
            )
            for n, name, value in named
        )


@dataclass(frozen=True)
class TrainConfig:
    """Everything a training run depends on; defaults follow the published recipe.

    Attributes:
        model: Variant to train.
        classes: Class ids that have labels; the class head trains these.
        data: Folder with ``split.json`` (lists ``train`` and ``dev`` of pairs ``image`` and
            ``labels33``, paths relative to the folder); or use the next two.
        train: Folders of images and labels to learn from.
        validation: Folders of images and labels to validate on.
        palette: By class id, the colour [r, g, b] of labels that are drawn; empty where label
            images hold class ids.
        ignore_index: Value of a label image that says nothing, beside 255.
        sources: Settings by first folder of the image's path; others take no part. Empty: all
            take part with the default settings.
        chip: Side of a training chip in pixels.
        batch: Chips a process takes at once.
        accumulate: Batches whose gradients make one step.
        validation_batch: Chips of a batch in validation.
        steps: Optimiser steps; 0 to count by epochs.
        epochs: How often the area of the scenes is drawn, where ``steps`` is 0.
        optimizer: ``adamw``, or ``muon`` for AdamW with Muon for the matrices of hidden layers.
        learning_rate: Peak of AdamW's learning rate.
        muon_rate: Peak of Muon's, on AdamW's scale.
        min_learning_rate: End of the cosine.
        warmup: Steps of linear warm-up.
        restart: Step at which the cosine starts again from its peak (Loshchilov and Hutter
            2017, warm restarts); 0 for a single cosine.
        weight_decay: AdamW's decay, on matrices only.
        rate_factors: By the beginning of a parameter's name, a factor of its learning rate: what
            was learnt elsewhere may change more slowly.
        iou_weight: Weight of the soft Jaccard loss beside cross-entropy.
        balance_weight: Weight of the experts' load-balancing loss.
        class_power: Class weights are the frequency among drawn pixels to the power of minus this.
        class_weights: Weights by class id instead; classes left out weigh 1.
        label_smoothing: Share of the target spread over all classes.
        unknown_limits: By class id, the largest share of the unlabelled pixels that the class
            may claim without a penalty. Says how rare a class is, and of no pixel what it is.
        initialise_from: Weights to start from: a file of ours, of CWSAM or of SAM, or the
            checkpoint of a run; empty to start from random weights.
        pretrained_stem: Start the variant's convolutional stem from weights learnt on ImageNet.
        class_starts: By class id, the class that its part of the head starts as a copy of, for
            classes that the weights to start from never predict.
        freeze: Beginnings of the names of parameters that stay as they are.
        clip_norm: Largest norm of the gradient.
        ema: Decay of the averaged weights that are evaluated and kept.
        validate_every: Steps between validations.
        save_every: Steps between checkpoints.
        seed: Seed of every random number.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``float32``, ``bfloat16``, ``float16`` or ``auto`` (what is fastest there).
        checkpoint_gradients: Keep only the blocks' inputs and compute the rest twice: less
            memory for a third more time.
        tensorboard: Write TensorBoard's event files beside ``log.csv``.
        augment: Random changes to the chips.
    """

    model: str
    classes: tuple[int, ...]
    data: str = ""
    train: FolderConfig = FolderConfig()
    validation: FolderConfig = FolderConfig()
    palette: dict = field(default_factory=dict)
    ignore_index: int = NODATA_CLASS
    sources: dict = field(default_factory=dict)
    chip: int = 256
    batch: int = 2
    accumulate: int = 1
    validation_batch: int = 1
    steps: int = 0
    epochs: int = 200
    optimizer: str = "adamw"
    learning_rate: float = 2e-4
    muon_rate: float = 2e-3
    min_learning_rate: float = 1e-7
    warmup: int = 0
    restart: int = 0
    weight_decay: float = 0.01
    rate_factors: dict = field(default_factory=dict)
    iou_weight: float = 1.0
    balance_weight: float = 0.01
    class_power: float = 0.0
    class_weights: dict = field(default_factory=dict)
    label_smoothing: float = 0.0
    unknown_limits: dict = field(default_factory=dict)
    initialise_from: str = ""
    pretrained_stem: bool = False
    class_starts: dict = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    clip_norm: float = 1.0
    ema: float = 0.998
    validate_every: int = 200
    save_every: int = 100
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    checkpoint_gradients: bool = False
    tensorboard: bool = False
    augment: AugmentConfig = AugmentConfig()

    def source(self, name: str) -> SourceConfig:
        """Settings of a source; the default ones where none are set."""
        return self.sources.get(name, SourceConfig())

    def __post_init__(self) -> None:
        """Check what types cannot.

        Raises:
            ConfigError: A setting is out of its range, or no data are named.
        """
        if not _class_ids(self.classes) or len(set(self.classes)) < len(self.classes):
            require([(False, "classes", "a list of different class ids that have labels")])
        checks = (
            (bool(self.data or self.train.images), "data", "a folder, unless 'train' names two"),
            *((getattr(self, n) >= 1, n, "1 or more") for n in _COUNTS),
            *((is_number(getattr(self, n)), n, "0 or more") for n in _NOT_NEGATIVE),
            *((0 < getattr(self, n) < math.inf, n, "more than 0") for n in _POSITIVE),
            *((0 <= getattr(self, n) < 1, n, "0 or more and below 1") for n in _BELOW_ONE),
            (0 <= self.ignore_index <= NODATA_CLASS, "ignore_index", f"from 0 to {NODATA_CLASS}"),
            (0 <= self.seed <= MAX_SEED, "seed", f"from 0 to {MAX_SEED}"),
            (
                all(map(_is_colour, self.palette.values())) and _class_ids((0, *self.palette)),
                "palette",
                "class ids with a colour [red, green, blue] of 0-255 each",
            ),
            (
                numbers_by(self.unknown_limits, self.classes, 0, 1),
                "unknown_limits",
                "of 'classes', with a share from 0 to 1 each",
            ),
            (
                numbers_by(self.class_starts, self.classes)
                and all(source in self.classes for source in self.class_starts.values()),
                "class_starts",
                "of 'classes', with a class of 'classes' each",
            ),
            (
                numbers_by(self.class_weights, self.classes),
                "class_weights",
                "of 'classes', with a number of 0 or more each",
            ),
            (
                all(isinstance(n, str) for n in (*self.freeze, *self.rate_factors)),
                "freeze' and 'rate_factors",
                "beginnings of the names of parameters",
            ),
            (
                numbers_by(self.rate_factors, self.rate_factors),
                "rate_factors",
                "names with a number of 0 or more each",
            ),
            (self.optimizer in OPTIMIZERS, "optimizer", f"one of {', '.join(OPTIMIZERS)}"),
            (self.precision in PRECISIONS, "precision", f"one of {', '.join(PRECISIONS)}"),
        )
        require(checks)


def _class_ids(values: object) -> bool:
    """Whether these are class ids, at least one."""
    listed = isinstance(values, (list, tuple)) and values
    return bool(listed) and all(type(v) is int and 0 <= v < NODATA_CLASS for v in values)


def _is_colour(value: object) -> bool:
    return (
        isinstance(value, (list, tuple))
        and [type(v) for v in value] == [int] * 3
        and (0 <= min(value) <= max(value) <= 255)
    )


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
    values.setdefault("classes", ())
    sources = values.get("sources", {})
    if not isinstance(sources, dict):
        raise ConfigError(f"{path}, sources must be a mapping of folders to settings.")
    values["sources"] = {
        str(name): from_mapping(SourceConfig, entry or {}, f"{path}, sources, {name}")
        for name, entry in sources.items()
    }
    return from_mapping(TrainConfig, values, str(path))
