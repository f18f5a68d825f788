"""How the parts of a model that train begin, and the proof that the others stay as they are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ...engine.models.adapter_file import adapter_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.models.cwsam import Cwsam
    from .learner import Learner

DEAD = 0.05
"""A class with less than this mean probability on its own pixels starts as another one."""


def start_classes(learner: Learner) -> None:
    """Let each class that the base model never predicts begin as what it is taken for.

    Training then only has to tell the two apart.
    """
    sources = {}
    for row, target in enumerate(learner.labelled):
        opinion = learner.confusion[row]
        known = target in learner.base_ids
        if known and float(opinion[learner.base_ids.index(target)]) >= DEAD:
            continue
        sources[target] = learner.base_ids[int(opinion.argmax())]
    learner.model.mask_decoder.copy_classes(sources)
    learner.forget_averages()


def frozen_hash(model: Cwsam, parts: Sequence[str]) -> str:
    """Hash of all parameters and buffers that do not train."""
    trained = set(adapter_parameters(model, parts))
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        if name not in trained:
            digest.update(name.encode())
            digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
