"""Training learns, resumes exactly, and stops when asked."""

import dataclasses
import sys

import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import Cancelled, CheckpointError, ConfigError
from cwsam.engine.models.builders import build_model
from cwsam.training.cli import main, read_file
from cwsam.training.config import load_train_config
from cwsam.training.folders import load_parts
from cwsam.training.loop import Trainer
from cwsam.training.schedule import learning_rate, training_plan


def trainer(recipe, scenes, folder):
    torch.manual_seed(recipe.seed)
    model = build_model(load_model_config(recipe.model))
    plan = training_plan("cpu", "float32")
    return Trainer(model, recipe, scenes[:2], scenes[2:], folder, plan)


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

    return TrainConfig(model="sam_moe_tiny", data="x", classes=(1,))


def test_it_learns_colours(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(
        recipe, steps=45, batch=4, warmup=5, validate_every=45, learning_rate=5e-4, ema=0.5
    )
    run = trainer(recipe, scenes, tmp_path / "run")
    before, _ = run.validate()
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
    second.plan = dataclasses.replace(second.plan, dtype=torch.float64)  # measured anew
    second.resume()
    assert second.plan == first.plan
    assert second.step == 2
    second.run()
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values()):
        assert torch.equal(a, b), name
    assert all(torch.equal(whole.average[n], second.average[n]) for n in whole.average)


def test_accumulated_batches_resume_too(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, batch=1, accumulate=2, steps=3, validate_every=3)
    whole = trainer(recipe, scenes, tmp_path / "a")
    whole.run()
    first = trainer(recipe, scenes, tmp_path / "b")
    with pytest.raises(Cancelled):
        first.run(cancelled=lambda: first.step == 1)
    second = trainer(recipe, scenes, tmp_path / "b")
    second.resume()
    second.run()
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values()):
        assert torch.equal(a, b), name
    assert (whole.loss, whole.balance) == (second.loss, second.balance)


def test_logs_of_steps_that_are_repeated_are_forgotten(recipe, scenes, tmp_path):
    run = trainer(recipe, scenes, tmp_path)
    run.run()
    assert (tmp_path / "log.csv").read_text().count("\n") == 3
    run.step = 2
    run.save("last.pt")
    again = trainer(recipe, scenes, tmp_path)
    again.resume()
    assert (tmp_path / "log.csv").read_text().count("\n") == 2
    again.run()
    steps = [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()]
    assert steps == ["step", "2", "4"]


def test_gradients_from_recomputed_blocks_are_the_same(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, steps=2, validate_every=9)
    kept = trainer(recipe, scenes, tmp_path / "a")
    kept.run()
    again = dataclasses.replace(recipe, checkpoint_gradients=True)
    recomputed = trainer(again, scenes, tmp_path / "b")
    assert recomputed.model.image_encoder.gradient_checkpointing
    recomputed.run()
    assert recomputed.loss == pytest.approx(kept.loss, rel=1e-5)


def test_frozen_parameters_stay(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, steps=1, freeze=("image_encoder.blocks",))
    run = trainer(recipe, scenes, tmp_path)
    before = {n: p.clone() for n, p in run.model.named_parameters()}
    run.run()
    changed = {n for n, p in run.model.named_parameters() if not torch.equal(p, before[n])}
    assert changed
    assert not any(n.startswith("image_encoder.blocks") for n in changed)


def test_a_run_starts_from_weights_and_says_what_fitted(recipe_file, tmp_path):
    arguments = ["train", str(recipe_file), "--steps", "1", "--run"]
    first = CliRunner().invoke(main, [*arguments, str(tmp_path / "a")])
    assert first.exit_code == 0, first.output
    start = str(tmp_path / "a" / "last.pt")
    second = CliRunner().invoke(main, [*arguments, str(tmp_path / "b"), "--initialise-from", start])
    assert second.exit_code == 0, second.output
    assert "missing 0" in second.output
    third = CliRunner().invoke(
        main, [*arguments, str(tmp_path / "c"), "--initialise-from", "nowhere.pt"]
    )
    assert third.exit_code == 1
    assert "no weights file nowhere.pt" in third.output


def test_the_table_of_parameters_needs_no_data(recipe_file):
    text = recipe_file.read_text() + "freeze: [image_encoder]\n"
    recipe_file.write_text(text.replace("data: ", "data: nowhere"))
    result = CliRunner().invoke(main, ["train", str(recipe_file), "--parameters"])
    assert result.exit_code == 0, result.output
    assert "trainable (" in result.output


def test_tensorboard_gets_the_figures(recipe, scenes, tmp_path, monkeypatch):
    recipe = dataclasses.replace(recipe, steps=1, tensorboard=True)
    trainer(recipe, scenes, tmp_path).run()
    assert list(tmp_path.glob("events.out.tfevents.*"))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        trainer(recipe, scenes, tmp_path)


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


def test_folders_may_be_named_by_a_year(recipe_file, data_folder):
    (data_folder / "blocks").rename(data_folder / "2020")
    split = data_folder / "split.json"
    split.write_text(split.read_text().replace("blocks", "2020"))
    recipe_file.write_text(recipe_file.read_text().replace("blocks", "2020"))
    recipe = load_train_config(recipe_file)
    assert list(recipe.sources) == ["2020"]
    assert len(load_parts(recipe, read_file)[0]) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("classes: [8, 24, 40]", "has classes 0 to 32"),
        ("classes: [grass]", "'classes' must be"),
        ("palette: {8: [0, 300, 0]}", "'palette' must be"),
        ("palette: {8: green}", "'palette' must be"),
        ("sources: {blocks: {zoom: [2.0, 1.0]}}", "two numbers"),
        ("sources: {blocks: {share: 0}}", "more than 0"),
        ("sources: [blocks]", "mapping of folders"),
        ("unknown_limits: {5: 0.1}", "'unknown_limits' must be of 'classes'"),
        ("precision: int8", "'precision' must be one of"),
        ("batch: 0", "'batch' must be 1 or more"),
        ("save_every: 0", "'save_every' must be 1 or more"),
        ("classes: 5", "'classes' must be a list of different class ids"),
        ("classes: [8, 8]", "'classes' must be a list of different class ids"),
        ("class_weights: {8: x}", "'class_weights' must be of 'classes', with a number"),
        ("class_weights: {8: -1}", "'class_weights' must be of 'classes', with a number"),
        ("class_weights: {5: 1}", "'class_weights' must be of 'classes', with a number"),
        ("unknown_limits: {8: x}", "'unknown_limits' must be of 'classes', with a share"),
        ("unknown_limits: {8: 2}", "'unknown_limits' must be of 'classes', with a share"),
        ("class_starts: {8: [1]}", "'class_starts' must be of 'classes', with a class"),
        ("class_starts: {8: 5}", "'class_starts' must be of 'classes', with a class"),
        ("rate_factors: {image: x}", "'rate_factors' must be names with a number"),
        ("rate_factors: {5: 1.0}", "'freeze' and 'rate_factors' must be beginnings"),
        ("freeze: [5]", "'freeze' and 'rate_factors' must be beginnings"),
        ("label_smoothing: 3", "'label_smoothing' must be 0 or more and below 1"),
        ("learning_rate: .nan", "'learning_rate' must be more than 0"),
        ("weight_decay: .inf", "'weight_decay' must be 0 or more"),
        ("warmup: -5", "'warmup' must be 0 or more"),
        ("augment: {cutmix: 5}", "'augment, cutmix' must be from 0 to 1"),
        ("augment: {gamma: -1}", "'augment, gamma' must be from 0 to 5"),
        ("validation_batch: true", "validation_batch must be of type int"),
        ("seed: -1", "'seed' must be from 0 to 9223372036854775807"),
        ("ignore_index: 256", "'ignore_index' must be from 0 to 255"),
        ("chip: 100", "'chip' must be a multiple of 8, 32 or more, for sam_moe_tiny"),
        ("chip: 16", "'chip' must be a multiple of 8, 32 or more, for sam_moe_tiny"),
        ("sources: {blocks: {zoom: [0.5, .inf]}}", "two numbers"),
        ("sources: {blocks: {zoom: [0.5, 1.0, x]}}", "two numbers"),
        ("sources: {blocks: {share: .nan}}", "more than 0"),
    ],
)
def test_settings_out_of_range_are_named(recipe_file, tmp_path, line, message):
    name = line.split(":")[0]
    kept = [x for x in recipe_file.read_text().splitlines() if x.split(":")[0] != name]
    recipe_file.write_text("\n".join([*kept, line]) + "\n")
    result = CliRunner().invoke(main, ["train", str(recipe_file), "--run", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert message in result.output
