"""The command ``finetune``."""

from __future__ import annotations

import csv
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import torch
from tqdm import tqdm

from ..engine.cli_options import path_type
from ..engine.config import PARTS, read_yaml
from ..engine.device import keep_large_allocations, set_threads
from ..engine.errors import ConfigError, TrainingDataError
from ..engine.io.labels import LabelLayer, read_label_layer
from ..engine.io.raster_source import RasterioSource, default_bands, open_raster
from ..engine.models.checkpoint import DEFAULT_MODEL, load_model
from ..engine.staging import check_writable
from ..engine.tiling.normalize import Stretch
from .class_values import parse_table
from .finetune.config import FinetuneConfig
from .finetune.labels import LabelledRaster, LabelPolygon, LabelScheme, burn, read_scheme
from .finetune.report import write_report
from .finetune.run import STATE, finetune

if TYPE_CHECKING:
    import numpy as np

    from ..engine.types import Window
    from .finetune.outcome import FinetuneResult, FinetuneStatus


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
    if len(pairs) % 2:
        raise ConfigError("Images and labels come in pairs: IMAGE LABELS [IMAGE LABELS...].")
    output = options["output"] or Path(pairs[0]).with_suffix(".adapter.safetensors")
    if output.suffix != ".safetensors":
        raise ConfigError(f"The adapter's name must end in .safetensors, not '{output.name}'.")
    for suffix in (".safetensors", ".md", ".html"):
        check_writable(output.with_suffix(suffix))
    config, table = _config(options), read_table(options["pairs_of_names"])
    keep_large_allocations()
    set_threads()
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    base = load_model(options["model"])
    folder = output.with_suffix(".finetune")
    if options["resume"] and not (folder / STATE).exists():
        raise ConfigError(f"There is no stopped run of {output.name}; start without --resume.")
    with ExitStack() as stack, tqdm(total=100, unit="%", disable=options["quiet"]) as bar:
        rasters, scheme = _open_all(pairs, options, table, base.card.legend, stack)
        result = finetune(
            base,
            rasters,
            output,
            config,
            scheme.new_classes,
            folder,
            options["resume"],
            lambda status: _show(bar, status),
        )
    result.notices[:0] = scheme.notices
    output.with_suffix(".md").write_text(result.card.to_markdown(output.stem), encoding="utf-8")
    write_report(result, output.with_suffix(".html"), options["language"])
    shutil.rmtree(folder, ignore_errors=True)
    if not options["quiet"]:
        _tell(result)


def _config(options: dict) -> FinetuneConfig:
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


def _open_all(
    pairs: tuple[str, ...], options: dict, table: dict, legend: tuple, stack: ExitStack
) -> tuple[list[LabelledRaster], LabelScheme]:
    """Open images and label layers; one scheme of classes for all."""
    opened: list[tuple[RasterioSource, LabelLayer]] = []
    for image, labels in zip(pairs[::2], pairs[1::2]):
        source = stack.enter_context(open_raster(image, gsd_m=options["gsd"]))
        layer = read_label_layer(labels, options["class_field"], source.info, options["layer"])
        opened.append((source, layer))
    values = [value for _, layer in opened for value in layer.values]
    scheme = read_scheme(values, table, legend, options["new_classes"])
    stretch = Stretch.parse(options["stretch"])
    bands = _bands(options["bands"])
    rasters = [
        labelled(source, layer, scheme, bands or default_bands(source.info), stretch)
        for source, layer in opened
    ]
    notices = [n for source, layer in opened for n in (*source.notices, *layer.notices)]
    return rasters, LabelScheme(scheme.ids, scheme.new_classes, (*scheme.notices, *notices))


def _bands(text: str | None) -> tuple[int, ...] | None:
    if not text:
        return None
    try:
        bands = tuple(int(n) for n in text.split(","))
    except ValueError:
        bands = ()
    if len(bands) != 3 or min(bands) < 1:
        raise ConfigError("--bands must be three band numbers from 1, such as 4,3,2.")
    return bands


def labelled(
    source: RasterioSource,
    layer: LabelLayer,
    scheme: LabelScheme,
    bands: tuple[int, int, int],
    stretch: Stretch,
) -> LabelledRaster:
    """Make the port that the core reads labels through."""
    features: dict[int, list[int]] = {}
    polygons = []
    for index, feature in enumerate(layer.features):
        class_id = scheme.ids[feature.value]
        if class_id is not None:
            features.setdefault(class_id, []).append(index)
            polygons.append(LabelPolygon(class_id, feature.bounds, feature.key))
    if not polygons:
        raise TrainingDataError(
            f"No polygon of {layer.name} has a class that may be used; check the table of names."
        )

    def labels(window: Window) -> np.ndarray:
        found, _ = burn((window.height, window.width), layer.masks(window, list(features.items())))
        return found

    return LabelledRaster(source, labels, tuple(polygons), bands, stretch)


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
