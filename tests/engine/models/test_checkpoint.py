"""Every kind of weights file loads, each tensor is accounted for, hostile files are refused."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from cwsam.engine.config import EncoderConfig, ModelConfig, MoeConfig, model_config_from_dict
from cwsam.engine.errors import CheckpointError, UnknownNameError
from cwsam.engine.models import checkpoint
from cwsam.engine.models.adapter_file import adapter_parameters, save_adapter
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import initialise_from, load_model, save_model
from cwsam.engine.models.loading import load_into
from cwsam.engine.models.published import guess_config, read_published
from cwsam.engine.models.safetensors_file import write_safetensors

from .test_golden import GOLDEN

CARD = ModelCard("test", classes_seen=(0, 2), gsd_m=(0.2, 1.0))
ENCODER = EncoderConfig(
    embed_dim=64, depth=2, num_heads=2, window_size=3, global_blocks=(1,), out_dim=64
)
CONFIG = ModelConfig("small", image_size=64, num_classes=4, encoder=ENCODER)


def make(config=CONFIG, seed=0):
    torch.manual_seed(seed)
    model = build_model(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "cwsam_moe.weights.npz", allow_pickle=False) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def sam_state(dim=64, depth=2, grid=4, window=3, out_dim=64):
    """A state dict with the key names and shapes of Meta's SAM, as far as they matter here."""
    torch.manual_seed(1)
    e, state = "image_encoder.", {}

    def add(name, *shape):
        state[name] = torch.randn(*shape) * 0.05

    add(e + "pos_embed", 1, grid, grid, dim)
    add(e + "patch_embed.proj.weight", dim, 3, 16, 16)
    add(e + "patch_embed.proj.bias", dim)
    for i in range(depth):
        b, side = f"{e}blocks.{i}.", grid if i == depth - 1 else window
        for norm in ("norm1", "norm2"):
            add(b + norm + ".weight", dim)
            add(b + norm + ".bias", dim)
        for name, out, into in (
            ("attn.qkv", 3 * dim, dim),
            ("attn.proj", dim, dim),
            ("mlp.lin1", 4 * dim, dim),
            ("mlp.lin2", dim, 4 * dim),
        ):
            add(b + name + ".weight", out, into)
            add(b + name + ".bias", out)
        add(b + "attn.rel_pos_h", 2 * side - 1, 32)
        add(b + "attn.rel_pos_w", 2 * side - 1, 32)
    add(e + "neck.0.weight", out_dim, dim, 1, 1)
    add(e + "neck.2.weight", out_dim, out_dim, 3, 3)
    for i in (1, 3):
        add(f"{e}neck.{i}.weight", out_dim)
        add(f"{e}neck.{i}.bias", out_dim)
    p = "prompt_encoder."
    add(p + "pe_layer.positional_encoding_gaussian_matrix", 2, out_dim // 2)
    add(p + "no_mask_embed.weight", 1, out_dim)
    add(p + "not_a_point_embed.weight", 1, out_dim)
    add(p + "point_embeddings.0.weight", 1, out_dim)
    add(p + "mask_downscaling.0.weight", 4, 1, 2, 2)
    d = "mask_decoder."
    add(d + "iou_token.weight", 1, out_dim)
    add(d + "mask_tokens.weight", 4, out_dim)
    for i in range(2):
        t = f"{d}transformer.layers.{i}."
        add(t + "mlp.lin1.weight", 2048, out_dim)
        add(t + "mlp.lin1.bias", 2048)
        add(t + "mlp.lin2.weight", out_dim, 2048)
        add(t + "mlp.lin2.bias", out_dim)
        for n in (1, 2, 3, 4):
            add(f"{t}norm{n}.weight", out_dim)
            add(f"{t}norm{n}.bias", out_dim)
    add(d + "output_hypernetworks_mlps.0.layers.0.weight", out_dim, out_dim)
    add(d + "iou_prediction_head.layers.0.weight", 256, out_dim)
    return state


def test_ours_round_trip(tmp_path, model):
    path = tmp_path / "small.safetensors"
    save_model(path, model, CONFIG, CARD, {"steps": 3}, dtype=torch.float32)
    loaded = load_model(path)
    assert (loaded.name, loaded.config, loaded.card) == ("small", CONFIG, CARD)
    assert loaded.report.complete
    assert not loaded.report.unexpected
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value), name
    assert loaded.sha256 == checkpoint.file_sha256(path)
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(loaded.model.eval()(image)[0], model(image)[0])


def test_half_precision_file_and_memory(tmp_path, model, monkeypatch):
    path = tmp_path / "small.safetensors"
    save_model(path, model, CONFIG, CARD)
    image = torch.randn(1, 3, 64, 64)
    monkeypatch.setattr("cwsam.engine.layers.storage.LARGE", 1000)
    loaded = load_model(path, storage=lambda _: torch.bfloat16)
    attention = loaded.model.image_encoder.blocks[0].attn
    assert attention.qkv.weight.dtype == torch.bfloat16
    assert attention.rel_pos_h.dtype == torch.float32
    with torch.inference_mode():
        rough, exact = loaded.model.eval()(image)[0], load_model(path).model.eval()(image)[0]
    assert 0 < (rough - exact).abs().mean() < 0.05 * exact.abs().mean()
    matrix = "pe_layer.positional_encoding_gaussian_matrix"
    assert torch.equal(loaded.model.get_buffer(matrix), model.get_buffer(matrix))


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("wrapper", [None, "model", "state_dict", "model_state_dict"])
def test_published_cwsam(tmp_path, golden, prefix, wrapper):
    """Per-expert keys, unused depth adapters, prefixes and wrappers."""
    state = {prefix + name: value for name, value in golden.items()}
    state[prefix + "image_encoder.blocks.0.Depth_Adapter.D_fc1.weight"] = torch.ones(2, 2)
    path = tmp_path / "cwsam.pth"
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, path)
    loaded = load_model(path)
    assert loaded.report.complete
    assert not loaded.report.unexpected
    config = loaded.config
    assert (config.image_size, config.num_classes) == (64, 5)
    assert config.encoder.moe == MoeConfig(6, 2, 256, 1)
    assert config.encoder.prompt.interleaved
    # The number of decoder heads leaves no trace in shapes.
    exact = dataclasses.replace(config, decoder=dataclasses.replace(config.decoder, num_heads=2))
    with np.load(GOLDEN / "cwsam_moe.io.npz", allow_pickle=False) as file:
        image, logits = (torch.from_numpy(file[n]) for n in ("image", "low_res_logits"))
    with torch.inference_mode():
        actual, _ = load_model(path, config=exact).model.eval()(image)
    assert (actual - logits).abs().max() <= 1e-5


def test_published_file_as_safetensors(tmp_path, golden):
    path = tmp_path / "cwsam.safetensors"
    write_safetensors(path, golden, {})
    assert load_model(path).report.complete


def test_legacy_pickle_format(tmp_path, golden):
    path = tmp_path / "old.pth"
    torch.save(golden, path, _use_new_zipfile_serialization=False)
    assert load_model(path).report.complete


def test_our_training_state_gives_the_averaged_weights(tmp_path, model):
    average = {n: torch.full_like(p, 0.5) for n, p in model.named_parameters()}
    path = tmp_path / "last.pt"
    torch.save({"model": model.state_dict(), "average": average, "step": 3}, path)
    loaded = load_model(path)
    assert all((p == 0.5).all() for p in loaded.model.parameters())


def test_sam_file_starts_a_model(tmp_path):
    path, state = tmp_path / "sam_vit_b.pth", sam_state()
    torch.save(state, path)
    with pytest.raises(CheckpointError, match="use it as a start for training"):
        load_model(path)
    target = make()
    report = initialise_from(target, path)
    own = target.state_dict()
    for name, value in state.items():
        if name.startswith("image_encoder."):
            assert torch.equal(own[name], value), name
    assert "no_mask_embed.weight" in report.matched
    assert "mask_decoder.cls_upscaling.3.weight" in report.missing
    assert "mask_decoder.iou_prediction_head.layers.0.weight" in report.unexpected
    assert set(own) == {*report.matched, *report.missing, *(n for n, _, _ in report.wrong_shape)}
    partial = load_model(path, partial=True)
    assert not partial.report.complete
    assert partial.config.encoder.adapter_ratio == 0
    with torch.inference_mode():
        logits, _ = partial.model.eval()(torch.randn(1, 3, 64, 64))
    assert torch.isfinite(logits).all()


def test_tables_are_interpolated_to_another_size(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save(sam_state(grid=4), path)
    larger = make(dataclasses.replace(CONFIG, image_size=128))
    report = initialise_from(larger, path)
    adapted = dict(report.adapted)
    assert "image_encoder.pos_embed" in adapted
    assert "image_encoder.blocks.1.attn.rel_pos_h" in adapted
    assert "image_encoder.blocks.0.attn.rel_pos_h" not in adapted  # windows keep their size
    assert not report.wrong_shape
    assert "interpolated from [1, 4, 4, 64] to [1, 8, 8, 64]" in report.summary()


@pytest.mark.parametrize("hidden", [0, 64, 96])
def test_dense_layers_become_experts(tmp_path, hidden):
    """Experts of full width compute what the dense layer did, whatever the router says."""
    path, state = tmp_path / "sam.pth", sam_state()
    torch.save(state, path)
    moe = MoeConfig(5, 3, hidden, first_block=1)
    target = make(dataclasses.replace(CONFIG, encoder=dataclasses.replace(ENCODER, moe=moe)))
    report = initialise_from(target, path)
    assert "image_encoder.blocks.1.mlp.w1" in dict(report.adapted)
    assert "image_encoder.blocks.1.mlp.gate.weight" in report.missing
    x = torch.randn(7, 64)
    dense = "image_encoder.blocks.1.mlp."
    kinds = ("lin1.weight", "lin1.bias", "lin2.weight", "lin2.bias")
    w1, b1, w2, b2 = (state[dense + kind] for kind in kinds)
    expected = torch.nn.functional.gelu(x @ w1.T + b1) @ w2.T + b2
    with torch.no_grad():
        actual = target.image_encoder.blocks[1].mlp(x)
    if hidden == 0:
        assert torch.allclose(actual, expected, atol=1e-5)
    else:
        assert torch.nn.functional.cosine_similarity(actual, expected).mean() > 0.2


def test_other_class_count_keeps_all_but_the_head(tmp_path, model):
    path = tmp_path / "four.safetensors"
    save_model(path, model, CONFIG, CARD, dtype=torch.float32)
    target = make(dataclasses.replace(CONFIG, num_classes=7), seed=5)
    report = initialise_from(target, path)
    head = "mask_decoder.cls_upscaling.3."
    assert {n for n, _, _ in report.wrong_shape} == {head + "weight", head + "bias"}
    shapes = {n: (f, m) for n, f, m in report.wrong_shape}
    assert shapes[head + "bias"] == ((32,), (56,))
    assert not report.missing
    assert "file [32], model [56]" in report.summary()


def test_adapter_round_trip_and_binding(tmp_path, model, monkeypatch):
    base = tmp_path / "base.safetensors"
    save_model(base, model, CONFIG, CARD)
    tuned = load_model(base)
    names = adapter_parameters(tuned.model)
    with torch.no_grad():
        for parameter in names.values():
            parameter += 0.25
    path = tmp_path / "mine.safetensors"
    card = dataclasses.replace(CARD, classes_seen=(0, 1, 2))
    save_adapter(path, tuned.model, CONFIG, card, tuned.sha256, {"polygons": 12})
    loaded = load_model(base, adapter=path)
    assert loaded.card.classes_seen == (0, 1, 2)
    assert set(loaded.report.matched) == set(names)
    for name, value in tuned.model.state_dict().items():
        assert torch.allclose(loaded.model.state_dict()[name], value, atol=1e-3), name
    assert any("gate" in n for n in names)
    assert not any(".w1" in n or "attn" in n for n in names)
    assert path.stat().st_size < 0.5 * base.stat().st_size

    with pytest.raises(CheckpointError, match="does not come with"):
        load_model(path)
    monkeypatch.setattr(checkpoint, "MODEL_DIR", tmp_path)
    (tmp_path / "hidden").mkdir()
    assert load_model(path).name == "base+mine"

    other = tmp_path / "other.safetensors"
    save_model(other, make(seed=9), CONFIG, CARD)
    with pytest.raises(CheckpointError, match="made for another base model"):
        load_model(other, adapter=path)
    with pytest.raises(CheckpointError, match="is not an adapter file"):
        load_model(base, adapter=other)


class Bomb:
    """Unpickling it with plain pickle creates a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch '{self.mark}'",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_and_does_nothing(tmp_path, zipped):
    mark, path = tmp_path / "ran", tmp_path / "bomb.pth"
    state = {"image_encoder.pos_embed": torch.ones(1), "bomb": Bomb(mark)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match="would run code"):
        load_model(path)
    with pytest.raises(CheckpointError, match="would run code"):
        read_published(path)
    assert not mark.exists()
    # The file is a real bomb: reading it without our rules sets it off.
    code = f"import torch; torch.load({str(path)!r}, weights_only=False)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert mark.exists()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 no archive", b"\x80\x02}q\x00.", b"\x80\x05N."]
)
def test_broken_files_are_refused_with_a_sentence(tmp_path, content):
    path = tmp_path / "broken.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_model(path)


def test_tensors_that_claim_more_than_they_hold_are_refused(tmp_path):
    path = tmp_path / "lie.pth"
    torch.save({"image_encoder.pos_embed": torch.zeros(1).expand(1, 10**5, 10**5, 768)}, path)
    with pytest.raises(CheckpointError, match="holds no state dict"):
        load_model(path)


def test_other_networks_are_refused(tmp_path):
    path = tmp_path / "resnet.pth"
    torch.save(torch.nn.Linear(3, 3).state_dict(), path)
    with pytest.raises(CheckpointError, match="not those of a SAM or CWSAM model"):
        load_model(path)
    with pytest.raises(UnknownNameError, match="There is no model"):
        load_model("no_such_model")


def test_damaged_description_is_refused(tmp_path, model):
    path = tmp_path / "odd.safetensors"
    write_safetensors(path, model.state_dict(), {"config": "{}", "card": "{}"})
    with pytest.raises(CheckpointError, match="description that cannot be read"):
        load_model(path)


@pytest.mark.parametrize("name", ["sam_vit_b", "sam_vit_l", "sam_vit_h", "sam_moe_3b", "sam_moe_b"])
def test_shapes_tell_the_variant(name):
    """The configuration guessed from a state dict's shapes equals the registered one."""
    from cwsam.engine.config import load_model_config

    expected = load_model_config(name)
    with torch.device("meta"):
        state = build_model(expected).state_dict()
    guessed = guess_config(state, name)
    moe = expected.encoder.moe
    if moe.num_experts and not moe.hidden_dim:
        moe = dataclasses.replace(moe, hidden_dim=4 * expected.encoder.embed_dim)
    encoder = dataclasses.replace(expected.encoder, moe=moe)
    assert guessed == dataclasses.replace(expected, encoder=encoder)


def test_configuration_survives_metadata():
    assert model_config_from_dict(dataclasses.asdict(CONFIG)) == CONFIG


def test_loading_needs_the_model_and_one_tensor(tmp_path, model):
    """Mapped pages are given back, values are right, whatever the type in the file."""
    path = tmp_path / "m.safetensors"
    save_model(path, model, CONFIG, CARD)
    with torch.device("meta"):
        target = build_model(CONFIG)
    sources, _, _, mapped = checkpoint.read_sources(path)
    assert mapped
    assert load_into(target, sources, mapped).complete
    expected = model.image_encoder.pos_embed.half().float()
    assert torch.equal(target.image_encoder.pos_embed, expected)


def test_loading_leaves_torchs_compiler_alone():
    """It takes a second to load, and the window of QGIS stands still for parts of it."""
    code = (
        "import sys; from cwsam.engine.models.checkpoint import load_model; "
        "load_model('sam_moe_tiny'); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
