"""What the command line prints: the table of areas, the facts on a raster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..classes import CLASSES, class_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..classes import LandCoverClass
    from ..types import RasterInfo, RunSummary


def area_table(summary: RunSummary, legend: Sequence[LandCoverClass] = CLASSES) -> str:
    """The classes of a result, largest first: polygons, area, share, mean confidence.

    Args:
        summary: Totals of the result.
        legend: Names of the classes.
    """
    known = sum(total.pixels for total in summary.areas.values())
    if not known:
        return "No pixel was classified."
    rows = [("class", "polygons", "area", "share", "confidence")]
    for class_id, total in sorted(summary.areas.items(), key=lambda item: -item[1].pixels):
        rows.append(
            (
                f"{class_id:>2} {class_name(class_id, legend)}",
                f"{total.polygons:,}",
                _area(total.area_m2, total.pixels),
                f"{100 * total.pixels / known:.1f} %",
                _mean(total.confidence_sum, total.pixels),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


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


def raster_facts(info: RasterInfo, notices: list[str]) -> str:
    """A raster's size, bands, georeference and oddities, a line each."""
    transform = info.transform
    lines = [
        f"name         {info.name}",
        f"size         {info.width:,} x {info.height:,} pixels "
        f"({info.width * info.height / 1e6:,.2f} megapixels)",
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
    for number, (dtype, colour, nodata) in enumerate(
        zip(info.dtypes, info.colours, info.nodata), 1
    ):
        hidden = "" if nodata is None else f", nodata {nodata:g}"
        lines.append(f"band {number:<7} {dtype}, {colour}{hidden}")
    return "\n".join([*lines, *(f"note         {text}" for text in notices)])
