"""The network reproduces numbers computed by the published modules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from cwsam.engine.config import model_config_from_dict
from cwsam.engine.layers.frequency import fft_filter
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.key_map import to_our_names

GOLDEN = Path(__file__).parents[2] / "golden"
MOE = {"num_experts": 3, "top_k": 2}


@pytest.fixture(scope="module")
def numbers():
    with np.load(GOLDEN / "cwsam_moe.io.npz", allow_pickle=False) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="module")
def model():
    config = model_config_from_dict(
        {
            "name": "golden",
            "image_size": 64,
            "num_classes": 5,
            "encoder": {
                "embed_dim": 64,
                "depth": 3,
                "num_heads": 4,
                "window_size": 3,
                "global_blocks": [2],
                "out_dim": 16,
                "moe": {"num_experts": 6, "top_k": 2, "first_block": 1},
            },
            "decoder": {"num_heads": 2, "mlp_dim": 64, "iou_hidden_dim": 32, "moe": MOE},
        }
    )
    with np.load(GOLDEN / "cwsam_moe.weights.npz", allow_pickle=False) as file:
        state = {name: torch.from_numpy(file[name]) for name in file.files}
    model = build_model(config)
    model.load_state_dict(to_our_names(state), strict=True)
    return model.eval()


def assert_close(actual, expected):
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max().item() <= 1e-5


def test_low_pass_filter(numbers):
    assert_close(fft_filter(numbers["image"], 0.25, "lowpass"), numbers["fft_lowpass"])


@pytest.mark.parametrize("batch", [slice(0, 2), slice(0, 1), slice(1, 2)])
def test_outputs(model, numbers, batch):
    image = numbers["image"][batch]
    with torch.inference_mode():
        assert_close(model.image_encoder(image), numbers["features"][batch])
        low_res, iou = model(image)
        logits = torch.nn.functional.interpolate(low_res, size=(64, 64), mode="bilinear")
    assert_close(low_res, numbers["low_res_logits"][batch])
    assert_close(iou, numbers["iou"][batch])
    assert_close(logits, numbers["logits"][batch])


def test_class_subset_and_chunks_equal_the_whole(model, numbers, monkeypatch):
    monkeypatch.setattr("cwsam.engine.models.mask_decoder.CLASS_CHUNK_ELEMENTS", 1)
    with torch.inference_mode():
        low_res, _ = model(numbers["image"], classes=[3, 0])
    assert_close(low_res, numbers["low_res_logits"][:, [3, 0]])


def test_attention_in_groups_equals_the_whole(model, numbers, monkeypatch):
    for limit in (1, 40, 700):
        monkeypatch.setattr("cwsam.engine.layers.attention.MAX_BIAS_ELEMENTS", limit)
        with torch.inference_mode():
            assert_close(model.image_encoder(numbers["image"]), numbers["features"])
