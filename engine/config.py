"""Model configurations: frozen dataclasses read from YAML; no torch here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import ConfigError, UnknownNameError

CONFIG_DIR = Path(__file__).resolve().parent.parent / "resources" / "configs"
STEMS = {
    "efficientnet_lite0": (1.0, 1.0),
    "efficientnet_lite2": (1.1, 1.2),
}
"""Networks that may stand before the transformer: multiples of a basic one's width and depth."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

PARTS = (
    *("adapters", "prompts", "gates", "head", "colours"),
    *("norms", "neck", "decoder", "encoder"),
)
"""Parts of a model that fine-tuning may change; every parameter belongs to exactly one."""

DEFAULT_PARTS = PARTS[:5]
"""What fine-tuning changes unless told otherwise."""


@dataclass(frozen=True)
class MoeConfig:
    """A mixture of experts.

    Attributes:
        num_experts: Experts a layer; 0 means an ordinary dense layer.
        top_k: Experts kept a token.
        hidden_dim: Hidden width of one expert; 0 means that of the dense layer it replaces.
        first_block: First encoder block with a mixture (encoder only).
    """

    num_experts: int = 0
    top_k: int = 2
    hidden_dim: int = 0
    first_block: int = 0


@dataclass(frozen=True)
class PromptConfig:
    """Frequency-domain prompts.

    Attributes:
        enabled: Whether prompts are generated at all.
        scale_factor: The prompts' inner width is the embedding's width divided by it.
        rate: Share of the spectrum's area counted as low frequencies, 0-1.
        mode: ``lowpass`` or ``highpass``.
        interleaved: Whether the patch embedding enters as in the published code, which reads
            its (h, w, C) memory as (C, h*w).
    """

    enabled: bool = True
    scale_factor: int = 32
    rate: float = 0.25
    mode: str = "lowpass"
    interleaved: bool = True


@dataclass(frozen=True)
class EncoderConfig:
    """The image encoder, a Vision Transformer.

    Attributes:
        embed_dim: Channels.
        depth: Blocks.
        num_heads: Attention heads.
        patch_size: Pixels a token.
        stem: Convolutional network that makes the tokens, one of :data:`STEMS`; empty for bare
            patches.
        mlp_ratio: Hidden width of the feed-forward layer as a multiple of the channels.
        window_size: Side of an attention window in tokens.
        global_blocks: Blocks that attend globally.
        out_dim: Channels after the neck; also the decoder's width.
        adapter_ratio: Hidden width of the adapters as a share of the channels; 0 for none.
        rel_pos: Whether attention has decomposed relative positions.
        prompt: Frequency prompts.
        moe: Mixture of experts of the later blocks.
    """

    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    patch_size: int = 16
    stem: str = ""
    mlp_ratio: float = 4.0
    window_size: int = 14
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    out_dim: int = 256
    adapter_ratio: float = 0.25
    rel_pos: bool = True
    prompt: PromptConfig = PromptConfig()
    moe: MoeConfig = MoeConfig()


@dataclass(frozen=True)
class DecoderConfig:
    """The class decoder on SAM's two-way transformer.

    Attributes:
        depth: Two-way blocks.
        num_heads: Attention heads.
        mlp_dim: Hidden width of the transformer's feed-forward layer.
        iou_hidden_dim: Hidden width of the IoU head's experts.
        num_mask_tokens: Mask tokens; the first is used.
        moe: Mixture of experts of transformer and heads.
    """

    depth: int = 2
    num_heads: int = 8
    mlp_dim: int = 2048
    iou_hidden_dim: int = 256
    num_mask_tokens: int = 4
    moe: MoeConfig = MoeConfig(num_experts=32, top_k=2)


@dataclass(frozen=True)
class ModelConfig:
    """A whole variant.

    Attributes:
        name: Name in the registry.
        image_size: Side of a tile in pixels, a multiple of the patch size.
        num_classes: Channels of the class head.
        pixel_mean: Mean of each of the three channels for pixels in 0-1.
        pixel_std: Standard deviation of each channel.
        encoder: The image encoder.
        decoder: The class decoder.
    """

    name: str
    image_size: int = 1024
    num_classes: int = 33
    pixel_mean: tuple[float, float, float] = IMAGENET_MEAN
    pixel_std: tuple[float, float, float] = IMAGENET_STD
    encoder: EncoderConfig = EncoderConfig()
    decoder: DecoderConfig = DecoderConfig()

    def __post_init__(self) -> None:
        checks = (
            (
                self.image_size % self.encoder.patch_size == 0,
                "image_size",
                "a multiple of patch_size",
            ),
            (
                self.encoder.embed_dim % self.encoder.num_heads == 0,
                "embed_dim",
                "a multiple of num_heads",
            ),
            (self.encoder.stem in ("", *STEMS), "stem", f"one of {', '.join(STEMS)}, or empty"),
            (
                not self.encoder.stem or self.encoder.patch_size in (2, 4, 8, 16, 32),
                "patch_size",
                "a power of two up to 32 where there is a stem",
            ),
            (self.encoder.out_dim % 8 == 0, "out_dim", "a multiple of 8"),
            (
                self.encoder.prompt.mode in ("lowpass", "highpass"),
                "prompt.mode",
                "lowpass or highpass",
            ),
            (1 <= self.num_classes <= 255, "num_classes", "between 1 and 255"),
        )
        for holds, name, must in checks:
            if not holds:
                raise ConfigError(f"Model config '{self.name}': {name} must be {must}.")


def from_mapping(kind: type, values: Any, where: str) -> Any:
    """Build a frozen dataclass from a mapping, nested dataclasses included.

    Args:
        kind: The dataclass.
        values: What YAML gave.
        where: Named in errors.

    Raises:
        ConfigError: An unknown key, or a value of the wrong type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where} must be a mapping of names to values.")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        known = ", ".join(fields)
        raise ConfigError(f"{where} has no setting '{unknown[0]}'; the settings are {known}.")
    missing = [f.name for f in fields.values() if _required(f) and f.name not in values]
    if missing:
        raise ConfigError(f"{where} needs the setting '{missing[0]}'.")
    return kind(
        **{n: _convert(fields[n], values[n], f"{where}, {n}") for n in fields if n in values}
    )


def _required(f: dataclasses.Field) -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def _convert(f: dataclasses.Field, value: Any, where: str) -> Any:
    default = (
        None
        if _required(f)
        else (f.default if f.default is not dataclasses.MISSING else f.default_factory())
    )
    if dataclasses.is_dataclass(default):
        return from_mapping(type(default), value, where)
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} must be a list.")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, (int, str)) and not isinstance(value, bool):
        value = _as_float(value, where)
    fits = isinstance(value, type(default)) and isinstance(value, bool) == isinstance(default, bool)
    if default is not None and not fits:
        raise ConfigError(f"{where} must be of type {type(default).__name__}, not '{value}'.")
    return value


def _as_float(value: Any, where: str) -> float:
    try:
        return float(value)  # YAML reads 2e-4 as text
    except ValueError:
        raise ConfigError(f"{where} must be a number, not '{value}'.") from None


def read_yaml(path: Path) -> Any:
    """Read a YAML file without running anything it holds.

    Raises:
        ConfigError: The file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}; check the path.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"{path} is not valid YAML; check it with a YAML editor.") from None


def variant_names() -> tuple[str, ...]:
    """Names of the variants that have a configuration, in alphabetical order."""
    return tuple(sorted(path.stem for path in CONFIG_DIR.glob("sam_*.yaml")))


def load_model_config(name: str) -> ModelConfig:
    """Read the configuration of a variant.

    Raises:
        UnknownNameError: There is no such variant.
    """
    if name not in variant_names():
        known = ", ".join(variant_names())
        raise UnknownNameError(f"There is no model variant '{name}'; choose one of {known}.")
    return model_config_from_dict({"name": name, **read_yaml(CONFIG_DIR / f"{name}.yaml")})


def model_config_from_dict(values: Any) -> ModelConfig:
    """Build a model configuration from plain values, as YAML or checkpoint metadata hold them."""
    where = (
        f"Model config '{values.get('name', '?')}'" if isinstance(values, dict) else "Model config"
    )
    return from_mapping(ModelConfig, values, where)
