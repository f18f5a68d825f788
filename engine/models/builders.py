"""The registry of models: names to builders; the only place that reads model configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..config import (
    DecoderConfig,
    EncoderConfig,
    ModelConfig,
    MoeConfig,
    load_model_config,
)
from ..errors import UnknownNameError
from ..layers.attention import RelPosAttention
from ..layers.common import Mlp
from ..layers.efficientnet import EfficientNetLite
from ..layers.frequency import PromptGenerator
from ..layers.moe import MoeLayer
from .cwsam import Cwsam
from .image_encoder import EncoderBlock, ImageEncoder, PatchEmbed, PyramidEmbed
from .mask_decoder import MaskDecoder
from .transformer import TwoWayTransformer

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_model(config: ModelConfig) -> Cwsam:
    """Build a model with random weights.

    Args:
        config: Everything that is to be known; see :class:`~cwsam.engine.config.ModelConfig`.

    Returns:
        The model in training mode, float32, on torch's current default device.
    """
    model = _assemble(config)
    init_weights(model)
    return model


def build_skeleton(config: ModelConfig) -> Cwsam:
    """Build a model without memory for its weights, to be told their shapes or given them.

    Filling weights that are nowhere would be more than waste: for some of torch's random numbers
    it loads its compiler, which takes a second.

    Args:
        config: See :func:`build_model`.

    Returns:
        The model in training mode, float32, on torch's device ``meta``.
    """
    with torch.device("meta"), _Unfilled():
        return _assemble(config)


class _Unfilled(TorchFunctionMode):
    """Leaves tensors as they are where ``torch.nn.init`` would fill them."""

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _assemble(config: ModelConfig) -> Cwsam:
    encoder = build_image_encoder(config.encoder, config.image_size)
    decoder = build_mask_decoder(
        config.decoder,
        config.encoder.out_dim,
        config.num_classes,
        encoder.patch_embed.detail_channels,
    )
    statistics = (config.pixel_mean, config.pixel_std)
    return Cwsam(encoder, decoder, config.encoder.out_dim, statistics)


def build_image_encoder(config: EncoderConfig, image_size: int) -> ImageEncoder:
    """Build the image encoder for tiles of ``image_size`` pixels a side."""
    side = image_size // config.patch_size
    blocks = []
    for index in range(config.depth):
        window = 0 if index in config.global_blocks else config.window_size
        grid = (window, window) if window else (side, side)
        attention = RelPosAttention(config.embed_dim, config.num_heads, grid, config.rel_pos)
        is_moe = config.moe.num_experts > 0 and index >= config.moe.first_block
        moe = config.moe if is_moe else MoeConfig()
        mlp = _feed_forward(
            config.embed_dim, int(config.embed_dim * config.mlp_ratio), moe, nn.GELU
        )
        blocks.append(EncoderBlock(config.embed_dim, attention, mlp, window, config.adapter_ratio))
    prompt = config.prompt
    generator = None
    if prompt.enabled:
        generator = PromptGenerator(
            config.embed_dim,
            config.depth,
            config.patch_size,
            prompt.scale_factor,
            prompt.rate,
            prompt.mode,
            prompt.interleaved,
        )
    if config.stem:
        network = EfficientNetLite(config.stem)
        patch_embed = PyramidEmbed(config.embed_dim, config.patch_size, network)
    else:
        patch_embed = PatchEmbed(config.embed_dim, config.patch_size)
    return ImageEncoder(
        patch_embed, (side, side), blocks, generator, config.embed_dim, config.out_dim
    )


def build_mask_decoder(
    config: DecoderConfig, dim: int, num_classes: int, detail_channels: Sequence[int] = ()
) -> MaskDecoder:
    """Build the class decoder of width ``dim``; see :class:`.MaskDecoder` for the details."""
    transformer = TwoWayTransformer(
        dim,
        config.depth,
        config.num_heads,
        lambda: _feed_forward(dim, config.mlp_dim, config.moe, nn.ReLU),
    )
    return MaskDecoder(
        dim,
        num_classes,
        transformer,
        lambda hidden: _feed_forward(dim, hidden, config.moe, nn.GELU),
        config.iou_hidden_dim,
        config.num_mask_tokens,
        detail_channels,
    )


def _feed_forward(
    dim: int, hidden_dim: int, moe: MoeConfig, activation: type[nn.Module]
) -> nn.Module:
    if moe.num_experts == 0:
        return Mlp(dim, hidden_dim, activation)
    return MoeLayer(dim, moe.hidden_dim or hidden_dim, moe.num_experts, moe.top_k, activation)


def init_weights(model: Cwsam) -> None:
    """Initialise for training from scratch; adapters without skip start as zero."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, EfficientNetLite):
            module.init_weights()
        elif isinstance(module, EncoderBlock) and module.mlp_adapter is not None:
            for adapter in (module.space_adapter, module.mlp_adapter):
                nn.init.zeros_(adapter.fc2.weight)
    nn.init.trunc_normal_(model.image_encoder.pos_embed, std=0.02)
    for hypernetwork in model.mask_decoder.output_hypernetworks_mlps:
        nn.init.ones_(hypernetwork[-1].bias)  # a class begins as the sum of its channels


def _variant(name: str) -> Callable[[], Cwsam]:
    return lambda: build_model(load_model_config(name))


MODELS: dict[str, Callable[[], Cwsam]] = {
    "sam_vit_b": _variant("sam_vit_b"),
    "sam_vit_l": _variant("sam_vit_l"),
    "sam_vit_h": _variant("sam_vit_h"),
    "sam_moe_tiny": _variant("sam_moe_tiny"),
    "sam_moe_b": _variant("sam_moe_b"),
    "sam_moe_3b": _variant("sam_moe_3b"),
}
"""Every variant by name; a call builds it with random weights."""


def build(name: str) -> Cwsam:
    """Build a registered variant by name.

    Raises:
        UnknownNameError: There is no such variant.
    """
    if name not in MODELS:
        raise UnknownNameError(
            f"There is no model variant '{name}'; choose one of {', '.join(MODELS)}."
        )
    return MODELS[name]()
