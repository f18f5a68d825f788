"""Training scenes from a folder of images and a folder of label images of the same names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..engine.errors import ConfigError, TrainingDataError
from ..engine.types import NODATA_CLASS
from .dataset import ReadImage, Scene, ScenePair, split_pairs

if TYPE_CHECKING:
    from .config import FolderConfig, TrainConfig

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def load_parts(config: TrainConfig, read: ReadImage) -> tuple[list[Scene], list[Scene]]:
    """Read the scenes of a recipe: those to learn from and those to validate on.

    Args:
        config: Names a data folder with ``split.json``, or folders of images and labels.
        read: Reads one image file.

    Raises:
        TrainingDataError: A file is missing or does not fit, both parts have an image in common,
            or one has no label of the recipe's classes.
        ConfigError: A folder is not named.
    """
    if config.train.images:
        parts = [folder_pairs(getattr(config, part), part) for part in ("train", "validation")]
    else:
        root, sources = Path(config.data), set(config.sources)
        parts = [split_pairs(root, part, sources) for part in ("train", "dev")]
    _refuse_shared(*parts)
    return tuple(_read(*part, config, read) for part in zip(("training", "validation"), parts))


def folder_pairs(folders: FolderConfig, part: str) -> list[ScenePair]:
    """Every image that has a label image of the same name (suffixes may differ).

    Args:
        folders: Where they are.
        part: Name of the setting, for messages.

    Raises:
        TrainingDataError: A folder is missing or empty, or an image has no labels.
        ConfigError: A folder is not named.
    """
    for name in ("images", "labels"):
        if not getattr(folders, name):
            raise ConfigError(f"The training setting '{part}' needs the folder '{name}'.")
    images, labels = (_by_stem(Path(f)) for f in (folders.images, folders.labels))
    missing = sorted(set(images) - set(labels))
    if missing:
        raise TrainingDataError(
            f"{images[missing[0]]} has no label image of that name in {folders.labels}; add it, or "
            "take the image out."
        )
    source = Path(folders.images).name
    return [ScenePair(source, images[stem], labels[stem]) for stem in sorted(images)]


def _refuse_shared(train: list[ScenePair], validation: list[ScenePair]) -> None:
    """Refuse images that are learnt from and validated on: such scores say nothing.

    Raises:
        TrainingDataError: There is one.
    """
    learnt = {os.path.realpath(pair.image) for pair in train}
    for pair in validation:
        if os.path.realpath(pair.image) in learnt:
            raise TrainingDataError(
                f"{pair.image} is among the scenes to learn from and among those to validate on; "
                "take it out of one of them."
            )


def _read(name: str, pairs: list[ScenePair], config: TrainConfig, read: ReadImage) -> list[Scene]:
    """Read the scenes of one part.

    Raises:
        TrainingDataError: One cannot be used, or none has a label.
    """
    scenes = [
        _ignoring(
            Scene.read(p.source, p.image, p.labels, read, config.palette), config.ignore_index
        )
        for p in pairs
    ]
    if not any(np.isin(scene.labels.numpy(), config.classes).any() for scene in scenes):
        raise TrainingDataError(
            f"No {name} scene has a label of the recipe's 'classes'; check its labels, 'palette' "
            "and 'ignore_index'."
        )
    return scenes


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise TrainingDataError(f"There is no folder {folder}; check the path.")
    files = {p.stem: p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES}
    if not files:
        raise TrainingDataError(f"{folder} holds no image ({', '.join(SUFFIXES)}).")
    return files


def _ignoring(scene: Scene, value: int) -> Scene:
    """The scene with another value that says nothing beside 255."""
    if value != NODATA_CLASS:
        scene.labels[scene.labels == value] = NODATA_CLASS
    return scene
