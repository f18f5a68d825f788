"""The training loop of fine-tuning: steps, averaged weights, validation, exact resume."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.device import has_native
from ...engine.errors import CheckpointError
from ...engine.files import replace
from ...engine.models.adapter_file import adapter_parameters
from ...engine.types import NODATA_CLASS
from ..losses import segmentation_loss
from ..metrics import confusion_matrix, scores
from ..optimizers import has_muon, make_optimizers
from ..state_file import read_state
from .batches import Batch, draw_batch, pools_of
from .keeping import keeping_loss, transition, trust
from .plates import confusion_of_base, normalised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...engine.models.cwsam import Cwsam
    from .config import FinetuneConfig
    from .plates import Plate

IOU_WEIGHT = 0.5


class Stopped(Exception):  # noqa: N818 - it never leaves this package
    """The user cancelled in the middle of a step."""


class Diverged(Exception):  # noqa: N818 - it never leaves this package
    """The loss is no finite number any more: no further step makes sense."""


@dataclass(frozen=True)
class Score:
    """How a state of the model does on the validation blocks.

    Attributes:
        matrix: (255, 256) confusion matrix of the labelled pixels.
        iou: IoU by labelled class id, 0-1.
        miou: Their mean.
        kept: Share of unlabelled pixels that keep the base model's class; NaN without any, or when
            only the labelled classes are wanted.
    """

    matrix: np.ndarray
    iou: dict[int, float]
    miou: float
    kept: float

    @property
    def rank(self) -> float:
        """What the best state has most of: mIoU, and a little of what is kept.

        With a single labelled class IoU only counts what was found, so keeping weighs more.
        """
        if math.isnan(self.kept):
            return self.miou
        return self.miou + (0.1 if len(self.iou) > 1 else 0.5) * self.kept


@dataclass(frozen=True)
class HistoryPoint:
    """One validation.

    Attributes:
        step: Steps done.
        loss: Running mean of the loss; NaN before the first step.
        miou: Validation mIoU over the labelled classes, 0-1.
        kept: See :class:`Score`.
        seconds: Training time so far.
    """

    step: int
    loss: float
    miou: float
    kept: float
    seconds: float


@dataclass
class Progressed:
    """Where training is; everything an exact resume needs beside the weights."""

    step: int = 0
    loss: float = float("nan")
    seconds: float = 0.0
    best_step: int = 0
    best_rank: float = -math.inf
    stale: int = 0
    history: list[HistoryPoint] = field(default_factory=list)


class Learner:
    """Trains chosen parts of a model on plates; one object is one run."""

    def __init__(
        self,
        model: Cwsam,
        config: FinetuneConfig,
        classes: Sequence[int],
        base_ids: Sequence[int],
        labelled: Sequence[int],
        device: str,
    ) -> None:
        """Prepare the model; :meth:`give` adds what it learns from.

        Args:
            model: A copy of the base model on the device; it is changed.
            config: The settings.
            classes: Class ids that the model predicts: the base model's and the labelled ones.
            base_ids: Class ids of the base model.
            labelled: Class ids with labels.
            device: torch's name of the device.
        """
        self.model, self.config, self.device = model, config, device
        self.classes, self.base_ids, self.labelled = list(classes), list(base_ids), list(labelled)
        self.at = Progressed()
        model.requires_grad_(False)
        self.trained = adapter_parameters(model, config.parts)
        for parameter in self.trained.values():
            parameter.requires_grad_(True)
        self.forget_averages()
        self.begin(config.steps)
        lower = device == "cpu" and config.lower_precision and has_native(torch.bfloat16)
        self.dtype = torch.bfloat16 if lower else torch.float32
        self.lookup = torch.full((256,), NODATA_CLASS)
        self.lookup[self.classes] = torch.arange(len(self.classes))
        self.cancelled: Callable[[], bool] = lambda: False
        for block in (*model.image_encoder.blocks, model.image_encoder.neck):
            block.register_forward_pre_hook(self._listen)

    def _listen(self, *_: object) -> None:
        """Stop in the middle of a forward pass: a large model takes seconds for one."""
        if self.cancelled():
            raise Stopped

    def give(self, train: list[Plate], replay: list[Plate], validation: list[Plate]) -> None:
        """Hand over the plates, which the base model has looked at."""
        self.train_plates, self.replay, self.validation = train, replay, validation
        self.pools = pools_of(train, self.labelled)
        counts = torch.zeros(256)
        for plate in train:
            counts += torch.bincount(plate.labels.flatten().long(), minlength=256)
        counts = counts[self.labelled]
        weights = torch.ones(len(self.classes))
        rows = [self.classes.index(c) for c in self.labelled]
        weights[rows] = (counts.clamp(min=1) / counts.max()).pow(-0.5).clamp(max=8.0)
        self.weights = (weights / weights[rows].mean()).to(self.device)
        self.confusion = confusion_of_base(train, self.labelled, self.base_ids)
        if self.config.only_labelled:
            return
        self.keep = self.config.keep_weight * trust(self.base_ids, self.labelled, self.confusion)
        self.table = transition(
            self.classes, self.base_ids, self.labelled, self.confusion, self.config.keep_bound
        ).to(self.device)

    def forget_averages(self) -> None:
        """Take the parameters as they are for the start of averages and best state."""
        self.average = {n: p.detach().clone() for n, p in self.trained.items()}
        self.best = {n: v.half().float() for n, v in self.average.items()}

    def begin(self, steps: int) -> None:
        """Begin a course of so many steps at most: a warm-up, then a cosine to a hundredth."""
        config = self.config
        self.first, self.steps, self.spent = self.at.step, steps, self.at.seconds
        self.budget = math.inf
        muon = config.muon_rate if has_muon() else 0.0
        self.optimizer = make_optimizers(self.trained, config.learning_rate, 0.0, muon)

    budget: float
    """Seconds that this course of steps may take; set by the run."""

    @property
    def done(self) -> float:
        """Share of this course of steps that is done, 0-1."""
        at = self.at
        used = (at.seconds - self.spent) / self.budget
        return min(1.0, max((at.step - self.first) / self.steps, used))

    def rate(self) -> float:
        """Share of the configuration's rates at the next step."""
        warm = min(1.0, (self.at.step - self.first + 1) / max(1, self.steps // 20))
        return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.done)))

    def step(self) -> float:
        """One optimiser step, seeded by its number; returns its loss.

        Raises:
            Stopped: The user cancelled; nothing has changed.
            Diverged: The loss is no finite number; nothing has changed.
        """
        started = time.monotonic()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed * 1_000_003 + self.at.step)
            batch = draw_batch(self.pools, self.replay, self.config)
            self.optimizer.zero_grad()
            self.optimizer.set_rate(self.rate())
            self.model.train()
            loss = self._loss(batch.to(self.device))
            if self.cancelled():
                raise Stopped
            value = float(loss.detach())
            if not math.isfinite(value):
                raise Diverged
            loss.backward()
        self.optimizer.step(1.0)
        self.at.step += 1
        decay = min(self.config.ema, (1 + self.at.step) / (10 + self.at.step))
        with torch.no_grad():
            for name, parameter in self.trained.items():
                self.average[name].lerp_(parameter, 1 - decay)
        mean = self.at.loss
        self.at.loss = value if math.isnan(mean) else 0.9 * mean + 0.1 * value
        self.at.seconds += time.monotonic() - started
        return value

    def _loss(self, batch: Batch) -> Tensor:
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            logits, _ = self.model(normalised(self.model, batch.images), self.classes)
        logits = logits.float()
        large = F.interpolate(logits.float(), batch.labels.shape[1:], mode="bilinear")
        target = self.lookup.to(self.device)[batch.labels.long()]
        loss = segmentation_loss(large, target, self.weights, IOU_WEIGHT)
        if self.config.only_labelled:
            return loss
        known = (batch.labels != NODATA_CLASS) | ~batch.valid
        cells = F.adaptive_max_pool2d(known.float(), logits.shape[-2:]) == 0
        kept = keeping_loss(logits, batch.base, cells, self.table)
        # No balance loss: the experts are as they are, and Adam would turn its faintest gradient
        # into steps that send tokens to other experts.
        return loss + self.keep * kept

    @torch.no_grad()
    def load(self, values: dict[str, Tensor]) -> None:
        """Put values into the trained parameters."""
        for name, parameter in self.trained.items():
            parameter.copy_(values[name])

    def validate(self) -> Score:
        """Score the averaged weights, as a file would keep them (float16).

        Raises:
            Stopped: The user cancelled; the weights are as before and nothing is noted.
        """
        current = {n: p.detach().clone() for n, p in self.trained.items()}
        self.load({n: v.half().float() for n, v in self.average.items()})
        try:
            score = self.score(lambda plate: self.predict(plate).numpy())
        finally:
            self.load(current)
        at = self.at
        at.history.append(HistoryPoint(at.step, at.loss, score.miou, score.kept, at.seconds))
        if score.rank > at.best_rank:
            at.best_rank, at.best_step, at.stale = score.rank, at.step, 0
            self.best = {n: v.half().float() for n, v in self.average.items()}
        else:
            at.stale += 1
        return score

    @torch.inference_mode()
    def predict(self, plate: Plate) -> Tensor:
        """Class map (s, s) uint8 of a plate."""
        self.model.eval()
        logits, _ = self.model(
            normalised(self.model, plate.image[None].to(self.device)), self.classes
        )
        return self.class_map(logits.cpu(), self.classes, plate)

    def base_map(self, plate: Plate) -> Tensor:
        """Class map (s, s) uint8 of the base model."""
        return self.class_map(plate.base[None].float().clamp(min=1e-8).log(), self.base_ids, plate)

    @staticmethod
    def class_map(logits: Tensor, class_ids: Sequence[int], plate: Plate) -> Tensor:
        """Class map (s, s) uint8 of logits (1, K, h, w) of so many classes."""
        large = F.interpolate(logits.float(), plate.labels.shape, mode="bilinear")
        return torch.tensor(class_ids, dtype=torch.uint8)[large[0].argmax(0)]

    def score(self, predict: Callable[[Plate], np.ndarray]) -> Score:
        """Score class maps of the validation plates."""
        matrix = np.zeros((NODATA_CLASS, NODATA_CLASS + 1), np.int64)
        same = unlabelled = 0
        for plate in self.validation:
            predicted, labels = predict(plate), plate.labels.numpy()
            matrix += confusion_matrix(labels, predicted, NODATA_CLASS)
            if self.config.only_labelled:
                continue
            free = (labels == NODATA_CLASS) & plate.valid.numpy()
            same += int((predicted == self.base_map(plate).numpy())[free].sum())
            unlabelled += int(free.sum())
        figures = scores(matrix)
        kept = same / unlabelled if unlabelled else float("nan")
        return Score(matrix, figures["iou"], figures["miou"], kept)

    def save(self, path: Path, identity: str) -> None:
        """Write the whole state; the file appears under its name only when complete."""
        at = self.at
        state = {
            "identity": identity,
            "model": {n: p.detach().cpu() for n, p in self.trained.items()},
            "average": self.average,
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "at": [at.step, at.loss, at.seconds, at.best_step, at.best_rank, at.stale],
            "history": [[p.step, p.loss, p.miou, p.kept, p.seconds] for p in at.history],
        }
        temporary = path.with_name(f".{path.name}.part")
        torch.save(state, temporary)
        replace(temporary, path)

    def resume(self, path: Path, identity: str) -> None:
        """Continue from a state as if the run had not been interrupted.

        Raises:
            CheckpointError: The file is broken or belongs to other settings, labels or pixels.
        """
        state = read_state(path, self.device)
        if state.get("identity") != identity:
            raise CheckpointError(
                f"{path} belongs to other settings, labels, pixels or another model; start anew "
                "without resuming, or give what that run was given."
            )
        try:
            self.load(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            for name, value in self.average.items():
                value.copy_(state["average"][name])
                self.best[name].copy_(state["best"][name])
            history = [HistoryPoint(int(p[0]), *p[1:]) for p in state["history"]]
            step, loss, seconds, best_step, best_rank, stale = state["at"]
            self.at = Progressed(step, loss, seconds, best_step, best_rank, stale, history)
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} cannot be read ({type(error).__name__}); start anew without resuming."
            ) from None
