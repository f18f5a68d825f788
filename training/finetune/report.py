"""The report of a fine-tuning: one HTML file with curves, confusion matrix and maps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Callable

import numpy as np

from ... import __version__
from ...engine.classes import LandCoverClass
from ...engine.files import replace
from ...engine.sentences import chinese
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
from .report_texts import say

if TYPE_CHECKING:
    from pathlib import Path

    from .outcome import FinetuneResult, Picture

Say, Named = Callable[..., str], Callable[[int], Label]

PICTURE_SIDE = 256
"""Pixels that a picture's longer side has at least; smaller ones are enlarged whole times."""


def write_report(
    result: FinetuneResult,
    path: Path,
    language: str = "en",
    tell: Callable[[str], str] | None = None,
) -> None:
    """Write the report; it appears under its name only when complete.

    Args:
        result: What a fine-tuning has made.
        path: The file, ``.html``.
        language: ``en`` or ``zh``.
        tell: Turns the result's notices into that language, where they are not all the
            core's own.

    Raises:
        OSError: It cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(report_html(result, language, tell), encoding="utf-8")
    replace(temporary, path)


def report_html(
    result: FinetuneResult, language: str = "en", tell: Callable[[str], str] | None = None
) -> str:
    """The report as HTML; see :func:`write_report`."""
    tell = tell or (chinese if language == "zh" else str)
    tr = partial(say, language)
    named = partial(_name, result.legend, language)
    before, after = result.before, result.after
    kept = "–" if np.isnan(after.kept) else f"{100 * after.kept:.0f} %"
    figures = [
        (tr("mIoU before"), f"{before.miou:.3f}"),
        (tr("mIoU after"), f"{after.miou:.3f}", f"{after.miou - before.miou:+.3f}"),
        (tr("of the unlabelled ground keep their class"), kept),
        (
            tr("steps; the best is kept"),
            f"{result.best_step}",
            tr("of {count}", count=result.steps),
        ),
        (tr("wall time"), tr("{count} s", count=f"{result.seconds:.0f}")),
    ]
    if result.refit_steps:
        figures.insert(-1, (tr("more steps on all labels"), f"{result.refit_steps}"))
    parts = [cards(figures)]
    parts += [paragraph(tell(notice), "warning") for notice in result.notices]
    makers = (_classes, _curves, _confusion, _maps)
    parts += [*(make(result, tr, named) for make in makers), _how(result, tr)]
    names = tr(", ").join(named(c).text for c in result.labelled)
    name = result.adapter.stem
    made = tr("{name}, fine-tuned from {base}.", name=name, base=result.base)
    return page(
        tr("Fine-tuning: {name}", name=name),
        parts,
        f"{made} {tr('Trained on {names}.', names=names)}",
        f"CWSAM {__version__}",
        language,
    )


def _name(legend: tuple[LandCoverClass, ...], language: str, class_id: int) -> Label:
    for entry in legend:
        if entry.id == class_id:
            name = entry.name_zh if language == "zh" else entry.name
            return Label(f"{entry.id} {name}", entry.colour)
    return Label(f"{class_id}")


def _classes(result: FinetuneResult, tr: Say, named: Named) -> str:
    lights = {"enough": "enough", "few": "few", "too_few": "too few, left out"}
    rows = []
    for entry in result.check.classes:
        scores = [s.iou.get(entry.class_id, float("nan")) for s in (result.before, result.after)]
        shown = ["–" if np.isnan(s) else f"{s:.3f}" for s in scores]
        gain = scores[1] - scores[0]
        rows.append(
            (
                named(entry.class_id),
                f"{entry.polygons:,}",
                f"{entry.pixels:,}",
                tr(lights[entry.light]),
                *shown,
                "–" if np.isnan(gain) else f"{gain:+.3f}",
            )
        )
    header = ("class", "polygons", "pixels", "labels", "IoU before", "IoU after", "gain")
    note = (
        "IoU (intersection over union) on the validation blocks, ground that training never saw. "
        "Only labelled pixels count."
    )
    return section(tr("Classes"), table([tr(title) for title in header], rows, tr(note)))


def _curves(result: FinetuneResult, tr: Say, named: Named) -> str:
    steps = [point.step for point in result.history]
    del named
    mark = [(float(result.best_step), tr("kept"))]
    loss = line_chart(
        [Series(tr("training loss"), steps, [p.loss for p in result.history])],
        tr("step"),
        tr("loss"),
    )
    series = [Series("mIoU", steps, [p.miou for p in result.history])]
    if not np.isnan(result.after.kept):
        series.append(Series(tr("unlabelled kept"), steps, [p.kept for p in result.history]))
    score = line_chart(
        series,
        tr("step"),
        tr("share"),
        (0.0, 1.0),
        mark,
    )
    return section(tr("Course of the training"), side_by_side(figure(loss), figure(score)))


def _confusion(result: FinetuneResult, tr: Say, named: Named) -> str:
    matrix = result.after.matrix
    rows = [c for c in result.labelled if matrix[c].any()]
    others = [c for c in np.flatnonzero(matrix.sum(axis=0)[:NODATA_CLASS]) if c not in rows]
    columns = [*rows, *map(int, others)]
    part = matrix[np.ix_(rows, columns)]
    labels = [[named(c) for c in ids] for ids in (rows, columns)]
    chart = heat_map(part, *labels, (tr("label"), tr("fine-tuned map")))
    note = "Percent of the labelled pixels of each class on the validation blocks."
    return section(tr("What is taken for what"), figure(chart, tr(note)))


def _maps(result: FinetuneResult, tr: Say, named: Named) -> str:
    colours = [(238, 238, 238)] * NODATA_CLASS
    for entry in result.legend:
        colours[entry.id] = entry.rgb
    rows, seen = [], set()
    for picture in result.pictures:
        rows.append(_picture_row(picture, colours, tr))
        for plane in (picture.labels, picture.before, picture.after):
            seen.update(np.unique(plane).tolist())
    entries = [named(c) for c in sorted(seen - {NODATA_CLASS})]
    legend = " ".join(
        f'<span class="entry"><span class="chip" style="background:{escape(e.colour)}"></span>'
        f"{escape(e.text)}</span>"
        for e in entries
    )
    return section(tr("Validation blocks, before and after"), f"<p>{legend}</p>", *rows)


def _picture_row(picture: Picture, colours: list[tuple[int, int, int]], tr: Say) -> str:
    planes = [(tr("image"), picture.image)]
    for name, plane in (
        ("labels (grey: unknown)", picture.labels),
        ("before", picture.before),
        ("after", picture.after),
    ):
        planes.append((tr(name), colour_classes(plane, colours)))
    times = max(1, PICTURE_SIDE // max(picture.image.shape[:2]))
    figures = [
        figure(
            image(png_bytes(pixels.repeat(times, 0).repeat(times, 1)), f"{picture.name}: {name}"),
            name,
        ).replace("<figure>", '<figure style="flex:1 1 200px">')
        for name, pixels in planes
    ]
    return side_by_side(*figures)


def _how(result: FinetuneResult, tr: Say) -> str:
    text = (
        "Ground was divided into blocks; validation blocks are at least 16 pixels away from "
        "everything that training saw. Ground without labels is unknown, not background: there "
        "the base model's opinion was kept as far as the labels do not contradict it. Only the "
        "parts of the network named in the adapter file changed."
    )
    paragraphs = [paragraph(tr(text), "note")]
    if result.refit_steps:
        text = (
            "After the validation the held-back labels were learnt, too; the figures are from "
            "before it."
        )
        paragraphs.append(paragraph(tr(text), "note"))
    return section(tr("How it was made"), *paragraphs)
