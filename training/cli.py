"""The whole command line: the engine's commands, ``train``, ``finetune``, ``package``, accuracy."""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from ..engine.cli import main, make_predictor
from ..engine.config import ModelConfig, from_mapping, load_model_config, read_yaml
from ..engine.device import DEVICES, DevicePlan, choose_device, keep_large_allocations
from ..engine.errors import CheckpointError, ConfigError
from ..engine.io.guard import OutputGuard
from ..engine.io.raster_source import default_bands, open_raster
from ..engine.models.builders import build_model
from ..engine.models.card import ModelCard
from ..engine.models.checkpoint import load_model, save_model
from ..engine.models.cwsam import Cwsam
from ..engine.staging import Staging, check_writable, refuse_clashes
from ..engine.tiling.normalize import choose_radiometry
from ..engine.types import Window
from . import cli_accuracy, cli_finetune
from .config import TrainConfig, load_train_config
from .dataset import SMALLEST_CHIP, Scene
from .distributed import is_distributed, joined, local_device
from .evaluate import card_scores, confusion_by_source
from .folders import load_parts
from .loop import DEAD_SHARE, Trainer, TrainingStatus, usage_entropy
from .pretrained import load_stem
from .run_folder import BEST, LAST, refuse_used
from .schedule import freeze, parameter_table, training_plan
from .start import read_run, start_from
from .team import Team

__all__ = ["main"]

for _command in (*cli_accuracy.COMMANDS, cli_finetune.finetune_command):
    main.add_command(_command)


@main.command()
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--run",
    "--folder",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder for checkpoints and the log.",
)
@click.option("--data", type=str, help="Data folder instead of the configuration's.")
@click.option("--steps", type=int, help="Steps instead of the configuration's.")
@click.option(
    "--initialise-from", type=str, help="Weights to start from instead of the configuration's."
)
@click.option("--device", type=click.Choice(DEVICES), help="Instead of the configuration's.")
@click.option("--resume", is_flag=True, help="Continue the run in the folder.")
@click.option(
    "--parameters", is_flag=True, help="Print the table of parameters and stop; no data needed."
)
def train(config: Path, folder: Path, resume: bool, parameters: bool, **settings: object) -> None:
    """Train a model from a configuration file; Ctrl-C saves and stops.

    Started by torchrun, its processes share the run (write --folder there, as torchrun claims
    --run): torchrun --nproc-per-node 2 -m cwsam.training.cli train CONFIG --folder FOLDER.
    """
    keep_large_allocations()
    recipe = load_train_config(config, **settings)
    if parameters:
        model = build_network(recipe)
        freeze(model, recipe.freeze)
        click.echo(parameter_table(model))
        return
    if not resume:
        refuse_used(folder)
    plan = training_plan(recipe.device, recipe.precision)
    if not is_distributed():
        _train(make_trainer(recipe, folder, plan), resume)
        return
    plan = replace(plan, device=local_device(plan.device))
    with joined(plan.device) as team:
        if team.agree(plan.dtype == torch.float32):  # each process measured for itself
            plan = replace(plan, dtype=torch.float32)
        _train(make_trainer(recipe, folder, plan, team), resume)


def _train(trainer: Trainer, resume: bool) -> None:
    """Run a trainer with a progress bar, on the first process only; Ctrl-C saves."""
    if resume:
        trainer.resume()
    first = trainer.team.rank == 0
    if first:
        click.echo(f"{trainer.plan.reason} {trainer.team.size} process(es).", err=True)
    stopped = []
    before = signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    try:
        total = trainer.config.steps
        with tqdm(total=total, initial=trainer.step, unit="step", disable=not first) as bar:
            figures = trainer.run(lambda status: _show(bar, status), lambda: bool(stopped))
    finally:
        signal.signal(signal.SIGINT, before)
    if first:
        for number, usage in enumerate(trainer.usage, 1):
            dead = int((usage * len(usage) < DEAD_SHARE).sum())
            click.echo(
                f"mixture {number}: entropy of its {len(usage)} experts {usage_entropy(usage):.2f} "
                f"of 1, {dead} dead"
            )
        click.echo(
            f"mIoU {figures['miou']:.4f}  FWIoU {figures['fwiou']:.4f}  OA {figures['oa']:.4f}  "
            f"in {trainer.folder.path}"
        )


@main.command()
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("card", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder of the training run.",
)
@click.option(
    "--checkpoint",
    type=click.Choice([LAST, BEST]),
    default=LAST,
    show_default=True,
    help="Which of its checkpoints.",
)
@click.option("--data", type=str, help="Data folder instead of the configuration's.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Weights, .safetensors; the card is written beside them as .md.",
)
def package(
    config: Path, card: Path, folder: Path, checkpoint: str, data: str | None, output: Path
) -> None:
    """Turn a training run into a weights file with its model card.

    CARD is a YAML file with the card's texts; classes and scores on the dev scenes are added.
    """
    if output.suffix != ".safetensors":
        raise ConfigError(f"The weights' name must end in .safetensors, not '{output.name}'.")
    written = [output, output.with_suffix(".md")]
    for path in written:
        check_writable(path)
    refuse_clashes([config, card, folder / checkpoint], written)
    recipe, texts = load_train_config(config, data=data), read_yaml(card)
    if not isinstance(texts, dict):
        raise ConfigError(f"{card} must hold a mapping of names to texts.")
    texts["classes_seen"] = recipe.classes
    draft = from_mapping(ModelCard, texts, str(card))
    variant = model_config(recipe)
    model = build_model(variant)
    try:
        model.load_state_dict(read_run(folder / checkpoint))
    except RuntimeError:
        raise CheckpointError(
            f"{folder / checkpoint} is of another variant than {recipe.model}: give the recipe of "
            "that run."
        ) from None
    scenes = load_parts(recipe, read_file)[1]
    with closing(Staging(output)) as staging, OutputGuard(staging, ()):
        save_model(staging.path, model, variant, draft)
        scored = {**texts, "scores": _scores(staging.path, recipe, scenes)}
    finished = from_mapping(ModelCard, scored, str(card))
    staging = Staging(output)
    with OutputGuard(staging, ()):
        save_model(staging.path, model, variant, finished)
        text = finished.to_markdown(output.stem)
        staging.path.with_suffix(".md").write_text(text, encoding="utf-8")
        staging.commit()
    for name, value in finished.scores.items():
        click.echo(f"{value:.3f}  {name}")


def _scores(weights: Path, recipe: TrainConfig, scenes: list[Scene]) -> dict[str, float]:
    """Figures of a weights file on labelled scenes, by name."""
    predictor = make_predictor(load_model(weights), choose_device("cpu"))
    with tqdm(total=len(scenes), unit="scene") as bar:
        matrices = confusion_by_source(
            scenes,
            predictor,
            report=lambda done, _: bar.update(done - bar.n),
            classes=recipe.classes,
        )
    if recipe.sources and not recipe.train.images:
        return card_scores(matrices, next(iter(recipe.sources)))
    return card_scores({"": sum(matrices.values())}, "")  # sources alike are one


def make_trainer(
    recipe: TrainConfig, folder: Path, plan: DevicePlan, team: Team | None = None
) -> Trainer:
    """Read the data and build the model of a recipe, seeded."""
    torch.manual_seed(recipe.seed)
    train_scenes, dev_scenes = load_parts(recipe, read_file)
    model = build_network(recipe)
    if recipe.initialise_from:
        report = start_from(model, Path(recipe.initialise_from))
        if team is None or team.rank == 0:
            click.echo(f"{recipe.initialise_from}: {report}", err=True)
    for target, source in recipe.class_starts.items():
        model.mask_decoder.copy_class(source, target)
    return Trainer(model, recipe, train_scenes, dev_scenes, folder, plan, team)


def build_network(recipe: TrainConfig) -> Cwsam:
    """Build what a recipe trains.

    Raises:
        ConfigError: The variant lacks a class of the recipe, or weights for its stem are missing.
        UnknownNameError: There is no such variant.
    """
    config = model_config(recipe)
    model = build_model(config)
    if recipe.pretrained_stem:
        load_stem(model, config.encoder.stem)
    return model


def model_config(recipe: TrainConfig) -> ModelConfig:
    """The configuration of a recipe's variant.

    Raises:
        ConfigError: The variant lacks a class of the recipe, or its chips do not fit.
        UnknownNameError: There is no such variant.
    """
    config = load_model_config(recipe.model)
    if max(recipe.classes) >= config.num_classes:
        raise ConfigError(
            f"'classes' names {max(recipe.classes)}, and {recipe.model} has classes 0 to "
            f"{config.num_classes - 1}."
        )
    patch = config.encoder.patch_size
    if recipe.chip < SMALLEST_CHIP or recipe.chip % patch:
        raise ConfigError(
            f"'chip' must be a multiple of {patch}, {SMALLEST_CHIP} or more, for {recipe.model}, "
            f"not {recipe.chip}."
        )
    return config


def read_file(path: Path, labels: bool) -> tuple[np.ndarray, np.ndarray]:
    """Read a whole image file, the bands that segmentation takes; label palettes stay numbers.

    Images of more than eight bits are stretched to 0-255 as in segmentation.

    Returns:
        ``(pixels, valid)``: (1 or 3, h, w), uint8 unless they are labels, and (h, w) bool.

    Raises:
        RasterError: The file cannot be read.
    """
    with open_raster(path, expand_palette=not labels) as source:
        info = source.info
        bands = [1] if labels else list(dict.fromkeys(default_bands(info)))
        pixels, valid = source.read(Window(0, 0, info.width, info.height), bands)
        if labels or pixels.dtype == np.uint8:
            return pixels, valid
        values = choose_radiometry(source, bands).normalise(
            pixels, valid, [0.0] * len(bands), [1.0] * len(bands)
        )
    return np.rint(values * 255).astype(np.uint8), valid


def _show(bar: tqdm, status: TrainingStatus) -> None:
    shown = {"loss": f"{status.loss:.3f}", "balance": f"{status.balance:.2f}"}
    if status.scores is not None:
        shown.update(miou=f"{status.scores['miou']:.3f}", oa=f"{status.scores['oa']:.3f}")
    bar.set_postfix(shown)
    bar.update(status.step - bar.n)


if __name__ == "__main__":
    main()
