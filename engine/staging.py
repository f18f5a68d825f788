"""Outputs get their final name only when they are complete."""

from __future__ import annotations

import os
import shutil
import sys
import weakref
import zlib
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable

from .errors import OutputError
from .files import fresh_folder, replace, try_folder
from .locks import hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LIVE_DATABASE = ("-wal", "-journal")
_MEMBERS = {".shp": (".shx", ".dbf")}
_LOCK = "cwsam.lock"
_NO_PERMISSION = "no permission"


class Obstacle(Enum):
    """What keeps an output from being written, or an older one from being replaced."""

    NO_FOLDER = "no folder"
    CLOSED_FOLDER = "closed folder"
    IS_FOLDER = "is a folder"
    PROTECTED = "protected"
    OPEN_DATABASE = "open database"
    IN_USE = "in use"


Sentence = Callable[[Obstacle, Path, str], str]
"""Turns an obstacle, the output's path and the system's cause into words for the user."""


def in_english(obstacle: Obstacle, target: Path, cause: str) -> str:
    """The sentence on an obstacle, with the remedy."""
    folder = target.parent
    return {
        Obstacle.NO_FOLDER: f"The folder {folder} does not exist: create it or choose another.",
        Obstacle.CLOSED_FOLDER: f"The folder {folder} cannot be written ({cause}): choose another.",
        Obstacle.IS_FOLDER: f"{target} is a folder: choose a file name in it.",
        Obstacle.PROTECTED: f"{target} is write-protected: choose another name or unlock it.",
        Obstacle.OPEN_DATABASE: (
            f"{target} is open in another program ({cause} lies beside it): remove its layers "
            "there, for instance in QGIS, or choose another name."
        ),
        Obstacle.IN_USE: (
            f"{target} cannot be replaced ({cause}): close the programs that have it open or "
            "choose another name."
        ),
    }[obstacle]


def check_writable(target: Path, sentence: Sentence = in_english) -> None:
    """Refuse a target that cannot be written or replaced.

    Raises:
        OutputError: Says what stands in the way.
    """
    found = _obstacle(target) or _held(target)
    if found is not None:
        raise OutputError(sentence(found[0], target, found[1]))


def _obstacle(target: Path) -> tuple[Obstacle, str] | None:
    if not target.parent.is_dir():
        return Obstacle.NO_FOLDER, ""
    closed = _closed(target.parent)
    if closed:
        return Obstacle.CLOSED_FOLDER, closed
    if target.is_dir():
        return Obstacle.IS_FOLDER, ""
    if not target.exists():
        return None
    if not os.access(target, os.W_OK):
        return Obstacle.PROTECTED, ""
    for suffix in _LIVE_DATABASE:
        journal = target.with_name(target.name + suffix)
        if journal.exists() and journal.stat().st_size:
            return Obstacle.OPEN_DATABASE, journal.name
    return None


def _closed(folder: Path) -> str:
    """Why nothing can be put in a folder; empty where something can."""
    if sys.platform != "win32":
        return "" if os.access(folder, os.W_OK) else _NO_PERMISSION
    try:  # of a folder's permissions os.access sees nothing there
        try_folder(folder)
    except OSError as error:
        return _cause(error)
    return ""


def _cause(error: OSError) -> str:
    return _NO_PERMISSION if isinstance(error, PermissionError) else error.strerror or str(error)


def _held(target: Path) -> tuple[Obstacle, str] | None:
    """Whether a program holds an older output, which on Windows keeps it in its place.

    What can be given its own name again can be moved away later.
    """
    if sys.platform != "win32":
        return None
    members = _MEMBERS.get(target.suffix.lower(), ())
    for path in (target, *map(target.with_suffix, members)):
        try:
            os.rename(path, path)
        except PermissionError as error:
            return Obstacle.IN_USE, error.strerror or str(error)
        except OSError:
            continue  # not there, or on a disk that knows no such renaming
    return None


def refuse_clashes(inputs: Iterable[str | Path], outputs: Iterable[Path]) -> None:
    """Refuse outputs that would overwrite the inputs or each other.

    Args:
        inputs: What is read: files, or what else GDAL opens.
        outputs: What is written.

    Raises:
        OutputError: Names the file.
    """
    taken = {_identity(Path(one)) for one in inputs}
    for path in outputs:
        found = _identity(path)
        if found in taken:
            raise OutputError(f"{path} is asked for twice or is the input; choose another name.")
        taken.add(found)


def _identity(path: Path) -> tuple[int, int] | str:
    """What two names of one file have in common."""
    with suppress(OSError):
        status = path.stat()
        if status.st_ino:  # some file systems number nothing
            return status.st_dev, status.st_ino
    return os.path.normcase(path.resolve())


class Staging:
    """A hidden folder beside an output, whose files move to their place in the end.

    What runs that were killed left beside the same output is removed first.

    Attributes:
        target: The output's final path.
        folder: The hidden folder; what lies in it is lost unless committed.
    """

    def __init__(self, target: str | Path, sentence: Sentence = in_english):
        """Check that ``target`` can be written and make the folder.

        Args:
            target: The output's final path.
            sentence: Words for what stands in the way.

        Raises:
            OutputError: The parent folder is missing or read-only, or the file is locked.
        """
        self.target, self._sentence = Path(target), sentence
        check_writable(self.target, sentence)
        # Not the name itself: twice in one path it may be longer than Windows allows.
        name = zlib.crc32(os.fsencode(self.target.stem))
        parent, prefix = self.target.parent, f".cwsam-{name:08x}-"
        try:
            _remove_abandoned(parent, prefix)
            self.folder = fresh_folder(parent, prefix)
            lock = hold(self.folder / _LOCK)
        except OSError as error:
            raise OutputError(
                sentence(Obstacle.CLOSED_FOLDER, self.target, _cause(error))
            ) from error

        # A sink that is never entered clears up too, at the latest when Python ends.
        self._remove = weakref.finalize(self, _clear_up, self.folder, lock)

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
        found = _obstacle(self.target)
        if found is not None:
            raise OutputError(self._sentence(found[0], self.target, found[1]))
        names = sorted(entry.name for entry in self.folder.iterdir() if entry.name != _LOCK)
        # The main file goes last: whoever waits for it finds its companions.
        names.sort(key=lambda name: name == self.target.name)
        backup = fresh_folder(self.folder, "old-")
        doomed = [*names, *(name for name in stale if name not in names)]
        moved: list[str] = []
        try:
            for name in doomed:
                place = self.target.parent / name
                if place.exists():
                    replace(place, backup / name)
                if name in names:
                    replace(self.folder / name, place)
                moved.append(name)
        except OSError as error:
            self._restore(backup, moved)
            cause = error.strerror or str(error)
            raise OutputError(self._sentence(Obstacle.IN_USE, self.target, cause)) from error
        self.discard()

    def discard(self) -> None:
        """Remove the folder and what is in it."""
        self._remove()

    close = discard

    def _restore(self, backup: Path, moved: Sequence[str]) -> None:
        for name in moved:
            with suppress(OSError):
                (self.target.parent / name).unlink()
        for old in backup.iterdir():
            with suppress(OSError):
                replace(old, self.target.parent / old.name)


def _clear_up(folder: Path, lock: IO[bytes] | None) -> None:
    if lock is not None:
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove hidden folders whose process has died; those in use stay."""
    for path in parent.glob(f"{prefix}*/{_LOCK}"):
        with suppress(PermissionError):  # another user's
            lock = hold(path)
            if lock is not None:
                _clear_up(path.parent, lock)
