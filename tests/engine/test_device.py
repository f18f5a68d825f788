"""Every choice of device and precision has a reason in words; wrong wishes get a sentence."""

import time

import pytest
import torch
from cwsam.engine import device
from cwsam.engine.device import (
    DevicePlan,
    bfloat16_is_faster,
    choose_device,
    choose_storage,
    has_native,
    set_threads,
)
from cwsam.engine.errors import DeviceError


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that torch finds a GPU; nothing is computed on it."""

    def pretend(capability=(8, 6), archs=("sm_75", "sm_86", "sm_120a")):
        monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Test GPU")
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(archs))

    return pretend


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_cpu_says_why(no_gpu, monkeypatch):
    monkeypatch.setattr(device, "bfloat16_is_faster", lambda: False)
    plan = choose_device()
    assert (plan.device, plan.dtype) == ("cpu", torch.float32)
    assert plan.reason == "CPU: no CUDA device found."
    assert choose_device("cpu").reason == "CPU: asked for."
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    assert choose_device().reason == "CPU: this build of torch has no CUDA support."


def test_cuda(gpu):
    gpu()
    plan = choose_device()
    assert (plan.device, plan.dtype, plan.channels_last) == ("cuda", torch.bfloat16, True)
    assert plan.reason == "GPU: Test GPU; bfloat16."
    assert choose_device("cuda", "float32").dtype == torch.float32
    assert choose_device("cuda", "float16").dtype == torch.float16
    with pytest.raises(DeviceError, match="int8 runs on the CPU only"):
        choose_device("cuda", "int8")


def test_gpu_without_native_bfloat16_gets_float16(gpu):
    gpu(capability=(7, 5))
    plan = choose_device()
    assert plan.dtype == torch.float16
    assert "no native bfloat16" in plan.reason


def test_gpu_too_old_for_this_build(gpu, monkeypatch):
    gpu(capability=(6, 1))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    plan = choose_device()
    assert plan.device == "cpu"
    assert "compute capability 6.1) is too old for this torch build" in plan.reason
    with pytest.raises(DeviceError, match=r"too old .* choose the device cpu"):
        choose_device("cuda")


def test_mps(no_gpu, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device().device == "mps"
    assert choose_device("mps", "float16").dtype == torch.float16
    with pytest.raises(DeviceError, match="int8 does not run on Apple GPUs"):
        choose_device("mps", "int8")


@pytest.mark.parametrize("wish", ["cuda", "mps"])
def test_missing_devices_get_a_sentence(no_gpu, wish):
    with pytest.raises(DeviceError, match="choose the device cpu"):
        choose_device(wish)


def test_unknown_names_list_the_known():
    with pytest.raises(DeviceError, match="auto, cpu, cuda or mps"):
        choose_device("tpu")
    with pytest.raises(DeviceError, match="float16 or int8"):
        choose_device("cpu", "int4")


def test_precision_of_the_cpu(monkeypatch):
    assert choose_device("cpu", "int8").int8
    assert choose_device("cpu", "float32").dtype == torch.float32
    monkeypatch.setattr(device, "has_native", lambda dtype: False)
    with pytest.raises(DeviceError, match="does not multiply bfloat16 natively"):
        choose_device("cpu", "bfloat16")
    bfloat16_is_faster.cache_clear()
    assert not bfloat16_is_faster()  # without even measuring
    bfloat16_is_faster.cache_clear()
    monkeypatch.setattr(device, "has_native", lambda dtype: True)
    plan = choose_device("cpu", "bfloat16")
    assert plan.dtype == torch.bfloat16
    assert "bfloat16, as asked for" in plan.reason


@pytest.mark.parametrize("faster", [False, True])
def test_bfloat16_is_chosen_where_it_is_faster(monkeypatch, faster):
    monkeypatch.setattr(device, "bfloat16_is_faster", lambda: faster)
    plan = choose_device("cpu")
    assert (plan.dtype == torch.bfloat16) == faster
    assert ("multiplies natively" in plan.reason) == faster
    assert choose_device("cpu", "float32").dtype == torch.float32


def test_the_measurement_finds_the_faster_type(monkeypatch):
    """A slow stand-in for one type's multiply; the answer does not hang on the machine."""
    monkeypatch.setattr(device, "has_native", lambda dtype: True)
    real = torch.ones

    class Slow:
        def __init__(self, seconds):
            self.seconds = seconds

        def __matmul__(self, other):
            time.sleep(self.seconds)

    for seconds, expected in (((0.002, 0.001), True), ((0.001, 0.002), False)):
        costs = dict(zip((torch.float32, torch.bfloat16), seconds))
        monkeypatch.setattr(torch, "ones", lambda *_, dtype, costs=costs: Slow(costs[dtype]))
        bfloat16_is_faster.cache_clear()
        assert bfloat16_is_faster() == expected
    bfloat16_is_faster.cache_clear()
    monkeypatch.setattr(torch, "ones", real)


def test_storage():
    whole, half = torch.float32, torch.bfloat16
    cpu = choose_device("cpu", "float32")
    assert choose_storage("auto", cpu, 16 * 10**9, 10**9) == whole
    assert choose_storage("auto", cpu, 16 * 10**9, 3 * 10**9) == half
    assert choose_storage("auto", cpu, None, 3 * 10**9) == whole
    assert choose_storage("auto", DevicePlan("cuda", half, ""), 10**12, 1) == half
    assert choose_storage("bfloat16", cpu, 10**12, 1) == half
    assert choose_storage("float32", cpu, 1, 10**9) == whole
    with pytest.raises(DeviceError, match="auto, float32 or bfloat16"):
        choose_storage("int3", cpu, None, 1)


def test_native_support_is_a_plain_answer(monkeypatch):
    assert isinstance(has_native(torch.bfloat16), bool)
    monkeypatch.setattr(device.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(device.platform, "system", lambda: "Darwin")
    assert has_native(torch.bfloat16)


def test_threads_as_the_environment_asks(monkeypatch):
    before = torch.get_num_threads()
    try:
        monkeypatch.setenv("CWSAM_THREADS", "3")
        assert set_threads(spare=1) == 3 == torch.get_num_threads()
        monkeypatch.setenv("CWSAM_THREADS", "many")
        assert set_threads(spare=10_000) == 1
    finally:
        torch.set_num_threads(before)


def test_threads_spare_a_core():
    before = torch.get_num_threads()
    try:
        every = set_threads()
        assert set_threads(spare=1) == max(1, every - 1) == torch.get_num_threads()
        assert set_threads(spare=10_000) == 1
    finally:
        torch.set_num_threads(before)
