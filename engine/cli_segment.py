"""The command ``segment``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click
import torch
from click.core import ParameterSource

from .classes import unseen_notice
from .cli_options import kept_classes, path_type, polygon_options, vector_settings
from .cli_run import Run, make_predictor
from .device import choose_device, choose_storage, keep_large_allocations, set_threads
from .errors import ConfigError
from .io.batch import Job, expand_images, plan_outputs
from .io.job import JobOptions, Outputs
from .io.record import PATHS, read_record
from .memory import available_bytes
from .models.checkpoint import DEFAULT_MODEL, load_model
from .pipeline import SegmentOptions
from .staging import check_writable, refuse_clashes
from .tiling.normalize import Stretch


@click.command()
@click.argument("images", nargs=-1, metavar="IMAGE|FOLDER...")
@click.option(
    "-o",
    "--output",
    type=path_type(),
    help="Polygons: .gpkg, .shp, .geojson, .fgb, "
    ".parquet; for several images a folder, or one .gpkg with a layer for each.",
)
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Name of a bundled model, a checkpoint file or an adapter file of 'finetune'.",
)
@click.option("--adapter", help="Adapter file for a model that does not come with the package.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    help="auto, float32, bfloat16, float16 or int8 (CPU only).",
)
@click.option(
    "--storage",
    default="auto",
    show_default=True,
    help="Large weights in memory: auto, float32 or bfloat16 (half the memory).",
)
@click.option("--tile", type=int, default=0, help="Side of a tile in pixels; the model's own if 0.")
@click.option("--overlap", type=int, default=-1, help="Overlap of tiles in pixels; tile / 8 if -1.")
@click.option("--bands", help="Red, green and blue band, for instance 4,3,2.")
@polygon_options
@click.option(
    "--merge-into",
    type=click.Choice(("border", "runner_up")),
    default="border",
    show_default=True,
    help="Neighbour that takes a polygon below --min-area: the one with the longest common "
    "border, or one of its second most probable class.",
)
@click.option(
    "--gsd", type=float, metavar="M", help="Resample to this ground sample distance, metres."
)
@click.option(
    "--stretch",
    default="auto",
    show_default=True,
    help="Radiometry: percentiles (2,98), a range of values (0:4000), none or auto.",
)
@click.option("--raster", type=path_type(), help="Class raster, .tif (GeoTIFF).")
@click.option("--confidence", type=path_type(), help="Confidence raster in percent, .tif.")
@click.option("--preview", type=path_type(), help="Picture of image and class map, .png.")
@click.option("--cog", is_flag=True, help="Rasters as cloud-optimised GeoTIFF with overviews.")
@click.option("--mosaic", is_flag=True, help="All images as one: one layer without seams.")
@click.option("--fresh", is_flag=True, help="Start over instead of continuing a stopped run.")
@click.option("--dry-run", is_flag=True, help="Only estimate tiles, time, memory and disk.")
@click.option("--record", type=path_type(), help="Write what was run to a JSON file.")
@click.option(
    "--from-record",
    type=path_type(),
    help="Run again what a record or a GeoPackage of a run says; other options override it.",
)
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads; all if 0.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
@click.pass_context
def segment(context: click.Context, /, **settings: object) -> None:
    """Segment images into land-cover polygons.

    Several images, or all those of a folder, go through in one run with the model loaded once;
    one that fails does not stop the others. OUTPUT, --raster, --confidence and --preview are
    folders then, unless --mosaic makes one image of them.

    To continue a run that was stopped, give the same command again. An existing output file is
    replaced as a whole.
    """
    known = _take_record(context, settings)
    options = _job_options(settings)
    if not settings["images"]:
        raise ConfigError("No image is given: name image files or folders, or --from-record.")
    images = expand_images(settings["images"])
    wanted = {k: settings[k] for k in ("raster", "confidence", "preview")}
    common = Outputs(settings["output"], settings["layer"], settings["append"], cog=settings["cog"])
    if settings["from_record"] is not None and common.polygons is None and not any(wanted.values()):
        raise ConfigError(
            f"{settings['from_record']} does not say where to write: give -o OUT.gpkg, or a folder "
            "for several images."
        )
    jobs = plan_outputs(images, common, wanted, settings["mosaic"], settings["dry_run"])
    if settings["record"] is not None:
        _check_record(settings, images, jobs)
    keep_large_allocations()
    threads = set_threads()
    if settings["threads"]:
        torch.set_num_threads(threads := settings["threads"])
    plan = choose_device(settings["device"], settings["precision"])
    storage = partial(choose_storage, settings["storage"], plan, available_bytes())
    loaded = load_model(settings["model"], adapter=settings["adapter"], storage=storage)
    options = options.keeping(kept_classes(settings["classes"], loaded.card.legend))
    if known not in (None, loaded.identity):
        raise ConfigError(
            f"The record was made with other weights than {loaded.name} holds now: give the "
            "weights of that run with --model."
        )
    run = Run(loaded, make_predictor(loaded, plan), options, settings)
    counted = "1 thread" if threads == 1 else f"{threads} threads"
    run.say(f"{plan.reason} {counted}. Model {loaded.name}.")
    seen, kept = loaded.card.classes_seen, options.segment.keep_classes
    for notice in unseen_notice(loaded.name, seen, kept, loaded.card.legend):
        run.say(f"Note: {notice}")
    sys.exit(run.dry(jobs) if settings["dry_run"] else run.all(jobs))


def _check_record(settings: dict, images: tuple[str, ...], jobs: list[Job]) -> None:
    """Refuse a record that cannot be written or would overwrite what the run reads or writes."""
    read = [settings[name] for name in ("model", "adapter", "from_record") if settings[name]]
    written = [path for job in jobs for path in job.outputs.paths()]
    refuse_clashes([*images, *read, *written], [settings["record"]])
    check_writable(settings["record"])


def _take_record(context: click.Context, settings: dict) -> str | None:
    """Fill in what a record says and the command line does not; returns the weights' hash."""
    if settings["from_record"] is None:
        return None
    record = read_record(settings["from_record"])
    for name, value in record["command"].items():
        given = context.get_parameter_source(name)
        if name in settings and (given == ParameterSource.DEFAULT or not settings[name]):
            settings[name] = Path(value) if name in PATHS else value
    own_model = context.get_parameter_source("model") == ParameterSource.COMMANDLINE
    settings["images"] = tuple(settings["images"])
    return None if own_model else record.get("model_sha256")


def _job_options(settings: dict) -> JobOptions:
    """Turn the command line's texts into settings."""
    bands = None
    if settings["bands"]:
        try:
            bands = tuple(int(n) for n in settings["bands"].split(","))
        except ValueError:
            bands = ()
        if len(bands) != 3 or min(bands) < 1:
            raise ConfigError("--bands must be three band numbers from 1, such as 4,3,2.")
    gsd = settings["gsd"]
    if gsd is not None and not 0 < gsd < float("inf"):
        raise ConfigError(f"--gsd must be metres a pixel, more than 0, not {gsd:g}.")
    vector, min_area, simplify = vector_settings(settings)
    return JobOptions(
        SegmentOptions(
            tile=settings["tile"],
            overlap=settings["overlap"],
            vector=vector,
            stretch=Stretch.parse(settings["stretch"]),
            read_ahead=True,
            write_behind=True,
        ),
        bands,
        min_area,
        simplify,
        gsd,
    )
