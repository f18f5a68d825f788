"""Outputs get their final name only when they are complete."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIVE_DATABASE = ("-wal", "-journal")


class Staging:
    """A hidden folder beside an output, whose files move to their place in the end.

    Attributes:
        target: The output's final path.
        folder: The hidden folder; what lies in it is lost unless committed.
    """

    def __init__(self, target: str | Path):
        """Check that ``target`` can be written and make the folder.

        Raises:
            OutputError: The parent folder is missing or read-only, or the file is locked.
        """
        self.target = Path(target)
        check_writable(self.target)
        try:
            self.folder = Path(
                tempfile.mkdtemp(prefix=f".{self.target.stem}-", dir=self.target.parent)
            )
        except OSError as error:
            raise OutputError(
                f"{self.target.parent} cannot be written ({error.strerror}): choose another folder."
            ) from error

        # A sink that is never entered clears up too, at the latest when Python ends.
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def path(self) -> Path:
        """Where the output's main file grows: its final name inside the hidden folder."""
        return self.folder / self.target.name

    def commit(self, stale: Sequence[str] = ()) -> None:
        """Move all files of the folder beside each other under their final names.

        A file that stands in the way is replaced. If one cannot be, those that were moved
        go back and the old ones are put in place again.

        Args:
            stale: Names of side files of an older output that this one lacks; removed.

        Raises:
            OutputError: A file in the way cannot be replaced.
        """
        check_writable(self.target)
        names = sorted(entry.name for entry in self.folder.iterdir())
        # The main file goes last: whoever waits for it finds its companions.
        names.sort(key=lambda name: name == self.target.name)
        backup = Path(tempfile.mkdtemp(prefix="old-", dir=self.folder))
        doomed = [*names, *(name for name in stale if name not in names)]
        moved: list[str] = []
        try:
            for name in doomed:
                place = self.target.parent / name
                if place.exists():
                    os.replace(place, backup / name)
                if name in names:
                    os.replace(self.folder / name, place)
                moved.append(name)
        except OSError as error:
            self._restore(backup, moved)
            raise OutputError(
                f"{self.target} cannot be replaced ({error.strerror}): close the programs that "
                "have it open or choose another name."
            ) from error
        self.discard()

    def discard(self) -> None:
        """Remove the folder and what is in it."""
        self._remove()

    def _restore(self, backup: Path, moved: Sequence[str]) -> None:
        for name in moved:
            with suppress(OSError):
                (self.target.parent / name).unlink()
        for old in backup.iterdir():
            with suppress(OSError):
                os.replace(old, self.target.parent / old.name)


def check_writable(target: Path) -> None:
    """Refuse a target that cannot be written or replaced.

    Raises:
        OutputError: Says what stands in the way.
    """
    parent = target.parent
    if not parent.is_dir():
        raise OutputError(f"The folder {parent} does not exist: create it or choose another.")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"The folder {parent} cannot be written: choose another.")
    if target.is_dir():
        raise OutputError(f"{target} is a folder: choose a file name in it.")
    if not target.exists():
        return
    if not os.access(target, os.W_OK):
        raise OutputError(f"{target} is write-protected: choose another name or unlock it.")
    for suffix in _LIVE_DATABASE:
        journal = target.with_name(target.name + suffix)
        if journal.exists() and journal.stat().st_size:
            raise OutputError(
                f"{target} is open in another program ({journal.name} lies beside it): "
                "remove its layers there, for instance in QGIS, or choose another name."
            )


class OutputGuard:
    """A block whose failure removes the staged files; known errors become an OutputError."""

    def __init__(self, staging: Staging, errors: tuple[type[Exception], ...]):
        """Guard a block.

        Args:
            staging: What to discard.
            errors: The library's errors that stand for a failed write, besides OSError.
        """
        self._staging = staging
        self._errors = (*errors, OSError, sqlite3.Error)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if kind is None:
            return
        self._staging.discard()
        if issubclass(kind, self._errors) and not issubclass(kind, OutputError):
            cause = str(error).strip().rstrip(".") or kind.__name__
            raise OutputError(
                f"{self._staging.target} could not be written ({cause}): "
                "check the free space on the disk or choose another folder."
            ) from error
