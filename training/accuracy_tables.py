"""The figures of a comparison as tables: for reports, the dock, CSV, JSON and the terminal."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .accuracy_texts import class_colour, class_title, say
from .html import Label
from .metrics import class_scores, scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .accuracy import Estimate
    from .map_accuracy import MapAccuracy

_NONE = "–"


@dataclass(frozen=True)
class Cell:
    """One figure of a table.

    Attributes:
        text: As shown.
        value: To sort by and to compute with; NaN where there is none.
    """

    text: str
    value: float


@dataclass(frozen=True)
class ClassRow:
    """One class of the table.

    Attributes:
        class_id: Its id.
        label: Name and colour.
        cells: One a column.
    """

    class_id: int
    label: Label
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ClassTable:
    """Figures by class.

    Attributes:
        columns: Titles of the cells' columns, without that of the class itself.
        rows: By class id.
    """

    columns: tuple[str, ...]
    rows: tuple[ClassRow, ...]


def main_figures(found: MapAccuracy) -> list[tuple[str, str, str]]:
    """The figures of the whole map: name, value, and ± or nothing."""

    def tr(text: str) -> str:
        return say(found.language, text)

    total = f"{found.total:,}"
    if found.estimate is not None:
        overall, each = found.estimate.overall, found.estimate
        return [
            (tr("Overall accuracy"), _percent(overall.value), f"± {_percent(overall.margin)}"),
            (tr("Mean IoU"), _share(_mean(each.iou.values())), ""),
            (tr("Mean F1"), _share(_mean(each.f1.values())), ""),
            (tr("Sample points"), total, ""),
        ]
    figures = scores(found.matrix)
    return [
        (tr("Overall accuracy"), _percent(figures["oa"]), ""),
        (tr("Mean IoU"), _share(figures["miou"]), ""),
        (tr("Frequency-weighted IoU"), _share(figures["fwiou"]), ""),
        (tr("Kappa"), _share(figures["kappa"]), ""),
        (tr("Compared pixels"), total, ""),
    ]


def class_table(found: MapAccuracy) -> ClassTable:
    """The figures of every class that the map or the reference has."""
    return _pixel_table(found) if found.estimate is None else _sample_table(found)


def _pixel_table(found: MapAccuracy) -> ClassTable:
    titles = ["IoU", "F1", "Precision (user's acc.)", "Recall (producer's acc.)"]
    titles += ["Reference (pixels)", "Map (pixels)"]
    rows = []
    for score in class_scores(found.matrix):
        shares = (score.iou, score.f1, score.precision, score.recall)
        cells = [Cell(_share(value), value) for value in shares]
        cells += [Cell(f"{n:,}", float(n)) for n in (score.reference, score.predicted)]
        rows.append(_row(score.class_id, found, cells))
    return ClassTable(tuple(say(found.language, t) for t in titles), tuple(rows))


def _sample_table(found: MapAccuracy) -> ClassTable:
    each = found.estimate
    unit, factor = area_unit(found)
    titles = ["Precision (user's acc.)", "Recall (producer's acc.)", "F1", "IoU", "Points"]
    areas = ["Mapped area", "Adjusted area"]
    rows = []
    for c in each.classes:
        cells = [_with_margin(table[c]) for table in (each.users, each.producers)]
        cells += [_with_margin(table[c]) for table in (each.f1, each.iou)]
        cells.append(Cell(f"{each.points[c]:,}", float(each.points[c])))
        mapped = each.mapped[c] * factor
        adjusted, margin = each.area[c].value * factor, each.area[c].margin * factor
        cells.append(Cell(_area(mapped), mapped))
        cells.append(Cell(f"{_area(adjusted)} ± {_area(margin)}", adjusted))
        rows.append(_row(c, found, cells))
    columns = [say(found.language, t) for t in titles]
    columns += [f"{say(found.language, t)} ({unit})" for t in areas]
    return ClassTable(tuple(columns), tuple(rows))


def area_unit(found: MapAccuracy) -> tuple[str, float]:
    """Unit in which areas are told, and what turns a share of the map into it."""
    if found.unit_area is None:
        return "%", 100.0
    square_metres = found.estimate.total * found.unit_area
    return ("km²", square_metres / 1e6) if square_metres > 1e11 else ("ha", square_metres / 1e4)


def to_csv(found: MapAccuracy) -> str:
    """Figures by class, plain numbers with a margin in a column of its own."""
    lines = [["class_id", "class_name", *_csv_columns(found)]]
    names = {row.class_id: row.label.text for row in class_table(found).rows}
    for class_id, figures in class_figures(found).items():
        cells = ["" if _missing(v) else v for v in figures.values()]
        lines.append([class_id, names[class_id], *cells])
    return _csv(lines)


def matrix_path(path: Path) -> Path:
    """Where the counts go beside a CSV of figures."""
    return path.with_name(f"{path.stem}_matrix{path.suffix}")


def matrix_to_csv(found: MapAccuracy) -> str:
    """Counts of pixels or points: rows reference, columns map."""
    ids = present_classes(found)
    names = [class_title(c, found.language) for c in ids]
    last = say(found.language, "no class")
    lines = [["reference \\ map", *names, last]]
    for c, name in zip(ids, names):
        lines.append([name, *(int(found.matrix[c, k]) for k in ids), int(found.matrix[c, -1])])
    return _csv(lines)


def to_json(found: MapAccuracy) -> str:
    """Everything that was found, for programs; absent figures are null."""
    ids = present_classes(found)
    record = {
        "prediction": found.prediction,
        "reference": found.reference,
        "counted": "pixels" if found.estimate is None else "points",
        "total": found.total,
        "merged": {str(k): v for k, v in found.merges.items()},
        "figures": overall_figures(found),
        "classes": [
            {"class_id": c, "class_name": class_title(c, "en"), **figures}
            for c, figures in class_figures(found).items()
        ],
        "matrix": {
            "rows": "reference",
            "columns": "map; the last is no class",
            "class_ids": ids,
            "counts": [[int(found.matrix[r, c]) for c in [*ids, -1]] for r in ids],
        },
        "notices": list(found.notices),
    }
    return json.dumps(_clean(record), ensure_ascii=False, indent=1) + "\n"


def to_text(found: MapAccuracy) -> str:
    """The tables for a terminal."""
    lines = [f"{name}: {value} {more}".rstrip() for name, value, more in main_figures(found)]
    table = class_table(found)
    cells = [("", *table.columns)]
    cells += [(f"{r.class_id:>3} {r.label.text}", *(c.text for c in r.cells)) for r in table.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        first, *others = (
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths))
        )
        lines.append("  ".join([first, *others]).rstrip())
    lines.insert(len(lines) - len(table.rows), "-" * len(lines[-1]))
    return "\n".join([*lines, *found.notices])


def present_classes(found: MapAccuracy) -> list[int]:
    """Ids of the classes that the map or the reference has."""
    if found.estimate is not None:
        return list(found.estimate.classes)
    return [score.class_id for score in class_scores(found.matrix)]


def class_figures(found: MapAccuracy) -> dict[int, dict[str, float]]:
    """Plain numbers by class id and name."""
    if found.estimate is None:
        area = found.unit_area
        return {
            s.class_id: {
                "iou": s.iou,
                "f1": s.f1,
                "precision": s.precision,
                "recall": s.recall,
                "reference_pixels": s.reference,
                "map_pixels": s.predicted,
                "reference_m2": None if area is None else s.reference * area,
                "map_m2": None if area is None else s.predicted * area,
            }
            for s in class_scores(found.matrix)
        }
    each = found.estimate
    square_metres = None if found.unit_area is None else each.total * found.unit_area
    result = {}
    for c in each.classes:
        row: dict[str, float] = {"points": each.points[c]}
        named = zip(("precision", "recall", "f1", "iou"), _accuracy_tables(each))
        for name, table in named:
            row |= {name: table[c].value, f"{name}_margin95": table[c].margin}
        row |= {"mapped_share": each.mapped[c], "area_share": each.area[c].value}
        row["area_share_margin95"] = each.area[c].margin
        for name, share in (
            ("mapped_m2", each.mapped[c]),
            ("area_m2", each.area[c].value),
            ("area_m2_margin95", each.area[c].margin),
        ):
            row[name] = None if square_metres is None else share * square_metres
        result[c] = row
    return result


def _accuracy_tables(each) -> tuple[dict[int, Estimate], ...]:
    return each.users, each.producers, each.f1, each.iou


def _csv_columns(found: MapAccuracy) -> Sequence[str]:
    figures = class_figures(found)
    return list(next(iter(figures.values()))) if figures else []


def overall_figures(found: MapAccuracy) -> dict[str, float]:
    """The figures of the whole map as plain numbers by name."""
    if found.estimate is None:
        figures = scores(found.matrix)
        return {name: figures[name] for name in ("oa", "miou", "fwiou", "kappa")}
    each = found.estimate
    return {
        "oa": each.overall.value,
        "oa_margin95": each.overall.margin,
        "miou": _mean(each.iou.values()),
        "unsampled_share": each.unsampled,
    }


def _row(class_id: int, found: MapAccuracy, cells: Sequence[Cell]) -> ClassRow:
    label = Label(class_title(class_id, found.language), class_colour(class_id))
    return ClassRow(class_id, label, tuple(cells))


def _with_margin(estimate: Estimate) -> Cell:
    if math.isnan(estimate.value):
        return Cell(_NONE, estimate.value)
    return Cell(f"{estimate.value:.2f} ± {estimate.margin:.2f}", estimate.value)


def _mean(estimates) -> float:
    known = [e.value for e in estimates if not math.isnan(e.value)]
    return float(np.mean(known)) if known else float("nan")


def _share(value: float) -> str:
    return _NONE if math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return _NONE if math.isnan(value) else f"{100 * value:.1f} %"


def _area(value: float) -> str:
    """An area with as many digits as tell something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 10 else f"{value:.3g}"


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _clean(value):
    """The same with null for what is not a number; JSON knows no NaN."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return None if _missing(value) else value


def _csv(lines: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
