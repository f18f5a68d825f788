"""Loads and stores models: ours with metadata, adapters, published CWSAM and SAM files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import torch

from ..classes import CLASSES
from ..config import (
    ModelConfig,
    from_mapping,
    load_model_config,
    model_config_from_dict,
    variant_names,
)
from ..errors import CheckpointError, ConfigError, UnknownNameError
from ..layers.storage import lower_storage
from .adapter_file import KIND, apply_adapter, read_adapter
from .builders import build_skeleton
from .card import ModelCard
from .key_map import Source, rename
from .loading import LoadReport, fill_missing, load_into
from .published import guess_config, kind_of, read_state_dict
from .safetensors_file import read_safetensors, write_safetensors

if TYPE_CHECKING:
    from .cwsam import Cwsam

MODEL_DIR = Path(__file__).resolve().parents[2] / "resources" / "models"
DEFAULT_MODEL = "sam_moe_tiny"


@dataclass
class LoadedModel:
    """A model ready to predict.

    Attributes:
        name: Name or file name.
        model: The network, on the CPU.
        config: Its configuration.
        card: What it has seen.
        sha256: Hash of the weights file, hexadecimal.
        report: What was loaded from the file last read.
        adapter_sha256: Hash of the adapter file, or nothing.
        storage: Type of the large matrices in memory.
    """

    name: str
    model: Cwsam
    config: ModelConfig
    card: ModelCard
    sha256: str
    report: LoadReport | None = None
    adapter_sha256: str = ""
    storage: torch.dtype = torch.float32

    @property
    def identity(self) -> str:
        """Hash of everything that decides what the model predicts."""
        return "+".join(filter(None, (self.sha256, self.adapter_sha256)))


def bundled_models() -> dict[str, Path]:
    """Names and files of the weights that come with the package."""
    return {path.stem: path for path in sorted(MODEL_DIR.glob("*.safetensors"))}


def _float32(_: int) -> torch.dtype:
    return torch.float32


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    adapter: str | Path | None = None,
    config: ModelConfig | None = None,
    partial: bool = False,
    storage: Callable[[int], torch.dtype] = _float32,
) -> LoadedModel:
    """Load a bundled model by name, or a file by path: ours, an adapter's, or a published one.

    Peak memory is the model plus one tensor.

    Args:
        name_or_path: Name, or a file of ours, of CWSAM (``.pth`` or safetensors) or of SAM.
            The path of an adapter file loads its base, if that is bundled, and the adapter.
        adapter: Adapter file for the model.
        config: Describes a published file; None reads it off the shapes.
        partial: Accept a published file without a class decoder, as a start for training;
            what it lacks gets its initial value.
        storage: Tells from the number of weights in which type large matrices stay in memory.

    Raises:
        UnknownNameError: Neither a bundled model nor a file.
        CheckpointError: The file cannot be used.
    """
    path = _find_file(name_or_path)
    if _is_adapter(path):
        if adapter is not None:
            raise CheckpointError(
                f"{path} and {adapter} are both adapter files: give the base model and one of them."
            )
        path, adapter = _base_of(path), path
    loaded = _load_file(path, config, partial, storage)
    if adapter is None:
        return loaded
    report, card = apply_adapter(loaded.model, loaded.sha256, Path(adapter))
    name = f"{loaded.name}+{Path(adapter).stem}"
    config = dataclasses.replace(loaded.config, num_classes=loaded.model.mask_decoder.num_classes)
    changed = {"config": config, "card": card, "report": report}
    changed["adapter_sha256"] = file_sha256(Path(adapter))
    return dataclasses.replace(loaded, name=name, **changed)


def _find_file(name_or_path: str | Path) -> Path:
    path = bundled_models().get(str(name_or_path), Path(name_or_path))
    if path.is_file():
        return path
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


def _is_adapter(path: Path) -> bool:
    return _is_safetensors(path) and read_safetensors(path)[1].get("kind") == KIND


def _base_of(path: Path) -> Path:
    """The bundled model that an adapter file was made for."""
    wanted = read_adapter(path).base_sha256
    for candidate in bundled_models().values():
        if file_sha256(candidate) == wanted:
            return candidate
    raise CheckpointError(
        f"{path} is an adapter for a base model (hash {wanted[:12]}…) that does not come with "
        "this package; give the path of that model and the adapter beside it."
    )


def _is_safetensors(path: Path) -> bool:
    """Whether a file is to be read as safetensors: neither a zip archive nor a pickle."""
    if path.suffix == ".safetensors":
        return True
    with open(path, "rb") as file:
        first = file.read(9)
    return first[8:9] == b"{" and first[:2] != b"PK"


def read_sources(path: Path) -> tuple[dict[str, Source], list[str], dict[str, str], bool]:
    """Read a weights file of any origin.

    Returns:
        ``(sources, unused, metadata, mapped)``: our names to sources, names that the forward
        pass never uses, the file's own description, and whether tensors are mapped.

    Raises:
        CheckpointError: The file cannot be used.
    """
    metadata: dict[str, str] = {}
    if _is_safetensors(path):
        state, metadata = read_safetensors(path)
        mapped = True
    else:
        state, mapped = read_state_dict(path)
    return (*rename(state), metadata, mapped)


def describe(
    path: Path, sources: dict[str, Source], metadata: dict[str, str]
) -> tuple[ModelConfig, ModelCard, str]:
    """Configuration, card and kind (``ours``, ``CWSAM`` or ``SAM``) of a weights file.

    Raises:
        CheckpointError: It is no model that this program knows.
    """
    if "config" not in metadata:
        config = guess_config(sources, path.stem)
        seen = tuple(range(min(config.num_classes, len(CLASSES))))
        return config, ModelCard(path.stem, classes_seen=seen), kind_of(sources)
    try:
        config = model_config_from_dict(json.loads(metadata["config"]))
        values = json.loads(metadata["card"])
        return config, from_mapping(ModelCard, values, f"Model card of {path.name}"), "ours"
    except (KeyError, json.JSONDecodeError, ConfigError):
        raise CheckpointError(
            f"{path} holds a model description that cannot be read; fetch the file again."
        ) from None


def _load_file(
    path: Path, config: ModelConfig | None, partial: bool, storage: Callable[[int], torch.dtype]
) -> LoadedModel:
    sources, _, metadata, mapped = read_sources(path)
    guessed, card, kind = describe(path, sources, metadata)
    config = config or guessed
    model = build_skeleton(config)
    kept = storage(sum(p.numel() for p in model.parameters()))
    lower_storage(model, kept)
    report = load_into(model, sources, mapped)
    if not report.complete:
        if kind == "ours":
            raise CheckpointError(f"{path} does not fit its own description: {report.summary()}")
        if not partial:
            raise CheckpointError(
                f"{path} ({kind}) lacks {len(report.missing) + len(report.wrong_shape)} of the "
                "tensors that segmenting takes, such as "
                f"{(*report.missing, *(n for n, _, _ in report.wrong_shape))[0]}; "
                "use it as a start for training, or choose a file with a class decoder."
            )
        fill_missing(model, report)
    return LoadedModel(path.stem, model, config, card, file_sha256(path), report, storage=kept)


def save_model(
    path: Path,
    model: Cwsam,
    config: ModelConfig,
    card: ModelCard,
    record: dict | None = None,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write weights with their configuration, card, classes and training record.

    Args:
        path: The file, ``.safetensors``.
        model: The network.
        config: Its configuration, normalisation included.
        card: What it has seen, ground sample distance included.
        record: How it was trained, for people.
        dtype: Type of the stored weights.

    Raises:
        OSError: The file cannot be written.
    """
    tensors = {n: p.detach().to(dtype) for n, p in model.named_parameters()}
    # The random Fourier matrix is multiplied by 2π: its rounding would show.
    matrix = "pe_layer.positional_encoding_gaussian_matrix"
    tensors[matrix] = model.get_buffer(matrix).float()
    metadata = {
        "format": "pt",
        "config": json.dumps(dataclasses.asdict(config)),
        "card": json.dumps(card.to_dict(), ensure_ascii=False),
        "classes": json.dumps({c.id: c.name for c in card.legend}),
        "training": json.dumps(record or {}, ensure_ascii=False),
    }
    write_safetensors(path, tensors, metadata)


def initialise_from(model: Cwsam, path: Path) -> LoadReport:
    """Start a model from a file of any origin; what does not fit keeps its initial value.

    A dense layer becomes experts, tables of another size are interpolated, and the class head
    of another number of classes is left out; the report names each.

    Raises:
        CheckpointError: The file cannot be used.
    """
    sources, _, _, mapped = read_sources(Path(path))
    return load_into(model, sources, mapped)


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
    count = sum(p.numel() for p in build_skeleton(config).parameters())
    moe = config.encoder.moe
    experts = f"{moe.num_experts} experts, {moe.top_k} kept" if moe.num_experts else "no experts"
    size = f"{count / 1e9:.2f} G" if count >= 1e9 else f"{count / 1e6:.1f} M"
    return f"{size} parameters, tiles of {config.image_size} px, {experts}"
