"""One-file HTML report on the accuracy of a map."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from .accuracy_tables import area_unit, class_table, main_figures, present_classes
from .accuracy_texts import class_colour, class_title, say
from .charts import Interval, heat_map, interval_chart
from .html import Label, cards, figure, page, paragraph, section, table

if TYPE_CHECKING:
    from .map_accuracy import MapAccuracy

_PIXEL_METHOD = (
    "Every pixel with a reference is compared; pixels without one are unknown and take no part. "
    "Precision is the share of a mapped class that is right (user's accuracy), recall the share of "
    "a true class that is found (producer's accuracy). IoU = hits / (hits + false alarms + "
    "misses). Mean values weigh every class with a reference alike."
)
_SAMPLE_METHOD = (
    "Accuracy and areas are estimated for the whole map from a stratified random sample, with 95 % "
    "confidence intervals (Olofsson et al. 2014, Remote Sensing of Environment 148, 42–57; for "
    "merged classes and strata of another map Stehman 2014, International Journal of Remote "
    "Sensing 35, 4923–4939). The adjusted area corrects the mapped area for the errors that the "
    "sample shows."
)
_PIXEL_CAPTION = (
    "Percent of each reference class, by the class that the map gives it. "
    "Blue: right; orange: confused. The figures appear when the pointer rests on a cell."
)
_SAMPLE_CAPTION = (
    "Estimated percent of each reference class's area, by the class that the map gives it. "
    "Blue: right; orange: confused."
)


def accuracy_report(found: MapAccuracy, date: datetime.date | None = None) -> str:
    """Write the report.

    Args:
        found: The comparison; its language is the report's.
        date: Shown at the end; today where None.
    """
    tr = _Teller(found.language)
    parts = [cards(main_figures(found))]
    parts += [paragraph(notice, "warning") for notice in found.notices]
    parts += [paragraph(_merged(found, tr), "note")] if found.merges else []
    parts.append(section(tr("Classes"), _classes(found, tr)))
    parts.append(section(tr("Confusion matrix"), _matrix(found, tr)))
    if found.estimate is not None:
        parts.append(section(tr("Areas"), _areas(found, tr)))
        parts.append(section(tr("Sample points by class"), _point_counts(found, tr)))
    method = _PIXEL_METHOD if found.estimate is None else _SAMPLE_METHOD
    parts.append(section(tr("Method"), paragraph(tr(method), "note")))
    date = date or datetime.date.today()
    return page(
        tr("Accuracy of {map}", map=found.prediction),
        parts,
        subtitle=tr("against {reference}", reference=found.reference),
        footer=tr("Made by CWSAM {version} on {date}", version=__version__, date=date.isoformat()),
        language=found.language,
    )


class _Teller:
    """Speaks one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str, **values: object) -> str:
        return say(self.language, text, **values)


def _merged(found: MapAccuracy, tr: _Teller) -> str:
    named = (
        tr(
            "{merged} counted as {target}",
            merged=class_title(source, found.language),
            target=class_title(target, found.language),
        )
        for source, target in found.merges.items()
    )
    return "; ".join(named)


def _classes(found: MapAccuracy, tr: _Teller) -> str:
    figures = class_table(found)
    rows = [[row.label, *(cell.text for cell in row.cells)] for row in figures.rows]
    return table([tr("Class"), *figures.columns], rows)


def _matrix(found: MapAccuracy, tr: _Teller) -> str:
    ids = present_classes(found)
    labels = [_label(c, found.language) for c in ids]
    titles = (tr("Reference"), tr("Map"))
    if found.estimate is not None:
        drawn = heat_map(found.estimate.proportions, labels, labels, titles)
        return figure(drawn, tr(_SAMPLE_CAPTION))
    columns, names = list(ids), list(labels)
    if found.matrix[:, -1].any():
        columns.append(-1)
        names.append(Label(tr("no class")))
    rows = [i for i, c in enumerate(ids) if found.matrix[c].any()]
    # Classes of the map alone have no row to share out, but stay as columns on the right.
    order = rows + [i for i in range(len(columns)) if i not in rows]
    counts = found.matrix[np.ix_([ids[i] for i in rows], [columns[i] for i in order])]
    return figure(
        heat_map(counts, [labels[i] for i in rows], [names[i] for i in order], titles),
        tr(_PIXEL_CAPTION),
    )


def _areas(found: MapAccuracy, tr: _Teller) -> str:
    each = found.estimate
    unit, factor = area_unit(found)
    intervals = [
        Interval(
            _label(c, found.language),
            each.area[c].value * factor,
            each.area[c].margin * factor,
            each.mapped[c] * factor,
        )
        for c in each.classes
    ]
    titles = (tr("Adjusted area"), tr("Mapped area"))
    drawn = interval_chart(intervals, unit, titles)
    caption = tr("Mapped areas beside adjusted ones, with their 95 % confidence intervals.")
    return figure(drawn, caption)


def _point_counts(found: MapAccuracy, tr: _Teller) -> str:
    ids = [c for c in present_classes(found) if found.matrix[c].any() or found.matrix[:, c].any()]
    header = [
        f"{tr('Reference')} ↓   {tr('Map')} →",
        *(class_title(c, found.language) for c in ids),
    ]
    rows = [[_label(r, found.language), *(f"{found.matrix[r, c]:,}" for c in ids)] for r in ids]
    return table(header, rows)


def _label(class_id: int, language: str) -> Label:
    return Label(class_title(class_id, language), class_colour(class_id))
