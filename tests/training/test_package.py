"""``cwsam package`` publishes a scored file with its card, or nothing."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.models.checkpoint import load_model
from cwsam.training import cli
from cwsam.training.cli import main
from tests.data.rasters import write_raster
from tests.training.conftest import labelled


def cwsam(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def run(recipe_file, tmp_path):
    folder = tmp_path / "run"
    done = cwsam("train", recipe_file, "--run", folder, "--steps", 1)
    assert done.exit_code == 0, done.output
    (tmp_path / "card.yaml").write_text("title: a test\nlicence: CC0\ndata: [blocks]\nnotes: []\n")
    return folder


def package(recipe_file, folder, output, *more, card="card.yaml"):
    card = folder.parent / card
    return cwsam("package", recipe_file, card, "--run", folder, "-o", output, *more)


def settled(path):
    return sorted(one.name for one in path.iterdir())


def replaced(recipe_file, name, line):
    kept = [x for x in recipe_file.read_text().splitlines() if x.split(":")[0] != name]
    recipe_file.write_text("\n".join([*kept, line]) + "\n")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("w.txt", "must end in .safetensors"),
        ("nowhere/w.safetensors", "does not exist: create it"),
        ("folder.safetensors", "is a folder"),
        ("card.safetensors", "is the input"),
    ],
)
def test_the_target_is_looked_at_first(recipe_file, run, tmp_path, output, words):
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "card.md").write_text("title: a test\n")
    before = settled(tmp_path)
    done = package(recipe_file, run, tmp_path / output, card="card.md")
    assert done.exit_code == 1
    assert words in done.output
    assert settled(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("data", "data: nowhere", "split.json must be a JSON file"),
        ("model", "model: sam_vit_b", "is of another variant than sam_vit_b"),
        ("classes", "classes: [5]", "scene has a label of the recipe"),
    ],
)
def test_what_cannot_be_scored_is_not_published(
    recipe_file, run, tmp_path, monkeypatch, name, line, words
):
    if name == "model":  # the real one is large
        monkeypatch.setattr(cli, "build_model", lambda _: torch.nn.Linear(1, 1))
    replaced(recipe_file, name, line)
    before = settled(tmp_path)
    done = package(recipe_file, run, tmp_path / "w.safetensors")
    assert done.exit_code == 1
    assert words in done.output
    assert settled(tmp_path) == before


def test_a_failure_while_scoring_leaves_the_older_file(recipe_file, run, tmp_path, monkeypatch):
    output = tmp_path / "w.safetensors"
    output.write_text("older")
    before = settled(tmp_path)

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "confusion_by_source", stop)
    assert package(recipe_file, run, output).exit_code == 130
    assert output.read_text() == "older"
    assert settled(tmp_path) == before


def test_a_card_is_a_mapping(recipe_file, run, tmp_path):
    (tmp_path / "card.yaml").write_text("- a\n- b\n")
    done = package(recipe_file, run, tmp_path / "w.safetensors")
    assert done.exit_code == 1
    assert "must hold a mapping of names to texts" in done.output


def test_a_missing_run_is_named(recipe_file, run, tmp_path):
    done = package(recipe_file, tmp_path / "elsewhere", tmp_path / "w.safetensors")
    assert done.exit_code == 1
    assert "There is no checkpoint" in done.output


def test_recipes_without_sources_are_scored_as_a_whole(recipe_file, run, tmp_path):
    replaced(recipe_file, "sources", "")
    done = package(recipe_file, run, tmp_path / "w.safetensors")
    assert done.exit_code == 0, done.output
    assert "dense scenes, mIoU" in (tmp_path / "w.md").read_text(encoding="utf-8")


def test_labels_of_classes_that_are_not_trained_do_not_count(recipe_file, run, tmp_path):
    replaced(recipe_file, "classes", "classes: [8, 24]")
    assert package(recipe_file, run, tmp_path / "w.safetensors").exit_code == 0
    scores = load_model(tmp_path / "w.safetensors").card.scores
    assert {name.split()[-1] for name in scores if "IoU of" in name} == {"8", "24"}


def test_folders_of_pairs_are_scored_too(recipe_file, run, tmp_path):
    for part, number in (("train", 0), ("validation", 1)):
        image, labels = labelled(seed=number)
        for name, pixels in (("images", image), ("labels", labels[None])):
            (tmp_path / part / name).mkdir(parents=True)
            path = tmp_path / part / name / "a.png"
            write_raster(path, np.asarray(pixels), crs=None, transform=None, driver="PNG")
        named = {name: str(tmp_path / part / name) for name in ("images", "labels")}
        replaced(recipe_file, part, f"{part}: {json.dumps(named)}")
    done = package(recipe_file, run, tmp_path / "w.safetensors")
    assert done.exit_code == 0, done.output
    assert "dense scenes, overall accuracy" in done.output
