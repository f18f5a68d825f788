"""A fine-tuning of one raster and its labels: what the dock and the algorithm both run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsProject

from ..engine.classes import find_class
from ..engine.errors import CwsamError, OutputError, TrainingDataError, UnknownNameError
from ..training.class_values import parse_table
from ..training.finetune.check import LabelCheck, check_labels
from ..training.finetune.config import FinetuneConfig
from ..training.finetune.labels import NEW, SKIP, LabelledRaster, LabelScheme, read_scheme
from ..training.finetune.outcome import FinetuneStatus
from ..training.finetune.state_folder import forget_state
from .environment import load_torch
from .i18n import engine_text, language, translator
from .job import online_notices
from .label_reader import BurntLabels, LabelReader
from .layer_grid import has_pixel_grid
from .layer_source import LayerSource
from .model_list import SUFFIX, read_facts
from .pixel_bands import default_bands
from .staging import stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qgis.core import QgsRasterLayer, QgsVectorLayer

    from ..engine.classes import LandCoverClass
    from ..training.finetune.outcome import FinetuneResult, Report
    from .label_reader import LabelSet

tr = translator("finetune_job")

COMPANIONS = (".md", ".html")
_STATE_SUFFIX = ".finetune"
"""Suffixes of the card and of the report beside an adapter file."""

_MARGIN = 512  # pixels around the labels that are fetched of a map server


@dataclass(frozen=True)
class Wish:
    """What a fine-tuning is to do, in plain values.

    Attributes:
        model: Weights file of the base model.
        adapter: File to write, ``.safetensors``; card and report lie beside it.
        table: What values of the class field mean: a class, ``new``, ``new:NAME``, ``skip``.
        add_unknown: Make a new class of every value that names none.
        bands: Red, green and blue band from 1; None to choose by colour interpretation.
        config: Time, seed and the like.
        keep_state: Keep what a stopped run has learnt, so that it can go on.
        resume: Go on with a run that was stopped.
    """

    model: Path
    adapter: Path
    table: Mapping[str, str] = field(default_factory=dict)
    add_unknown: bool = False
    bands: tuple[int, int, int] | None = None
    config: FinetuneConfig = field(default_factory=FinetuneConfig)
    keep_state: bool = False
    resume: bool = False

    @property
    def state_folder(self) -> Path:
        """Where a stopped run is kept until it goes on."""
        return self.adapter.with_suffix(_STATE_SUFFIX)

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.adapter.with_suffix(".html")


def stopped_runs(folders: Iterable[Path]) -> list[Path]:
    """The adapters of stopped runs that can go on, the latest first.

    Args:
        folders: Where the adapters were to be written.
    """
    states = {path for folder in folders for path in folder.glob(f"*{_STATE_SUFFIX}/*.pt")}
    latest = sorted(states, key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.parent.with_suffix(SUFFIX) for path in latest]


class LabelledLayers:
    """A raster layer and its label layer, taken over on the main thread.

    Attributes:
        source: The pixels.
        reader: The labels.
    """

    def __init__(
        self,
        raster: QgsRasterLayer,
        labels: QgsVectorLayer,
        class_field: str = "",
        pixel_size: float = 0.0,
    ) -> None:
        """Take over both layers.

        Args:
            raster: The image.
            labels: Polygons on it, in any CRS.
            class_field: Field with class id or name; empty to choose by name.
            pixel_size: Side of a pixel in CRS units, for layers without a grid of their own.

        Raises:
            CwsamError: A layer cannot be used.
        """
        extent = None if has_pixel_grid(raster) else _around(raster, labels, pixel_size)
        self.source = LayerSource(raster, extent, pixel_size)
        try:
            self.reader = LabelReader(labels, class_field, self.source)
        except CwsamError:
            self.close()
            raise

    def close(self) -> None:
        """Close the image's file; nothing is read any more."""
        self.source.close()

    def labelled(
        self, labels: LabelSet, scheme: LabelScheme, bands: tuple[int, int, int] | None = None
    ) -> LabelledRaster:
        """Image and labels as the core reads them.

        Raises:
            TrainingDataError: No polygon has a class, or a band does not exist.
        """
        info = self.source.info
        bands = bands or default_bands(info.colours)
        if not all(1 <= band <= len(info.dtypes) for band in bands):
            text = tr("'{name}' has {count} band(s), not {band}: choose the bands again.")
            text = text.format(name=info.name, count=len(info.dtypes), band=max(bands))
            raise TrainingDataError(text)
        burnt = BurntLabels(labels, scheme.ids, info)
        return LabelledRaster(self.source, burnt, burnt.polygons, bands, disputed=burnt.disputed)


class FinetuneJob:
    """One fine-tuning, ready for a worker.

    Attributes:
        layers: Image and labels.
        wish: What is to be done.
    """

    def __init__(self, layers: LabelledLayers, wish: Wish) -> None:
        """Check where the result goes.

        Raises:
            OutputError: The adapter cannot be written there.
        """
        if wish.adapter.suffix != SUFFIX:
            text = tr("The adapter's name must end in {suffix}, not '{name}'.")
            raise OutputError(text.format(suffix=SUFFIX, name=wish.adapter.name))
        if not wish.adapter.is_absolute():
            text = tr("{path} names no folder: choose a whole path.")
            raise OutputError(text.format(path=wish.adapter))
        if wish.adapter.resolve() == wish.model.resolve():
            text = tr("{path} is the base model: choose another name.")
            raise OutputError(text.format(path=wish.adapter))
        if wish.keep_state and wish.state_folder.is_file():
            text = tr(
                "{path} is a file, and a stopped run is kept in a folder of that name: rename it."
            )
            raise OutputError(text.format(path=wish.state_folder))
        stage(wish.adapter).discard()
        self.layers, self.wish = layers, wish

    def run(
        self,
        report: Report = lambda status: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> FinetuneResult:
        """Fine-tune; adapter, card and report appear together at the end, or none.

        Args:
            report: Called after every step, from this thread.
            cancelled: Whether the user wants to stop.

        Raises:
            CwsamError: With a sentence for the user.
            Cancelled: The user stopped; the state is in the wish's folder.
        """
        report(FinetuneStatus("labels"))
        wish, source = self.wish, self.layers.source
        labels = self.layers.reader.read(cancelled)
        facts = read_facts(wish.model)
        scheme = scheme_of(labels, wish.table, facts.card.legend, wish.add_unknown)
        raster = self.layers.labelled(labels, scheme, wish.bands)
        load_torch()
        from ..engine.device import set_threads
        from ..engine.models.checkpoint import load_model
        from ..training.finetune.report import write_report
        from ..training.finetune.run import finetune

        set_threads(spare=1)
        base = load_model(wish.model)
        folder = wish.state_folder if wish.keep_state else None
        staging = stage(wish.adapter)
        try:
            result = finetune(
                base, [raster], staging.path, wish.config, scheme.new_classes,
                folder, wish.resume, report, cancelled,
            )  # fmt: skip
            notices = [*source.notices, *labels.notices, *scheme.notices, *online_notices(source)]
            result.notices[:0] = notices
            card, page = (staging.path.with_suffix(suffix) for suffix in COMPANIONS)
            card.write_text(result.card.to_markdown(wish.adapter.stem), encoding="utf-8")
            write_report(result, page, language(), engine_text)
            staging.commit()
        finally:
            staging.discard()
        if folder is not None:
            forget_state(folder)
        return replace(result, adapter=wish.adapter)


def scheme_of(
    labels: LabelSet,
    table: Mapping[str, str],
    legend: Sequence[LandCoverClass],
    add_unknown: bool = False,
) -> LabelScheme:
    """Find out which class each value means.

    Raises:
        UnknownNameError: Values mean nothing; says how to map them.
        TrainingDataError: No value is left.
    """
    values, known = labels.counts(), {k.strip().lower(): v for k, v in table.items()}
    lost = []
    for value in sorted(values):
        target = known.get(value.strip().lower(), value).strip()
        wanted = target.partition(":")[0].strip().lower()
        if (
            target
            and wanted not in (NEW, SKIP)
            and not add_unknown
            and not is_class(target, legend)
        ):
            lost.append(value if target == value else f"{value}={target}")
    if lost:
        text = tr(
            "No class is called {values}: say what each means, as VALUE=CLASS, VALUE=new for a "
            "new class or VALUE=skip to leave it out."
        )
        raise UnknownNameError(text.format(values=", ".join(f"'{value}'" for value in lost)))
    return read_scheme(values, table, legend, add_unknown)


def is_class(text: str, legend: Sequence[LandCoverClass]) -> bool:
    """Whether a text is the id or a name of a class."""
    try:
        find_class(text, legend)
    except UnknownNameError:
        return False
    return True


def check_layers(
    layers: LabelledLayers, labels: LabelSet, scheme: LabelScheme, model: Path
) -> LabelCheck:
    """Count and judge labels, in a worker; torch is not needed.

    Raises:
        CwsamError: They cannot be read, or all lie outside the image.
    """
    facts = read_facts(model)
    raster = layers.labelled(labels, scheme)
    legend = (*facts.card.legend, *scheme.new_classes)
    return check_labels([raster], FinetuneConfig().chip_side(facts.config), legend)


def read_pairs(text: str) -> dict[str, str]:
    """A table of ``VALUE=CLASS`` pairs: one a line, or separated by semicolons.

    Raises:
        ConfigError: A pair has no equals sign.
    """
    return parse_table(_pairs(text.replace("；", ";").replace("\n", ";").split(";")))


def _pairs(parts: Iterable[str]) -> list[str]:
    return [part.strip() for part in parts if part.strip()]


def _around(raster: QgsRasterLayer, labels: QgsVectorLayer, pixel_size: float):
    """The ground of the labels and a margin, in the raster's CRS."""
    extent = labels.extent()
    if labels.crs().isValid() and raster.crs().isValid():
        transform = QgsCoordinateTransform(labels.crs(), raster.crs(), QgsProject.instance())
        try:
            extent = transform.transformBoundingBox(extent)
        except QgsCsException as error:
            text = tr("The labels of '{name}' cannot be placed on the image: check both CRS.")
            raise TrainingDataError(text.format(name=labels.name())) from error
    return extent.buffered(_MARGIN * pixel_size)
