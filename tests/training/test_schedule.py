"""What a run derives from its recipe."""

import dataclasses

import pytest
import torch
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import ConfigError, TrainingDataError
from cwsam.engine.models.builders import build_model
from cwsam.training.schedule import class_weights, count_steps, freeze, parameter_table


def test_epochs_become_steps(recipe, scenes):
    recipe = dataclasses.replace(recipe, steps=0, epochs=10)  # three scenes of 80 x 100
    assert count_steps(scenes, recipe) == -(-10 * 24000 // (64 * 64 * 2))
    assert count_steps(scenes, recipe, processes=2) == -(-10 * 24000 // (64 * 64 * 4))
    assert count_steps(scenes, dataclasses.replace(recipe, steps=7)) == 7


def test_class_weights_follow_the_drawn_frequency(recipe, scenes):
    assert class_weights(scenes, recipe) is None
    weights = class_weights(scenes, dataclasses.replace(recipe, class_power=1.0))
    counts = torch.zeros(3)
    for scene in scenes:
        counts += torch.tensor([float((scene.labels == c).sum()) for c in recipe.classes])
    expected = 1 / counts
    assert torch.allclose(weights, expected / expected.mean(), rtol=1e-3)
    given = dataclasses.replace(recipe, class_weights={24: 3.0})
    assert class_weights(scenes, given).tolist() == [1, 3, 1]
    absent = dataclasses.replace(recipe, classes=(8, 19), class_power=0.5)
    with pytest.raises(TrainingDataError, match="class 19"):
        class_weights(scenes, absent)


def test_frozen_parameters_are_counted_out():
    model = build_model(load_model_config("sam_moe_tiny"))
    freeze(model, ("image_encoder.",))
    table = parameter_table(model)
    fixed = sum(p.numel() for p in model.image_encoder.parameters())
    total = sum(p.numel() for p in model.parameters())
    assert f"{total:,} parameters, {total - fixed:,} trainable" in table
    assert "image_encoder.patch_embed.network.stem.weight" in table
    assert "32 x 3 x 3 x 3" in table
    with pytest.raises(ConfigError, match="no parameter begins so"):
        freeze(model, ("image_encodr",))
    with pytest.raises(ConfigError, match="no parameter to train"):
        freeze(model, ("",))
