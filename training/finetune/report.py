"""The report of a fine-tuning: one HTML file with curves, confusion matrix and maps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ... import __version__
from ...engine.classes import LandCoverClass
from ...engine.types import NODATA_CLASS
from ..charts import Series, heat_map, line_chart
from ..html import (
    Label,
    cards,
    escape,
    figure,
    image,
    page,
    paragraph,
    section,
    side_by_side,
    table,
)
from ..png import colour_classes, png_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from .outcome import FinetuneResult, Picture

PICTURE_SIDE = 256
"""Pixels that a picture's longer side has at least; smaller ones are enlarged whole times."""


def write_report(result: FinetuneResult, path: Path) -> None:
    """Write the report; it appears under its name only when complete.

    Args:
        result: What a fine-tuning has made.
        path: The file, ``.html``.

    Raises:
        OSError: It cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(report_html(result), encoding="utf-8")
    os.replace(temporary, path)


def report_html(result: FinetuneResult) -> str:
    """The report as HTML."""
    before, after = result.before, result.after
    kept = "–" if np.isnan(after.kept) else f"{100 * after.kept:.0f} %"
    figures = [
        ("mIoU before", f"{before.miou:.3f}"),
        ("mIoU after", f"{after.miou:.3f}", f"{after.miou - before.miou:+.3f}"),
        ("of the unlabelled ground keep their class", kept),
        ("steps; the best is kept", f"{result.best_step}", f"of {result.steps}"),
        ("wall time", f"{result.seconds:.0f} s"),
    ]
    parts = [cards(figures)]
    parts += [paragraph(notice, "warning") for notice in result.notices]
    parts += [_classes(result), _curves(result), _confusion(result), _maps(result), _how(result)]
    names = ", ".join(_name(c, result.legend).text for c in result.labelled)
    return page(
        f"Fine-tuning: {result.adapter.stem}",
        parts,
        f"{result.card.title}. Trained on {names}.",
        f"CWSAM {__version__}",
    )


def _name(class_id: int, legend: tuple[LandCoverClass, ...]) -> Label:
    for entry in legend:
        if entry.id == class_id:
            return Label(f"{entry.id} {entry.name}", entry.colour)
    return Label(f"{class_id}")


def _classes(result: FinetuneResult) -> str:
    lights = {"enough": "enough", "few": "few", "too_few": "too few, left out"}
    rows = []
    for entry in result.check.classes:
        scores = [s.iou.get(entry.class_id, float("nan")) for s in (result.before, result.after)]
        shown = ["–" if np.isnan(s) else f"{s:.3f}" for s in scores]
        gain = scores[1] - scores[0]
        rows.append(
            (
                _name(entry.class_id, result.legend),
                f"{entry.polygons:,}",
                f"{entry.pixels:,}",
                lights[entry.light],
                *shown,
                "–" if np.isnan(gain) else f"{gain:+.3f}",
            )
        )
    header = ("class", "polygons", "pixels", "labels", "IoU before", "IoU after", "gain")
    note = (
        "IoU (intersection over union) on the validation blocks, ground that training never saw. "
        "Only labelled pixels count."
    )
    return section("Classes", table(header, rows, note))


def _curves(result: FinetuneResult) -> str:
    steps = [point.step for point in result.history]
    mark = [(float(result.best_step), "kept")]
    loss = line_chart(
        [Series("training loss", steps, [p.loss for p in result.history])], "step", "loss"
    )
    score = line_chart(
        [
            Series("mIoU", steps, [p.miou for p in result.history]),
            Series("unlabelled kept", steps, [p.kept for p in result.history]),
        ],
        "step",
        "share",
        (0.0, 1.0),
        mark,
    )
    return section("Course of the training", side_by_side(figure(loss), figure(score)))


def _confusion(result: FinetuneResult) -> str:
    matrix = result.after.matrix
    rows = [c for c in result.labelled if matrix[c].any()]
    others = [c for c in np.flatnonzero(matrix.sum(axis=0)[:NODATA_CLASS]) if c not in rows]
    columns = [*rows, *map(int, others)]
    part = matrix[np.ix_(rows, columns)]
    labels = [[_name(c, result.legend) for c in ids] for ids in (rows, columns)]
    chart = heat_map(part, *labels, ("label", "fine-tuned map"))
    note = "Percent of the labelled pixels of each class on the validation blocks."
    return section("What is taken for what", figure(chart, note))


def _maps(result: FinetuneResult) -> str:
    colours = [(238, 238, 238)] * NODATA_CLASS
    for entry in result.legend:
        colours[entry.id] = entry.rgb
    rows, seen = [], set()
    for picture in result.pictures:
        rows.append(_picture_row(picture, colours))
        for plane in (picture.labels, picture.before, picture.after):
            seen.update(np.unique(plane).tolist())
    entries = [_name(c, result.legend) for c in sorted(seen - {NODATA_CLASS})]
    legend = " &nbsp; ".join(
        f'<span class="chip" style="background:{escape(e.colour)}"></span>{escape(e.text)}'
        for e in entries
    )
    return section("Validation blocks, before and after", f"<p>{legend}</p>", *rows)


def _picture_row(picture: Picture, colours: list[tuple[int, int, int]]) -> str:
    planes = [("image", picture.image)]
    for name, plane in (
        ("labels (grey: unknown)", picture.labels),
        ("before", picture.before),
        ("after", picture.after),
    ):
        planes.append((name, colour_classes(plane, colours)))
    times = max(1, PICTURE_SIDE // max(picture.image.shape[:2]))
    figures = [
        figure(
            image(png_bytes(pixels.repeat(times, 0).repeat(times, 1)), f"{picture.name}: {name}"),
            name,
        ).replace("<figure>", '<figure style="flex:1 1 200px">')
        for name, pixels in planes
    ]
    return side_by_side(*figures)


def _how(result: FinetuneResult) -> str:
    text = (
        "Ground was divided into blocks; validation blocks are at least 16 pixels away from "
        "everything that training saw. Ground without labels is unknown, not background: there "
        "the base model's opinion was kept as far as the labels do not contradict it. Only the "
        "parts of the network named in the adapter file changed."
    )
    return section("How it was made", paragraph(text, "note"))
