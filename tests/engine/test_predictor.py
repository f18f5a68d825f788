"""The predictor: probabilities, smaller batches when memory runs out, int8 and bfloat16."""

import dataclasses

import numpy as np
import pytest
import torch
from cwsam.engine.config import EncoderConfig, ModelConfig, MoeConfig
from cwsam.engine.device import DevicePlan
from cwsam.engine.errors import DeviceError
from cwsam.engine.layers import moe, quantized
from cwsam.engine.models.builders import build_model
from cwsam.engine.predictor import TorchPredictor

CPU = DevicePlan("cpu", torch.float32, "CPU: test.")
CONFIG = ModelConfig(
    "small",
    image_size=64,
    num_classes=5,
    encoder=EncoderConfig(
        embed_dim=128,
        depth=2,
        num_heads=2,
        window_size=3,
        global_blocks=(1,),
        out_dim=32,
        moe=MoeConfig(4, 2, 96, 1),
    ),
)


def make(plan=CPU, classes=(3, 0, 1)):
    torch.manual_seed(0)
    return TorchPredictor(build_model(CONFIG), plan, 16, 64, classes)


@pytest.fixture
def tiles():
    return np.random.default_rng(0).standard_normal((4, 3, 64, 64), np.float32)


def test_probabilities_of_the_wanted_classes(tiles):
    predictor = make()
    result = predictor.predict(tiles)
    assert result.shape == (4, 3, 16, 16)
    assert result.dtype == torch.float32
    assert torch.allclose(result.sum(1), torch.ones(4, 16, 16), atol=1e-5)
    assert torch.allclose(result[1:2], predictor.predict(tiles[1:2]), atol=1e-5)
    every = make(classes=range(5)).predict(tiles)[:, [3, 0, 1]]
    assert torch.allclose(result, every / every.sum(1, keepdim=True), atol=1e-5)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 18 GB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_out_of_memory_halves_the_batch_and_remembers(tiles, error, monkeypatch):
    predictor, sizes = make(), []
    expected, forward = predictor.predict(tiles), predictor._forward

    def short_of_memory(images):
        sizes.append(len(images))
        if len(images) > 1:
            raise error
        return forward(images)

    monkeypatch.setattr(predictor, "_forward", short_of_memory)
    assert torch.allclose(predictor.predict(tiles), expected, atol=1e-5)
    assert sizes == [4, 2, 1, 1, 2, 1, 1]
    assert predictor.batch_size(64) == 1


def test_numbers_that_overflow_make_no_map(tiles):
    predictor = make()
    predictor.model.mask_decoder.cls_upscaling[3].bias[0] = torch.inf
    with pytest.raises(DeviceError, match=r"overflow in float32.*precision float32"):
        predictor.predict(tiles)


def test_a_tile_that_never_fits_ends_with_a_sentence(tiles, monkeypatch):
    predictor = make()

    def no_memory(images):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(predictor, "_forward", no_memory)
    with pytest.raises(DeviceError, match="choose a smaller tile"):
        predictor.predict(tiles)


def test_other_errors_pass_through(tiles):
    with pytest.raises(RuntimeError):
        make().predict(tiles[:, :2])


def test_int8_is_close_and_leaves_the_router_alone(tiles):
    if not quantized.is_supported():
        pytest.skip("this torch has no int8 kernels")
    exact = make().predict(tiles)
    predictor = make(dataclasses.replace(CPU, int8=True))
    block = predictor.model.image_encoder.blocks[1]
    assert isinstance(block.attn.qkv, quantized.Int8Linear)
    assert isinstance(block.mlp, moe.SeparateExperts)
    assert isinstance(block.mlp.gate, torch.nn.Linear)
    rough = predictor.predict(tiles)
    # Untrained weights: a router's close call may fall the other way.
    assert 0 < (rough - exact).abs().max() < 0.2


def test_int8_linear_keeps_the_rounding_of_each_channel():
    if not quantized.is_supported():
        pytest.skip("this torch has no int8 kernels")
    torch.manual_seed(0)
    linear = torch.nn.Linear(256, 64)
    with torch.no_grad():
        linear.weight[0] *= 100  # one loud channel must not drown the others
        x = torch.randn(50, 256)
        exact, rough = linear(x), quantized.Int8Linear(linear.weight, linear.bias)(x)
    error = (rough - exact).abs().mean(0) / exact.abs().mean(0)
    assert error.max() < 0.02


def test_bfloat16_is_close(tiles):
    rough = make(dataclasses.replace(CPU, dtype=torch.bfloat16)).predict(tiles)
    assert (rough - make().predict(tiles)).abs().max() < 0.1
