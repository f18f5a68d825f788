"""The command ``segment``."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import torch
from click.core import ParameterSource
from tqdm import tqdm

from .classes import find_classes
from .device import choose_device, keep_large_allocations, set_threads
from .errors import ConfigError, CwsamError
from .estimate import (
    Estimate,
    available_bytes,
    check_fits,
    estimate,
    refusals,
    size_text,
)
from .io.batch import Job, JobResult, expand_images, plan_outputs, result_table
from .io.job import (
    JobOptions,
    Length,
    Outputs,
    Resume,
    check_distinct,
    open_images,
    segment_file,
)
from .io.record import (
    PATHS,
    command_of,
    machine_facts,
    raster_record,
    read_record,
    summary_record,
    write_record,
)
from .io.report import area_table
from .io.staging import check_writable
from .journal import cache_folder
from .models.checkpoint import DEFAULT_MODEL, LoadedModel, load_model
from .pipeline import SegmentOptions
from .ports import Progress
from .predictor import TorchPredictor
from .tiling.normalize import Stretch
from .types import RasterInfo, RunSummary
from .vector.assemble import VectorOptions

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

PROBED_PIXELS = 50_000_000
"""Rasters of more pixels are estimated before they are run."""


def _path(**options: object) -> click.Path:
    return click.Path(path_type=Path, **options)


@click.command()
@click.argument("images", nargs=-1, metavar="IMAGE|FOLDER...")
@click.option(
    "-o",
    "--output",
    type=_path(),
    help="Polygons: .gpkg, .shp, .geojson, .fgb, "
    ".parquet; for several images a folder, or one .gpkg with a layer for each.",
)
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Name of a bundled model or a checkpoint file.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--tile", type=int, default=0, help="Side of a tile in pixels; the model's own if 0.")
@click.option("--overlap", type=int, default=-1, help="Overlap of tiles in pixels; tile / 8 if -1.")
@click.option("--bands", help="Red, green and blue band, for instance 4,3,2.")
@click.option("--classes", help="Keep only these, for instance 'water,24,水域'.")
@click.option(
    "--min-area",
    default="0",
    show_default=True,
    metavar="M²|PXpx",
    help="Hand smaller patches to a neighbour: square metres, or pixels as in 20px.",
)
@click.option(
    "--simplify",
    default="0",
    show_default=True,
    metavar="M|PXpx",
    help="Tolerance of shared borders: metres, or pixels as in 1.5px.",
)
@click.option("--smooth", type=click.IntRange(0, 3), default=0, help="Rounds of corner cutting.")
@click.option(
    "--gsd", type=float, metavar="M", help="Resample to this ground sample distance, metres."
)
@click.option(
    "--stretch",
    default="auto",
    show_default=True,
    help="Radiometry: percentiles (2,98), a range of values (0:4000), none or auto.",
)
@click.option("--raster", type=_path(), help="Class raster, GeoTIFF.")
@click.option("--confidence", type=_path(), help="Confidence raster in percent, GeoTIFF.")
@click.option("--preview", type=_path(), help="Picture of image and class map, PNG.")
@click.option("--cog", is_flag=True, help="Rasters as cloud-optimised GeoTIFF with overviews.")
@click.option("--mosaic", is_flag=True, help="All images as one: one layer without seams.")
@click.option("--fresh", is_flag=True, help="Start over instead of going on with a stopped run.")
@click.option("--dry-run", is_flag=True, help="Only estimate tiles, time, memory and disk.")
@click.option("--record", type=_path(), help="Write what was run as JSON.")
@click.option(
    "--from-record",
    type=_path(),
    help="Run again what a record or a GeoPackage of a run says; other options go before it.",
)
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads; all if 0.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
@click.pass_context
def segment(context: click.Context, /, **settings: object) -> None:
    """Segment images into land-cover polygons.

    Several images, or all those of a folder, go through in one run with the model loaded once;
    one that fails does not stop the others. OUTPUT, --raster, --confidence and --preview are
    folders then, unless --mosaic makes one image of them.

    A run that was stopped goes on where it was when it is given again.
    """
    known = _take_record(context, settings)
    options = _job_options(settings)
    if not settings["images"]:
        raise ConfigError("No image is given: name image files or folders, or --from-record.")
    images = expand_images(settings["images"])
    wanted = {k: settings[k] for k in ("raster", "confidence", "preview")}
    jobs = plan_outputs(images, settings["output"], wanted, settings["mosaic"], settings["cog"])
    if settings["record"] is not None:
        check_writable(settings["record"])
    keep_large_allocations()
    threads = set_threads()
    if settings["threads"]:
        torch.set_num_threads(threads := settings["threads"])
    plan = choose_device(settings["device"])
    loaded = load_model(settings["model"])
    if known not in (None, loaded.sha256):
        raise ConfigError(
            f"The record was made with other weights than {loaded.name} holds now: give the "
            "weights of that run with --model."
        )
    run = Run(loaded, make_predictor(loaded, plan), options, settings)
    run.say(f"{plan.reason} {threads} threads. Model {loaded.name}.")
    sys.exit(run.dry(jobs) if settings["dry_run"] else run.all(jobs))


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
    keep = None
    if settings["classes"]:
        keep = find_classes(settings["classes"].replace("，", ",").split(","))
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
    return JobOptions(
        SegmentOptions(
            tile=settings["tile"],
            overlap=settings["overlap"],
            keep_classes=keep,
            vector=VectorOptions(smooth=settings["smooth"]),
            stretch=Stretch.parse(settings["stretch"]),
            read_ahead=True,
        ),
        bands,
        Length.parse(settings["min_area"], "--min-area"),
        Length.parse(settings["simplify"], "--simplify"),
        gsd,
    )


def make_predictor(loaded: LoadedModel, plan: object) -> TorchPredictor:
    """Put a loaded model on its device; it predicts the classes that it has seen."""
    classes = loaded.card.classes_seen or tuple(range(loaded.config.num_classes))
    return TorchPredictor(
        loaded.model, plan, loaded.config.encoder.patch_size, loaded.config.image_size, classes
    )


@dataclass
class Run:
    """Everything that the images of one call share.

    Attributes:
        loaded: The model.
        predictor: The model on its device.
        options: The user's settings.
        settings: The same as the command line gave them.
        written: Vector files that this call has begun.
        results: A line for each image.
        records: What was run, for ``--record``.
    """

    loaded: LoadedModel
    predictor: TorchPredictor
    options: JobOptions
    settings: dict
    written: set[Path] = field(default_factory=set)
    results: list[JobResult] = field(default_factory=list)
    records: list[dict] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Tell the user, unless asked to be quiet."""
        if not self.settings["quiet"]:
            click.echo(text)

    def all(self, jobs: list[Job]) -> int:
        """Run all jobs, whatever becomes of one; returns the exit status."""
        for job in jobs:
            try:
                self.one(job)
            except KeyboardInterrupt:
                whole = sum(not result.error for result in self.results)
                click.echo(
                    f"Stopped; of {job.name} nothing was written, {whole} earlier image(s) are "
                    "complete. The same command goes on here.",
                    err=True,
                )
                return INTERRUPTED
        if len(jobs) > 1:
            self.say(f"\n{result_table(self.results)}")
        if self.settings["record"] is not None:
            facts = machine_facts(self.predictor.plan.reason, torch.__version__)
            command = command_of(tuple(i for job in jobs for i in job.images), self.settings)
            model = {"model": self.loaded.name, "model_sha256": self.loaded.sha256}
            record = {**model, **facts, "command": command, "runs": self.records}
            write_record(self.settings["record"], record)
        failed = [result.name for result in self.results if result.error]
        if failed and len(jobs) > 1:
            click.echo(f"{len(failed)} of {len(jobs)} images failed: {', '.join(failed)}", err=True)
        return 1 if failed else 0

    def one(self, job: Job) -> None:
        """Segment one image and note how it went."""
        started = time.monotonic()
        outputs = replace(job.outputs, append=job.outputs.polygons in self.written)
        bar = tqdm(unit="tile", disable=self.settings["quiet"], desc=job.name, leave=False)

        def report(done: float, total: float, message: str) -> None:
            bar.total = total
            bar.set_description(message, refresh=False)
            bar.update(done - bar.n)

        try:
            with bar:
                self._check(job)
                info, summary = segment_file(
                    job.images,
                    outputs,
                    self.predictor,
                    self.loaded.card,
                    self.options,
                    self.record(job),
                    Progress(report),
                    self._resume(),
                )
        except CwsamError as error:
            click.echo(f"Error: {error}", err=True)
            seconds = time.monotonic() - started
            self.results.append(JobResult(job.name, seconds=seconds, error=str(error)))
            self.records.append({"images": list(job.images), "error": str(error)})
            return
        if outputs.polygons is not None:
            self.written.add(outputs.polygons)
        self._tell(job, info, summary, time.monotonic() - started)

    def _resume(self) -> Resume:
        plan = self.predictor.plan
        network = (self.loaded.sha256, self.predictor.class_ids, plan.device, plan.dtype)
        identity = (*map(str, network), torch.__version__, str(self.options.gsd_m))
        return Resume(identity, self.settings["fresh"])

    def _check(self, job: Job) -> None:
        """Refuse a large raster that cannot fit, before hours are spent on it."""
        with open_images(job.images, self.options) as source:
            if source.info.width * source.info.height <= PROBED_PIXELS:
                return
            expected = self._estimate(job, source)
        check_fits(self._refusals(job.outputs, expected))

    def dry(self, jobs: list[Job]) -> int:
        """Print what each job will take; returns the exit status."""
        status = 0
        for job in jobs:
            try:
                check_distinct(job.images, job.outputs)
                with open_images(job.images, self.options) as source:
                    expected = self._estimate(job, source)
                click.echo(
                    f"{job.name}: {expected.tiles} tiles, about {expected.seconds:.0f} s, "
                    f"{size_text(expected.memory)} of memory, {size_text(expected.output)} of disk "
                    f"for the results, {size_text(expected.journal)} for the journal."
                )
                check_fits(self._refusals(job.outputs, expected))
            except CwsamError as error:
                click.echo(f"Error: {error}", err=True)
                status = 1
        return status

    def _estimate(self, job: Job, source: object) -> Estimate:
        settled, _ = self.options.for_raster(source.info)
        return estimate(source, self.predictor, settled, job.outputs.polygons is not None)

    def _refusals(self, outputs: Outputs, expected: Estimate) -> list[str]:
        folder = outputs.paths()[0].parent
        free_output = shutil.disk_usage(folder).free if folder.is_dir() else None
        cache = next(p for p in (cache_folder(), *cache_folder().parents) if p.is_dir())
        return refusals(expected, available_bytes(), free_output, shutil.disk_usage(cache).free)

    def record(self, job: Job) -> dict[str, object]:
        """What is run, for the output."""
        return {
            "image": ", ".join(str(Path(image).resolve()) for image in job.images),
            "model": self.loaded.name,
            "model_sha256": self.loaded.sha256,
            **machine_facts(self.predictor.plan.reason, torch.__version__),
            "command": command_of(job.images, self._settings_of(job)),
        }

    def _settings_of(self, job: Job) -> dict:
        """The settings that repeat this job alone."""
        files = job.outputs
        own = (files.polygons, files.classes, files.confidence, files.preview)
        return {**self.settings, **dict(zip(PATHS, own))}

    def _tell(self, job: Job, info: RasterInfo, summary: RunSummary, seconds: float) -> None:
        polygons = sum(total.polygons for total in summary.areas.values())
        self.results.append(JobResult(job.name, summary.pixels, polygons, seconds))
        self.records.append(
            {"images": list(job.images), **raster_record(info), **summary_record(summary)}
        )
        for notice in summary.notices:
            self.say(f"Note: {notice}")
        self.say("")
        self.say(area_table(summary))
        rate = summary.pixels / 1e6 / seconds
        self.say(f"\n{info.width} x {info.height} pixels in {seconds:.1f} s ({rate:.2f} Mpx/s)")
        for path in job.outputs.paths():
            self.say(f"Wrote {path}")
