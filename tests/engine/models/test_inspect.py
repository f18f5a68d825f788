"""`cwsam models inspect` accounts for every tensor of a file."""

import torch
from click.testing import CliRunner
from cwsam.engine.models import checkpoint
from cwsam.engine.models.adapter_file import save_adapter
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import load_model, save_model
from cwsam.engine.models_cli import inspect

from .test_checkpoint import CARD, CONFIG, make, sam_state


def run(file):
    return CliRunner().invoke(inspect, [str(file)], catch_exceptions=False).output


def test_inspect_command(tmp_path):
    file = tmp_path / "small.safetensors"
    save_model(file, make(), CONFIG, CARD)
    output = run(file)
    assert "is a model of this program" in output
    assert "missing 0, unexpected 0, wrong shape 0" in output
    assert checkpoint.file_sha256(file) in output

    torch.save({"model": sam_state()}, tmp_path / "sam.pth")
    output = run(tmp_path / "sam.pth")
    assert "is a Segment Anything checkpoint" in output
    assert "missing      mask_decoder.cls_upscaling.3.weight" in output
    assert "unexpected   mask_decoder.iou_prediction_head.layers.0.weight" in output
    assert "never used by the forward pass: 3 tensors" in output

    loaded = load_model(file)
    card = ModelCard("fields of my town", classes_seen=(0, 1))
    save_adapter(tmp_path / "a.safetensors", loaded.model, CONFIG, card, loaded.sha256)
    output = run(tmp_path / "a.safetensors")
    assert "is an adapter of" in output
    assert loaded.sha256 in output
    assert "fields of my town" in output
