"""Training that cannot begin or go on says so in a sentence and leaves what there is."""

import csv
import dataclasses
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.errors import Cancelled, ConfigError, OutputError
from cwsam.training.cli import main
from cwsam.training.optimizers import make_optimizers
from tests.training.test_loop import trainer

BROKEN = [b"", b"x", b"PK\x03\x04junk", b"abc def", b"\x80\x02}q\x00.", b"1\n", b"{}"]
"""Files that are no state, for each of which torch raises another error."""


def train(recipe_file, folder, *options):
    arguments = ["train", recipe_file, "--run", folder, "--steps", 1, *options]
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def refused(done, words):
    assert done.exit_code == 1, done.output
    assert words in done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert line.endswith(".")


def test_a_folder_that_holds_a_run_is_refused(recipe_file, tmp_path):
    run = tmp_path / "run"
    assert train(recipe_file, run).exit_code == 0
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    refused(train(recipe_file, run), "continue it with --resume, or name another folder")
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert train(recipe_file, run, "--resume").exit_code == 0


def test_logs_that_no_checkpoint_belongs_to_are_begun_anew(recipe, scenes, tmp_path):
    for _ in range(2):
        run = trainer(dataclasses.replace(recipe, steps=1), scenes, tmp_path)
        run.run()
        (tmp_path / "last.pt").unlink()
    assert (tmp_path / "log.csv").read_text().count("\n") == 2


def test_a_file_is_no_folder_of_a_run(recipe_file):
    refused(train(recipe_file, recipe_file), "is a file: name a folder")
    refused(train(recipe_file, recipe_file / "run"), "cannot be the folder of a run")


@pytest.mark.parametrize("content", BROKEN)
def test_broken_checkpoints_are_sentences(recipe_file, tmp_path, content):
    run, card = tmp_path / "run", tmp_path / "card.yaml"
    run.mkdir()
    card.write_text("title: a test\n")
    for name in ("last.pt", "best.pt", "weights.pth"):
        (run / name).write_bytes(content)
    refused(train(recipe_file, run, "--resume"), "last.pt cannot be read")
    other = tmp_path / "other"
    start = ("--initialise-from", run / "last.pt")
    refused(train(recipe_file, other, *start), "is not the checkpoint of a training run")
    published = ("--initialise-from", run / "weights.pth")
    refused(train(recipe_file, other, *published), "is not a weights file")
    arguments = ["package", recipe_file, card, "--run", run, "--checkpoint", "best.pt", "-o"]
    arguments += [tmp_path / "w.safetensors"]
    done = CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)
    refused(done, "is not the checkpoint of a training run")
    assert not (tmp_path / "w.safetensors").exists()


def test_a_state_of_something_else_is_no_start(recipe_file, tmp_path):
    torch.save({"model": {"a": 1}, "average": {}}, tmp_path / "odd.pt")
    done = train(recipe_file, tmp_path / "run", "--initialise-from", tmp_path / "odd.pt")
    refused(done, "is not the checkpoint of a training run")


def test_validation_counts_the_trained_classes_only(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, classes=(8, 24), steps=1)
    figures, matrix = trainer(recipe, scenes, tmp_path).validate()
    assert set(figures["iou"]) == {8, 24}
    labels = scenes[2].labels
    assert matrix.sum() == int((labels == 8).sum() + (labels == 24).sum())


def test_a_loss_that_is_not_finite_stops_the_run(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, learning_rate=1e30, validate_every=1)
    run = trainer(recipe, scenes, tmp_path)
    with pytest.raises(ConfigError, match="no finite number any more at step 2: lower"):
        run.run()
    assert run.step == 1
    kept = torch.load(tmp_path / "last.pt", weights_only=True)
    assert kept["step"] == 1
    assert all(v.isfinite().all() for v in kept["model"].values())


def test_gradients_that_are_not_finite_change_nothing():
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizers = make_optimizers({"a": parameter}, 0.1, 0.0)
    parameter.grad = torch.tensor([1.0, float("inf"), 1.0])
    assert not optimizers.step(1.0)
    assert torch.equal(parameter, torch.ones(3))
    parameter.grad = torch.ones(3)
    assert optimizers.step(1.0)
    assert not torch.equal(parameter, torch.ones(3))


def test_the_time_of_a_resumed_run_goes_on(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, validate_every=1)
    first = trainer(recipe, scenes, tmp_path)
    first.seconds = 500.0
    with pytest.raises(Cancelled):
        first.run(cancelled=lambda: first.step == 2)
    second = trainer(recipe, scenes, tmp_path)
    second.resume()
    left = []
    second.run(lambda status: left.append(status.seconds_left))
    with open(tmp_path / "log.csv", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert len(seconds) == 4
    assert seconds == sorted(seconds)
    assert seconds[0] >= 500
    assert max(left) < 400  # the estimate is of this session's pace


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(recipe, scenes, tmp_path):
    run = trainer(recipe, scenes, tmp_path)
    run.save("last.pt")
    before = (tmp_path / "last.pt").read_bytes()
    (tmp_path / ".last.pt.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"last\.pt could not be written .*: free some space"):
        run.save("last.pt")
    assert (tmp_path / "last.pt").read_bytes() == before
    assert not (tmp_path / ".last.pt.part").is_symlink()


def test_seeds_of_samples_are_no_less_than_zero(tmp_path):
    arguments = ["sample", "map.tif", "-o", "p.gpkg", "--size", "5", "--seed", "-1"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 2
    assert "x>=0" in done.output
