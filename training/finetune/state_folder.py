"""Where a stopped fine-tuning is kept; no torch."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STATE = "finetune_state.pt"
"""Name of the file in the run's folder from which it can be resumed."""


def forget_state(folder: Path) -> None:
    """Remove what a run has kept in a folder, and the folder if nothing else is in it."""
    with suppress(OSError):  # open in another program: it is in nobody's way
        for name in (STATE, f".{STATE}.part"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
