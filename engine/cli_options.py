"""Options of the command line that several commands have."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import click
from tqdm import tqdm

from .classes import CLASSES, find_classes
from .io.job import Length
from .ports import Progress
from .vector.assemble import VectorOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .classes import LandCoverClass

Command = Callable[..., None]


def path_type(**options: object) -> click.Path:
    """A path on the command line."""
    return click.Path(path_type=Path, **options)


_POLYGON_OPTIONS = (
    click.option("--classes", help="Keep only these classes, for instance 'water,24,水域'."),
    click.option(
        "--min-area",
        default="0",
        show_default=True,
        metavar="AREA",
        help="Merge smaller polygons into a neighbour: square metres as in 20, or pixels as in "
        "20px.",
    ),
    click.option(
        "--simplify",
        default="0",
        show_default=True,
        metavar="LENGTH",
        help="Simplify shared borders by this tolerance: metres as in 1, or pixels as in 1.5px.",
    ),
    click.option(
        "--smooth", type=click.IntRange(0, 3), default=0, help="Smoothing iterations, 0 to 3."
    ),
    click.option("--layer", help="Name of the layer; the file's name if left out."),
    click.option("--append", is_flag=True, help="Add the layer to an existing GeoPackage."),
)


def polygon_options(command: Command) -> Command:
    """Give a command the options on how polygons are made."""
    for option in reversed(_POLYGON_OPTIONS):
        command = option(command)
    return command


@contextmanager
def progress_bar(unit: str, quiet: bool, title: str = "") -> Iterator[Progress]:
    """A bar that follows a run, where somebody looks at it: none in files and pipes.

    Args:
        unit: What is counted.
        quiet: Show none.
        title: Shown before the first step.
    """
    hidden = True if quiet else None  # None: only on a terminal
    with tqdm(unit=unit, disable=hidden, desc=title, leave=False) as bar:

        def report(done: float, total: float, message: str) -> None:
            bar.total = total
            bar.set_description(message, refresh=False)
            bar.update(done - bar.n)

        yield Progress(report)


def kept_classes(
    text: str | None, legend: Sequence[LandCoverClass] = CLASSES
) -> tuple[int, ...] | None:
    """Class ids of ``--classes``; None for all.

    Args:
        text: What the user gave.
        legend: The model's classes.

    Raises:
        UnknownNameError: There is no such class.
    """
    return find_classes(text.replace("，", ",").split(","), legend) if text else None


def vector_settings(settings: dict) -> tuple[VectorOptions, Length, Length]:
    """``(options, smallest area, tolerance)`` of the command line's texts.

    Raises:
        ConfigError: A text is no size.
    """
    return (
        VectorOptions(smooth=settings["smooth"], merge_into=settings.get("merge_into", "border")),
        Length.parse(settings["min_area"], "--min-area", "square metres"),
        Length.parse(settings["simplify"], "--simplify"),
    )
