"""A failed write becomes one sentence and leaves nothing behind."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from ..staging import Staging


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
