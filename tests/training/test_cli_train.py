"""The commands ``train`` and ``package`` where something is in the way."""

import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from cwsam.engine.errors import TrainingDataError
from cwsam.training.cli import main, read_file
from cwsam.training.dataset import load_scenes, read_labels
from tests.data.rasters import write_raster


def invoke(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_a_used_folder_is_refused(recipe_file, tmp_path):
    run = tmp_path / "run"
    assert invoke("train", recipe_file, "--run", run).exit_code == 0
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    again = invoke("train", recipe_file, "--run", run)
    assert again.exit_code == 1
    assert "continue it with --resume" in again.output
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert "is a file" in invoke("train", recipe_file, "--run", recipe_file).output


@pytest.mark.parametrize("content", [b"", b"junk", b"{}"])
def test_a_broken_checkpoint_is_a_sentence(recipe_file, tmp_path, content):
    run = tmp_path / "run"
    run.mkdir()
    (run / "last.pt").write_bytes(content)
    resumed = invoke("train", recipe_file, "--run", run, "--resume")
    assert resumed.exit_code == 1
    assert "cannot be read" in resumed.output
    other = tmp_path / "other"
    started = invoke("train", recipe_file, "--run", other, "--initialise-from", run / "last.pt")
    assert "is not the checkpoint of a training run" in started.output


@pytest.fixture
def trained(recipe_file, tmp_path):
    run = tmp_path / "run"
    assert invoke("train", recipe_file, "--run", run).exit_code == 0
    card = tmp_path / "card.yaml"
    card.write_text("title: a test\nlicence: CC0\ndata: [blocks]\nnotes: []\n")
    return run, card


def test_package_publishes_nothing_before_it_is_scored(recipe_file, trained, tmp_path):
    run, card = trained
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"an older model")
    failed = invoke("package", recipe_file, card, "--run", run, "--data", "nowhere", "-o", weights)
    assert failed.exit_code == 1
    assert weights.read_bytes() == b"an older model"
    assert not weights.with_suffix(".md").exists()
    for wrong, told in (("w.txt", ".safetensors"), ("none/w.safetensors", "does not exist")):
        refused = invoke("package", recipe_file, card, "--run", run, "-o", tmp_path / wrong)
        assert refused.exit_code == 1
        assert told in refused.output
    card.write_text("- a list\n")
    assert "holds no texts" in invoke("package", recipe_file, card, "--run", run, "-o",
                                      weights).output  # fmt: skip


def test_package_without_sources_in_the_recipe(recipe_file, trained, tmp_path):
    _, card = trained
    lines = recipe_file.read_text().splitlines()
    recipe_file.write_text("\n".join(one for one in lines if not one.startswith("sources")))
    run, weights = tmp_path / "plain", tmp_path / "w.safetensors"
    assert invoke("train", recipe_file, "--run", run).exit_code == 0
    packed = invoke("package", recipe_file, card, "--run", run, "-o", weights)
    assert packed.exit_code == 0, packed.output
    assert "dense scenes, mIoU" in packed.output


def test_classes_that_are_not_trained_take_no_part_in_the_validation(recipe_file, tmp_path):
    text = recipe_file.read_text()
    recipe_file.write_text(text.replace("classes: [8, 24, 28]", "classes: [8, 24]"))
    assert recipe_file.read_text() != text
    run = tmp_path / "run"
    done = invoke("train", recipe_file, "--run", run)
    assert done.exit_code == 0, done.output
    rows = (run / "classes.csv").read_text().splitlines()[1:]
    assert {row.split(",")[1] for row in rows} == {"8", "24"}


def test_labels_without_data_are_not_a_class(tmp_path):
    values = np.array([[[8, np.nan], [24, -9999]]], np.float32)
    file = write_raster(tmp_path / "labels.tif", values, nodata=-9999)
    np.testing.assert_array_equal(read_labels(file, {}, read_file), [[8, 255], [24, 255]])
    zero = write_raster(tmp_path / "zero.tif", np.array([[[0, 8]]], np.uint8), nodata=0)
    np.testing.assert_array_equal(read_labels(zero, {}, read_file), [[255, 8]])
    broken = write_raster(tmp_path / "broken.tif", np.array([[[8.6, 24]]], np.float32))
    with pytest.raises(TrainingDataError, match="fractions"):
        read_labels(broken, {}, read_file)


def test_images_have_the_bands_that_segmentation_takes(tmp_path):
    pixels = np.stack([np.full((4, 4), v, np.uint8) for v in (10, 20, 30, 40)])
    file = write_raster(tmp_path / "bgrn.tif", pixels)
    with rasterio.open(file, "r+") as image:
        image.colorinterp = [getattr(rasterio.enums.ColorInterp, name)
                             for name in ("blue", "green", "red", "undefined")]  # fmt: skip
    assert read_file(file, False)[:, 0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize("train", [[{"labels33": "a.png"}], ["a.png"], "a.png", 3, [3]])
def test_a_wrong_list_of_scenes_is_a_sentence(tmp_path, train):
    (tmp_path / "split.json").write_text(json.dumps({"train": train}))
    with pytest.raises(TrainingDataError, match="pairs 'image' and 'labels33'"):
        load_scenes(tmp_path, "train", set(), read_file)
