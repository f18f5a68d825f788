"""Exported models run elsewhere: onnxruntime finds the same classes, Deepness its metadata."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from cwsam.engine import onnx_export
from cwsam.engine.cli import main
from cwsam.engine.errors import ConfigError, DependencyError
from cwsam.engine.layers.colour_expert import ColourExpert
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.onnx_export import export_onnx
from torch.nn import functional as F


@pytest.fixture(scope="module")
def exported(tiny_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    done = CliRunner().invoke(main, ["models", "export", str(tiny_model), "--onnx", str(path)])
    assert done.exit_code == 0, done.output
    assert "class_names" in done.output
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return path


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_onnxruntime_finds_the_same_classes(exported, tiny_model, batch):
    torch.manual_seed(batch)
    image = torch.randn(batch, 3, 64, 64)
    loaded = load_model(tiny_model)
    with torch.inference_mode():
        logits, _ = loaded.model.eval()(image, loaded.card.classes_seen)
        expected = F.interpolate(logits.softmax(1), (64, 64), mode="bilinear").numpy()
    (got,) = session(exported).run(None, {"image": image.numpy()})
    assert got.shape == (batch, 4, 64, 64)
    assert np.abs(got - expected).max() < 1e-4
    top = np.sort(expected, axis=1)
    sure = top[:, -1] - top[:, -2] > 1e-3  # elsewhere rounding decides
    assert sure.mean() > 0.5
    assert (got.argmax(1) == expected.argmax(1))[sure].all()


def test_an_adapters_expert_for_colours_is_exported_too(tiny_model, tmp_path):
    torch.manual_seed(0)
    loaded, path = load_model(tiny_model), tmp_path / "colours.onnx"
    image = torch.randn(1, 3, 64, 64)
    plain, _ = loaded.model.eval()(image, loaded.card.classes_seen)
    loaded.model.colour_expert = ColourExpert(loaded.card.classes_seen[:3])
    loaded.model.colour_expert.share.data.fill_(0.5)
    export_onnx(loaded, path, upsample=False)
    (got,) = session(path).run(None, {"image": image.numpy()})
    with torch.inference_mode():
        wanted = loaded.model(image, loaded.card.classes_seen)[0].softmax(1).numpy()
    assert np.abs(got - wanted).max() < 1e-4
    assert np.abs(got - plain.softmax(1).detach().numpy()).max() > 0.01


def test_metadata_of_deepness(exported, tiny_model):
    """Deepness parses each value as JSON and wants class numbers without gaps."""
    meta = session(exported).get_modelmeta().custom_metadata_map
    values = {name: json.loads(text) for name, text in meta.items() if name != "format"}
    assert values["model_type"] == "Segmentor"
    names = values["class_names"]
    assert [names[str(i)] for i in range(len(names))] == [
        "arbor forest", "dense built-up area", "road", "water",
    ]  # fmt: skip
    assert values["tile_size"] == values["tiles_size"] == 64
    assert values["resolution"] == pytest.approx(141.4)  # between 0.2 and 10 m
    assert values["standardization_mean"] == pytest.approx([0.485, 0.456, 0.406])
    assert values["standardization_std"] == pytest.approx([0.229, 0.224, 0.225])
    assert values["seg_thresh"] == 0.0
    assert values["cwsam_class_ids"] == [5, 9, 19, 24]
    assert values["cwsam_weights"] == load_model(tiny_model).sha256
    onnx.checker.check_model(str(exported))


def test_coarse_probabilities_and_another_tile(tiny_model, tmp_path):
    path = tmp_path / "coarse.onnx"
    export_onnx(load_model(tiny_model), path, 96, upsample=False)
    (got,) = session(path).run(None, {"image": np.zeros((1, 3, 96, 96), np.float32)})
    assert got.shape == (1, 4, 48, 48)
    assert np.allclose(got.sum(1), 1, atol=1e-5)


def test_refusals_write_nothing(tiny_model, tmp_path, monkeypatch):
    loaded, path = load_model(tiny_model), tmp_path / "no.onnx"
    with pytest.raises(ConfigError, match="multiple of 8 px, not 65"):
        export_onnx(loaded, path, 65)
    monkeypatch.setattr(onnx_export, "MAX_BYTES", 1000)
    with pytest.raises(ConfigError, match="export a smaller model"):
        export_onnx(loaded, path)
    monkeypatch.setattr(onnx_export, "_NEEDED", ("onnx", "surely_missing"))
    with pytest.raises(DependencyError, match="pip install surely_missing"):
        export_onnx(loaded, path)
    assert list(tmp_path.iterdir()) == []
