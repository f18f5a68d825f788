"""Runs the network on batches of tiles; arrays in, arrays out."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Protocol

import torch

from .errors import DeviceError
from .layers.packed import pack_linear
from .layers.quantized import quantise_int8
from .layers.storage import lower_storage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from .device import DevicePlan
    from .models.cwsam import Cwsam

logger = logging.getLogger(__name__)

BATCH_PIXELS = {"cpu": 1 << 19, "mps": 1 << 21, "cuda": 1 << 22}
"""Pixels of a batch of tiles by device; more gains nothing and costs memory."""


class Predictor(Protocol):
    """What the pipeline asks of a network, in this process or another.

    Attributes:
        patch: Tile sides are multiples of it, in pixels.
        cell: Pixels a cell of the probabilities.
        tile: Preferred side of a tile in pixels.
        class_ids: Class id of each channel of the probabilities.
        pixel_statistics: Mean and standard deviation of the channels, for pixels in 0-1.
    """

    patch: int
    cell: int
    tile: int
    class_ids: Sequence[int]
    pixel_statistics: tuple[Sequence[float], Sequence[float]]

    def batch_size(self, tile: int) -> int:
        """Tiles of ``tile`` pixels a side that go well in one batch."""

    def predict(self, images: np.ndarray) -> Tensor:
        """Class probabilities of normalised tiles.

        Args:
            images: (B, 3, tile, tile) float32.

        Returns:
            (B, K, tile / cell, tile / cell) float32 on the CPU; sums to 1 over K.
        """


class TorchPredictor:
    """A :class:`Predictor` on a torch model in this process."""

    def __init__(
        self, model: Cwsam, plan: DevicePlan, patch: int, tile: int, class_ids: Sequence[int]
    ) -> None:
        """Move a model to its device and fix its weights.

        Args:
            model: The network; taken over, for its layers are replaced by faster ones.
            plan: Device and precision.
            patch: Pixels a token.
            tile: Preferred side of a tile in pixels.
            class_ids: Classes whose probabilities are wanted; they share the whole.
        """
        self.model = model.to(plan.device).eval().requires_grad_(False)
        if plan.int8:
            quantise_int8(self.model)
        else:
            lower_storage(self.model, plan.dtype)
            if plan.device == "cpu":
                pack_linear(self.model, plan.dtype)
        if plan.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.plan, self.patch, self.tile = plan, patch, tile
        self.cell = patch // 4
        self.class_ids = tuple(class_ids)
        self.pixel_statistics = model.pixel_statistics
        self._pixels = BATCH_PIXELS[plan.device]

    def batch_size(self, tile: int) -> int:
        """Tiles of ``tile`` pixels a side that go well in one batch; fewer once memory ran out."""
        return max(1, self._pixels // (tile * tile))

    @torch.inference_mode()
    def predict(self, images: np.ndarray) -> Tensor:
        """See :meth:`Predictor.predict`; out of memory, the batch is halved and retried.

        Raises:
            DeviceError: Not even one tile fits, or the numbers overflow.
        """
        try:
            return self._forward(torch.from_numpy(images))
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
        # Outside the handler, whose traceback would keep the failed batch alive.
        if len(images) == 1:
            raise DeviceError(
                f"One tile of {images.shape[-1]} px does not fit into the memory of the "
                f"{self.plan.device} device; choose a smaller tile, or the device cpu."
            )
        half = len(images) // 2
        self._pixels = half * images.shape[-1] ** 2
        if self.plan.device == "cuda":
            torch.cuda.empty_cache()
        logger.warning("out of memory: %d tiles in two batches", len(images))
        return torch.cat([self.predict(images[:half]), self.predict(images[half:])])

    def _forward(self, images: Tensor) -> Tensor:
        plan = self.plan
        if plan.device == "cuda":
            images = images.pin_memory().to(
                "cuda", non_blocking=True, memory_format=torch.channels_last
            )
        else:
            images = images.to(plan.device)
        with torch.autocast(plan.device, plan.dtype, enabled=plan.dtype != torch.float32):
            logits, _ = self.model(images, self.class_ids)
        probabilities = logits.float().softmax(1).cpu()
        if not math.isfinite(float(probabilities.sum())):
            raise DeviceError(
                f"The network's numbers overflow in {str(plan.dtype)[6:]}, so there is no map: "
                "choose the precision float32, or check the model file."
            )
        return probabilities


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an error of its own; Metal and the CPU only say so."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(
        sign in words for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )
