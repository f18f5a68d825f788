"""Packed layers compute what the plain ones do, and are left out where torch cannot pack."""

import copy

import pytest
import torch
from cwsam.engine.layers import packed
from cwsam.engine.layers.adapter import Adapter
from cwsam.engine.layers.common import Mlp
from cwsam.engine.layers.moe import MoeLayer, SeparateExperts
from cwsam.engine.layers.packed import PackedLinear, is_supported, pack_linear
from cwsam.engine.layers.storage import lower_storage
from torch import nn

needs_packing = pytest.mark.skipif(
    not is_supported(), reason="torch packs no weights on this processor"
)


def network(activation=nn.GELU):
    torch.manual_seed(0)
    layers = [
        nn.Linear(64, 128),
        Mlp(128, 256, activation),
        Adapter(128, 0.5, skip=True),
        MoeLayer(128, 96, 5, 2, activation),
        nn.Linear(128, 3),
    ]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def test_supported_where_the_tests_run():
    """x86 processors with oneDNN, which all builds for them have, must not fall back unseen."""
    x86 = packed.platform.machine().lower() in ("x86_64", "amd64")
    assert is_supported() == (x86 and torch.backends.mkldnn.is_available())


@needs_packing
@pytest.mark.parametrize("activation", [nn.GELU, nn.ReLU])
@torch.inference_mode()
def test_same_numbers(activation):
    exact = network(activation)
    model = copy.deepcopy(exact)
    assert pack_linear(model, torch.float32) >= 2
    assert isinstance(model[0], PackedLinear)
    assert isinstance(model[1].lin1, PackedLinear)
    assert isinstance(model[2].fc2, PackedLinear)
    assert isinstance(model[3], SeparateExperts)
    assert not model[3].training, "training adds noise to the router"
    assert isinstance(model[4], nn.Linear), "small layers stay as they are"
    for shape in ((7, 64), (2, 3, 5, 64), (0, 64)):
        x = torch.randn(shape)
        assert torch.allclose(model(x), exact(x), atol=1e-4)
    windows = torch.randn(2, 9, 9, 64)[:, :7, :5]  # not contiguous
    assert torch.allclose(model(windows), exact(windows), atol=1e-4)


@needs_packing
@torch.inference_mode()
def test_stored_in_fewer_bytes_stays_so(monkeypatch):
    monkeypatch.setattr("cwsam.engine.layers.storage.LARGE", 1000)
    model = network()
    lower_storage(model, torch.bfloat16)
    assert pack_linear(model, torch.float32) == 0


@needs_packing
@torch.inference_mode()
def test_bfloat16():
    exact, model = network(), network()
    assert pack_linear(model, torch.bfloat16) >= 2
    x = torch.randn(11, 64)
    with torch.autocast("cpu", torch.bfloat16):
        got = model(x)
    error = (got.float() - exact(x)).abs().mean() / exact(x).abs().mean()
    assert 0 < error < 0.05


@pytest.mark.parametrize("fault", [AttributeError, RuntimeError, TypeError])
def test_another_torch_packs_nothing(monkeypatch, fault):
    def broken(*_, **__):
        raise fault

    monkeypatch.setattr(packed, "PackedLinear", broken)
    is_supported.cache_clear()
    try:
        assert not is_supported()
        model = network()
        assert pack_linear(model, torch.float32) == 0
        assert isinstance(model[0], nn.Linear)
    finally:
        is_supported.cache_clear()
