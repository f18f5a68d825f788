"""Images and labels in two folders, as class ids or as colours."""

import dataclasses

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.errors import ConfigError, TrainingDataError
from cwsam.training.cli import main, read_file
from cwsam.training.config import FolderConfig, load_train_config
from cwsam.training.folders import load_parts
from tests.data.rasters import write_raster
from tests.training.conftest import COLOURS, labelled

PALETTE = {8: [0, 255, 0], 24: [0, 0, 255], 28: [200, 150, 100]}


def write(path, pixels, driver="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_raster(path, pixels, crs=None, transform=None, driver=driver)


@pytest.fixture
def pairs(tmp_path):
    """Two folders of training pairs, two of validation, and a recipe for them."""
    for part, numbers in (("a", (0, 1)), ("b", (2,))):
        for number in numbers:
            image, labels = labelled(seed=number)
            write(tmp_path / part / "images" / f"{number}.tif", image, "GTiff")
            write(tmp_path / part / "labels" / f"{number}.png", labels[None])
            colours = np.zeros((3, *labels.shape), np.uint8)
            for class_id, colour in PALETTE.items():
                colours[:, labels == class_id] = np.array(colour)[:, None]
            write(tmp_path / part / "coloured" / f"{number}.png", colours)
    path = tmp_path / "recipe.yaml"
    path.write_text(
        f"""
model: sam_moe_tiny
classes: [8, 24, 28]
train: {{images: {tmp_path}/a/images, labels: {tmp_path}/a/labels}}
validation: {{images: {tmp_path}/b/images, labels: {tmp_path}/b/labels}}
chip: 64
steps: 1
precision: float32
"""
    )
    return path


def test_folders_of_ids_and_of_colours_say_the_same(pairs):
    recipe = load_train_config(pairs)
    train, dev = load_parts(recipe, read_file)
    assert [s.name for s in train] == ["0", "1"]
    assert [s.name for s in dev] == ["2"]
    coloured = dataclasses.replace(
        recipe,
        palette=PALETTE,
        train=FolderConfig(recipe.train.images, recipe.train.labels.replace("labels", "coloured")),
    )
    with pytest.raises(TrainingDataError, match="palette"):
        load_parts(coloured, read_file)  # the validation labels are still ids
    coloured = dataclasses.replace(coloured, validation=coloured.train)
    for scene, other in zip(train, load_parts(coloured, read_file)[0]):
        assert torch.equal(scene.labels, other.labels)
        assert set(scene.labels.unique().tolist()) == {*COLOURS, 255}


def test_another_value_may_mean_not_labelled(pairs):
    recipe = dataclasses.replace(load_train_config(pairs), ignore_index=28)
    for scene in load_parts(recipe, read_file)[0]:
        assert not (scene.labels == 28).any()


def test_training_runs_on_folders(pairs, tmp_path):
    result = CliRunner().invoke(main, ["train", str(pairs), "--run", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert "mIoU" in result.output
    assert (tmp_path / "run" / "confusion.svg").read_text().startswith("<svg")


def test_sixteen_bits_are_stretched_as_in_segmentation(tmp_path):
    ramp = np.linspace(100, 4000, 3 * 40 * 40).reshape(3, 40, 40).astype(np.uint16)
    write(tmp_path / "deep.tif", ramp, "GTiff")
    pixels = read_file(tmp_path / "deep.tif", False)
    assert pixels.dtype == np.uint8
    assert pixels.min() == 0
    assert pixels.max() == 255


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda root: (root / "a/labels/1.png").unlink(), "1.tif has no label image"),
        (lambda root: [p.unlink() for p in (root / "a/images").iterdir()], "holds no image"),
        (
            lambda root: write(root / "a/labels/1.png", np.zeros((1, 9, 9), np.uint8)),
            "differ in size",
        ),
        (
            lambda root: write(root / "a/labels/1.png", np.full((1, 80, 100), 999, np.uint16)),
            "values outside 0-255",
        ),
    ],
)
def test_what_does_not_fit_is_named(pairs, tmp_path, break_it, message):
    break_it(tmp_path)
    with pytest.raises(TrainingDataError, match=message):
        load_parts(load_train_config(pairs), read_file)


def test_a_recipe_needs_data(pairs):
    text = pairs.read_text().replace("train:", "validation_batch: 1 #").replace("validation:", "#")
    pairs.write_text(text)
    with pytest.raises(ConfigError, match="'data' must be"):
        load_train_config(pairs)
