"""The training loop: steps, averaged weights, validation, checkpoints that resume exactly."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.device import has_native
from ..engine.errors import Cancelled, ConfigError
from ..engine.layers.moe import moe_layers
from ..engine.types import NODATA_CLASS
from .dataset import ChipSampler, Scene, derived_seed, validation_chips
from .losses import balance_loss, segmentation_loss, unknown_loss
from .metrics import confusion_matrix, scores
from .optimizers import make_optimizers
from .run_folder import BEST, LAST, RunFolder
from .schedule import (
    class_weights,
    count_steps,
    freeze,
    label_lookup,
    learning_rate,
    only_classes,
)
from .team import Single, Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..engine.device import DevicePlan
    from .config import TrainConfig

SMOOTHING = 0.98
"""Decay of the running means that are reported."""

DEAD_SHARE = 0.1
"""An expert with less than this share of an even one's tokens counts as dead."""


@dataclass
class TrainingStatus:
    """What a running training tells.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        loss: Running mean of the loss.
        seconds_left: Estimated.
        scores: Figures of the last validation or None; see :func:`~.metrics.scores`.
        balance: Running mean of the experts' load-balancing loss; 1 when all are used equally.
        usage: Running mean of each mixture's (E,) shares of the tokens.
    """

    step: int
    steps: int
    loss: float
    seconds_left: float
    scores: dict | None
    balance: float = float("nan")
    usage: tuple[Tensor, ...] = ()


class Trainer:
    """Trains a model on scenes; one object is one run, or one process of it."""

    def __init__(
        self,
        model: nn.Module,
        config: TrainConfig,
        train: list[Scene],
        dev: list[Scene],
        folder: Path,
        plan: DevicePlan,
        team: Team | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            model: A :class:`~cwsam.engine.models.cwsam.Cwsam`.
            config: The recipe.
            train: Scenes to learn from.
            dev: Scenes to validate on; none of them in ``train``.
            folder: Receives ``last.pt``, ``best.pt`` and the logs.
            plan: Device, and the type that matrices are multiplied in.
            team: The processes of the run; None for this one alone.
        """
        self.team = team or Single()
        self.config = replace(config, steps=count_steps(train, config, self.team.size))
        self.train_scenes, self.dev_scenes, self.plan = train, dev, plan
        self.folder = RunFolder(folder, config.tensorboard and self.team.rank == 0)
        self.model = model.to(plan.device)
        freeze(model, config.freeze)
        model.image_encoder.gradient_checkpointing = config.checkpoint_gradients
        self.trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.average = {n: p.detach().clone() for n, p in self.trained.items()}
        self.optimizer = make_optimizers(
            self.trained,
            config.learning_rate,
            config.weight_decay,
            config.muon_rate if config.optimizer == "muon" else 0.0,
            config.rate_factors,
        )
        half = plan.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(plan.device.split(":")[0], enabled=half)
        weights = class_weights(train, config)
        self.weights = None if weights is None else weights.to(plan.device)
        self.lookup = label_lookup(config.classes).to(plan.device)
        self.limits = {config.classes.index(c): v for c, v in config.unknown_limits.items()}
        self.sampler = ChipSampler(train, config)
        self.network = self.team.wrap(model)
        self.step, self.best, self.seconds = 0, -1.0, 0.0
        self.loss = self.balance = float("nan")
        self.usage: tuple[Tensor, ...] = ()

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
            ConfigError: The loss or its gradient is not finite any more.
        """
        started, first, before = time.monotonic(), self.step, self.seconds
        figures = None
        if not self.step and self.team.rank == 0:
            self.folder.forget_after(0)
        with ThreadPoolExecutor(1) as reader:
            batches = self._read_ahead(reader)
            while self.step < self.config.steps:
                self._train_step(batches)
                self.step += 1
                here = time.monotonic() - started
                self.seconds = before + here
                last = self.step == self.config.steps
                if last or self.step % self.config.validate_every == 0:
                    figures = self._validate_and_save()
                elif self.step % self.config.save_every == 0:
                    self.save(LAST)
                report(self._status(here / (self.step - first), figures))
                if self.team.agree(cancelled()):
                    self.save(LAST)
                    raise Cancelled(f"Stopped after step {self.step}; --resume continues it.")
        self.folder.close()
        return figures if figures is not None else self.validate()[0]

    def _status(self, pace: float, figures: dict | None) -> TrainingStatus:
        left = pace * (self.config.steps - self.step)
        return TrainingStatus(
            self.step, self.config.steps, self.loss, left, figures, self.balance, self.usage
        )

    def _read_ahead(self, reader: ThreadPoolExecutor) -> Iterator[tuple[Tensor, Tensor]]:
        """This process's batches from the present step on, each drawn while one is learnt."""
        each = self.config.batch
        whole = each * self.team.size
        first = self.step * self.config.accumulate * whole + self.team.rank * each
        last = self.config.steps * self.config.accumulate * whole
        starts = iter(range(first, last, whole))

        def draw() -> object:
            start = next(starts, None)
            numbers = None if start is None else range(start, start + each)
            return numbers and reader.submit(self.sampler.batch, numbers)

        waiting = draw()
        while waiting:
            batch, waiting = waiting.result(), draw()
            yield tuple(part.to(self.plan.device) for part in batch)

    def _train_step(self, batches: Iterator[tuple[Tensor, Tensor]]) -> None:
        rate = learning_rate(self.step, self.config)
        self.optimizer.set_rate(rate / self.config.learning_rate)
        self.network.train()
        self.optimizer.zero_grad()
        many, total = self.config.accumulate, 0.0
        with _seeded(derived_seed(self.config.seed, self.step, self.team.rank), self.plan.device):
            for part in range(many):
                if part < many - 1:
                    with self.team.alone(self.network):
                        total += self._learn(*next(batches))
                else:
                    total += self._learn(*next(batches))
        sound = math.isfinite(total) and self.optimizer.step(self.config.clip_norm, self.scaler)
        if self.team.agree(not sound):
            raise ConfigError(
                f"The loss is no finite number any more at step {self.step + 1}: lower "
                "'learning_rate' or set 'precision: float32' in a new run; "
                f"{self.folder.path} keeps the checkpoints of earlier steps."
            )
        self._update_average()
        self.loss = _running(self.loss, total / many)

    def _learn(self, images: Tensor, labels: Tensor) -> float:
        """Add the gradient of a batch; returns its loss."""
        config, add = self.config, self.team.add
        logits = self._logits(self.network, images, labels.shape[1:])
        target = self.lookup[labels.long()]
        loss = segmentation_loss(
            logits, target, self.weights, config.iou_weight, config.label_smoothing, add=add
        )
        loss = loss + unknown_loss(logits, target, self.limits, add=add)
        balance = balance_loss(self.model, add)
        loss = loss + config.balance_weight * balance
        self.scaler.scale(loss / config.accumulate).backward()
        self._watch_experts(float(balance.detach()))
        return float(loss.detach())

    def _logits(self, network: nn.Module, images: Tensor, size: tuple[int, int]) -> Tensor:
        """Class logits (B, K, h, w) float32 at the labels' resolution."""
        plan = self.plan
        statistics = self.model.pixel_statistics
        mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in statistics)
        lower = plan.dtype != torch.float32
        with torch.autocast(plan.device.split(":")[0], plan.dtype, enabled=lower):
            logits, _ = network((images - mean) / std, self.config.classes)
        return F.interpolate(logits.float(), size, mode="bilinear")

    def _watch_experts(self, balance: float) -> None:
        self.balance = _running(self.balance, balance)
        now = [m.routing.usage for m in moe_layers(self.model) if m.routing is not None]
        before = self.usage or now
        self.usage = tuple(SMOOTHING * a + (1 - SMOOTHING) * b for a, b in zip(before, now))

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, parameter in self.trained.items():
            self.average[name].lerp_(parameter, 1 - decay)

    def validate(self) -> tuple[dict, np.ndarray]:
        """Score the averaged weights on the validation scenes, chip by chip.

        Labels of classes that are not trained say nothing, as in training.

        Returns:
            ``(figures, matrix)``: see :func:`~.metrics.scores` and
            :func:`~.metrics.confusion_matrix`.
        """
        current = {n: p.detach().clone() for n, p in self.trained.items()}
        self._load(self.average)
        self.model.eval()
        matrix = np.zeros((NODATA_CLASS, NODATA_CLASS + 1), np.int64)
        ids = torch.tensor(self.config.classes, dtype=torch.uint8, device=self.plan.device)
        chips = validation_chips(
            self.dev_scenes,
            self.config.chip,
            self.config.validation_batch,
            self.team.rank,
            self.team.size,
        )
        with torch.no_grad():
            for images, labels in chips:
                logits = self._logits(self.model, images.to(self.plan.device), labels.shape[1:])
                predicted = ids[logits.argmax(1)].cpu()
                truth = only_classes(labels.numpy(), self.config.classes)
                matrix += confusion_matrix(truth, predicted.numpy(), NODATA_CLASS)
            counted = self.team.add(torch.from_numpy(matrix).to(self.plan.device))
        self._load(current)
        matrix = counted.cpu().numpy()
        return scores(matrix), matrix

    @torch.no_grad()
    def _load(self, values: dict[str, Tensor]) -> None:
        for name, parameter in self.trained.items():
            parameter.copy_(values[name])

    def _validate_and_save(self) -> dict:
        figures, matrix = self.validate()
        if self.team.rank == 0:
            shares = [u * len(u) for u in self.usage]
            row = {
                "step": self.step,
                "loss": self.loss,
                "learning_rate": learning_rate(self.step, self.config),
                "balance": self.balance,
                "expert_entropy": min(map(usage_entropy, self.usage), default=float("nan")),
                "dead_experts": sum(int((s < DEAD_SHARE).sum()) for s in shares),
                "miou": figures["miou"],
                "fwiou": figures["fwiou"],
                "oa": figures["oa"],
                "seconds": self.seconds,
            }
            self.folder.log(row, matrix)
        if figures["miou"] > self.best:
            self.best = figures["miou"]
            self.save(BEST)
        self.save(LAST)
        return figures

    def save(self, name: str) -> None:
        """Write the whole state; the file appears under its name only when complete."""
        if self.team.rank == 0:
            self.folder.save(name, self._state())
        self.team.wait()

    def _state(self) -> dict:
        return {
            "config": repr(asdict(self.config)),
            "processes": self.team.size,
            "precision": str(self.plan.dtype).split(".")[1],
            "step": self.step,
            "loss": self.loss,
            "balance": self.balance,
            "usage": list(self.usage),
            "best": self.best,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def resume(self) -> None:
        """Continue from ``last.pt`` as if the run had not been interrupted.

        Neither chips nor the router's noise depend on what was drawn before, so the step says
        all about them.

        Raises:
            CheckpointError: There is none, or it belongs to another configuration.
        """
        state = self.folder.load(LAST, repr(asdict(self.config)), self.team.size)
        # A measurement on a busy machine may choose otherwise this time; bits would differ.
        dtype = getattr(torch, state["precision"])
        if self.plan.device != "cpu" or dtype == torch.float32 or has_native(dtype):
            self.plan = replace(self.plan, dtype=dtype)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.average = {n: v.to(self.plan.device) for n, v in state["average"].items()}
        self.usage = tuple(u.to(self.plan.device) for u in state["usage"])
        self.step, self.loss, self.best = state["step"], state["loss"], state["best"]
        self.balance, self.seconds = state["balance"], state.get("seconds", 0.0)
        if self.team.rank == 0:
            self.folder.forget_after(self.step)


def usage_entropy(usage: Tensor) -> float:
    """Entropy of the experts' shares (E,), as a share of the largest possible; 0-1."""
    if len(usage) < 2:
        return 1.0
    return float(torch.special.entr(usage).sum()) / math.log(len(usage))


def _running(before: float, now: float) -> float:
    return now if math.isnan(before) else SMOOTHING * before + (1 - SMOOTHING) * now


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    """Torch's random numbers from a seed inside the ``with`` block, untouched outside."""
    devices = [torch.device(device).index or 0] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
