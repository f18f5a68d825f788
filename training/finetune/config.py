"""Settings of fine-tuning; needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...engine.config import DEFAULT_PARTS, PARTS, ModelConfig
from ...engine.errors import ConfigError
from ..config import AugmentConfig

MILD = AugmentConfig(
    gain=0.015, brightness=0.03, contrast=0.03, saturation=0.045, gamma=0.03, cutmix=0
)
"""Colours change little: the next map is of the same sensor and season."""

MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class FinetuneConfig:
    """Everything that a fine-tuning depends on beside model and labels.

    Two runs with the same settings, model and labels give the same adapter, bit for bit on one
    machine, as long as ``seconds`` does not end them before ``steps``.

    Attributes:
        seconds: Wall time that the whole run may take, validation and report included.
        steps: Optimiser steps at most.
        batch: Chips a step.
        parts: Parts of the network that train, of :data:`~cwsam.engine.config.PARTS`.
        learning_rate: Peak of AdamW's learning rate; it falls along a cosine.
        muon_rate: Peak of Muon's, which takes the matrices of hidden layers where torch has it;
            0 leaves all to AdamW.
        lower_precision: Multiply in bfloat16 on processors that do so natively.
        chip: Side of a chip in pixels; 0 for half the model's own tile, where labels fill more of
            what is computed.
        zoom: Smallest ground size of a chip as a share of its pixels, 0-1; the largest is 1.
        mosaic: Probability that a chip is made of quarters of four, which shows a step more places
            and classes.
        paste: Probability that the labelled pixels of another chip are pasted over a chip.
        validation_share: Share of the labelled ground that is held back for validation, 0-1.
        validate_every: Steps between validations.
        patience: Validations without a better one after which training stops.
        refit: Steps that follow in which the held-back labels are learnt, too, as a share of those
            done; 0 for none. The figures are those from before.
        keep_weight: Weight of keeping the base model's opinion on unlabelled ground, times how
            often it is right on labelled ground.
        keep_bound: How far labels may overrule that opinion on unlabelled ground, 0-1: 0 never,
            1 wherever labels contradict the base model; see :mod:`.keeping`.
        colour_steps: Steps of the expert for colours, if that is among the parts; four for each of
            ``steps`` at most.
        only_labelled: Whether the adapter's maps show the labelled classes alone, and nothing of
            the base model's opinion is kept.
        ema: Decay of the averaged weights that are validated and kept.
        seed: Seed of every random number.
        skip_sparse: Leave classes with too few labels out instead of refusing the run.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        augment: Random changes to the colours of the chips.
    """

    seconds: float = 270.0
    steps: int = 800
    batch: int = 2
    parts: tuple[str, ...] = DEFAULT_PARTS
    learning_rate: float = 2e-3
    muon_rate: float = 4e-3
    lower_precision: bool = True
    chip: int = 0
    zoom: float = 1.0
    mosaic: float = 0.7
    paste: float = 0.35
    validation_share: float = 0.25
    validate_every: int = 50
    patience: int = 12
    refit: float = 1.5
    keep_weight: float = 0.3
    keep_bound: float = 0.1
    colour_steps: int = 1500
    only_labelled: bool = False
    ema: float = 0.98
    seed: int = 0
    skip_sparse: bool = False
    device: str = "auto"
    augment: AugmentConfig = MILD

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        rates = (self.learning_rate, self.muon_rate, self.keep_weight)
        checks = (
            (math.isfinite(self.seconds), "The time for fine-tuning must be a finite number."),
            (all(map(math.isfinite, rates)), "Rates and weights must be finite numbers."),
            (0 <= self.seed <= MAX_SEED, f"The seed must lie between 0 and {MAX_SEED}."),
            (self.seconds > 0, "The time for fine-tuning must be more than 0."),
            (self.steps >= 1, "Fine-tuning takes at least one step."),
            (self.batch >= 1, "A batch holds at least one chip."),
            (self.learning_rate > 0, "The learning rate must be more than 0."),
            (self.colour_steps >= 1, "The expert for colours takes at least one step."),
            (self.muon_rate >= 0, "The rate of Muon must be 0 or more."),
            (0 <= self.refit <= 2, "The share of steps on all labels must lie between 0 and 2."),
            (0 <= self.mosaic <= 1, "The share of mosaics must lie between 0 and 1."),
            (0 <= self.paste <= 1, "The share of pasted labels must lie between 0 and 1."),
            (0 < self.validation_share < 1, "The validation share must lie between 0 and 1."),
            (0.25 <= self.zoom <= 1, "The zoom must lie between 0.25 and 1."),
            (
                self.parts and not unknown,
                f"There is no part '{(*unknown, '')[0]}' to train; choose of {', '.join(PARTS)}.",
            ),
            (
                set(self.parts) != {"colours"},
                "The expert for colours is blended into a network that trains, too: add 'head' or "
                "another part to 'colours'.",
            ),
        )
        for holds, sentence in checks:
            if not holds:
                raise ConfigError(sentence)

    def chip_side(self, model: ModelConfig) -> int:
        """Side in pixels of chips, and of the tiles in which labels are counted.

        Args:
            model: Configuration of the base model; the side is a multiple of four patches.
        """
        unit = 4 * model.encoder.patch_size
        return (self.chip or model.image_size // 2) // unit * unit or unit
