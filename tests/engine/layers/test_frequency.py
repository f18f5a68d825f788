"""The frequency filter: both halves of the spectrum, in float32, with broken pixels."""

import pytest
import torch
from cwsam.engine.layers.frequency import (
    PromptGenerator,
    _filter_by_multiplying,
    fft_filter,
)


@pytest.fixture
def images():
    return torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))


def wave(cycles, size=64):
    return torch.cos(2 * torch.pi * cycles * torch.arange(size) / size).expand(1, 1, size, size)


def test_constant_image_passes_low_and_stops_high():
    flat = torch.full((1, 1, 32, 32), 0.7)
    assert torch.allclose(fft_filter(flat, 0.25, "lowpass"), flat, atol=1e-5)
    assert fft_filter(flat, 0.25, "highpass").abs().max() < 1e-5


@pytest.mark.parametrize(("cycles", "kept"), [(3, "lowpass"), (28, "highpass")])
def test_a_wave_passes_on_its_own_side(cycles, kept):
    """At rate 0.25 and 64 px the square's half side is 16 cycles."""
    other = {"lowpass": "highpass", "highpass": "lowpass"}[kept]
    assert torch.allclose(fft_filter(wave(cycles), 0.25, kept), wave(cycles).abs(), atol=1e-4)
    assert fft_filter(wave(cycles), 0.25, other).abs().max() < 1e-4


def test_smallest_and_largest_squares(images):
    mean = images.mean((-2, -1), keepdim=True)
    assert fft_filter(images, 0.0, "lowpass").shape == images.shape  # at least one frequency
    everything = fft_filter(images, 9.0, "lowpass")  # clipped to the image
    assert torch.allclose(everything, images.abs(), atol=1e-4)
    assert fft_filter(images, 9.0, "highpass").abs().max() < 1e-4
    assert not torch.allclose(everything, mean.abs().expand_as(images))


def test_one_broken_pixel_does_not_poison_the_tile(images):
    broken, mended = images.clone(), images.clone()
    broken[0, 0, 3, 4], mended[0, 0, 3, 4] = float("nan"), 0.0
    for mode in ("lowpass", "highpass"):
        actual = fft_filter(broken, 0.25, mode)
        assert torch.isfinite(actual).all()
        assert torch.equal(actual, fft_filter(mended, 0.25, mode))


def test_autocast_does_not_lower_the_precision(images):
    exact = fft_filter(images, 0.25, "lowpass")
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(fft_filter(images, 0.25, "lowpass"), exact)
    assert fft_filter(images.half(), 0.25, "lowpass").dtype == torch.float32


@pytest.mark.parametrize("mode", ["lowpass", "highpass"])
@pytest.mark.parametrize("interleaved", [True, False])
def test_prompts_have_the_shape_of_the_tokens(images, mode, interleaved):
    generator = PromptGenerator(64, 3, 16, mode=mode, interleaved=interleaved)
    embedding = torch.randn(2, 2, 3, 64)
    features = generator.features(images, embedding)
    prompts = [generator.prompt(features, i) for i in range(3)]
    assert all(p.shape == embedding.shape for p in prompts)
    assert not torch.allclose(prompts[0], prompts[1])


@pytest.mark.parametrize("mode", ["lowpass", "highpass"])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 9.0])
@pytest.mark.parametrize("size", [(32, 48), (31, 17)])
def test_multiplying_equals_the_transform(mode, rate, size):
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    exact = fft_filter(images, rate, mode)
    assert torch.allclose(_filter_by_multiplying(images, rate, mode), exact, atol=1e-5)
