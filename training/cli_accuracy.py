"""The commands ``evaluate`` and ``sample``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import click

from ..engine.classes import CLASSES
from ..engine.cli_options import path_type, progress_bar
from ..engine.io.point_sink import write_points
from ..engine.staging import Staging, check_writable, refuse_clashes
from .accuracy_report import accuracy_report
from .accuracy_tables import matrix_path, matrix_to_csv, to_csv, to_json, to_text
from .accuracy_texts import class_title
from .class_values import ClassValues, class_id_of, parse_merges, parse_table
from .cli_maps import (
    MapSource,
    all_columns,
    open_pair,
    open_single,
    read_points,
    refuse_labelled,
    unit_area,
)
from .map_accuracy import CompareOptions, MapAccuracy, Named, compare_points, compare_strips
from .map_strips import SampleOptions, Walk, draw_sample, look_up
from .sample_points import sample_qml
from .sampling import ALLOCATIONS, MINIMUM

if TYPE_CHECKING:
    pass

Command = Callable[..., None]

_MAP_OPTIONS = (
    click.option("--prediction-field", help="Class attribute of a vector map."),
    click.option("--prediction-layer", help="Layer of a vector map; the first by default."),
    click.option(
        "--map-prediction",
        "prediction_table",
        multiple=True,
        metavar="VALUE=CLASS",
        help="What a value of the map means: a class, or 'skip'. Repeatable.",
    ),
    click.option(
        "--resolution",
        type=click.FloatRange(0, min_open=True),
        help="Pixel side for vector maps in units of their CRS; about 16 megapixels by default.",
    ),
    click.option(
        "--language",
        type=click.Choice(["en", "zh"]),
        default="en",
        show_default=True,
        help="Of class names and report.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table."),
)


def _map_options(command: Command) -> Command:
    for option in reversed(_MAP_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("prediction")
@click.argument("reference")
@click.option("--field", help="Class attribute of a vector reference.")
@click.option("--layer", help="Layer of a vector reference; the first by default.")
@click.option(
    "--merge", "merges", multiple=True, metavar="A=B", help="Count class A as B. Repeatable."
)
@click.option(
    "--map",
    "table",
    multiple=True,
    metavar="VALUE=CLASS",
    help="What a value of the reference means: a class, or 'skip'. Repeatable.",
)
@click.option(
    "--ignore-unclassified",
    is_flag=True,
    help="Leave reference pixels out where the map has no class, instead of counting a miss.",
)
@click.option("--csv", "csv_path", type=path_type(), help="Figures by class; counts beside it.")
@click.option("--json", "json_path", type=path_type(), help="Everything, for programs.")
@click.option("--html", "html_path", type=path_type(), help="A report in one file.")
@_map_options
def evaluate(prediction: str, reference: str, **options: object) -> None:
    """Score PREDICTION against REFERENCE.

    Each is a class raster or a vector layer with a class attribute, in any CRS: the reference
    is brought onto the map's pixels. Pixels without a reference are unknown and take no part.
    Points as REFERENCE, such as 'cwsam sample' draws, give estimates for the whole map with
    95 % confidence intervals.
    """
    outputs = {kind: options[f"{kind}_path"] for kind in ("csv", "json", "html")}
    counts = [matrix_path(path) for path in filter(None, [outputs["csv"]])]
    written = [*filter(None, outputs.values()), *counts]
    for path in written:
        check_writable(path)
    refuse_clashes([prediction, reference], written)
    judge = CompareOptions(
        parse_merges(options["merges"]), options["ignore_unclassified"], options["language"]
    )
    tables = (options["prediction_table"], options["table"])
    options_of = ("--map-prediction", "--map")
    values = [ClassValues(parse_table(t), option) for t, option in zip(tables, options_of)]
    pair = open_pair(
        MapSource(prediction, options["prediction_layer"], options["prediction_field"], values[0]),
        MapSource(reference, options["layer"], options["field"], values[1]),
        options["resolution"],
    )
    named = Named(pair.map.name, pair.reference_name, pair.unit_area, pair.notices)
    with closing(pair), progress_bar("row", options["quiet"]) as progress:
        if pair.points is not None:
            found = compare_points(look_up(read_points(pair), pair.map, progress), judge, named)
        else:
            strips = Walk(progress).over(pair.map, pair.reference)
            found = compare_strips((both for _, *both in strips), judge, named)
    _write(found, outputs)
    if not options["quiet"]:
        click.echo(to_text(found))


@click.command()
@click.argument("prediction", metavar="MAP")
@click.option(
    "-o", "--output", type=path_type(), required=True, help=".gpkg, .shp, .geojson or .fgb."
)
@click.option("--size", type=click.IntRange(1), help="Points in all.")
@click.option(
    "--standard-error",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="As many points as this standard error of the overall accuracy takes, such as 0.02.",
)
@click.option(
    "--expect",
    multiple=True,
    metavar="CLASS=SHARE",
    help="User's accuracy expected of a class, 0 to 1; 0.8 by default. Repeatable.",
)
@click.option(
    "--allocation",
    type=click.Choice(ALLOCATIONS),
    default=ALLOCATIONS[0],
    show_default=True,
    help="Recommended: a minimum for rare classes, the others in proportion to their area.",
)
@click.option(
    "--minimum",
    type=click.IntRange(1),
    default=MINIMUM,
    show_default=True,
    help="Points of a rare class.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Repeats a draw."
)
@_map_options
def sample(prediction: str, output: Path, **options: object) -> None:
    """Draw a stratified random sample of MAP, to be labelled by looking.

    The points get their class on the map and an empty field 'ref_class'. Fill it in, best
    without a look at the map, and give the file to 'cwsam evaluate MAP POINTS'.
    """
    if (options["size"] is None) == (options["standard_error"] is None):
        raise click.UsageError("Give one of --size and --standard-error.")
    check_writable(output)
    refuse_clashes([prediction], [output])
    refuse_labelled(output)
    values = ClassValues(parse_table(options["prediction_table"]), "--map-prediction")
    source = MapSource(prediction, options["prediction_layer"], options["prediction_field"], values)
    drawn, notices = open_single(source, options["resolution"])
    settings = SampleOptions(
        options["size"],
        options["standard_error"],
        options["allocation"],
        options["minimum"],
        _expected(options["expect"]),
        seed=options["seed"],
    )
    with closing(drawn), progress_bar("row", options["quiet"]) as progress:
        found = draw_sample(drawn, settings, progress, unit_area(drawn.grid))
    xy, columns = found.xy(drawn.grid), all_columns(found, options["language"])
    further = [c for c in found.sizes if c >= len(CLASSES)]
    write_points(output, xy, drawn.grid.crs, columns, sample_qml(options["language"], further))
    if not options["quiet"]:
        for c, count in found.shares.items():
            name = class_title(c, options["language"])
            click.echo(f"{count:>6} points in {found.sizes[c]:>15,} pixels: {c} {name}")
        for notice in notices:
            click.echo(notice)
        click.echo(f"{len(found.points)} points in {output}")


def _expected(pairs: tuple[str, ...]) -> dict[int, float]:
    """User's accuracies by class id."""
    expected = {}
    for name, share in parse_table(pairs).items():
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1:
            raise click.BadParameter(
                f"{share} is no share from 0 to 1: write CLASS=SHARE, such as water=0.95."
            )
        expected[class_id_of(name)] = value
    return expected


def _write(found: MapAccuracy, outputs: dict[str, Path | None]) -> None:
    """Write what was asked for, each file whole or not at all."""
    if outputs["csv"] is not None:
        path = outputs["csv"]
        _write_text(path, to_csv(found))
        _write_text(matrix_path(path), matrix_to_csv(found))
    if outputs["json"] is not None:
        _write_text(outputs["json"], to_json(found))
    if outputs["html"] is not None:
        _write_text(outputs["html"], accuracy_report(found))


def _write_text(path: Path, text: str) -> None:
    staging = Staging(path)
    # Spreadsheets take a CSV without the mark for the machine's own code page.
    coding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
    staging.path.write_text(text, encoding=coding)
    staging.commit()


COMMANDS = (evaluate, sample)
