"""Many rasters in one call: which images, where their results go, the table at the end."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError, RasterError
from .job import Outputs
from .output_check import PNG, TIFF, check_suffix
from .vector_formats import vector_format

if TYPE_CHECKING:
    from collections.abc import Sequence

RASTER_SUFFIXES = frozenset(
    (".tif", ".tiff", ".vrt", ".jp2", ".png", ".jpg", ".jpeg", ".img", ".bil", ".asc", ".ecw")
)
"""Files of a folder that are taken as images, by suffix in lower case."""

_OWN = ("_classes.tif", "_confidence.tif", "_preview.png")  # results of an earlier run


@dataclass(frozen=True)
class Job:
    """What is segmented together, and where the results go.

    Attributes:
        images: One image, or those of a mosaic.
        outputs: Files to write.
    """

    images: tuple[str, ...]
    outputs: Outputs

    @property
    def name(self) -> str:
        """Shown to people."""
        more = f" and {len(self.images) - 1} more" if len(self.images) > 1 else ""
        return f"{self.images[0]}{more}"


@dataclass(frozen=True)
class JobResult:
    """A line of the table at the end.

    Attributes:
        name: The job's.
        pixels: Pixels of the raster; 0 when it failed.
        polygons: Number of polygons; None when none were asked for.
        seconds: Wall time.
        error: The sentence, or empty when all went well.
    """

    name: str
    pixels: int = 0
    polygons: int | None = 0
    seconds: float = 0.0
    error: str = ""


def expand_images(images: Sequence[str]) -> tuple[str, ...]:
    """Replace folders by the rasters in them, sorted by name; results of runs stay out.

    Raises:
        RasterError: A folder holds no raster or cannot be read.
    """
    found: list[str] = []
    for image in images:
        folder = Path(image)
        if not os.path.isdir(folder):
            found.append(image)
            continue
        try:
            inside = _rasters(folder)
        except OSError as error:
            raise RasterError(
                f"The folder {image} cannot be read ({error.strerror}): give another, or get the "
                "permission to read it."
            ) from error
        if not inside:
            raise RasterError(f"The folder {image} holds no raster: give another, or image files.")
        found += inside
    return tuple(found)


def _rasters(folder: Path) -> list[str]:
    return sorted(
        str(path)
        for path in folder.iterdir()
        if path.suffix.lower() in RASTER_SUFFIXES
        and path.is_file()
        and not path.name.startswith(".")
        and not path.name.endswith(_OWN)
    )


def plan_outputs(
    images: tuple[str, ...],
    common: Outputs,
    wanted: dict[str, Path | None],
    mosaic: bool = False,
    dry: bool = False,
) -> list[Job]:
    """Name the result files of every image.

    Args:
        images: Input files.
        common: What holds for all: polygons (a vector file; for several images a folder or a
            GeoPackage), layer, append, cog.
        wanted: ``raster``, ``confidence``, ``preview``: file, or folder for several images.
        mosaic: Take all images as one.
        dry: Nothing will be written: no output is needed and no folder is made.

    Raises:
        OutputError: Nothing is asked for, or names do not fit or would collide.
    """
    output = common.polygons
    if output is None and not any(wanted.values()) and not dry:
        raise OutputError(
            "Nothing to write; give -o OUT.gpkg, --raster, --confidence or --preview."
        )
    if len(images) == 1 or mosaic:
        if output is not None:
            vector_format(output)
        for option, suffixes in (("raster", TIFF), ("confidence", TIFF), ("preview", PNG)):
            check_suffix(wanted[option], f"--{option}", suffixes)
        files = dict(zip(("classes", "confidence", "preview"), wanted.values()))
        return [Job(images, replace(common, **files))]
    if common.layer is not None:
        raise OutputError("--layer names one layer, but there are several images: leave it out.")
    stems = [Path(image).stem for image in images]
    doubled = sorted({stem for stem in stems if stems.count(stem) > 1})
    if doubled:
        raise OutputError(f"Two images are called '{doubled[0]}'; run them one by one.")
    one_file = output is not None and output.suffix.lower() == ".gpkg"
    folders = [p for p in (None if one_file else output, *wanted.values()) if p is not None]
    for folder in folders:
        if folder.suffix or os.path.isfile(folder):
            raise OutputError(
                f"{folder} must be a folder, without a file extension, when there are several "
                "images; to get Shapefiles or GeoJSON run the images one by one."
            )
        if not dry:
            _make_folder(folder)
    own = replace(common, siblings=tuple(stems) if one_file else ())
    return [
        Job((image,), _outputs_in_folders(stem, own, wanted, one_file))
        for image, stem in zip(images, stems)
    ]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}): choose another."
        ) from error


def _outputs_in_folders(
    stem: str, common: Outputs, wanted: dict[str, Path | None], one_file: bool
) -> Outputs:
    def file(folder: Path | None, ending: str) -> Path | None:
        return None if folder is None else folder / f"{stem}{ending}"

    return replace(
        common,
        polygons=common.polygons if one_file else file(common.polygons, ".gpkg"),
        layer=stem if one_file else None,
        classes=file(wanted["raster"], "_classes.tif"),
        confidence=file(wanted["confidence"], "_confidence.tif"),
        preview=file(wanted["preview"], "_preview.png"),
    )


def result_table(results: Sequence[JobResult]) -> str:
    """A line for each image: pixels, polygons, seconds, and what went wrong."""
    rows = [("image", "pixels", "polygons", "seconds", "")]
    for result in results:
        name = Path(result.name).name
        if result.error:
            rows.append((name, "-", "-", f"{result.seconds:.1f}", f"error: {result.error}"))
        else:
            polygons = "-" if result.polygons is None else f"{result.polygons:,}"
            figures = (f"{result.pixels:,}", polygons, f"{result.seconds:.1f}")
            rows.append((name, *figures, "ok"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  "
        f"{row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]
    return "\n".join(lines)
