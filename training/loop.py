"""The training loop: steps, averaged weights, validation, checkpoints, exact resume."""

from __future__ import annotations

import csv
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.errors import Cancelled, CheckpointError, TrainingDataError
from ..engine.types import NODATA_CLASS
from .config import TrainConfig
from .dataset import Scene, draw_batches, validation_chips
from .losses import balance_loss, segmentation_loss
from .metrics import confusion_matrix, scores

LOG_FIELDS = ("step", "loss", "learning_rate", "miou", "oa", "seconds")


@dataclass
class TrainingStatus:
    """What a running training tells.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        loss: Running mean of the loss.
        seconds_left: Estimated.
        scores: Figures of the last validation or None; see :func:`~.metrics.scores`.
    """

    step: int
    steps: int
    loss: float
    seconds_left: float
    scores: dict | None


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
    """Weights of the trained classes by frequency to the power of ``-class_power``; mean 1."""
    if config.class_power == 0:
        return None
    counts = sum(torch.bincount(s.labels.flatten().long(), minlength=256) for s in scenes)
    counts = counts[list(config.classes)].float()
    if not (counts > 0).all():
        missing = config.classes[int((counts == 0).nonzero()[0])]
        raise TrainingDataError(
            f"No training scene has a pixel of class {missing}; take it out of 'classes'."
        )
    weights = counts.pow(-config.class_power)
    return weights / weights.mean()


def label_lookup(classes: tuple[int, ...]) -> Tensor:
    """Table (256,) int64 from class id to channel; classes not trained become 255."""
    table = torch.full((256,), NODATA_CLASS)
    table[list(classes)] = torch.arange(len(classes))
    return table


class Trainer:
    """Trains a model on scenes; one object is one run."""

    def __init__(
        self,
        model: nn.Module,
        config: TrainConfig,
        train: list[Scene],
        dev: list[Scene],
        folder: Path,
        autocast: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            model: A :class:`~cwsam.engine.models.cwsam.Cwsam`.
            config: The recipe.
            train: Scenes to learn from.
            dev: Scenes to validate on; none of them in ``train``.
            folder: Receives ``last.pt``, ``best.pt`` and ``log.csv``.
            autocast: Whether matrix multiplies run in bfloat16.
        """
        self.model, self.config, self.train_scenes, self.dev_scenes = model, config, train, dev
        self.folder, self.autocast = folder, autocast
        folder.mkdir(parents=True, exist_ok=True)
        self.average = {n: p.detach().clone() for n, p in model.named_parameters()}
        decayed = [p for p in model.parameters() if p.ndim > 1]
        plain = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )
        self.rng = torch.Generator().manual_seed(config.seed)
        self.weights = class_weights(train, config)
        self.lookup = label_lookup(config.classes)
        self.step, self.loss, self.best = 0, float("nan"), -1.0

    def run(
        self,
        report: Callable[[TrainingStatus], None] = lambda status: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict:
        """Train to the last step.

        Args:
            report: Called after every step.
            cancelled: Asked after every step; the state is saved before stopping.

        Returns:
            The scores of the last validation of the averaged weights.

        Raises:
            Cancelled: ``cancelled`` said so.
        """
        batches = draw_batches(self.train_scenes, self.config, self.rng)
        started, first = time.monotonic(), self.step
        figures = None
        while self.step < self.config.steps:
            loss = self._train_step(*next(batches))
            self.loss = loss if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * loss
            self.step += 1
            if self.step % self.config.validate_every == 0 or self.step == self.config.steps:
                figures = self._validate_and_save(time.monotonic() - started)
            left = (time.monotonic() - started) / (self.step - first)
            left *= self.config.steps - self.step
            report(TrainingStatus(self.step, self.config.steps, self.loss, left, figures))
            if cancelled():
                self.save("last.pt")
                raise Cancelled(f"Training stopped after step {self.step}; --resume continues it.")
        return figures if figures is not None else self.validate()

    def _train_step(self, images: Tensor, labels: Tensor) -> float:
        rate = learning_rate(self.step, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            logits, _ = self.model(self._normalise(images), self.config.classes)
        logits = F.interpolate(logits.float(), labels.shape[1:], mode="bilinear")
        target = self.lookup[labels.long()]
        loss = segmentation_loss(
            logits, target, self.weights, self.config.iou_weight, self.config.label_smoothing
        )
        loss = loss + self.config.balance_weight * balance_loss(self.model)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self._update_average()
        return float(loss.detach())

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, parameter in self.model.named_parameters():
            self.average[name].lerp_(parameter, 1 - decay)

    def _normalise(self, images: Tensor) -> Tensor:
        mean, std = (torch.tensor(v)[:, None, None] for v in self.model.pixel_statistics)
        return (images - mean) / std

    def validate(self) -> dict:
        """Score the averaged weights on the validation scenes, chip by chip."""
        current = {n: p.detach().clone() for n, p in self.model.named_parameters()}
        self._load(self.average)
        self.model.eval()
        matrix = np.zeros((NODATA_CLASS, NODATA_CLASS + 1), np.int64)
        ids = torch.tensor(self.config.classes, dtype=torch.uint8)
        with torch.inference_mode():
            for images, labels in validation_chips(self.dev_scenes, self.config.chip, 8):
                logits, _ = self.model(self._normalise(images), self.config.classes)
                logits = F.interpolate(logits, labels.shape[1:], mode="bilinear")
                predicted = ids[logits.argmax(1)]
                matrix += confusion_matrix(labels.numpy(), predicted.numpy(), NODATA_CLASS)
        self._load(current)
        return scores(matrix)

    @torch.no_grad()
    def _load(self, values: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(values[name])

    def _validate_and_save(self, seconds: float) -> dict:
        figures = self.validate()
        row = (
            self.step,
            self.loss,
            learning_rate(self.step, self.config),
            figures["miou"],
            figures["oa"],
            seconds,
        )
        new = not (self.folder / "log.csv").exists()
        with open(self.folder / "log.csv", "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(LOG_FIELDS)
            writer.writerow(f"{value:.6g}" for value in row)
        if figures["miou"] > self.best:
            self.best = figures["miou"]
            self.save("best.pt")
        self.save("last.pt")
        return figures

    def save(self, name: str) -> None:
        """Write the whole state; the file appears under its name only when complete."""
        state = {
            "config": repr(asdict(self.config)),
            "step": self.step,
            "loss": self.loss,
            "best": self.best,
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
            "torch_rng": torch.get_rng_state(),
        }
        temporary = self.folder / f".{name}.part"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / name)

    def resume(self) -> None:
        """Continue from ``last.pt`` as if the run had not been interrupted.

        Raises:
            CheckpointError: There is none, or it belongs to another configuration.
        """
        path = self.folder / "last.pt"
        if not path.exists():
            raise CheckpointError(f"{path} does not exist; start without --resume.")
        state = torch.load(path, weights_only=True)
        if state["config"] != repr(asdict(self.config)):
            raise CheckpointError(
                f"{path} was made with other settings; use another --run folder or those settings."
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.step, self.loss, self.best = state["step"], state["loss"], state["best"]
        self.rng.set_state(state["rng"])
        torch.set_rng_state(state["torch_rng"])
