"""Files that a process holds for itself; whoever dies lets go of them."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hold(path: Path) -> IO[bytes] | None:
    """Hold a file for this process, until what is returned is closed.

    Args:
        path: Made where it is missing.

    Returns:
        The open file; None where another process holds it.

    Raises:
        OSError: The file cannot be opened.
    """
    file = open(path, "a+b")  # noqa: SIM115 - closing it lets go
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
