"""What a fine-tuning tells while it runs, and what it has made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ...engine.classes import LandCoverClass
    from ...engine.models.card import ModelCard
    from .check import LabelCheck
    from .learner import HistoryPoint, Score


@dataclass(frozen=True)
class FinetuneStatus:
    """What a running fine-tuning tells.

    Attributes:
        phase: ``labels``, ``base``, ``training``, ``refit`` (on the held-back labels, too) or
            ``writing``.
        done: Share of the whole that is done, 0-1.
        step: Steps done.
        steps: Steps at most.
        loss: Running mean of the loss; NaN before the first step.
        miou: Validation mIoU over the labelled classes of the last validation; NaN before.
        base_miou: That of the base model; NaN before it is known.
        seconds_left: Estimated; NaN before there is an estimate.
        history: All validations so far, the base model's first.
    """

    phase: str
    done: float = 0.0
    step: int = 0
    steps: int = 0
    loss: float = float("nan")
    miou: float = float("nan")
    base_miou: float = float("nan")
    seconds_left: float = float("nan")
    history: tuple[HistoryPoint, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A validation block before and after.

    Attributes:
        name: Its raster.
        image: (h, w, 3) uint8, as the network sees it.
        labels: (h, w) uint8 class ids; 255 = unknown.
        before: (h, w) uint8, class map of the base model.
        after: (h, w) uint8, that of the adapter.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass
class FinetuneResult:
    """What a fine-tuning has made.

    Attributes:
        adapter: The adapter file.
        base: Name of the model that it is fine-tuned from.
        before: Score of the base model on the validation blocks.
        after: Score of the adapter there.
        improved: Whether the adapter is better than the base model there.
        steps: Steps that were trained.
        best_step: Step whose state was kept.
        refit_steps: Steps from there in which the held-back labels were learnt, too.
        seconds: Wall time of the whole run.
        history: All validations.
        check: What was said of the labels.
        legend: Names and colours of all classes of the fine-tuned model.
        labelled: Class ids that were trained.
        card: The adapter's card.
        pictures: Some validation blocks.
        notices: Sentences that the user should read.
    """

    adapter: Path
    base: str
    before: Score
    after: Score
    improved: bool
    steps: int
    best_step: int
    seconds: float
    history: tuple[HistoryPoint, ...]
    check: LabelCheck
    legend: tuple[LandCoverClass, ...]
    labelled: tuple[int, ...]
    card: ModelCard
    refit_steps: int = 0
    pictures: tuple[Picture, ...] = ()
    notices: list[str] = field(default_factory=list)


Report = Callable[[FinetuneStatus], None]
"""Called after every step, from the thread that trains."""
