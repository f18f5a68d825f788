"""The convolutional stem: sizes, "same" padding, the published widths."""

import pytest
import torch
import torch.nn.functional as F
from cwsam.engine.layers.efficientnet import EfficientNetLite, SameConv2d

BLOCKS = {"efficientnet_lite0": 16, "efficientnet_lite2": 21}
CHANNELS = {
    "efficientnet_lite0": (16, 24, 40, 112, 320),
    "efficientnet_lite2": (16, 24, 48, 120, 352),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_widths_and_depths_are_the_published_ones(name):
    with torch.device("meta"):
        network = EfficientNetLite(name)
        maps = network(torch.empty(2, 3, 64, 96))
    assert len(network.blocks) == BLOCKS[name]
    assert tuple(network.channels) == CHANNELS[name]
    assert [tuple(m.shape) for m in maps] == [
        (2, c, 64 // s, 96 // s) for c, s in zip(CHANNELS[name], network.STRIDES)
    ]


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 2)])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 2), (1, 1)])
def test_padding_is_the_same_as_tensorflows(size, kernel, stride):
    """The odd row and column of padding lies at the end, and no side loses a pixel."""
    conv = SameConv2d(1, 1, kernel, stride)
    image = torch.randn(1, 1, *size)
    total = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in size]
    before = [t // 2 for t in total]
    canvas = torch.zeros(1, 1, *(n + t for n, t in zip(size, total)))
    canvas[..., before[0] : before[0] + size[0], before[1] : before[1] + size[1]] = image
    expected = F.conv2d(canvas, conv.weight, conv.bias, stride)
    assert expected.shape[-2:] == tuple(-(-n // stride) for n in size)
    assert torch.allclose(conv(image), expected, atol=1e-6)
