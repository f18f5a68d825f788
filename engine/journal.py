"""Keeps the finished strips of a run, so that one that was killed goes on where it stopped.

A journal is a folder with three kinds of files: ``facts.json`` says of which run it is,
``strips.bin`` holds the strips of all finished rows of tiles, and ``state-N.npz`` what row of
tiles N left for the next one. A record that was cut off is dropped when the folder is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import sys
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from .files import replace
from .locks import hold
from .types import ClassStrip, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .ports import RasterSource

CACHE_LIMIT_GB = 10
"""What journals may take together before the oldest ones go, where nothing else is asked for."""

FORMAT = "2"
"""Changes with the way in which tiles are blended and with what a row leaves for the next one: a
run that another version of the program began is not gone on with then."""

_HEADER = struct.Struct("<4s6I")  # magic, row of tiles, first row, rows, tiles, length, CRC
_MAGIC = b"CWJ1"
_SAMPLE_WINDOWS, _SAMPLE_SIDE = 5, 32  # windows along each axis, their side in pixels


def cache_folder() -> Path:
    """Where journals live: ``CWSAM_CACHE``, or a folder in the platform's cache."""
    if os.environ.get("CWSAM_CACHE"):
        return Path(os.environ["CWSAM_CACHE"])
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "cwsam"


def cache_limit() -> int:
    """Bytes that journals may take together: ``CWSAM_CACHE_GB``, a whole number, or 10 GiB."""
    asked = os.environ.get("CWSAM_CACHE_GB", "")
    return (int(asked) if asked.isdecimal() else CACHE_LIMIT_GB) << 30


def raster_facts(source: RasterSource, path: str | None, bands: Sequence[int]) -> dict[str, str]:
    """What tells a raster from a changed one: file, geometry, a sample of its pixels.

    Args:
        source: The raster.
        path: Its file where it has one; its size and time of change are noted.
        bands: Band numbers from 1, of the sample.
    """
    info = source.info
    digest = hashlib.sha256()
    for window in _sample_windows(info.width, info.height):
        pixels, valid = source.read(window, bands)
        digest.update(np.ascontiguousarray(pixels).tobytes())
        digest.update(valid.tobytes())
    facts = {
        "size": f"{info.width} x {info.height}, {info.dtypes}, {info.nodata}",
        "georeference": f"{info.transform} {info.crs.wkt if info.crs else None}",
        "pixels": digest.hexdigest(),
    }
    return {**facts, **(file_facts(path) if path is not None else {})}


def file_facts(path: str) -> dict[str, str]:
    """Size and time of change of a file; empty where the path is none."""
    if not os.path.isfile(path):
        return {}
    status = os.stat(path)
    return {"file": f"{status.st_size} bytes of {status.st_mtime_ns}"}


def _sample_windows(width: int, height: int) -> Iterator[Window]:
    w, h = min(width, _SAMPLE_SIDE), min(height, _SAMPLE_SIDE)
    steps = _SAMPLE_WINDOWS - 1
    for i in range(_SAMPLE_WINDOWS):
        for j in range(_SAMPLE_WINDOWS):
            yield Window((width - w) * j // steps, (height - h) * i // steps, w, h)


@dataclass(frozen=True)
class _Record:
    """Place of one row of tiles in ``strips.bin``."""

    index: int
    offset: int
    row: int
    rows: int
    tiles: int
    length: int
    crc: int

    @property
    def end(self) -> int:
        return self.offset + self.length


class Journal:
    """The finished rows of tiles of one run.

    Attributes:
        notices: Sentences for the user: what was found, what went wrong.
        rows_done: Rows of tiles that need not be computed again.
        tiles_done: Tiles of them that went through the network.
    """

    def __init__(self, folder: Path, facts: Mapping[str, str], width: int, fresh: bool = False):
        """Open the journal of a run, or start one; a failing disk only costs the journal.

        Args:
            folder: Of this run alone; made where it is missing.
            facts: What must be the same for the strips to be used again.
            width: Columns of the raster.
            fresh: Throw away what is there.
        """
        self.notices: list[str] = []
        self.rows_done = self.tiles_done = 0
        self._folder, self._width = folder, width
        self._records: list[_Record] = []
        self._file = self._lock = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = hold(folder / "lock")
            if self._lock is None:
                self.notices.append("The same run is under way elsewhere: this one has no journal.")
                return
            self._open(dict(facts), fresh)
        except OSError as error:
            self._give_up(error)

    def _open(self, facts: dict[str, str], fresh: bool) -> None:
        strips, known = self._folder / "strips.bin", self._folder / "facts.json"
        old = _read_json(known)
        if old != facts or fresh:
            changed = [name for name in facts if old and old.get(name) != facts[name]]
            if changed and not fresh:
                self.notices.append(
                    "An interrupted run was found, but the input has changed since "
                    f"({', '.join(changed)}): starting over."
                )
            for path in (known, strips, *self._folder.glob("state-*")):
                path.unlink(missing_ok=True)
            _write_whole(known, json.dumps(facts).encode())
        self._file = open(strips, "a+b")  # noqa: SIM115 - closed by close()
        self._scan()
        if self.rows_done:
            text = f"Continuing the interrupted run after row {self.rows_done} of tiles."
            self.notices.append(text)

    def _scan(self) -> None:
        """Find the records, drop what is cut off, and keep the rows that can be built upon."""
        offset, size = 0, os.fstat(self._file.fileno()).st_size
        while offset + _HEADER.size <= size:
            self._file.seek(offset)
            magic, index, row, rows, tiles, length, crc = _HEADER.unpack(
                self._file.read(_HEADER.size)
            )
            record = _Record(index, offset + _HEADER.size, row, rows, tiles, length, crc)
            if magic != _MAGIC or index != len(self._records) or record.end > size:
                break
            if zlib.crc32(self._file.read(length)) != crc:
                break
            self._records.append(record)
            offset = record.end
        while self._records and not self._has_state(len(self._records) - 1):
            offset = self._records.pop().offset - _HEADER.size
        self._file.truncate(offset)
        self.rows_done = len(self._records)
        self.tiles_done = sum(record.tiles for record in self._records)

    def _has_state(self, index: int) -> bool:
        return (self._folder / f"state-{index}.npz").is_file()

    def strips(self) -> Iterator[ClassStrip]:
        """The strips of the finished rows of tiles, from top to bottom."""
        for record in list(self._records):
            self._file.seek(record.offset)
            planes = np.frombuffer(zlib.decompress(self._file.read(record.length)), np.uint8)
            yield ClassStrip(record.row, *planes.reshape(3, record.rows, self._width).copy())

    def state(self) -> dict[str, np.ndarray] | None:
        """What the last finished row of tiles left; None where it cannot be read."""
        path = self._folder / f"state-{self.rows_done - 1}.npz"
        try:
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            self.notices.append("The interrupted run left a damaged journal: starting over.")
            self._records, self.rows_done, self.tiles_done = [], 0, 0
            self._file.truncate(0)
            return None

    def add(self, strip: ClassStrip, tiles: int, state: Mapping[str, np.ndarray]) -> None:
        """Note one finished row of tiles; on disk when this returns.

        Args:
            strip: Its strip.
            tiles: Its tiles that went through the network.
            state: What it leaves for the next row of tiles; empty after the last one.
        """
        if self._file is None:
            return
        index = self.rows_done
        planes = np.stack([strip.classes, strip.confidence, strip.runner_up])
        data = zlib.compress(planes.tobytes(), 1)
        head = (index, strip.row, len(strip.classes), tiles, len(data), zlib.crc32(data))
        try:
            _write_state(self._folder / f"state-{index}.npz", state)
            self._file.write(_HEADER.pack(_MAGIC, *head) + data)
            self._file.flush()
            os.fsync(self._file.fileno())
            with suppress(PermissionError):  # a scanner holds it; it goes with the journal
                (self._folder / f"state-{index - 1}.npz").unlink(missing_ok=True)
        except OSError as error:
            self._give_up(error)
            return
        self.rows_done += 1

    def _give_up(self, error: OSError) -> None:
        self.notices.append(
            f"The journal cannot be kept ({error.strerror or error}), so this run cannot be "
            "resumed: set CWSAM_CACHE to a folder with space."
        )
        self.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Throw the journal away when all went well, else keep it."""
        if kind is None:
            self.remove()
        else:
            self.close()

    def close(self) -> None:
        """Keep the journal for another run and let others use it."""
        for file in (self._file, self._lock):
            if file is not None:
                file.close()
        self._file = self._lock = None

    def remove(self) -> None:
        """Throw the journal away: the run is complete."""
        lock, self._lock = self._lock, None
        self.close()
        if lock is not None:
            _remove_held(self._folder, lock)


def open_journal(
    where: Sequence[str], facts: Mapping[str, str], width: int, fresh: bool = False
) -> Journal:
    """Open the journal of a run in the cache folder, after cleaning that folder.

    Args:
        where: What names the run: path, model, parameters. Another text, another journal.
        facts: What must be the same for its strips to be used again.
        width: Columns of the raster.
        fresh: Start over.
    """
    base = cache_folder() / "journals"
    name = hashlib.sha256("\0".join((*where, FORMAT)).encode()).hexdigest()[:32]
    clean_journals(base, cache_limit(), keep=name)
    return Journal(base / name, facts, width, fresh)


def clean_journals(base: Path, limit: int, keep: str = "") -> None:
    """Remove the oldest journals until all together take at most ``limit`` bytes.

    Args:
        base: Folder of all journals.
        limit: Bytes.
        keep: Name of the journal that is about to be used; it stays.
    """
    found = []
    for folder in base.glob("*"):
        try:
            files = [path.stat() for path in folder.iterdir()]
        except OSError:
            continue  # another process is removing it
        age = max((status.st_mtime for status in files), default=0.0)
        found.append((age, sum(status.st_size for status in files), folder))
    total = sum(size for _, size, _ in found)
    for _, size, folder in sorted(found):
        if total <= limit:
            return
        if folder.name == keep:
            continue
        lock = hold(folder / "lock")
        if lock is not None:
            _remove_held(folder, lock)
            total -= size


def _remove_held(folder: Path, lock: IO[bytes]) -> None:
    """Remove a journal before its lock is let go: nobody opens it in between."""
    if sys.platform == "win32":  # where an open file cannot be removed
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()


def _write_state(path: Path, state: Mapping[str, np.ndarray]) -> None:
    growing = path.with_name("growing-state")
    with open(growing, "wb") as file:
        np.savez(file, **state)
        file.flush()
        os.fsync(file.fileno())
    replace(growing, path)


def _write_whole(path: Path, data: bytes) -> None:
    growing = path.with_name(f"growing-{path.name}")
    growing.write_bytes(data)
    replace(growing, path)


def _read_json(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
