"""Loads and stores weights: ours with metadata, published CWSAM files, Meta's SAM files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from ..config import (
    ModelConfig,
    from_mapping,
    load_model_config,
    model_config_from_dict,
    variant_names,
)
from ..errors import CheckpointError, ConfigError, UnknownNameError
from .builders import build_model
from .card import ModelCard
from .key_map import to_our_names
from .safetensors_file import read_safetensors, write_safetensors

if TYPE_CHECKING:
    from .cwsam import Cwsam

MODEL_DIR = Path(__file__).resolve().parents[2] / "resources" / "models"
DEFAULT_MODEL = "sam_moe_tiny"
_WRAPPERS = ("model", "state_dict", "model_state_dict")


@dataclass
class LoadedModel:
    """A model ready to predict.

    Attributes:
        name: Name or file name.
        model: The network, float32, on the CPU.
        config: Its configuration.
        card: What it has seen.
        sha256: Hash of the weights file, hexadecimal.
    """

    name: str
    model: Cwsam
    config: ModelConfig
    card: ModelCard
    sha256: str


@dataclass(frozen=True)
class LoadReport:
    """What happened to each tensor of a checkpoint.

    Attributes:
        matched: Names that were loaded.
        missing: Names of the model that the file lacks.
        unexpected: Names of the file that the model lacks.
        wrong_shape: Name, shape in the file, shape in the model.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def complete(self) -> bool:
        """Whether every tensor of the model was loaded."""
        return not self.missing and not self.wrong_shape

    def summary(self) -> str:
        """All that did not match, one line each, below the counts."""
        lines = [
            f"matched {len(self.matched)}, missing {len(self.missing)}, "
            f"unexpected {len(self.unexpected)}, wrong shape {len(self.wrong_shape)}"
        ]
        lines += [f"missing      {name}" for name in self.missing]
        lines += [f"unexpected   {name}" for name in self.unexpected]
        lines += [
            f"wrong shape  {n}: file {list(f)}, model {list(m)}" for n, f, m in self.wrong_shape
        ]
        return "\n".join(lines)


def bundled_models() -> dict[str, Path]:
    """Names and files of the weights that come with the package."""
    return {path.stem: path for path in sorted(MODEL_DIR.glob("*.safetensors"))}


def load_model(name_or_path: str | Path = DEFAULT_MODEL) -> LoadedModel:
    """Load a bundled model by name, or a file of ours by path.

    Raises:
        UnknownNameError: Neither a bundled model nor a file.
        CheckpointError: The file cannot be used.
    """
    path = bundled_models().get(str(name_or_path), Path(name_or_path))
    if not path.is_file():
        bundled, variants = ", ".join(bundled_models()), ", ".join(variant_names())
        if str(name_or_path) in variant_names():
            raise UnknownNameError(
                f"No weights of {name_or_path} come with this package; give the path of a "
                f"checkpoint file, or use one of {bundled}."
            )
        raise UnknownNameError(
            f"There is no model '{name_or_path}'; use one of {bundled} or the path of a "
            f"checkpoint (variants: {variants})."
        )
    tensors, metadata = read_safetensors(path)
    try:
        config = model_config_from_dict(json.loads(metadata["config"]))
        card = from_mapping(ModelCard, json.loads(metadata["card"]), f"Model card of {path.name}")
    except (KeyError, json.JSONDecodeError, ConfigError):
        raise CheckpointError(
            f"{path} holds no CWSAM model description; only files written by this program "
            "can be used by path."
        ) from None
    with torch.device("meta"):
        model = build_model(config)
    report = load_into(model, tensors)
    if not report.complete:
        raise CheckpointError(f"{path} does not fit its own description: {report.summary()}")
    return LoadedModel(path.stem, model, config, card, file_sha256(path))


def load_into(model: Cwsam, tensors: dict[str, Tensor]) -> LoadReport:
    """Load what fits by name and shape into a model, one tensor at a time, as float32.

    Args:
        model: May be on the meta device; matched parameters then get storage.
        tensors: Our names to tensors.
    """
    own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    transient = {"image_encoder.nonfinite_pixels"}
    matched, wrong = [], []
    for name, target in own.items():
        value = tensors.get(name)
        if value is None:
            continue
        if value.shape != target.shape:
            wrong.append((name, tuple(value.shape), tuple(target.shape)))
            continue
        _assign(model, name, value.to(torch.float32, copy=True))
        matched.append(name)
    for name in transient:
        _assign(model, name, torch.zeros((), dtype=torch.int64))
    missing = [n for n in own if n not in tensors and n not in transient]
    unexpected = [n for n in tensors if n not in own]
    return LoadReport(tuple(matched), tuple(missing), tuple(unexpected), tuple(wrong))


def _assign(model: Cwsam, name: str, value: Tensor) -> None:
    """Put a tensor in the place of a parameter or buffer."""
    *path, last = name.split(".")
    module = model.get_submodule(".".join(path))
    if last in module._parameters:
        value = torch.nn.Parameter(value, requires_grad=value.is_floating_point())
    setattr(module, last, value)


def save_model(path: Path, model: Cwsam, config: ModelConfig, card: ModelCard) -> None:
    """Write weights in float16 with their configuration and card.

    Raises:
        OSError: The file cannot be written.
    """
    tensors = {n: p.detach().to(torch.float16) for n, p in model.named_parameters()}
    # The random Fourier matrix is multiplied by 2π: its rounding would show.
    matrix = "pe_layer.positional_encoding_gaussian_matrix"
    tensors[matrix] = model.get_buffer(matrix).float()
    metadata = {
        "format": "pt",
        "config": json.dumps(dataclasses.asdict(config)),
        "card": json.dumps(card.to_dict(), ensure_ascii=False),
    }
    write_safetensors(path, tensors, metadata)


def read_published(path: Path) -> dict[str, Tensor]:
    """Read a published CWSAM or SAM file (``.pth``) and translate its names.

    Raises:
        CheckpointError: The file is missing, broken, or wants to run code.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror}; check the path.") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise CheckpointError(
            f"{path} is no plain weights file (broken, or it would run code); get the weights "
            "from their publisher, if possible as safetensors."
        ) from None
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"{path} holds no state dict; export the model's weights alone.")
    return to_our_names({name.removeprefix("module."): v for name, v in state.items()})


def initialise_from(model: Cwsam, path: Path) -> LoadReport:
    """Start a model from a published file; what does not fit keeps its initial value."""
    tensors = read_published(path)
    table = tensors.get("image_encoder.pos_embed")
    wanted = model.image_encoder.pos_embed.shape
    if table is not None and table.shape != wanted and table.shape[-1] == wanted[-1]:
        resized = F.interpolate(
            table.permute(0, 3, 1, 2).float(), wanted[1:3], mode="bicubic", align_corners=False
        )
        tensors["image_encoder.pos_embed"] = resized.permute(0, 2, 3, 1)
    return load_into(model, tensors)


def file_sha256(path: Path) -> str:
    """Hash of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def describe_variant(name: str) -> str:
    """One line on a variant: parameters, tile, experts."""
    config = load_model_config(name)
    with torch.device("meta"):
        count = sum(p.numel() for p in build_model(config).parameters())
    moe = config.encoder.moe
    experts = f"{moe.num_experts} experts, {moe.top_k} kept" if moe.num_experts else "no experts"
    size = f"{count / 1e9:.2f} G" if count >= 1e9 else f"{count / 1e6:.1f} M"
    return f"{size} parameters, tiles of {config.image_size} px, {experts}"
