"""What the command ``segment`` does once its options are read: one job after the other."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import torch

from .cli_options import progress_bar
from .device import DeviceMeter, device_meter
from .errors import CwsamError
from .estimate import (
    Estimate,
    check_fits,
    describe,
    estimate,
    refusals,
)
from .io.batch import Job, JobResult, result_table
from .io.job import (
    JobOptions,
    Outputs,
    Resume,
    open_images,
    raster_notices,
    segment_file,
)
from .io.output_check import check_outputs
from .io.record import (
    PATHS,
    command_of,
    machine_facts,
    raster_record,
    summary_record,
    write_record,
)
from .io.report import area_table
from .io.vector_sink import shapefile_refusal
from .journal import cache_folder
from .memory import available_bytes
from .models.checkpoint import LoadedModel
from .predictor import TorchPredictor
from .types import RasterInfo, RunSummary

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

PROBED_PIXELS = 50_000_000
"""Rasters of more pixels are estimated before they are run."""


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
                    "complete. Run the same command again to continue.",
                    err=True,
                )
                return INTERRUPTED
        if len(jobs) > 1:
            self.say(f"\n{result_table(self.results)}")
        if self.settings["record"] is not None:
            facts = machine_facts(torch=torch.__version__, device=self.predictor.plan.reason)
            command = command_of(tuple(i for job in jobs for i in job.images), self.settings)
            model = {"model": self.loaded.name, "model_sha256": self.loaded.identity}
            record = {**model, **facts, "command": command, "runs": self.records}
            write_record(self.settings["record"], record)
        failed = [result.name for result in self.results if result.error]
        if failed and len(jobs) > 1:
            click.echo(f"{len(failed)} of {len(jobs)} images failed: {', '.join(failed)}", err=True)
        return 1 if failed else 0

    def one(self, job: Job) -> None:
        """Segment one image and note how it went."""
        started = time.monotonic()
        append = job.outputs.append or job.outputs.polygons in self.written
        outputs = replace(job.outputs, append=append)
        try:
            with progress_bar("tile", self.settings["quiet"], job.name) as progress:
                self._check(job)
                info, summary = segment_file(
                    job.images,
                    outputs,
                    self.predictor,
                    self.loaded.card,
                    self.options,
                    self.record(job),
                    progress,
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
        network = (self.loaded.identity, self.loaded.storage, self.predictor.class_ids)
        arithmetic = (plan.device, plan.dtype, plan.int8, torch.__version__)
        identity = tuple(map(str, (*network, *arithmetic, self.options.gsd_m)))
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
                check_outputs(job.images, job.outputs)
                with open_images(job.images, self.options) as source:
                    notices = raster_notices(source, job.outputs, self.loaded.card, self.options)
                    expected = self._estimate(job, source)
                click.echo(f"{job.name}: {describe(expected)}")
                for notice in notices:
                    self.say(f"Note: {notice}")
                check_fits(self._refusals(job.outputs, expected))
            except CwsamError as error:
                click.echo(f"Error: {error}", err=True)
                status = 1
        return status

    def _estimate(self, job: Job, source: object) -> Estimate:
        settled, _ = self.options.for_raster(source.info)
        polygons = job.outputs.polygons is not None or not job.outputs.paths()
        return estimate(source, self.predictor, settled, polygons, self._meter)

    def _refusals(self, outputs: Outputs, expected: Estimate) -> list[str]:
        folder = next((path.parent for path in outputs.paths() if path.parent.is_dir()), None)
        free_output = None if folder is None else shutil.disk_usage(folder).free
        cache = next(p for p in (cache_folder(), *cache_folder().parents) if p.is_dir())
        free_device = self._meter.free() if self._meter is not None else None
        free_cache = shutil.disk_usage(cache).free
        found = refusals(expected, available_bytes(), free_output, free_cache, free_device)
        return found + shapefile_refusal(outputs.polygons, expected.polygons, expected.wkb)

    @property
    def _meter(self) -> DeviceMeter | None:
        return device_meter(self.predictor.plan)

    def record(self, job: Job) -> dict[str, object]:
        """What is run, for the output."""
        return {
            "image": ", ".join(str(Path(image).resolve()) for image in job.images),
            "model": self.loaded.name,
            "model_sha256": self.loaded.identity,
            **machine_facts(torch=torch.__version__, device=self.predictor.plan.reason),
            "command": command_of(job.images, self._settings_of(job)),
        }

    def _settings_of(self, job: Job) -> dict:
        """The settings that repeat this job alone."""
        files = job.outputs
        own = (files.polygons, files.classes, files.confidence, files.preview)
        return {**self.settings, **dict(zip(PATHS, own))}

    def _tell(self, job: Job, info: RasterInfo, summary: RunSummary, seconds: float) -> None:
        polygons = None
        if job.outputs.polygons is not None:
            polygons = sum(total.polygons for total in summary.areas.values())
        self.results.append(JobResult(job.name, summary.pixels, polygons, seconds))
        self.records.append(
            {"images": list(job.images), **raster_record(info), **summary_record(summary)}
        )
        for notice in summary.notices:
            self.say(f"Note: {notice}")
        self.say("")
        raster_only = info if job.outputs.polygons is None else None
        self.say(area_table(summary, self.loaded.card.legend, raster_only))
        rate = summary.pixels / 1e6 / seconds
        self.say(f"\n{info.width} x {info.height} pixels in {seconds:.1f} s ({rate:.2f} Mpx/s)")
        for path in job.outputs.paths():
            self.say(f"Wrote {path}")
