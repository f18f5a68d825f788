"""Models and what they have seen, read from the files' headers without loading torch."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.config import ModelConfig, from_mapping, model_config_from_dict
from ..engine.errors import CheckpointError, ConfigError
from ..engine.models.card import ModelCard
from .i18n import translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.classes import LandCoverClass

tr = translator("model_list")

MODEL_DIR = Path(__file__).resolve().parents[1] / "resources" / "models"
DEFAULT_MODEL = "sam_moe_tiny"
SUFFIX = ".safetensors"
_MAX_HEADER = 100_000_000  # bytes, the format's own limit


@dataclass(frozen=True)
class ModelFacts:
    """What the header of a weights file says.

    Attributes:
        path: The file.
        config: The network's configuration.
        card: What the weights have seen.
        bytes: Size of the file.
        is_adapter: Whether the file holds an adapter, which needs its base model.
    """

    path: Path
    config: ModelConfig
    card: ModelCard
    bytes: int
    is_adapter: bool = False

    @property
    def class_ids(self) -> tuple[int, ...]:
        """Classes that the model predicts."""
        return self.card.classes_seen or tuple(range(self.config.num_classes))

    @property
    def classes(self) -> tuple[LandCoverClass, ...]:
        """The same with names and colours; fine-tuned models know some beyond the scheme."""
        return tuple(entry for entry in self.card.legend if entry.id in self.class_ids)


def bundled_models() -> list[Path]:
    """Weights that come with the plugin, the default one first."""
    files = sorted(MODEL_DIR.glob(f"*{SUFFIX}"))
    return sorted(files, key=lambda path: path.stem != DEFAULT_MODEL)


def find_model(name_or_path: str) -> Path:
    """The file of a bundled model, or of a path; the default model for an empty text.

    Raises:
        CheckpointError: There is no such model.
    """
    bundled = {path.stem: path for path in bundled_models()}
    path = bundled.get(name_or_path or DEFAULT_MODEL, Path(name_or_path))
    if not path.is_file():
        if not name_or_path:
            raise CheckpointError(
                tr("No model comes with this copy of the plugin: choose a model file.")
            )
        raise CheckpointError(
            tr("There is no model file {path}: choose another model.").format(path=name_or_path)
        )
    return path


def read_facts(path: Path) -> ModelFacts:
    """Read the description that a weights file carries.

    Raises:
        CheckpointError: The file is missing, broken, or not one of ours.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            first = file.read(8)
            length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
            if length > min(_MAX_HEADER, size - 8):
                raise CheckpointError(_not_ours(path))
            metadata = json.loads(file.read(length))["__metadata__"]
        config = model_config_from_dict(json.loads(metadata["config"]))
        card = from_mapping(ModelCard, json.loads(metadata["card"]), path.name)
    except OSError as error:
        text = tr("The model file {path} cannot be read ({cause}): choose another.")
        raise CheckpointError(text.format(path=path, cause=error.strerror)) from error
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError, ConfigError) as error:
        raise CheckpointError(_not_ours(path)) from error
    return ModelFacts(path, config, card, size, metadata.get("kind") == "adapter")


def _not_ours(path: Path) -> str:
    return tr("{path} is no CWSAM model: choose a .safetensors file made by this program.").format(
        path=path
    )


def known_adapters(remembered: Sequence[str]) -> list[Path]:
    """Adapter files that the user has chosen or made before and that still exist."""
    return [path for path in map(Path, remembered) if path.is_file()]


def known_models(remembered: Sequence[str]) -> list[Path]:
    """Bundled models, then files that the user has chosen before and that still exist."""
    own = bundled_models()
    return own + [p for p in map(Path, remembered) if p.is_file() and p not in own]
