"""Outputs grow in a hidden folder and get their final name when they are complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from ..engine.errors import OutputError
from .i18n import translator

tr = translator("staging")


class Staging:
    """A hidden folder beside an output, used as a ``with`` block around the writing.

    Attributes:
        target: The output's final path.
        folder: The hidden folder.
    """

    def __init__(self, target: Path) -> None:
        """Check that ``target`` can be written and make the folder.

        Raises:
            OutputError: The folder is missing or read-only, or the file is in use.
        """
        self.target = target
        _check_writable(target)
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f".{target.stem}-", dir=target.parent))
        except OSError as error:
            raise OutputError(_cannot_write(target.parent, error.strerror)) from error

    @property
    def path(self) -> Path:
        """Where the main file grows: its final name inside the hidden folder."""
        return self.folder / self.target.name

    def discard(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self) -> None:
        """Move all files to their place, the main file last; all or none of the old ones go.

        Raises:
            OutputError: A file in the way cannot be replaced.
        """
        _check_writable(self.target)
        names = sorted(entry.name for entry in self.folder.iterdir())
        names.sort(key=lambda name: name == self.target.name)
        backup = Path(tempfile.mkdtemp(prefix="old-", dir=self.folder))
        moved: list[str] = []
        try:
            for name in names:
                place = self.target.parent / name
                if place.exists():
                    os.replace(place, backup / name)
                os.replace(self.folder / name, place)
                moved.append(name)
        except OSError as error:
            self._restore(backup, moved)
            raise OutputError(_in_use(self.target)) from error
        self.discard()

    def _restore(self, backup: Path, moved: list[str]) -> None:
        for name in moved:
            with suppress(OSError):
                (self.target.parent / name).unlink()
        for old in backup.iterdir():
            with suppress(OSError):
                os.replace(old, self.target.parent / old.name)
        self.discard()


def _check_writable(target: Path) -> None:
    """Refuse a target that cannot be written or replaced."""
    parent = target.parent
    if not parent.is_dir():
        text = tr("The folder {path} does not exist: create it or choose another.")
        raise OutputError(text.format(path=parent))
    if not os.access(parent, os.W_OK):
        raise OutputError(_cannot_write(parent, None))
    if target.is_dir():
        text = tr("{path} is a folder: choose a file name in it.")
        raise OutputError(text.format(path=target))
    if not target.exists():
        return
    if not os.access(target, os.W_OK):
        text = tr("{path} is write-protected: choose another name or unlock it.")
        raise OutputError(text.format(path=target))
    for suffix in ("-wal", "-journal"):
        journal = target.with_name(target.name + suffix)
        if journal.exists() and journal.stat().st_size:
            raise OutputError(_in_use(target))


def _in_use(target: Path) -> str:
    return tr(
        "{path} is in use: remove its layers from the project or choose another name."
    ).format(path=target)


def _cannot_write(folder: Path, cause: str | None) -> str:
    text = tr("The folder {path} cannot be written ({cause}): choose another.")
    return text.format(path=folder, cause=cause or tr("no permission"))
