"""Learning from a teacher: its opinion of every pixel, and which places look alike to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.config import load_model_config
from ..engine.errors import CheckpointError
from ..engine.models.builders import build_model
from .start import read_run, start_from
from .teacher import TEACHERS, build_teacher

if TYPE_CHECKING:
    from .config import TeacherConfig

STRIDES = slice(2, 4)
"""Feature maps of a convolutional teacher that are compared: strides 8 and 16."""


class Distillation:
    """The part of the loss that a teacher gives on the chips of a step."""

    def __init__(
        self,
        teacher: nn.Module,
        student: nn.Module,
        config: TeacherConfig,
        class_weights: Tensor | None = None,
    ) -> None:
        """Listen to both encoders.

        Args:
            teacher: Trained network with the student's classes; it is not changed.
            student: The network that learns.
            config: The weights of the two parts.
            class_weights: (K,) or None; a pixel weighs as the class that the teacher sees there.
        """
        self.class_weights = class_weights
        self.teacher, self.config = teacher.eval().requires_grad_(False), config
        self._seen: dict[str, list[Tensor]] = {}
        for name, network in (("teacher", teacher), ("student", student)):
            network.image_encoder.register_forward_hook(self._listener(name))

    def _listener(self, name: str) -> Callable:
        def listen(module: nn.Module, inputs: object, output: Tensor | list[Tensor]) -> None:
            self._seen[name] = output[STRIDES] if isinstance(output, list) else [output]

        return listen

    def loss(self, logits: Tensor, taught: Tensor) -> Tensor:
        """Loss () of the student, whose forward pass and the teacher's were the last ones.

        Args:
            logits: (B, K, h, w) float32 of the student.
            taught: (B, K, h', w') float32 of the teacher.

        Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; Tung and
        Mori 2019, "Similarity-Preserving Knowledge Distillation", over places of an image.
        """
        if taught.shape[-2:] != logits.shape[-2:]:
            taught = F.interpolate(taught, logits.shape[-2:], mode="bilinear")
        opinion = F.kl_div(logits.log_softmax(1), taught.softmax(1), reduction="none").sum(1)
        if self.class_weights is not None:
            weights = self.class_weights[taught.argmax(1)]
            opinion = opinion * weights / weights.mean()
        own, theirs = (similarity(self._seen.pop(n)) for n in ("student", "teacher"))
        alike = (own - theirs).square().mean()
        return self.config.weight * opinion.mean() + self.config.structure_weight * alike


def similarity(maps: list[Tensor], places: int = 1024) -> Tensor:
    """Cosine similarity of the features at every two places of an image.

    Args:
        maps: (B, C, h, w) each; all are brought to the first one's grid and scaled alike.
        places: The grid is made coarser until it has at most so many.

    Returns:
        (B, n, n) float32, n places.
    """
    size = maps[0].shape[-2:]
    while size[0] * size[1] > places:
        size = (size[0] // 2, size[1] // 2)
    parts = []
    for part in maps:
        resized = F.interpolate(part.float(), size, mode="bilinear")
        parts.append(resized / resized.std((0, 2, 3), keepdim=True).clamp_min(1e-4))
    features = torch.cat(parts, 1).flatten(2).transpose(1, 2)
    features = F.normalize(features - features.mean((0, 1), keepdim=True), dim=-1)
    return features @ features.transpose(1, 2)


def load_teacher(config: TeacherConfig, num_classes: int) -> nn.Module:
    """Build the teacher of a recipe with its weights.

    Args:
        config: Which.
        num_classes: Classes that the recipe names.

    Raises:
        ConfigError: There is no such model.
        CheckpointError: The weights are missing or are of another model.
    """
    path = Path(config.weights)
    if config.model in TEACHERS:
        teacher = build_teacher(config.model, num_classes, pretrained=False)
        try:
            teacher.load_state_dict(read_run(path))
        except RuntimeError:
            raise CheckpointError(
                f"{path} is not of the teacher and the classes that the recipe names; train the "
                "teacher again."
            ) from None
        return teacher.eval()
    model = build_model(load_model_config(config.model))
    start_from(model, path)
    return model.eval()
