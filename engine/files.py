"""Folders and files on disks that are read-only, shared, or watched by virus scanners."""

from __future__ import annotations

import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = 100
_TRIES, _PAUSE_S = 10, 0.2


def fresh_folder(parent: Path, prefix: str = "") -> Path:
    """Make a folder that was not there.

    Python's ``tempfile`` takes a closed folder on Windows for one in which each name is taken,
    and goes on with two thousand million others.

    Args:
        parent: An existing folder.
        prefix: What the new name begins with; eight hexadecimal digits follow.

    Raises:
        OSError: Nothing can be made there.
    """
    # A mode of its own would stay, on Windows, with all files that are moved out later.
    mode = 0o777 if sys.platform == "win32" else 0o700
    for left in reversed(range(_NAMES)):
        folder = parent / f"{prefix}{secrets.token_hex(4)}"
        try:
            os.mkdir(folder, mode)
        except FileExistsError:
            if not left:
                raise
        else:
            break
    return folder


def try_folder(parent: Path) -> None:
    """Find out whether something can be put in a folder, by doing so.

    Raises:
        OSError: Nothing can be made there.
    """
    _patiently(os.rmdir, fresh_folder(parent, ".cwsam-"))


def replace(source: Path, target: Path) -> None:
    """Rename a file or folder; a file of the new name is replaced.

    On Windows virus scanners, indexers and programs that copy to a server hold fresh files for
    a moment: it is tried for two seconds there.

    Raises:
        OSError: It cannot be.
    """
    _patiently(os.replace, source, target)


def _patiently(work: Callable[..., None], *paths: Path) -> None:
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            work(*paths)
        except PermissionError:
            time.sleep(_PAUSE_S)
        else:
            return
    work(*paths)
