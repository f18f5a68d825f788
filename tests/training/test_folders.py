"""Images and labels in two folders, as class ids or as colours."""

import dataclasses
import json

import numpy as np
import pytest
import rasterio
import torch
from click.testing import CliRunner
from cwsam.engine.errors import ConfigError, CwsamError, TrainingDataError
from cwsam.training.cli import main, read_file
from cwsam.training.config import FolderConfig, load_train_config
from cwsam.training.dataset import load_scenes
from cwsam.training.folders import load_parts
from rasterio.enums import ColorInterp
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
    drawn = FolderConfig(
        recipe.validation.images, recipe.validation.labels.replace("labels", "coloured")
    )
    coloured = dataclasses.replace(coloured, validation=drawn)
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
    pixels, valid = read_file(tmp_path / "deep.tif", False)
    assert valid.all()
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
        (
            lambda root: relabel(root / "a/labels/1.png", np.full((80, 100), 8.6, np.float32)),
            "holds fractions such as 8.6",
        ),
        (
            lambda root: write(root / "b/labels/2.png", np.full((1, 80, 100), 5, np.uint8)),
            "No validation scene has a label of the recipe's 'classes'",
        ),
    ],
)
def test_what_does_not_fit_is_named(pairs, tmp_path, break_it, message):
    break_it(tmp_path)
    with pytest.raises(CwsamError, match=message):
        load_parts(load_train_config(pairs), read_file)


def test_the_same_folder_is_not_learnt_from_and_validated_on(pairs, tmp_path):
    recipe = load_train_config(pairs)
    (tmp_path / "other name").symlink_to(tmp_path / "a")
    for images in (recipe.train.images, f"{tmp_path}/other name/images"):
        same = FolderConfig(images, recipe.train.labels)
        with pytest.raises(TrainingDataError, match="is among the scenes to learn from"):
            load_parts(dataclasses.replace(recipe, validation=same), read_file)


def relabel(path, labels, **options):
    """Put a GeoTIFF in the place of a label image."""
    path.unlink()
    write_raster(path.with_suffix(".tif"), labels[None], crs=None, transform=None, **options)


@pytest.mark.parametrize(
    ("dtype", "hole", "nodata"),
    [("float32", np.nan, None), ("float32", -9999, -9999), ("uint8", 0, 0), ("int16", -1, -1)],
)
def test_labels_without_data_say_nothing(pairs, tmp_path, dtype, hole, nodata):
    labels = labelled(seed=1)[1].astype(dtype)
    labels[20:40] = hole
    relabel(tmp_path / "a/labels/1.png", labels, nodata=nodata)
    (_, scene), _ = load_parts(load_train_config(pairs), read_file)
    wanted = labelled(seed=1)[1]
    wanted[20:40] = 255
    np.testing.assert_array_equal(scene.labels.numpy(), wanted)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_ground_that_the_image_does_not_show_says_nothing(pairs, tmp_path, dtype):
    image = labelled(seed=1)[0].astype(dtype) + 1
    image[:, 20:40] = 0
    path = tmp_path / "a/images/1.tif"
    write_raster(path, image, crs=None, transform=None, nodata=0)
    (_, scene), _ = load_parts(load_train_config(pairs), read_file)
    wanted = labelled(seed=1)[1]
    wanted[20:40] = 255
    np.testing.assert_array_equal(scene.labels.numpy(), wanted)


def test_training_takes_the_bands_that_segmentation_takes(tmp_path):
    planes = np.stack([np.full((9, 9), v, np.uint8) for v in (10, 20, 30, 40)])
    write(tmp_path / "bgrn.tif", planes, "GTiff")
    with rasterio.open(tmp_path / "bgrn.tif", "r+") as file:
        file.colorinterp = [getattr(ColorInterp, c) for c in ("blue", "green", "red", "undefined")]
    pixels, _ = read_file(tmp_path / "bgrn.tif", False)
    assert pixels[:, 0, 0].tolist() == [30, 20, 10]
    write(tmp_path / "one.tif", planes[:1], "GTiff")
    assert read_file(tmp_path / "one.tif", False)[0].shape == (1, 9, 9)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ([1], "must be a JSON file with lists"),
        ({"train": {}, "dev": []}, "must be a JSON file with lists"),
        ({"train": "a", "dev": []}, "must be a JSON file with lists"),
        ({"train": [{"img": "x"}]}, "entry 1 of 'train'"),
        ({"train": ["a"]}, "entry 1 of 'train'"),
        ({"train": [{"image": "", "labels33": "a/b.png"}]}, "entry 1 of 'train'"),
        ({"train": [{"image": "a/b.png", "labels33": None}]}, "entry 1 of 'train'"),
    ],
)
def test_a_split_of_another_form_is_named(data_folder, split, message):
    (data_folder / "split.json").write_text(json.dumps(split))
    with pytest.raises(TrainingDataError, match=message):
        load_scenes(data_folder, "train", set(), read_file)


def test_a_split_may_not_share_a_scene(data_folder, recipe):
    split = json.loads((data_folder / "split.json").read_text())
    split["dev"].append(split["train"][0])
    (data_folder / "split.json").write_text(json.dumps(split))
    with pytest.raises(TrainingDataError, match="is among the scenes to learn from"):
        load_parts(recipe, read_file)


def test_a_recipe_needs_data(pairs):
    text = pairs.read_text().replace("train:", "validation_batch: 1 #").replace("validation:", "#")
    pairs.write_text(text)
    with pytest.raises(ConfigError, match="'data' must be"):
        load_train_config(pairs)
