"""What the estimate says, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cwsam.engine import device
from cwsam.engine.array_source import ArraySource
from cwsam.engine.device import DevicePlan, device_meter
from cwsam.engine.estimate import (
    DEVICE_CONTEXT,
    Estimate,
    describe,
    device_bytes,
    duration_text,
    estimate,
    refusals,
)
from cwsam.engine.pipeline import SegmentOptions
from tests.engine.test_pipeline import BrightnessPredictor, scene

SMALL = Estimate(4, 5.0, 10**8, 10**6, 10**6)


class Meter:
    """A GPU that holds 100 MB of weights and takes 60 MB for the three tiles of a probe."""

    def __init__(self):
        self.started = 0

    def start(self):
        self.started += 1

    def read(self):
        return 100 << 20, 160 << 20


def test_gpu_memory_grows_with_the_tiles_of_a_batch():
    mb = 1 << 20
    assert device_bytes(100 * mb, 160 * mb, 2, 8) == 340 * mb + DEVICE_CONTEXT
    assert device_bytes(100 * mb, 160 * mb, 2, 1) == 130 * mb + DEVICE_CONTEXT
    assert device_bytes(100 * mb, 90 * mb, 2, 8) == 100 * mb + DEVICE_CONTEXT


def test_gpu_memory_is_part_of_the_estimate_where_there_is_a_gpu():
    source, predictor, meter = ArraySource(scene(60, 90)), BrightnessPredictor(), Meter()
    options = SegmentOptions(overlap=4)
    without = estimate(source, predictor, options)
    assert (without.device, without.device_tile) == (None, None)
    assert "GPU" not in describe(without)
    expected = estimate(source, predictor, options, meter=meter)
    assert meter.started == 1
    mb = 1 << 20
    assert expected.device == 160 * mb + DEVICE_CONTEXT  # batches of three
    assert expected.device_tile == 120 * mb + DEVICE_CONTEXT
    assert "692 MB of GPU memory" in describe(expected)


def test_a_tile_that_does_not_fit_on_the_gpu_is_refused():
    tight = replace(SMALL, device=8 << 30, device_tile=2 << 30)
    assert refusals(tight, None, None, None, 3 << 30) == []  # in smaller batches
    (sentence,) = refusals(tight, None, None, None, 1 << 30)
    assert all(word in sentence for word in ("GPU", "--tile", "--device cpu"))
    assert refusals(SMALL, None, None, None, 1) == []


def test_only_cuda_is_measured(monkeypatch):
    assert device_meter(DevicePlan("cpu", torch.float32, "")) is None
    assert device_meter(DevicePlan("mps", torch.float32, "")) is None
    calls = []
    for name, value in (
        ("synchronize", None), ("empty_cache", None), ("reset_peak_memory_stats", None),
        ("memory_allocated", 7), ("max_memory_reserved", 9), ("memory_reserved", 5),
        ("mem_get_info", (100, 200)),
    ):  # fmt: skip
        monkeypatch.setattr(
            device.torch.cuda, name, lambda name=name, value=value: calls.append(name) or value
        )
    meter = device_meter(DevicePlan("cuda", torch.float16, ""))
    meter.start()
    assert meter.read() == (7, 9)
    assert meter.free() == 105
    assert calls.index("reset_peak_memory_stats") < calls.index("memory_allocated")


def test_a_raster_without_data_says_that_it_could_not_try():
    pixels = scene(60, 90)
    empty = estimate(
        ArraySource(pixels, np.zeros((60, 90), bool)), BrightnessPredictor(), SegmentOptions()
    )
    assert empty.blind
    assert "it may take more" in describe(empty)
    assert not estimate(ArraySource(pixels), BrightnessPredictor(), SegmentOptions()).blind


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (90, "90 s"), (300, "5 minutes"), (9000, "2 hours"),
     (1747628, "20 days")],
)  # fmt: skip
def test_times_are_for_people(seconds, text):
    assert duration_text(seconds) == text
