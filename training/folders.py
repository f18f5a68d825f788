"""Training scenes from a folder of images and a folder of label images of the same names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import ConfigError, TrainingDataError
from ..engine.types import NODATA_CLASS
from .dataset import ReadImage, Scene, load_scenes

if TYPE_CHECKING:
    from .config import FolderConfig, TrainConfig

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def load_parts(config: TrainConfig, read: ReadImage) -> tuple[list[Scene], list[Scene]]:
    """Read the scenes of a recipe: those to learn from and those to validate on.

    Args:
        config: Names a data folder with ``split.json``, or folders of images and labels.
        read: Reads one image file.

    Raises:
        TrainingDataError: A file is missing or does not fit.
        ConfigError: A folder is not named.
    """
    if config.train.images:
        return tuple(
            load_folders(getattr(config, part), part, config.palette, config.ignore_index, read)
            for part in ("train", "validation")
        )
    root, sources = Path(config.data), set(config.sources)
    return tuple(
        [
            _ignoring(scene, config.ignore_index)
            for scene in load_scenes(root, part, sources, read, config.palette)
        ]
        for part in ("train", "dev")
    )


def load_folders(
    folders: FolderConfig, part: str, palette: dict, ignore_index: int, read: ReadImage
) -> list[Scene]:
    """Read every image that has a label image of the same name (suffixes may differ).

    Args:
        folders: Where they are.
        part: Name of the setting, for messages.
        palette: See :func:`~.dataset.read_labels`.
        ignore_index: Value of the labels that says nothing.
        read: Reads one image file.

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
    return [
        _ignoring(Scene.read(source, images[stem], labels[stem], read, palette), ignore_index)
        for stem in sorted(images)
    ]


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
