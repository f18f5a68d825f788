"""What the command line prints: the table of areas, the facts on a raster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..classes import CLASSES, class_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..classes import LandCoverClass
    from ..types import RasterInfo, RunSummary


def area_table(
    summary: RunSummary,
    legend: Sequence[LandCoverClass] = CLASSES,
    pixels_of: RasterInfo | None = None,
) -> str:
    """The classes of a result, largest first: polygons, area, share, mean confidence.

    Args:
        summary: Totals of the result.
        legend: Names of the classes.
        pixels_of: The raster where no polygons were made: their column is left out, and areas
            follow from its pixels where their size in metres is the same everywhere.
    """
    known = sum(total.pixels for total in summary.areas.values())
    if not known:
        return "No pixel was classified."
    unit = None if pixels_of is None else _pixel_m2(pixels_of)
    rows = [("class", "polygons", "area", "share", "confidence")]
    for class_id, total in sorted(summary.areas.items(), key=lambda item: -item[1].pixels):
        rows.append(
            (
                f"{class_id:>2} {class_name(class_id, legend)}",
                f"{total.polygons:,}",
                _area(total.area_m2 if unit is None else total.pixels * unit, total.pixels),
                f"{100 * total.pixels / known:.1f} %",
                _mean(total.confidence_sum, total.pixels),
            )
        )
    if pixels_of is not None:
        rows = [(name, *rest) for name, _, *rest in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def _pixel_m2(info: RasterInfo) -> float | None:
    """Square metres of a pixel in a plane CRS; None where it has none or they differ."""
    if info.transform is None or info.crs is None or info.crs.kind != "projected":
        return None
    return info.transform.pixel_area * info.crs.metres_per_unit**2


def _mean(total: float, pixels: int) -> str:
    return "-" if math.isnan(total) else f"{total / pixels:.2f}"


def _area(area_m2: float, pixels: int) -> str:
    if math.isnan(area_m2):
        return f"{pixels:,} px"
    if area_m2 >= 1e6:
        return f"{area_m2 / 1e6:,.2f} km²"
    if area_m2 >= 1e4:
        return f"{area_m2 / 1e4:,.2f} ha"
    return f"{area_m2:,.1f} m²"


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:,.2f} megapixels" if pixels >= 10_000 else f"{pixels:,} in all"


def raster_facts(info: RasterInfo, notices: list[str], palette: int = 0) -> str:
    """A raster's size, bands, georeference and oddities, a line each.

    Args:
        info: The raster.
        notices: Sentences on it.
        palette: Colours of its colour table, which the bands are read through; 0 without one.
    """
    transform = info.transform
    lines = [
        f"name         {info.name}",
        f"size         {info.width:,} x {info.height:,} pixels "
        f"({_megapixels(info.width * info.height)})",
        f"CRS          {info.crs.name if info.crs else 'none'}",
        f"pixel        {f'{info.gsd_m:.4g} m on the ground' if info.gsd_m else 'unknown size'}",
    ]
    if transform is None:
        lines.append("placement    none: coordinates are pixels (x = column, y = -row)")
    else:
        lines.append(f"origin       {transform.c:.10g}, {transform.f:.10g}")
        if transform.b or transform.d:
            lines.append("placement    rotated")
        elif transform.e > 0:
            lines.append("placement    south-up")
    if palette:
        lines.append(f"palette      one band of {palette} colours, read as red, green and blue")
    for number, (dtype, colour, nodata) in enumerate(
        zip(info.dtypes, info.colours, info.nodata), 1
    ):
        hidden = "" if nodata is None else f", nodata {nodata:g}"
        lines.append(f"band {number:<7} {dtype}, {colour}{hidden}")
    return "\n".join([*lines, *(f"note         {text}" for text in notices)])
