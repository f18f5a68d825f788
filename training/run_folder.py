"""What a training run leaves on disk: checkpoints, logs, the last confusion matrix."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..engine.classes import CLASSES
from ..engine.errors import CheckpointError, ConfigError, OutputError
from ..engine.files import replace
from .charts import heat_map
from .html import Label
from .metrics import class_scores
from .state_file import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from torch.utils.tensorboard import SummaryWriter

LOG_FIELDS = (
    "step",
    "loss",
    "learning_rate",
    "balance",
    "expert_entropy",
    "dead_experts",
    "miou",
    "fwiou",
    "oa",
    "seconds",
)
LAST, BEST = "last.pt", "best.pt"
"""Checkpoints: of the last step that was saved, and of the best validation."""

CLASS_FIELDS = ("step", "class", "iou", "precision", "recall", "f1", "pixels")


class RunFolder:
    """The folder of one run. Files appear under their names only when they are complete."""

    def __init__(self, path: Path, tensorboard: bool = False) -> None:
        """Prepare the folder.

        Args:
            path: The folder; made if missing.
            tensorboard: Whether TensorBoard's event files are wanted, too.

        Raises:
            ConfigError: TensorBoard is wanted and not installed.
            OutputError: The folder cannot be made.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be the folder of a run ({error.strerror}): choose another."
            ) from error
        self._board = _event_writer(path) if tensorboard else None

    def save(self, name: str, state: dict) -> None:
        """Write a checkpoint; an older one stays until this one is complete.

        Raises:
            OutputError: It cannot be written.
        """
        temporary = self.path / f".{name}.part"
        try:
            torch.save(state, temporary)
            replace(temporary, self.path / name)
        except (OSError, RuntimeError) as error:  # torch tells of a full disk by the latter
            temporary.unlink(missing_ok=True)
            cause = str(error).splitlines()[0].rstrip(".")
            raise OutputError(
                f"{self.path / name} could not be written ({cause}): free some space on the disk; "
                "the checkpoint before it stays."
            ) from error

    def load(self, name: str, config: str, processes: int) -> dict:
        """Read a checkpoint back.

        Args:
            name: File name.
            config: Text of the configuration, which must be the same.
            processes: Number of processes, which must be the same.

        Raises:
            CheckpointError: There is none, it is broken or belongs to another configuration.
        """
        path = self.path / name
        if not path.exists():
            raise CheckpointError(f"{path} does not exist; start without --resume.")
        state = read_state(path)
        if state.get("config") != config:
            raise CheckpointError(
                f"{path} was made with other settings; use another --run folder or those settings."
            )
        if state["processes"] != processes:
            raise CheckpointError(
                f"{path} was made by {state['processes']} processes; resume with as many."
            )
        return state

    def forget_after(self, step: int) -> None:
        """Take rows beyond a step out of the logs: an interrupted run repeats those steps."""
        for name in ("log.csv", "classes.csv"):
            path = self.path / name
            if not path.exists():
                continue
            with open(path, newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            self._write(name, [header, *(row for row in rows if float(row[0]) <= step)])

    def log(self, row: dict[str, float], matrix: np.ndarray) -> None:
        """Append a validation to ``log.csv`` and ``classes.csv``; draw ``confusion.svg``.

        Args:
            row: A value for each of :data:`LOG_FIELDS`.
            matrix: (K, K + 1) from :func:`~.metrics.confusion_matrix`.
        """
        self._append("log.csv", LOG_FIELDS, [[f"{row[name]:.6g}" for name in LOG_FIELDS]])
        found = class_scores(matrix)
        self._append(
            "classes.csv",
            CLASS_FIELDS,
            [
                [int(row["step"]), s.class_id]
                + [f"{v:.6g}" for v in (s.iou, s.precision, s.recall, s.f1)]
                + [s.reference]
                for s in found
            ],
        )
        if found:
            ids = [s.class_id for s in found]
            names = [_label(c) for c in ids]
            drawn = heat_map(matrix[np.ix_(ids, ids)], names, names, ("reference", "predicted"))
            temporary = self.path / ".confusion.svg.part"
            temporary.write_text(drawn, encoding="utf-8")
            replace(temporary, self.path / "confusion.svg")
        if self._board is not None:
            for name in LOG_FIELDS[1:]:
                self._board.add_scalar(name, row[name], int(row["step"]))
            for s in found:
                self._board.add_scalar(f"iou/{_label(s.class_id).text}", s.iou, int(row["step"]))
            self._board.flush()

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self._board is not None:
            self._board.close()

    def _append(self, name: str, header: tuple[str, ...], rows: list[list]) -> None:
        path = self.path / name
        new = not path.exists()
        with open(path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows] if new else rows)

    def _write(self, name: str, rows: list[list]) -> None:
        temporary = self.path / f".{name}.part"
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        replace(temporary, self.path / name)


def refuse_used(path: Path) -> None:
    """Refuse to begin a run in a folder that holds one, or that is no folder.

    Raises:
        OutputError: It is such a folder.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file: name a folder for the run with --run.")
    if (path / LAST).exists():
        raise OutputError(
            f"{path} holds a training run: continue it with --resume, or name another folder with "
            "--run."
        )


def _event_writer(path: Path) -> SummaryWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigError(
            "TensorBoard is not installed; run 'pip install tensorboard', or set "
            "'tensorboard: false' (log.csv holds the same figures)."
        ) from None
    return SummaryWriter(str(path))


def _label(class_id: int) -> Label:
    known = class_id < len(CLASSES)
    return Label(f"{class_id} {CLASSES[class_id].name}" if known else str(class_id))
