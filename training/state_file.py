"""Reads the state files of training runs, from which they go on."""

from __future__ import annotations

import pickle
import struct
import zipfile
from typing import TYPE_CHECKING

import torch

from ..engine.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

_BROKEN = (
    *(OSError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, struct.error),
    *(RuntimeError, LookupError, TypeError, ValueError, AttributeError, ImportError),
)
"""What torch and pickle raise at a file that is cut off, foreign or no such file at all."""


def read_state(path: Path, device: str = "cpu") -> dict:
    """Read a state file; nothing but tensors and plain values is unpickled.

    Args:
        path: A file that :func:`torch.save` wrote.
        device: torch's name of the device that the tensors are put on.

    Returns:
        What was saved, by name.

    Raises:
        CheckpointError: The file is missing, broken or holds no state.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except _BROKEN as error:
        raise CheckpointError(
            f"{path} cannot be read ({type(error).__name__}); start anew without resuming."
        ) from None
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds no state of a run; start anew without resuming.")
    return state
