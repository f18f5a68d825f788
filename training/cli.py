"""The whole command line: the engine's commands, ``train``, ``package`` and those on accuracy."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from ..engine.cli import main, make_predictor
from ..engine.config import from_mapping, load_model_config, read_yaml
from ..engine.device import bfloat16_is_faster, choose_device, keep_large_allocations
from ..engine.io.raster_source import open_raster
from ..engine.models.builders import build_model
from ..engine.models.card import ModelCard
from ..engine.models.checkpoint import load_model, save_model
from ..engine.types import Window
from . import cli_accuracy
from .config import TrainConfig, load_train_config
from .dataset import load_scenes
from .evaluate import card_scores, confusion_by_source
from .loop import Trainer, TrainingStatus

__all__ = ["main"]

for _command in cli_accuracy.COMMANDS:
    main.add_command(_command)


@main.command()
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/train"),
    show_default=True,
    help="Folder for checkpoints and the log.",
)
@click.option("--data", type=str, help="Data folder instead of the configuration's.")
@click.option("--steps", type=int, help="Steps instead of the configuration's.")
@click.option("--resume", is_flag=True, help="Continue the run in the folder.")
def train(config: Path, folder: Path, data: str | None, steps: int | None, resume: bool) -> None:
    """Train a model from a configuration file."""
    keep_large_allocations()
    recipe = load_train_config(config, data=data, steps=steps)
    trainer = make_trainer(recipe, folder)
    if resume:
        trainer.resume()
    click.echo(
        f"{'bfloat16' if trainer.autocast else 'float32'} on {torch.get_num_threads()} threads"
    )
    with tqdm(total=recipe.steps, initial=trainer.step, unit="step") as bar:
        figures = trainer.run(lambda status: _show(bar, status))
    click.echo(f"mIoU {figures['miou']:.4f}  OA {figures['oa']:.4f}  in {folder}")


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
    type=click.Choice(["last.pt", "best.pt"]),
    default="last.pt",
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
    recipe = load_train_config(config, data=data)
    model_config = load_model_config(recipe.model)
    model = build_model(model_config)
    state = torch.load(folder / checkpoint, weights_only=True)
    model.load_state_dict({**state["model"], **state["average"]})
    texts = {**read_yaml(card), "classes_seen": recipe.classes}
    save_model(output, model, model_config, from_mapping(ModelCard, texts, str(card)))
    scenes = load_scenes(Path(recipe.data), "dev", set(recipe.sources), read_file)
    predictor = make_predictor(load_model(output), choose_device("cpu"))
    with tqdm(total=len(scenes), unit="scene") as bar:
        matrices = confusion_by_source(
            scenes, predictor, report=lambda done, _: bar.update(done - bar.n)
        )
    texts["scores"] = card_scores(matrices, next(iter(recipe.sources)))
    finished = from_mapping(ModelCard, texts, str(card))
    save_model(output, model, model_config, finished)
    output.with_suffix(".md").write_text(finished.to_markdown(output.stem), encoding="utf-8")
    for name, value in finished.scores.items():
        click.echo(f"{value:.3f}  {name}")


def make_trainer(recipe: TrainConfig, folder: Path) -> Trainer:
    """Read the data and build the model of a recipe, seeded."""
    torch.manual_seed(recipe.seed)
    root, sources = Path(recipe.data), set(recipe.sources)
    train_scenes, dev_scenes = (
        load_scenes(root, part, sources, read_file) for part in ("train", "dev")
    )
    model = build_model(load_model_config(recipe.model))
    autocast = recipe.precision == "bfloat16" or (
        recipe.precision == "auto" and bfloat16_is_faster()
    )
    return Trainer(model, recipe, train_scenes, dev_scenes, folder, autocast)


def read_file(path: Path, labels: bool) -> np.ndarray:
    """Read a whole image file: (bands, h, w) uint8; label palettes stay numbers."""
    with open_raster(path, expand_palette=not labels) as source:
        info = source.info
        bands = range(1, 2 if labels else min(len(info.dtypes), 3) + 1)
        pixels, _ = source.read(Window(0, 0, info.width, info.height), list(bands))
    return pixels


def _show(bar: tqdm, status: TrainingStatus) -> None:
    shown = {"loss": f"{status.loss:.3f}"}
    if status.scores is not None:
        shown.update(miou=f"{status.scores['miou']:.3f}", oa=f"{status.scores['oa']:.3f}")
    bar.set_postfix(shown)
    bar.update(status.step - bar.n)
