"""The command ``vectorize``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from .cli_options import (
    kept_classes,
    path_type,
    polygon_options,
    progress_bar,
    vector_settings,
)
from .io.class_map import ClassMap
from .io.job import JobOptions, Outputs, format_notices
from .io.output_check import check_outputs
from .io.record import machine_facts, raster_record
from .io.report import area_table
from .io.vector_formats import vector_format
from .io.vector_sink import open_vector_sink
from .pipeline import SegmentOptions, StageClock, make_vectorizer, write_polygons
from .ports import Progress
from .types import RunSummary


@click.command()
@click.argument("class_raster", type=path_type())
@click.option(
    "-o",
    "--output",
    type=path_type(),
    required=True,
    help="Polygons: .gpkg, .shp, .geojson, .fgb or .parquet.",
)
@click.option("--confidence", type=path_type(), help="Confidence raster in percent.")
@polygon_options
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
def vectorize(
    class_raster: Path, output: Path, confidence: Path | None, quiet: bool, **settings: object
) -> None:
    """Turn a class raster into land-cover polygons.

    CLASS_RASTER has one band of class ids, as 'segment --raster' writes it: 0 to 32, and what
    fine-tuned models add. Names and colours are those of the raster where it tells them.
    Polygons share their borders: no gaps, no overlaps, however they are simplified. Memory
    grows with the length of the borders only.
    """
    vector_format(output)
    inputs = [str(path) for path in (class_raster, confidence) if path is not None]
    outputs = Outputs(output, settings["layer"], settings["append"])
    check_outputs(inputs, outputs)
    vector, *sizes = vector_settings(settings)
    options = JobOptions(SegmentOptions(vector=vector), (1, 1, 1), *sizes)
    started = time.monotonic()
    record = {
        "class_raster": str(class_raster.resolve()),
        "confidence": None if confidence is None else str(confidence.resolve()),
        **{name: value for name, value in settings.items() if value is not None},
    }
    bar = progress_bar("row", quiet, class_raster.name)
    with bar as progress, ClassMap(class_raster, confidence) as source:
        options = options.keeping(kept_classes(settings["classes"], source.legend))
        settled, notices = options.for_raster(source.info)
        summary = _run(source, outputs, settled, record, progress)
        summary.notices += [*source.notices, *notices, *format_notices(outputs, source.info)]
    if not quiet:
        _tell(source, summary, output, time.monotonic() - started)


def _run(
    source: ClassMap, outputs: Outputs, options: SegmentOptions, record: dict, progress: Progress
) -> RunSummary:
    """Trace all strips and write the polygons."""
    info, clock = source.info, StageClock()
    summary = RunSummary(pixels=info.width * info.height, seconds=clock.seconds)
    metadata = {**record, **machine_facts(), **raster_record(info)}
    with open_vector_sink(
        outputs.polygons, info, outputs.layer, outputs.append, metadata=metadata
    ) as sink:
        vectorizer = make_vectorizer(info, options)
        for strip in source.strips():
            vectorizer.add(strip)
            progress.report(strip.row + len(strip.classes), info.height, "Tracing")
        sink.show(source.shown())
        write_polygons(vectorizer, sink, progress, clock, summary)
    return summary


def _tell(source: ClassMap, summary: RunSummary, output: Path, seconds: float) -> None:
    for notice in summary.notices:
        click.echo(f"Note: {notice}")
    click.echo(f"\n{area_table(summary, source.legend)}")
    info = source.info
    rate = summary.pixels / 1e6 / seconds
    click.echo(f"\n{info.width} x {info.height} pixels in {seconds:.1f} s ({rate:.2f} Mpx/s)")
    click.echo(f"Wrote {output}")
