"""Opens the images and labels of the command ``finetune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..engine.errors import ConfigError, TrainingDataError
from ..engine.io.crs import bounds_in
from ..engine.io.labels import LabelLayer, read_label_layer
from ..engine.io.raster_source import RasterioSource, default_bands, open_raster
from .finetune.labels import LabelledRaster, LabelPolygon, LabelScheme, burn, read_scheme
from .finetune.survey import check_bands

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import ExitStack

    from ..engine.classes import LandCoverClass
    from ..engine.tiling.normalize import Stretch
    from ..engine.types import Window

Opened = "tuple[RasterioSource, LabelLayer, tuple[int, int, int]]"
"""An image, all its labels, and its red, green and blue band."""


def open_pairs(
    pairs: Sequence[str], options: dict, bands: tuple[int, int, int] | None, stack: ExitStack
) -> list[Opened]:
    """Open images and label layers; labels of one image that is given twice become one layer.

    Args:
        pairs: Image, labels, image, labels and so on.
        options: Of the command: ``gsd``, ``class_field``, ``layer``.
        bands: Band numbers from 1; None to choose by colour interpretation.
        stack: Closes the images.

    Raises:
        CwsamError: A file cannot be used, or images overlap in a way that cannot be followed.
    """
    sources: dict[str, tuple[RasterioSource, list[LabelLayer]]] = {}
    for image, labels in zip(pairs[::2], pairs[1::2]):
        key = str(Path(image).resolve()) if Path(image).exists() else image
        if key not in sources:
            source = stack.enter_context(open_raster(image, gsd_m=options["gsd"]))
            check_bands(source.info, bands or default_bands(source.info))
            sources[key] = (source, [])
        source, layers = sources[key]
        layers.append(
            read_label_layer(labels, options["class_field"], source.info, options["layer"])
        )
    opened = [
        (source, _joined(layers), bands or default_bands(source.info))
        for source, layers in sources.values()
    ]
    _refuse_other_systems(opened)
    return opened


def _joined(layers: Sequence[LabelLayer]) -> LabelLayer:
    """One layer of all features; those that are in several layers once."""
    features = {feature.key: feature for layer in layers for feature in layer.features}
    names = dict.fromkeys(layer.name for layer in layers)
    notices = dict.fromkeys(notice for layer in layers for notice in layer.notices)
    return LabelLayer(", ".join(names), list(features.values()), list(notices))


def _refuse_other_systems(opened: Sequence[Opened]) -> None:
    """Refuse labels on the same ground of images in different reference systems.

    In the same system :mod:`.finetune.overlap` keeps validation ground out of training.
    """
    for number, (source, layer, _) in enumerate(opened):
        for other, theirs, _ in opened[:number]:
            crs = source.info.crs, other.info.crs
            if None in crs or crs[0].wkt == crs[1].wkt:
                continue
            box = bounds_in(_extent(other, theirs), crs[1], crs[0])
            if box is None:
                continue
            left, bottom, right, top = _extent(source, layer)
            if box[0] < right and box[2] > left and box[1] < top and box[3] > bottom:
                raise TrainingDataError(
                    f"{other.info.name} and {source.info.name} may show the same labelled ground "
                    "in two reference systems: bring one into that of the other with gdalwarp."
                )


def _extent(source: RasterioSource, layer: LabelLayer) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the labels on the map."""
    left, top, right, bottom = np.array([f.bounds for f in layer.features]).T
    cols, rows = (left.min(), right.max()), (top.min(), bottom.max())
    x, y = source.info.grid.apply(np.array([*cols, *cols]), np.array([*rows, *rows[::-1]]))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def place_labels(
    opened: Sequence[Opened],
    table: dict[str, str],
    legend: Sequence[LandCoverClass],
    add_unknown: bool,
    stretch: Stretch,
) -> tuple[list[LabelledRaster], LabelScheme]:
    """Give all labels one scheme of classes.

    Args:
        opened: Images and labels.
        table: What values of the class field mean.
        legend: The base model's classes.
        add_unknown: Make a new class of every value that names none.
        stretch: How pixel values become the network's.
    """
    values = [value for _, layer, _ in opened for value in layer.values]
    scheme = read_scheme(values, table, legend, add_unknown)
    rasters = [labelled(source, layer, scheme, bands, stretch) for source, layer, bands in opened]
    notices = [n for source, layer, _ in opened for n in (*source.notices, *layer.notices)]
    return rasters, LabelScheme(scheme.ids, scheme.new_classes, (*scheme.notices, *notices))


def parse_bands(text: str | None) -> tuple[int, ...] | None:
    """Three band numbers from 1 of a text such as ``4,3,2``; None of none.

    Raises:
        ConfigError: It is no such text.
    """
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
    used = [i for i, f in enumerate(layer.features) if scheme.ids[f.value] is not None]
    if not used:
        raise TrainingDataError(
            f"No polygon of {layer.name} has a class that may be used; check the table of names."
        )
    features = [layer.features[i] for i in used]
    polygons = tuple(LabelPolygon(scheme.ids[f.value], f.bounds, f.key) for f in features)
    indices, ids = np.array(used), np.array([polygon.class_id for polygon in polygons])
    left, top, right, bottom = np.array([feature.bounds for feature in features]).T

    def masks(window: Window) -> Iterable[tuple[int, np.ndarray]]:
        near = (left < window.col + window.width) & (right > window.col)
        near &= (top < window.row + window.height) & (bottom > window.row)
        classes = dict.fromkeys(ids[near].tolist())
        return layer.masks(window, [(c, indices[near & (ids == c)].tolist()) for c in classes])

    def labels(window: Window) -> np.ndarray:
        return burn((window.height, window.width), masks(window))[0]

    def disputed(window: Window) -> np.ndarray:
        return burn((window.height, window.width), masks(window))[1]

    return LabelledRaster(source, labels, polygons, bands, stretch, disputed)
