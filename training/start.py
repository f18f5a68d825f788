"""Weights that a run starts from: a model of any origin, or another run's checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ..engine.errors import CheckpointError
from ..engine.models.checkpoint import initialise_from
from ..engine.models.loading import load_into
from .state_file import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from ..engine.models.cwsam import Cwsam


def start_from(model: Cwsam, path: Path) -> str:
    """Load what fits into a model.

    Args:
        model: Receives the weights.
        path: A file of ours, of CWSAM or of SAM, or ``last.pt`` or ``best.pt`` of a run.

    Returns:
        What was matched, missing, unexpected or of another shape, in words.

    Raises:
        CheckpointError: The file cannot be used.
    """
    if not path.is_file():
        raise CheckpointError(
            f"There is no weights file {path}; check 'initialise_from' in the recipe."
        )
    if path.suffix == ".pt":
        return load_into(model, read_run(path)).summary()
    return initialise_from(model, path).summary()


def read_run(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a run's checkpoint, by name.

    Raises:
        CheckpointError: The file is missing or not such a checkpoint.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}; check the folder of the run.")
    try:
        state = read_state(path)
        weights = {**state["model"], **state["average"]}
    except (CheckpointError, KeyError, TypeError):
        weights = {}
    if not weights or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CheckpointError(
            f"{path} is not the checkpoint of a training run; name its last.pt or best.pt."
        )
    return weights
