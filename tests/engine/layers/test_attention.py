"""Attention with relative positions: windows, blocks and precision paths agree."""

import pytest
import torch
from cwsam.engine.layers.attention import (
    RelPosAttention,
    relative_table,
    window_partition,
    window_unpartition,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def plain(layer, x):
    """Textbook attention of (n, h, w, C) with the full bias, in float64."""
    n, h, w, c = x.shape
    heads, d = layer.num_heads, c // layer.num_heads
    double = {name: p.detach().double() for name, p in layer.named_parameters()}
    qkv = x.double() @ double["qkv.weight"].T + double["qkv.bias"]
    q, k, v = qkv.view(n, h * w, 3, heads, d).permute(2, 0, 3, 1, 4)
    logits = q @ k.transpose(-1, -2) * d**-0.5
    rows, cols = torch.arange(h * w) // w, torch.arange(h * w) % w
    for name, side, place in (("rel_pos_h", h, rows), ("rel_pos_w", w, cols)):
        table = relative_table(double[name], side)[place[:, None], place[None, :]]
        logits = logits + torch.einsum("nhqd,qkd->nhqk", q, table)
    out = (logits.softmax(-1) @ v).transpose(1, 2).reshape(n, h, w, c)
    return out @ double["proj.weight"].T + double["proj.bias"]


def make(heads=2, grid=(4, 6)):
    layer = RelPosAttention(8 * heads, heads, grid, rel_pos=True).eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 4),
    h=st.integers(1, 7),
    w=st.integers(1, 7),
    heads=st.integers(1, 3),
    block=st.sampled_from([1, 30, 200, 10_000]),
)
def test_blocks_equal_the_textbook(n, h, w, heads, block):
    torch.manual_seed(n + 10 * h + 100 * w)
    layer, x = make(heads), torch.randn(n, h, w, 8 * heads)
    expected = plain(layer, x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cwsam.engine.layers.attention.BLOCK_ELEMENTS", block)
        patch.setattr("cwsam.engine.layers.attention.MAX_BIAS_ELEMENTS", block)
        with torch.inference_mode():
            assert torch.allclose(layer(x).double(), expected, atol=1e-4)
        assert torch.allclose(layer(x).double(), expected, atol=1e-4)


@pytest.mark.parametrize("size", [(6, 6), (7, 4), (2, 9)])
def test_windows_with_padding_equal_attention_inside_each_window(size):
    """A padded token is zero before the projection, so its key and value are the biases."""
    torch.manual_seed(0)
    layer, x = make(grid=(3, 3)), torch.randn(2, *size, 16)
    windows, padded = window_partition(x, 3)
    expected = window_unpartition(plain(layer, windows), padded, size)
    with torch.inference_mode():
        assert torch.allclose(layer(x, 3).double(), expected, atol=1e-4)
    assert torch.allclose(layer(x, 3).double(), expected, atol=1e-4)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_windows_partition_the_grid(h, w, window):
    x = torch.arange(2 * h * w * 3).view(2, h, w, 3).float()
    windows, padded = window_partition(x, window)
    assert windows.shape[1:3] == (window, window)
    assert torch.equal(window_unpartition(windows, padded, (h, w)), x)
    assert windows.count_nonzero() == x.count_nonzero()


def test_tables_are_kept_while_nothing_trains_and_follow_new_weights():
    layer, x = make().requires_grad_(False), torch.randn(1, 4, 6, 16)
    with torch.no_grad():
        layer(x)
        kept = layer._table_pair(4, 6)
        assert layer._table_pair(4, 6) is kept
        before = layer(x)
        layer.rel_pos_h.mul_(2)
        assert not torch.allclose(layer(x), before)
    assert torch.allclose(layer(x).double(), plain(layer, x), atol=1e-4)


def test_memory_is_not_quadratic_in_all_heads(monkeypatch):
    """The largest tensor of a global layer is a block of one head's weights."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                largest = max(largest, out.untyped_storage().nbytes())
            return out

    layer, x = make(heads=4, grid=(24, 24)), torch.randn(1, 24, 24, 32)
    monkeypatch.setattr("cwsam.engine.layers.attention.BLOCK_ELEMENTS", 1 << 16)
    with torch.no_grad(), Watch():
        layer(x)
    assert 0 < largest <= 4 * (1 << 16) + 4 * 24 * 24 * 24 * 8
