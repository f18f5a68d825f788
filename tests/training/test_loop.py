"""Training learns, resumes exactly, and stops when asked."""

import dataclasses

import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import Cancelled, CheckpointError, ConfigError
from cwsam.engine.models.builders import build_model
from cwsam.training.cli import main
from cwsam.training.config import load_train_config
from cwsam.training.loop import Trainer, learning_rate


def trainer(recipe, scenes, folder):
    torch.manual_seed(recipe.seed)
    model = build_model(load_model_config(recipe.model))
    return Trainer(model, recipe, scenes[:2], scenes[2:], folder)


def test_learning_rate_warms_up_and_falls():
    recipe = dataclasses.replace(
        load_train_config_stub(), steps=100, warmup=10, learning_rate=1.0, min_learning_rate=0.1
    )
    rates = [learning_rate(step, recipe) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    twice = dataclasses.replace(recipe, restart=60)
    rates = [learning_rate(step, twice) for step in range(101)]
    assert rates[59] == pytest.approx(0.1, abs=0.01)
    assert rates[60] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.1)


def load_train_config_stub():
    from cwsam.training.config import TrainConfig

    return TrainConfig(model="sam_moe_tiny", data="", classes=(1,))


def test_it_learns_colours(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(
        recipe, steps=45, batch=4, warmup=5, validate_every=45, learning_rate=5e-4, ema=0.5
    )
    run = trainer(recipe, scenes, tmp_path / "run")
    before = run.validate()
    after = run.run()
    assert after["oa"] > before["oa"]
    assert after["oa"] > 0.7
    assert (tmp_path / "run" / "log.csv").read_text().count("\n") == 2


def test_resume_is_exact(recipe, scenes, tmp_path):
    whole = trainer(recipe, scenes, tmp_path / "a")
    whole.run()
    first = trainer(recipe, scenes, tmp_path / "b")
    with pytest.raises(Cancelled):
        first.run(cancelled=lambda: first.step == 2)
    second = trainer(recipe, scenes, tmp_path / "b")
    torch.manual_seed(99)
    second.resume()
    assert second.step == 2
    second.run()
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values()):
        assert torch.equal(a, b), name
    assert all(torch.equal(whole.average[n], second.average[n]) for n in whole.average)


def test_resume_refuses_other_settings(recipe, scenes, tmp_path):
    run = trainer(recipe, scenes, tmp_path)
    with pytest.raises(CheckpointError, match="without --resume"):
        run.resume()
    run.save("last.pt")
    other = trainer(dataclasses.replace(recipe, batch=3), scenes, tmp_path)
    with pytest.raises(CheckpointError, match="other settings"):
        other.resume()


def test_command_line_trains_and_packages(recipe_file, tmp_path):
    run, weights = tmp_path / "run", tmp_path / "w.safetensors"
    result = CliRunner().invoke(main, ["train", str(recipe_file), "--run", str(run)])
    assert result.exit_code == 0, result.output
    card = tmp_path / "card.yaml"
    card.write_text("title: a test\nlicence: CC0\ndata: [blocks]\nnotes: []\n")
    arguments = ["package", recipe_file, card, "--run", run, "-o", weights]
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "mIoU" in result.output
    text = weights.with_suffix(".md").read_text(encoding="utf-8")
    assert "24 water" in text


def test_mistakes_in_a_recipe_are_named(recipe_file):
    recipe_file.write_text(recipe_file.read_text() + "stpes: 3\n")
    with pytest.raises(ConfigError, match="no setting 'stpes'"):
        load_train_config(recipe_file)
    result = CliRunner().invoke(main, ["train", str(recipe_file)])
    assert result.exit_code == 1
    assert "stpes" in result.output
