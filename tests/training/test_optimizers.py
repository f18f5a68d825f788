"""Each parameter has one optimiser, with the rate that the recipe names for it."""

import dataclasses

import pytest
import torch
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import Cancelled, ConfigError
from cwsam.engine.models.builders import build_model
from cwsam.training.loop import Trainer
from cwsam.training.optimizers import make_optimizers
from cwsam.training.schedule import training_plan


def parameters():
    torch.manual_seed(0)
    return dict(build_model(load_model_config("sam_moe_tiny")).named_parameters())


def test_learning_rates_differ_by_name():
    trained = parameters()
    optimizers = make_optimizers(trained, 1e-2, 0.1, rate_factors={"image_encoder.": 0.3})
    groups = [g for member in optimizers.members for g in member.param_groups]
    slow = {id(p) for g in groups if g["peak"] == pytest.approx(3e-3) for p in g["params"]}
    assert slow == {id(p) for n, p in trained.items() if n.startswith("image_encoder.")}
    assert sum(len(g["params"]) for g in groups) == len(trained)
    optimizers.set_rate(0.5)
    assert {round(g["lr"], 6) for g in groups} == {1.5e-3, 5e-3}


def test_muon_takes_the_matrices_of_hidden_layers():
    trained = parameters()
    adamw, muon = make_optimizers(trained, 1e-3, 0.1, muon_rate=1e-3).members
    names = {id(p): n for n, p in trained.items()}
    taken = {names[id(p)] for g in muon.param_groups for p in g["params"]}
    assert "image_encoder.blocks.0.attn.qkv.weight" in taken
    assert all(trained[n].ndim == 2 for n in taken)
    assert not any("gate" in n or "token" in n or "embed" in n for n in taken)
    rest = {names[id(p)] for g in adamw.param_groups for p in g["params"]}
    assert taken | rest == set(trained)
    assert not taken & rest


def test_an_old_torch_is_told(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(ConfigError, match="install torch 2"):
        make_optimizers(parameters(), 1e-3, 0.1, muon_rate=1e-3)


def test_a_run_with_muon_learns_and_resumes_exactly(recipe, scenes, tmp_path):
    settings = {"steps": 12, "validate_every": 12, "batch": 4, "learning_rate": 5e-4}
    recipe = dataclasses.replace(recipe, optimizer="muon", **settings)

    def run(folder):
        torch.manual_seed(recipe.seed)
        model = build_model(load_model_config(recipe.model))
        plan = training_plan("cpu", "float32")
        return Trainer(model, recipe, scenes[:2], scenes[2:], folder, plan)

    whole = run(tmp_path / "a")
    before, _ = whole.validate()
    assert whole.run()["oa"] > before["oa"] + 0.03
    first = run(tmp_path / "b")
    with pytest.raises(Cancelled):
        first.run(cancelled=lambda: first.step == 5)
    second = run(tmp_path / "b")
    second.resume()
    second.run()
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values()):
        assert torch.equal(a, b), name
