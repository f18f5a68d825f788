"""int8 layers stay near the float32 ones, whatever type their weights came in."""

import pytest
import torch
from cwsam.engine.errors import DeviceError
from cwsam.engine.layers import quantized
from cwsam.engine.layers.moe import MoeLayer, SeparateExperts
from cwsam.engine.layers.quantized import Int8Linear, quantise_int8
from cwsam.engine.layers.storage import CastLinear, lower_storage
from torch import nn


def small_network():
    torch.manual_seed(0)
    layers = [nn.Linear(96, 256), nn.GELU(), MoeLayer(256, 128, 5, 2), nn.Linear(256, 3)]
    return nn.Sequential(*layers).eval().requires_grad_(False)


@pytest.mark.parametrize("storage", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_close_to_float32(storage, monkeypatch):
    monkeypatch.setattr("cwsam.engine.layers.storage.LARGE", 1000)
    exact, network = small_network(), small_network()
    lower_storage(network, storage)
    assert isinstance(network[0], CastLinear) == (storage == torch.bfloat16)
    assert quantise_int8(network) == 2
    assert isinstance(network[0], Int8Linear)
    assert isinstance(network[2], SeparateExperts)
    assert not isinstance(network[3], Int8Linear), "small layers stay as they are"
    x = torch.randn(2, 7, 96)
    expected, got = exact(x), network(x)
    assert got.dtype == torch.float32
    error = (got - expected).abs().mean() / expected.abs().mean()
    assert 0 < error < 0.05


@torch.inference_mode()
def test_experts_without_tokens():
    layer = MoeLayer(128, 64, 4, 1).eval().requires_grad_(False)
    layer.gate.bias[2] = 100.0
    network = nn.Sequential(layer)
    x = torch.randn(9, 128)
    expected = network(x)
    assert quantise_int8(network) == 1
    assert (network(x) - expected).abs().mean() < 0.05 * expected.abs().mean()
    assert network(x[:0]).shape == (0, 128)


def test_missing_kernels_get_a_sentence(monkeypatch):
    monkeypatch.setattr(quantized, "is_supported", lambda: False)
    with pytest.raises(DeviceError, match="choose float32"):
        quantise_int8(small_network())
