"""Notes on runs under way, so that those that QGIS's end cut off can be offered again."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLockFile

from ..engine.errors import ConfigError
from ..engine.files import replace
from .run_record import RunRequest


def runs_folder() -> Path:
    """Where the notes lie, in the user's profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "cwsam" / "runs"


class PendingRun:
    """A note of one run, locked by the process that runs it; it goes when the run ends.

    A profile that cannot be written costs the note, not the run.
    """

    def __init__(self, request: RunRequest) -> None:
        """Leave a note."""
        self._path = runs_folder() / f"{uuid.uuid4().hex}.json"
        self._lock = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock(self._path)
            if lock.tryLock(0):
                self._lock = lock
                growing = self._path.with_suffix(".growing")
                growing.write_text(request.to_json(), encoding="utf-8")
                replace(growing, self._path)
        except OSError:
            self.end()

    def end(self) -> None:
        """Take the note away."""
        if self._lock is not None:
            _remove(self._path)
            self._lock.unlock()
            self._lock = None


def take_interrupted() -> list[RunRequest]:
    """Runs whose process is gone, the latest first; their notes are taken away."""
    found = []
    for path in sorted(runs_folder().glob("*.json"), key=_age, reverse=True):
        lock = _lock(path)
        if not lock.tryLock(0):
            continue  # under way in this QGIS or another
        with suppress(OSError, ConfigError):
            found.append(RunRequest.from_json(path.read_text(encoding="utf-8")))
        _remove(path)
        lock.unlock()
    return found


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # never by age: a run may take days; only when its process is gone
    return lock


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
