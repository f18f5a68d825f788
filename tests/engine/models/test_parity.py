"""The plain encoder computes what Meta's Segment Anything computes from the same weights."""

import sys
import types

import pytest
import torch
from cwsam.engine.config import EncoderConfig, PromptConfig
from cwsam.engine.models.builders import build_image_encoder

CONFIG = EncoderConfig(
    embed_dim=96,
    depth=3,
    num_heads=3,
    window_size=5,
    global_blocks=(1,),
    out_dim=32,
    adapter_ratio=0.0,
    prompt=PromptConfig(enabled=False),
)


@pytest.fixture(scope="module")
def sam_encoder():
    """Segment Anything's encoder; its package imports torchvision, which nothing here needs."""
    stubs = {
        name: types.ModuleType(name)
        for name in (
            "torchvision",
            "torchvision.ops",
            "torchvision.ops.boxes",
            "torchvision.transforms",
            "torchvision.transforms.functional",
        )
    }
    stubs["torchvision.ops.boxes"].batched_nms = stubs["torchvision.ops.boxes"].box_area = None
    for name in ("resize", "to_pil_image"):
        setattr(stubs["torchvision.transforms.functional"], name, None)
    with pytest.MonkeyPatch.context() as patch:
        for name, module in stubs.items():
            patch.setitem(sys.modules, name, module)
        from segment_anything.modeling import ImageEncoderViT
    torch.manual_seed(0)
    encoder = ImageEncoderViT(
        img_size=192,
        embed_dim=96,
        depth=3,
        num_heads=3,
        out_chans=32,
        norm_layer=lambda dim: torch.nn.LayerNorm(dim, eps=1e-6),
        use_rel_pos=True,
        window_size=5,
        global_attn_indexes=(1,),
    )
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    return encoder.eval()


@pytest.fixture(scope="module")
def ours(sam_encoder):
    encoder = build_image_encoder(CONFIG, 192)
    encoder.load_state_dict(sam_encoder.state_dict(), strict=True)
    return encoder.eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 192, 192, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("block_elements", [1 << 21, 20_000, 700, 1])
@pytest.mark.parametrize("hidden_elements", [1 << 22, 1000])
def test_inference(sam_encoder, ours, images, block_elements, hidden_elements, monkeypatch):
    monkeypatch.setattr("cwsam.engine.layers.attention.BLOCK_ELEMENTS", block_elements)
    monkeypatch.setattr("cwsam.engine.layers.common.HIDDEN_ELEMENTS", hidden_elements)
    with torch.inference_mode():
        difference = (ours(images) - sam_encoder(images)).abs().max().item()
    assert difference <= 1e-4


def test_training(sam_encoder, ours, images):
    """With gradients another code path runs; outputs and gradients agree."""
    ours.zero_grad()
    sam_encoder.zero_grad()
    actual, expected = ours(images), sam_encoder(images)
    assert (actual - expected).abs().max().item() <= 1e-4
    weights = torch.randn(actual.shape, generator=torch.Generator().manual_seed(2))
    (actual * weights).sum().backward()
    (expected * weights).sum().backward()
    theirs = dict(sam_encoder.named_parameters())
    for name, parameter in ours.named_parameters():
        scale = theirs[name].grad.abs().max().item()
        assert (parameter.grad - theirs[name].grad).abs().max().item() <= 1e-3 * scale + 1e-4, name


def test_batch_of_one_equals_batch_of_two(ours, images):
    with torch.inference_mode():
        both = ours(images)
        for index in range(2):
            alone = ours(images[index : index + 1])
            assert (alone - both[index : index + 1]).abs().max().item() <= 1e-5


def test_bfloat16_stays_close(ours, images):
    with torch.inference_mode():
        exact = ours(images)
        with torch.autocast("cpu", torch.bfloat16):
            rough = ours(images)
    assert (rough - exact).abs().mean().item() < 0.03 * exact.abs().mean().item()
