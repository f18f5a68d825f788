"""Command line of the engine: ``segment``, ``models``, ``info``."""

from __future__ import annotations

import json
import platform
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from .. import __version__
from .classes import CLASSES, find_classes
from .config import variant_names
from .device import choose_device, keep_large_allocations, set_threads
from .errors import ConfigError, CwsamError, OutputError
from .io.job import JobOptions, Length, Outputs, segment_file
from .io.raster_source import open_raster
from .io.report import area_table, raster_facts
from .io.vector_formats import vector_format
from .models.checkpoint import (
    DEFAULT_MODEL,
    LoadedModel,
    bundled_models,
    describe_variant,
    load_model,
)
from .pipeline import SegmentOptions
from .ports import Progress
from .predictor import TorchPredictor
from .types import RasterInfo, RunSummary
from .vector.assemble import VectorOptions

INTERRUPTED = 130


class FriendlyGroup(click.Group):
    """A group whose commands end with a sentence instead of a traceback on a user's mistake."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit with 1 on our errors, 130 on an interrupt."""
        try:
            return super().invoke(ctx)
        except CwsamError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("Stopped; nothing was written.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cwsam")
def main() -> None:
    """Turn aerial and satellite images into polygons of 33 land-cover classes."""


def _path(**options: object) -> click.Path:
    return click.Path(path_type=Path, **options)


@main.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
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
@click.option("--raster", type=_path(), help="Class raster, GeoTIFF.")
@click.option("--confidence", type=_path(), help="Confidence raster in percent, GeoTIFF.")
@click.option("--preview", type=_path(), help="Picture of image and class map, PNG.")
@click.option("--threads", type=click.IntRange(0), default=0, help="CPU threads; all if 0.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
def segment(images: tuple[str, ...], output: Path | None, quiet: bool, **settings: object) -> None:
    """Segment images into land-cover polygons.

    Several images go through in one run with the model loaded once; one that fails does not
    stop the others. OUTPUT, --raster, --confidence and --preview are folders then.
    """
    options = _job_options(settings)
    wanted = {k: settings[k] for k in ("raster", "confidence", "preview")}
    jobs = plan_outputs(images, output, wanted)
    keep_large_allocations()
    threads = set_threads()
    if settings["threads"]:
        torch.set_num_threads(threads := settings["threads"])
    plan = choose_device(settings["device"])
    loaded = load_model(settings["model"])
    predictor = make_predictor(loaded, plan)
    run = Run(loaded, predictor, options, settings, quiet)
    run.say(f"{plan.reason} {threads} threads. Model {loaded.name}.")
    failed = [job.image for job in jobs if not run.one(job)]
    if failed:
        if len(jobs) > 1:
            click.echo(f"{len(failed)} of {len(jobs)} images failed: {', '.join(failed)}", err=True)
        sys.exit(1)


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
    return JobOptions(
        SegmentOptions(
            tile=settings["tile"],
            overlap=settings["overlap"],
            keep_classes=keep,
            vector=VectorOptions(smooth=settings["smooth"]),
        ),
        bands,
        Length.parse(settings["min_area"], "--min-area"),
        Length.parse(settings["simplify"], "--simplify"),
    )


def make_predictor(loaded: LoadedModel, plan: object) -> TorchPredictor:
    """Put a loaded model on its device; it predicts the classes that it has seen."""
    classes = loaded.card.classes_seen or tuple(range(loaded.config.num_classes))
    return TorchPredictor(
        loaded.model, plan, loaded.config.encoder.patch_size, loaded.config.image_size, classes
    )


@dataclass(frozen=True)
class Job:
    """One image and where its results go."""

    image: str
    outputs: Outputs


def plan_outputs(
    images: tuple[str, ...], output: Path | None, wanted: dict[str, Path | None]
) -> list[Job]:
    """Name the result files of every image.

    Args:
        images: Input files.
        output: Vector file; for several images a folder or a GeoPackage.
        wanted: ``raster``, ``confidence``, ``preview``: file, or folder for several images.

    Raises:
        OutputError: Nothing is asked for, or names do not fit or would collide.
    """
    if output is None and not any(wanted.values()):
        raise OutputError(
            "Nothing to write; give -o OUT.gpkg, --raster, --confidence or --preview."
        )
    if len(images) == 1:
        if output is not None:
            vector_format(output)
        return [
            Job(
                images[0],
                Outputs(
                    output, None, False, wanted["raster"], wanted["confidence"], wanted["preview"]
                ),
            )
        ]
    stems = [Path(image).stem for image in images]
    doubled = sorted({stem for stem in stems if stems.count(stem) > 1})
    if doubled:
        raise OutputError(f"Two images are called '{doubled[0]}'; run them one by one.")
    one_file = output is not None and output.suffix.lower() == ".gpkg"
    folders = [p for p in (None if one_file else output, *wanted.values()) if p is not None]
    for folder in folders:
        if folder.suffix or folder.is_file():
            raise OutputError(f"{folder} must be a folder when there are several images.")
        folder.mkdir(parents=True, exist_ok=True)
    return [
        Job(image, _outputs_in_folders(stem, output, wanted, one_file))
        for image, stem in zip(images, stems)
    ]


def _outputs_in_folders(
    stem: str, output: Path | None, wanted: dict[str, Path | None], one_file: bool
) -> Outputs:
    def file(folder: Path | None, ending: str) -> Path | None:
        return None if folder is None else folder / f"{stem}{ending}"

    return Outputs(
        output if one_file else file(output, ".gpkg"),
        stem if one_file else None,
        False,
        file(wanted["raster"], "_classes.tif"),
        file(wanted["confidence"], "_confidence.tif"),
        file(wanted["preview"], "_preview.png"),
    )


@dataclass
class Run:
    """Everything that the images of one call share."""

    loaded: LoadedModel
    predictor: TorchPredictor
    options: JobOptions
    settings: dict
    quiet: bool
    written: set[Path] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Tell the user, unless asked to be quiet."""
        if not self.quiet:
            click.echo(text)

    def one(self, job: Job) -> bool:
        """Segment one image; returns whether it went well."""
        started = time.monotonic()
        outputs = replace(job.outputs, append=job.outputs.polygons in self.written)
        bar = tqdm(unit="tile", disable=self.quiet, desc=Path(job.image).name, leave=False)

        def report(done: float, total: float, message: str) -> None:
            bar.total = total
            bar.set_description(message, refresh=False)
            bar.update(done - bar.n)

        try:
            with bar:
                info, summary = segment_file(
                    job.image,
                    outputs,
                    self.predictor,
                    self.loaded.card,
                    self.options,
                    self.record(job),
                    Progress(report),
                )
        except CwsamError as error:
            click.echo(f"Error: {error}", err=True)
            return False
        if outputs.polygons is not None:
            self.written.add(outputs.polygons)
        self._tell(job, info, summary, time.monotonic() - started)
        return True

    def record(self, job: Job) -> dict[str, str]:
        """What is run, for the output."""
        parameters = {k: str(v) for k, v in self.settings.items() if v not in (None, "")}
        return {
            "image": str(Path(job.image).resolve()),
            "model": self.loaded.name,
            "model_sha256": self.loaded.sha256,
            "parameters": json.dumps(parameters, ensure_ascii=False),
            "cwsam": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "device": self.predictor.plan.reason,
        }

    def _tell(self, job: Job, info: RasterInfo, summary: RunSummary, seconds: float) -> None:
        for notice in summary.notices:
            self.say(f"Note: {notice}")
        self.say("")
        self.say(area_table(summary))
        rate = summary.pixels / 1e6 / seconds
        self.say(f"\n{info.width} x {info.height} pixels in {seconds:.1f} s ({rate:.2f} Mpx/s)")
        for path in job.outputs.paths():
            self.say(f"Wrote {path}")


@main.command()
def models() -> None:
    """List models, variants and classes."""
    for name in bundled_models():
        loaded = load_model(name)
        low, high = loaded.card.gsd_m
        click.echo(f"{name} (bundled): {loaded.card.title}")
        click.echo(f"  {describe_variant(loaded.config.name)}")
        click.echo(f"  good for {low:g} to {high:g} m a pixel")
        seen = [CLASSES[i].name for i in loaded.card.classes_seen]
        click.echo(f"  has seen: {', '.join(seen)}")
    click.echo("\nVariants that a checkpoint file may hold:")
    for name in variant_names():
        click.echo(f"  {name}: {describe_variant(name)}")
    click.echo("\nClasses:")
    for entry in CLASSES:
        click.echo(f"  {entry.id:>2}  {entry.colour}  {entry.name}  {entry.name_zh}")


@main.command()
@click.argument("image")
def info(image: str) -> None:
    """Show size, bands and georeference of an image."""
    with open_raster(image) as source:
        click.echo(raster_facts(source.info, source.notices))
