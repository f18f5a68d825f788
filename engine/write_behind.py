"""Writes class strips while the network and the vectoriser go on."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ports import RasterSink
    from .types import ClassStrip


class StripWriter:
    """Hands strips to raster sinks in order, one strip at a time; a context manager.

    Compressing a strip takes one thread about as long as tracing it. In a thread of its own the
    two go on side by side; a failure is raised at the next strip, or when the block ends.
    """

    def __init__(self, sinks: Sequence[RasterSink], behind: bool) -> None:
        """Prepare.

        Args:
            sinks: Receive each strip.
            behind: Write in another thread; only for sinks that allow it.
        """
        self._sinks = sinks
        self._pool = ThreadPoolExecutor(1, "cwsam-write") if behind and sinks else None
        self._pending: Future[None] | None = None

    def write(self, strip: ClassStrip) -> None:
        """Write a strip once the one before it is written; it must not change any more.

        Raises:
            OutputError: This strip or, with a thread, the one before could not be written.
        """
        self.wait()
        if self._pool is None:
            self._write(strip)
        else:
            self._pending = self._pool.submit(self._write, strip)

    def _write(self, strip: ClassStrip) -> None:
        for sink in self._sinks:
            sink.write(strip)

    def wait(self) -> None:
        """Return when the last strip is written, or raise what hindered it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __enter__(self) -> StripWriter:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread end: no sink is in use afterwards."""
        if self._pool is not None:
            self._pool.shutdown()
