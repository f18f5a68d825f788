"""The mixture of experts against a plain loop over tokens."""

import pytest
import torch
from cwsam.engine.layers import moe
from cwsam.engine.layers.moe import MoeLayer, moe_layers
from hypothesis import given, settings
from hypothesis import strategies as st


def plain(layer, x):
    """One token after the other through its experts, in float64."""
    out = torch.zeros(x.shape, dtype=torch.float64)
    for index, token in enumerate(x.double()):
        logits = layer.gate.weight.double() @ token + layer.gate.bias.double()
        kept = logits.topk(layer.top_k)
        for gate, e in zip(kept.values.softmax(0), kept.indices.tolist()):
            hidden = layer.act(layer.w1[e].double() @ token + layer.b1[e].double())
            out[index] += gate * (layer.w2[e].double() @ hidden + layer.b2[e].double())
    return out


@st.composite
def cases(draw):
    experts = draw(st.integers(1, 9))
    return (
        experts,
        draw(st.integers(1, experts)),
        draw(st.integers(0, 23)),
        draw(st.booleans()),
        draw(st.sampled_from([torch.nn.GELU, torch.nn.ReLU])),
        draw(st.integers(0, 2**31)),
    )


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equals_a_plain_loop(case):
    experts, k, tokens, one_sided, activation, seed = case
    torch.manual_seed(seed)
    layer = MoeLayer(8, 12, experts, k, activation).eval()
    torch.nn.init.normal_(layer.b1)
    torch.nn.init.normal_(layer.b2)
    torch.nn.init.normal_(layer.gate.weight)
    with torch.no_grad():
        if one_sided:  # the first k experts win every token, the others get none
            layer.gate.bias[:k] = 100.0
        x = torch.randn(tokens, 8)
        expected = plain(layer, x)
        assert torch.allclose(layer(x).double(), expected, atol=1e-5)
        # The GPU's way, for which torch has plain multiplies on a CPU.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(moe, "plain_inference", lambda _: False)
            patch.setattr(moe, "_has_grouped_kernel", lambda *_: True)
            assert torch.allclose(layer(x).double(), expected, atol=1e-5)
    with_gradient = layer(x)
    assert torch.allclose(with_gradient.double(), expected, atol=1e-5)
    if tokens:
        with_gradient.sum().backward()
        assert torch.isfinite(layer.w1.grad).all()


def test_any_leading_shape_and_dtype():
    torch.manual_seed(0)
    layer = MoeLayer(8, 16, 4, 2).eval()
    x = torch.randn(2, 3, 5, 8)
    with torch.no_grad():
        out = layer(x)
        assert torch.allclose(out.view(-1, 8), layer(x.view(-1, 8)), atol=1e-6)
        half = layer.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert (half.float() - out).abs().max() < 0.1


def test_balance_loss_is_one_when_even_and_large_when_one_sided():
    torch.manual_seed(0)
    layer = MoeLayer(8, 16, 4, 1).train()
    torch.nn.init.zeros_(layer.gate.weight)
    torch.nn.init.zeros_(layer.gate.bias)
    layer(torch.randn(4000, 8))  # the router's noise alone spreads the tokens
    assert abs(layer.routing.balance_loss.item() - 1) < 0.01
    assert torch.allclose(layer.routing.usage, torch.full((4,), 0.25), atol=0.03)
    with torch.no_grad():
        layer.gate.bias[2] = 50.0
    layer(torch.randn(100, 8))
    assert abs(layer.routing.balance_loss.item() - 4) < 0.01
    assert layer.routing.usage.tolist() == [0, 0, 1, 0]


def test_balance_loss_teaches_the_router():
    torch.manual_seed(0)
    layer = MoeLayer(8, 16, 4, 2).train()
    with torch.no_grad():
        layer.gate.bias[:2] += 0.5
    x, optimizer = torch.randn(500, 8), torch.optim.SGD(layer.gate.parameters(), 0.2)
    layer(x)
    before = layer.routing.usage.max().item()
    for _ in range(40):
        layer(x)
        optimizer.zero_grad()
        layer.routing.balance_loss.backward()
        optimizer.step()
    assert layer.routing.usage.max().item() < before


def test_evaluation_adds_no_noise_and_listing_finds_all():
    torch.manual_seed(0)
    layer = MoeLayer(8, 16, 4, 2).eval()
    x = torch.randn(50, 8)
    with torch.no_grad():
        assert torch.equal(layer(x), layer(x))
    assert layer.routing is None
    assert moe_layers(torch.nn.Sequential(layer, torch.nn.Linear(2, 2))) == [layer]
