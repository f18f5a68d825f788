"""Fine-tuning from end to end: check, split, train, validate, write."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ...engine.classes import LandCoverClass, class_name
from ...engine.device import choose_device
from ...engine.errors import Cancelled, ConfigError, TrainingDataError
from ...engine.models.adapter_file import save_adapter
from .colours import TIME, settle_share, train_colours
from .config import FinetuneConfig
from .describe import adapter_card, pictures, training_record
from .learner import Diverged, Learner, Stopped
from .outcome import FinetuneResult, FinetuneStatus, Report
from .overlap import foreign_ground, refuse_shared_labels
from .plates import PlateCutter, ask_base
from .settle import settle
from .split import Split
from .starting import frozen_hash, start_classes
from .state_folder import STATE
from .survey import Survey, check_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.models.checkpoint import LoadedModel
    from .labels import LabelledRaster
    from .plates import Plate


def finetune(
    base: LoadedModel,
    rasters: Sequence[LabelledRaster],
    output: Path,
    config: FinetuneConfig | None = None,
    new_classes: Sequence[LandCoverClass] = (),
    folder: Path | None = None,
    resume: bool = False,
    report: Report = lambda status: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FinetuneResult:
    """Fine-tune a model on labelled rasters and write an adapter file.

    Args:
        base: The base model, as :func:`~cwsam.engine.models.checkpoint.load_model` gives it and
            not one that a predictor has prepared for itself; it is not changed.
        rasters: Rasters with labels.
        output: The adapter file, ``.safetensors``. Nothing is written there before the end.
        config: The settings.
        new_classes: Classes that the model gains, of :func:`~.labels.read_scheme`.
        folder: Receives the state that a later run can resume from; None for no state.
        resume: Go on from the state in ``folder`` if there is one.
        report: Called after every step, from this thread.
        cancelled: Whether the user wants to stop; asked several times a second.

    Returns:
        What was made. A result that is no better than the base model says so.

    Raises:
        TrainingDataError: The labels do not suffice; says how many more it takes.
        ConfigError: The settings do not fit the labels.
        Cancelled: The user stopped; the state is in ``folder``.
        CwsamError: A raster cannot be read, or the state cannot be resumed.
    """
    started = time.monotonic()
    config = config or FinetuneConfig()
    session = Session(base, rasters, config, tuple(new_classes), report, cancelled, started)
    session.prepare()
    learner = session.learn(folder, resume)
    return session.finish(learner, output)


class Session:
    """The stages of one call of :func:`finetune`."""

    def __init__(
        self,
        base: LoadedModel,
        rasters: Sequence[LabelledRaster],
        config: FinetuneConfig,
        new_classes: tuple[LandCoverClass, ...],
        report: Report,
        cancelled: Callable[[], bool],
        started: float,
    ) -> None:
        self.base, self.rasters, self.config = base, rasters, config
        self.report, self.cancelled, self.started = report, cancelled, started
        self.legend = (*base.card.legend, *new_classes)
        self.new_classes = new_classes
        self.notices: list[str] = []
        self.refit_steps = 0
        self.status = FinetuneStatus("labels", steps=config.steps)
        self.device = choose_device(config.device).device

    def tell(self, **changes: object) -> None:
        """Report a changed status; stop if the user wants to."""
        self.status = replace(self.status, **changes)
        self.report(self.status)
        self.ask()

    def ask(self) -> None:
        """Stop if the user wants to."""
        if self.cancelled():
            raise Cancelled("Fine-tuning stopped; no adapter was written.")

    def prepare(self) -> None:
        """Read the labels, divide the ground, cut the plates, ask the base model."""
        self.tell()
        check_sizes(self.rasters)
        side, seed = self.config.chip_side(self.base.config), self.config.seed
        survey = Survey(self.rasters, side, seed, self.ask)
        refuse_shared_labels(survey)
        self.check, self.labelled, split, notices = settle(
            survey, self.config, self.legend, self.ask
        )
        self.split = replace(split, foreign=foreign_ground(self.rasters, split))
        self.notices += notices
        card = self.base.card
        self.base_ids = card.classes_seen or tuple(range(self.base.config.num_classes))
        kept = () if self.config.only_labelled else self.base_ids
        self.classes = tuple(sorted({*kept, *self.labelled}))
        self._check_parts()
        cutter = PlateCutter(self.rasters, side, self.labelled, survey, self.ask)
        self.train = cutter.train(self.split, self.labelled, seed)
        self.replay = cutter.replay(self.split, seed) if kept else []
        self.validation = cutter.validation(self.split, seed)
        if not self.train:
            raise TrainingDataError(
                "No labelled ground is left to learn from beside that which is held back for "
                "validation: label more places, farther away from each other."
            )
        held = Split(self.split.validation, (), self.split.side)
        self.held = cutter.train(held, self.labelled, seed + 1) if self.config.refit else []
        self.tell(phase="base", done=0.02)
        model = self.base.model.to(self.device).eval()
        plates = [*self.validation, *self.train, *self.replay, *self.held]
        for first in range(0, len(plates), 8):
            part = plates[first : first + 8]
            ask_base(model, part, self.base_ids, self.device, self.cancelled)
            self.tell(done=0.02 + 0.08 * (first + len(part)) / len(plates))

    def _check_parts(self) -> None:
        if len(self.classes) < 2:
            raise ConfigError(
                "A map of the labelled classes alone takes two of them: label another class, or "
                "let the model keep its own."
            )
        fresh = [c for c in self.labelled if c not in self.base_ids]
        if fresh and "head" not in self.config.parts:
            names = ", ".join(class_name(c, self.legend) for c in fresh)
            raise ConfigError(
                f"The model does not know {names} yet, so its class head has to train: add 'head' "
                "to the parts."
            )

    def learn(self, folder: Path | None, resume: bool) -> Learner:
        """Train until the steps, the time or the patience end."""
        model = copy.deepcopy(self.base.model).to(self.device).float()
        model.colour_expert = None  # that of an adapter it starts from; a new one follows
        if self.new_classes:
            model.mask_decoder.add_classes(len(self.new_classes))
        config = self.config
        self.frozen = frozen_hash(model, config.parts)
        learner = Learner(model, config, self.classes, self.base_ids, self.labelled, self.device)
        learner.give(self.train, self.replay, self.validation)
        self.before = learner.score(lambda plate: learner.base_map(plate).numpy())
        start_classes(learner)
        learner.cancelled = self.cancelled
        self._tell_of_time()
        left = config.seconds - (time.monotonic() - self.started) * 1.5
        left -= 2 * TIME * config.seconds if "colours" in config.parts else 0.0
        learner.budget = max(1.0, left / (1 + config.refit))
        state = folder / STATE if folder is not None else None
        self.keeps_state = state is not None
        identity = ""
        if state is not None:
            identity = self._identity()
            folder.mkdir(parents=True, exist_ok=True)
            if resume and state.exists():
                learner.resume(state, identity)
        try:
            self._steps(learner, state, identity)
        except Stopped:
            if state is not None:
                learner.save(state, identity)
            raise self._stopped(learner) from None
        return learner

    def _tell_of_time(self) -> None:
        used = time.monotonic() - self.started
        if used > self.config.seconds / 2:
            self.notices.append(
                f"Reading the labels and the image took {used:.0f} of {self.config.seconds:.0f} "
                "seconds, which leaves little time to learn in: allow more minutes, or label "
                "fewer places."
            )

    def _stopped(self, learner: Learner) -> Cancelled:
        return Cancelled(
            f"Fine-tuning stopped after step {learner.at.step}; no adapter was written."
            + (" It can be resumed." if self.keeps_state else "")
        )

    def _steps(self, learner: Learner, state: Path | None, identity: str) -> None:
        at, config = learner.at, self.config
        if not at.history:
            learner.validate()
            at.history[0] = replace(at.history[0], miou=self.before.miou, kept=self.before.kept)
            at.best_rank = max(at.best_rank, self.before.rank)
        due = at.step % config.validate_every == 0 or self._over(learner)
        if due and at.history[-1].step != at.step:  # a cancelled validation is made up for
            self._validate(learner, state, identity)
        while not self._over(learner):
            try:
                learner.step()
            except Diverged:
                self._tell_of_divergence(at.step)
                break
            if at.step % config.validate_every == 0 or self._over(learner):
                self._validate(learner, state, identity)
            self._tell_step(learner)

    def _validate(self, learner: Learner, state: Path | None, identity: str) -> None:
        started = time.monotonic()
        learner.validate()
        learner.at.seconds += time.monotonic() - started
        if state is not None:
            learner.save(state, identity)

    def _tell_of_divergence(self, step: int) -> None:
        self.notices.append(
            f"After step {step} the loss was no finite number any more: training ended there, and "
            "the best state before it is kept. Look for extreme values in the image."
        )

    def _over(self, learner: Learner) -> bool:
        at = learner.at
        return learner.done >= 1 or at.stale >= self.config.patience

    def _add_colours(self, learner: Learner, plates: Sequence[Plate], share: float = -1.0) -> None:
        """Put an expert for colours into the model, with a share or the one that does best."""
        if "colours" not in self.config.parts:
            return
        learner.model.colour_expert = None
        expert = train_colours(learner, plates)
        if expert is not None:
            share = settle_share(learner, expert) if share < 0 else share
            expert.share.data.fill_(share)
            learner.model.colour_expert = expert if share else None

    def _refit(self, learner: Learner) -> None:
        """Let the validated state learn the held-back labels, too.

        What was held back says how good the model is; what is left out of the map's training for
        that would be a pity where labels are few. Nothing can be measured after it.
        """
        at = learner.at
        if not (self.held and at.best_step):
            return
        expert, learner.model.colour_expert = learner.model.colour_expert, None
        left, first = learner.budget * self.config.refit, at.step
        learner.begin(max(1, round(self.config.refit * at.step)))
        learner.budget = max(1.0, left)
        learner.give([*self.train, *self.held], self.replay, self.validation)
        learner.forget_averages()
        try:
            while learner.done < 1:
                learner.step()
                self._tell_step(learner)
        except Diverged:
            self._tell_of_divergence(at.step)
            at.step = first
            learner.load(learner.best)
            learner.model.colour_expert = expert
            return
        learner.load(learner.average)
        self.refit_steps = at.step - first
        if expert is not None:
            self._add_colours(learner, learner.train_plates, float(expert.share))

    def _tell_step(self, learner: Learner) -> None:
        at, refit = learner.at, self.config.refit
        again = learner.first > 0
        share = (learner.done * refit + 1 if again else learner.done) / (1 + refit)
        left = at.seconds * (1 - share) / share if share else math.nan
        self.status = replace(
            self.status,
            phase="refit" if again else "training",
            done=0.1 + 0.88 * share,
            step=at.step,
            loss=at.loss,
            miou=at.history[-1].miou,
            base_miou=self.before.miou,
            seconds_left=left,
            history=tuple(at.history),
        )
        self.report(self.status)
        if self.cancelled():
            raise Stopped

    def _identity(self) -> str:
        """Everything that a state depends on, pixels and labels included, as one text."""
        config = asdict(replace(self.config, seconds=1.0))
        labels = hashlib.blake2b()
        for raster in self.rasters:
            labels.update(repr((raster.source.info, raster.bands, raster.stretch)).encode())
            for polygon in raster.polygons:
                labels.update(repr(polygon).encode())
        for plate in (*self.train, *self.replay, *self.validation, *self.held):
            labels.update(repr((plate.raster, plate.window)).encode())
            for tensor in (plate.image, plate.labels, plate.valid):
                labels.update(tensor.contiguous().numpy())
        names = [c.name for c in self.legend]
        facts = (self.base.identity, config, self.classes, names, self.labelled, labels.hexdigest())
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def finish(self, learner: Learner, output: Path) -> FinetuneResult:
        """Score the best state, learn all labels, prove that nothing else changed, write."""
        learner.load(learner.best)
        names, model = [r.source.info.name for r in self.rasters], learner.model
        try:
            self._add_colours(learner, self.train)
            after = learner.score(lambda plate: learner.predict(plate).numpy())
            shown = pictures(learner, names)
            self._refit(learner)
        except Stopped:
            raise self._stopped(learner) from None
        self.tell(phase="writing", done=0.98)
        if frozen_hash(model, self.config.parts) != self.frozen:
            raise AssertionError("a part of the model that does not train has changed")
        learner.cancelled = lambda: False  # what follows is short
        improved = after.miou > self.before.miou
        if not improved:
            self.notices.append(
                f"The labels did not make the model better: mIoU {self.before.miou:.2f} before, "
                f"{after.miou:.2f} after. Label more places, or check whether the labels are right."
            )
        seconds = time.monotonic() - self.started
        card = adapter_card(self, after, output.stem)
        config = replace(self.base.config, num_classes=model.mask_decoder.num_classes)
        save_adapter(
            output,
            model.cpu(),
            config,
            card,
            self.base.sha256,
            training_record(self, learner, after, seconds),
            self.config.parts,
        )
        at = learner.at
        return FinetuneResult(
            adapter=output,
            base=self.base.name,
            before=self.before,
            after=after,
            improved=improved,
            steps=at.step - self.refit_steps,
            best_step=at.best_step,
            refit_steps=self.refit_steps,
            seconds=seconds,
            history=tuple(at.history),
            check=self.check,
            legend=self.legend,
            labelled=self.labelled,
            card=card,
            pictures=shown,
            notices=self.notices,
        )
