"""Parameter counts of the variants, and inputs other than the tables were made for."""

import pytest
import torch
from cwsam.engine.config import EncoderConfig, ModelConfig, load_model_config, variant_names
from cwsam.engine.models.builders import MODELS, build, build_model

SMALL = ModelConfig(
    "small",
    image_size=64,
    num_classes=4,
    encoder=EncoderConfig(
        embed_dim=32, depth=2, num_heads=2, window_size=3, global_blocks=(1,), out_dim=16
    ),
)


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    model = build_model(SMALL)
    for parameter in model.image_encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def count(name):
    with torch.device("meta"):
        return sum(p.numel() for p in build(name).parameters())


def test_production_variant_has_three_billion_parameters():
    assert abs(count("sam_moe_3b") / 3.0e9 - 1) <= 0.02


@pytest.mark.parametrize(
    ("name", "millions"), [("sam_vit_b", 89.7), ("sam_vit_l", 308.3), ("sam_vit_h", 637.0)]
)
def test_plain_variants_hold_sam_and_more(name, millions):
    """Meta's encoders have 89.7, 308.3 and 637.0 million parameters; ours add to them.

    A quarter-wide adapter twice a block, prompts, and a decoder of about 75 million.
    """
    assert 1.15 * millions < count(name) / 1e6 < 1.25 * millions + 90


def test_every_configuration_is_registered():
    assert set(MODELS) == set(variant_names())
    for name in variant_names():
        assert load_model_config(name).name == name


@pytest.mark.parametrize("size", [(64, 64), (96, 96), (32, 80)])
def test_other_sizes_interpolate_the_tables(small, size):
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits, iou = small(images)
        reference, _ = small(images[1:])
    assert logits.shape == (2, 4, size[0] // 4, size[1] // 4)
    assert iou.shape == (2, 1)
    assert torch.isfinite(logits).all()
    assert torch.allclose(logits[1:], reference, atol=1e-5)


def test_interpolated_positions_are_the_table_where_sizes_agree(small):
    encoder = small.image_encoder
    with torch.no_grad():
        assert encoder._position_table(4, 4) is encoder.pos_embed
        larger = encoder._position_table(8, 8)
    assert larger.shape == (1, 8, 8, 32)
    # Bicubic interpolation keeps the mean of a smooth table nearly unchanged.
    assert (larger.mean() - encoder.pos_embed.mean()).abs() < 0.02


def test_nonfinite_pixels_are_replaced_and_counted(small):
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    broken, mended = images.clone(), images.clone()
    places = [(0, 0, 0, 0), (0, 1, 20, 30), (0, 2, 63, 63)]
    for place, value in zip(places, (float("nan"), float("inf"), float("-inf"))):
        broken[place], mended[place] = value, 0.0
    small.image_encoder.nonfinite_pixels.zero_()
    with torch.no_grad():
        actual, _ = small(broken)
        assert int(small.image_encoder.nonfinite_pixels) == 3
        expected, _ = small(mended)
    assert torch.equal(actual, expected)
    assert int(small.image_encoder.nonfinite_pixels) == 3


def test_gradient_checkpointing_changes_nothing(small):
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    grads = []
    small.train()
    try:
        for flag in (False, True):
            small.image_encoder.gradient_checkpointing = flag
            small.zero_grad()
            small.image_encoder(images).square().sum().backward()
            grads.append(small.image_encoder.pos_embed.grad.clone())
    finally:
        small.eval().image_encoder.gradient_checkpointing = False
    assert torch.allclose(*grads, atol=1e-5)
