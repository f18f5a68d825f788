"""The command ``finetune``."""

from __future__ import annotations

import csv
import signal
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import click
import torch
from tqdm import tqdm

from ..engine.cli_options import path_type
from ..engine.cli_run import INTERRUPTED
from ..engine.config import PARTS, read_yaml
from ..engine.device import keep_large_allocations, set_threads
from ..engine.errors import Cancelled, ConfigError
from ..engine.models.checkpoint import DEFAULT_MODEL, load_model
from ..engine.staging import Staging, check_writable
from ..engine.tiling.normalize import Stretch
from .class_values import parse_table
from .cli_pairs import open_pairs, parse_bands, place_labels
from .finetune.config import FinetuneConfig
from .finetune.report import write_report
from .finetune.run import finetune
from .finetune.state_folder import STATE, forget_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .finetune.outcome import FinetuneResult, FinetuneStatus

_COMPANIONS = (".md", ".html")
"""Suffixes of the card and of the report beside an adapter file."""

_GSD = (0.001, 100_000.0)
"""Metres a pixel that images can be resampled to."""


@click.command("finetune")
@click.argument("pairs", nargs=-1, required=True, metavar="IMAGE LABELS [IMAGE LABELS...]")
@click.option("--class-field", required=True, help="Field of the labels with class id or name.")
@click.option("--layer", help="Layer of the label files; the first by default.")
@click.option(
    "-o",
    "--output",
    type=path_type(),
    help="Adapter file, .safetensors; its card (.md) and report (.html) are written beside it. "
    "By default beside the first image.",
)
@click.option(
    "--map",
    "pairs_of_names",
    multiple=True,
    metavar="VALUE=CLASS|FILE",
    help="What a value of the class field means: a class, 'new', 'new:NAME' or 'skip'; or a CSV "
    "or YAML file of such pairs. Repeatable.",
)
@click.option("--new-classes", is_flag=True, help="Make a new class of every unknown value.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="The base model.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=FinetuneConfig.seconds / 60,
    show_default=True,
    help="Time that it may take.",
)
@click.option("--steps", type=click.IntRange(1), help="Steps at most.")
@click.option(
    "--parts",
    default=",".join(FinetuneConfig.parts),
    show_default=True,
    help=f"Parts of the network that train, of {', '.join(PARTS)}.",
)
@click.option("--skip-sparse", is_flag=True, help="Leave classes with too few labels out.")
@click.option("--only-labelled", is_flag=True, help="Map the labelled classes alone.")
@click.option("--bands", help="Red, green and blue band, for instance 4,3,2.")
@click.option("--stretch", default="auto", show_default=True, help="As for 'segment'.")
@click.option("--gsd", type=float, metavar="M", help="Resample the images, metres a pixel.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all random numbers.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads; all if 0.")
@click.option(
    "--language",
    type=click.Choice(("en", "zh")),
    default="en",
    help="Of the report.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
def finetune_command(pairs: tuple[str, ...], **options: object) -> None:
    """Fine-tune a model on labelled polygons.

    LABELS are polygons on IMAGE with a class in one field, in any reference system. Ground
    without a label is unknown, not background. The result is a small adapter file:
    'cwsam segment --model ADAPTER' uses it.
    """
    config, table = _config(options), read_table(options["pairs_of_names"])
    bands, stretch = parse_bands(options["bands"]), Stretch.parse(options["stretch"])
    output, folder = _places(pairs, options)
    keep_large_allocations()
    set_threads()
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    with ExitStack() as stack, tqdm(total=100, unit="%", disable=options["quiet"]) as bar:
        opened = open_pairs(pairs, options, bands, stack)
        base = load_model(options["model"])
        rasters, scheme = place_labels(
            opened, table, base.card.legend, options["new_classes"], stretch
        )
        staging = stack.enter_context(closing(Staging(output)))
        with _interrupts(folder) as cancelled:
            result = finetune(
                base,
                rasters,
                staging.path,
                config,
                scheme.new_classes,
                folder,
                options["resume"],
                lambda status: _show(bar, status),
                cancelled,
            )
        result.notices[:0] = scheme.notices
        card, page = (staging.path.with_suffix(suffix) for suffix in _COMPANIONS)
        card.write_text(result.card.to_markdown(output.stem), encoding="utf-8")
        write_report(result, page, options["language"])
        staging.commit()
    forget_state(folder)
    if not options["quiet"]:
        _tell(replace(result, adapter=output))


def _places(pairs: tuple[str, ...], options: dict) -> tuple[Path, Path]:
    """The adapter file and the folder of a stopped run.

    Raises:
        ConfigError: They cannot be there, or would replace what the run reads.
        OutputError: They cannot be written.
    """
    if len(pairs) % 2:
        raise ConfigError("Images and labels come in pairs: IMAGE LABELS [IMAGE LABELS...].")
    output = options["output"] or Path(pairs[0]).with_suffix(".adapter.safetensors")
    if output.suffix != ".safetensors":
        raise ConfigError(f"The adapter's name must end in .safetensors, not '{output.name}'.")
    inputs = [*pairs, options["model"], *options["pairs_of_names"]]
    read = {path.resolve() for path in map(Path, inputs) if _is_file(path)}
    for written in (output, *map(output.with_suffix, _COMPANIONS)):
        if written.resolve() in read:
            raise ConfigError(f"{written} is read by this run: give the adapter another name.")
        check_writable(written)
    folder = output.with_suffix(".finetune")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            f"{folder} is a file, and a stopped run is kept in a folder of that name: rename it."
        )
    if options["resume"] and not (folder / STATE).exists():
        raise ConfigError(f"There is no stopped run of {output.name}; start without --resume.")
    return output, folder


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no path at all, such as the address of a map server
        return False


@contextmanager
def _interrupts(folder: Path) -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end a run in order; gives the question whether it was pressed."""
    pressed: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield lambda: bool(pressed)
    except Cancelled as error:
        kept = (folder / STATE).exists()
        again = " Give the same command with --resume to go on." if kept else ""
        click.echo(f"{error}{again}", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, before)


def _config(options: dict) -> FinetuneConfig:
    gsd = options["gsd"]
    if gsd is not None and not _GSD[0] <= gsd <= _GSD[1]:
        raise ConfigError(f"--gsd must lie between {_GSD[0]} and {_GSD[1]} metres, not {gsd:g}.")
    parts = tuple(p.strip() for p in str(options["parts"]).split(",") if p.strip())
    return FinetuneConfig(
        seconds=60 * options["minutes"],
        steps=options["steps"] or FinetuneConfig.steps,
        parts=parts,
        seed=options["seed"],
        skip_sparse=options["skip_sparse"],
        only_labelled=options["only_labelled"],
        device=options["device"],
    )


def read_table(entries: tuple[str, ...]) -> dict[str, str]:
    """Table of names from ``VALUE=CLASS`` pairs and from CSV or YAML files.

    Raises:
        ConfigError: A pair or file cannot be used.
    """
    table: dict[str, str] = {}
    for entry in entries:
        path = Path(entry)
        if path.suffix.lower() in (".yaml", ".yml") and "=" not in entry:
            values = read_yaml(path)
            if not isinstance(values, dict):
                raise ConfigError(f"{path} must hold a mapping of values to classes.")
            table.update({str(k): str(v) for k, v in values.items()})
        elif path.suffix.lower() == ".csv" and "=" not in entry:
            table.update(_read_csv(path))
        else:
            table.update(parse_table([entry]))
    return table


def _read_csv(path: Path) -> dict[str, str]:
    """Two columns: value and class; a first line 'value,class' is a heading."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read ({error}); save it as CSV in UTF-8.") from error
    if any(len(row) < 2 for row in rows):
        raise ConfigError(f"{path} must have two columns: value and class.")
    if rows and [cell.strip().lower() for cell in rows[0][:2]] == ["value", "class"]:
        rows = rows[1:]
    return {row[0].strip(): row[1].strip() for row in rows}


_PHASES = {
    "labels": "labels",
    "base": "base model",
    "training": "training",
    "refit": "all labels",
    "writing": "writing",
}


def _show(bar: tqdm, status: FinetuneStatus) -> None:
    bar.set_description(_PHASES[status.phase], refresh=False)
    if status.step:
        bar.set_postfix_str(
            f"step {status.step}, loss {status.loss:.3f}, IoU {status.miou:.3f} "
            f"(base {status.base_miou:.3f}), {status.seconds_left:.0f} s left",
            refresh=False,
        )
    bar.update(100 * status.done - bar.n)


def _tell(result: FinetuneResult) -> None:
    """Print the table of classes, the notices and the files."""
    names = {c.id: c.name for c in result.legend}
    click.echo(f"{'class':<28}{'polygons':>9}{'before':>9}{'after':>9}")
    for entry in result.check.classes:
        if entry.class_id in result.after.iou:
            before = result.before.iou.get(entry.class_id, 0.0)
            after = result.after.iou[entry.class_id]
            name = f"{entry.class_id:>2} {names[entry.class_id]}"
            click.echo(f"{name:<28}{entry.polygons:>9}{before:>9.3f}{after:>9.3f}")
    total = (result.before.miou, result.after.miou)
    click.echo(f"{'mIoU on validation blocks':<37}{total[0]:>9.3f}{total[1]:>9.3f}")
    if result.after.kept == result.after.kept:
        click.echo(f"{100 * result.after.kept:.0f} % of the unlabelled ground keep their class.")
    for notice in result.notices:
        click.echo(f"Note: {notice}")
    click.echo(f"{result.steps} steps in {result.seconds:.0f} s; step {result.best_step} is kept.")
    if result.refit_steps:
        click.echo(f"{result.refit_steps} more steps learnt the held-back labels, too.")
    for suffix in (".safetensors", ".md", ".html"):
        click.echo(f"Wrote {result.adapter.with_suffix(suffix)}")
