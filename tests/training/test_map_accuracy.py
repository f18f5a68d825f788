"""Comparisons end to end in memory: strips, points, tables, report."""

import csv
import datetime
import io
import json
import re

import numpy as np
import pytest
from cwsam.engine.errors import CwsamError, TrainingDataError
from cwsam.training import accuracy_texts
from cwsam.training.accuracy_report import accuracy_report
from cwsam.training.accuracy_tables import class_table, matrix_to_csv, to_csv, to_json, to_text
from cwsam.training.map_accuracy import (
    CompareOptions,
    Named,
    PointTable,
    compare_points,
    compare_strips,
)
from tests.training.test_accuracy import OLOFSSON, PIXELS

ENGLISH = CompareOptions({})
NAMED = Named("map", "truth", unit_area=900.0)
STRATA = dict(zip((28, 5, 8, 24), PIXELS.tolist()))


@pytest.fixture
def strips():
    """Two strips of map and reference; reference class 10 is called 9 on the map."""
    mapped = np.array([[9, 9, 24, 255], [5, 5, 24, 24]], np.uint8)
    truth = np.array([[9, 10, 24, 24], [5, 24, 24, 255]], np.uint8)
    return [(mapped[:1], truth[:1]), (mapped[1:], truth[1:])]


def olofsson_points(strata=None):
    ids = np.array(list(STRATA), np.uint8)
    rows, columns = (axis.ravel() for axis in np.indices(OLOFSSON.shape))
    mapped, truth = (np.repeat(ids[axis], OLOFSSON.ravel()) for axis in (rows, columns))
    return PointTable(truth, mapped, mapped if strata is None else strata, STRATA)


def test_strips_are_counted_and_classes_merged(strips):
    found = compare_strips(strips, CompareOptions({10: 9}), NAMED)
    assert found.total == 7
    assert found.matrix[9, 9] == 2
    assert found.matrix[24].sum() == 4
    assert "14.3% of the reference has no class" in found.notices[0]
    ignored = compare_strips(strips, CompareOptions({}, ignore_unclassified=True), NAMED)
    assert ignored.total == 6
    assert "left out" in ignored.notices[0]


def test_nothing_in_common_is_a_sentence():
    empty = np.full((2, 2), 255, np.uint8)
    with pytest.raises(TrainingDataError, match="cover the same ground"):
        compare_strips([(empty, empty)], ENGLISH, NAMED)
    with pytest.raises(TrainingDataError, match="do they cover the same ground"):
        compare_strips([(empty, np.full_like(empty, 9))], ENGLISH, NAMED)
    table = PointTable(empty[0], empty[0], None, {1: 4})
    with pytest.raises(TrainingDataError, match="label the points first"):
        compare_points(table, ENGLISH, NAMED)


def test_points_give_the_papers_areas():
    found = compare_points(olofsson_points(), ENGLISH, NAMED)
    table = class_table(found)
    assert table.columns[-1] == "Adjusted area (ha)"
    rows = {row.class_id: row for row in table.rows}
    assert rows[28].cells[-1].text == "21,158 ± 6,158"
    assert rows[28].cells[-2].text == "18,000"
    assert rows[28].cells[0].text == "0.88 ± 0.07"
    assert rows[28].cells[1].text == "0.75 ± 0.21"
    assert found.notices == ()


def test_merged_classes_keep_their_strata_weights():
    found = compare_points(olofsson_points(), CompareOptions({28: 8}), NAMED)
    assert found.estimate.classes == (5, 8, 24)
    single = compare_points(olofsson_points(), ENGLISH, NAMED).estimate
    # The area of a union is the sum of the areas; a pooled stratum would not give that.
    both = single.area[28].value + single.area[8].value
    assert found.estimate.area[8].value == pytest.approx(both)


def test_points_without_label_or_map_are_told():
    table = olofsson_points()
    table.truth[:40] = 255
    table.mapped[100:103] = 255
    found = compare_points(
        PointTable(table.truth, table.mapped, None, {**STRATA, 30: 10**6}), ENGLISH, NAMED
    )
    assert found.total == 640 - 43
    told = " ".join(found.notices)
    for part in ("40 of 640", "3 labelled points", "taken as drawn", "9.1% of the map"):
        assert part in told


def test_csv_and_json_hold_the_same_numbers():
    found = compare_points(olofsson_points(), ENGLISH, NAMED)
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    record = json.loads(to_json(found))
    assert [row["class_name"] for row in rows] == [c["class_name"] for c in record["classes"]]
    deforested = next(c for c in record["classes"] if c["class_id"] == 28)
    assert deforested["area_m2"] == pytest.approx(211.58e6, rel=1e-4)
    assert deforested["area_m2_margin95"] == pytest.approx(61.58e6, rel=1e-4)
    row = next(row for row in rows if row["class_id"] == "28")
    assert float(row["area_m2"]) == deforested["area_m2"]
    counts = np.array(record["matrix"]["counts"])
    assert counts.sum() == record["total"] == 640
    assert record["matrix"]["class_ids"] == [5, 8, 24, 28]
    table = list(csv.reader(io.StringIO(matrix_to_csv(found))))
    np.testing.assert_array_equal(np.array([r[1:] for r in table[1:]], int), counts)


def test_absent_figures_are_null_not_nan(strips):
    found = compare_strips(strips, ENGLISH, Named("map", "truth"))
    record = json.loads(to_json(found))
    assert record["classes"][1]["class_id"] == 9
    assert record["classes"][2] == {
        "class_id": 10, "class_name": "isolated building", "iou": 0.0, "f1": 0.0,
        "precision": None, "recall": 0.0, "reference_pixels": 1, "map_pixels": 0,
        "reference_m2": None, "map_m2": None,
    }  # fmt: skip
    assert "NaN" not in to_json(found)
    assert "nan" not in to_csv(found)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["pixels", "points"])
def test_reports_in_both_languages(strips, language, kind):
    options = CompareOptions({10: 9}, language=language)
    if kind == "pixels":
        found = compare_strips(strips, options, NAMED)
    else:
        found = compare_points(olofsson_points(), options, NAMED)
    report = accuracy_report(found, datetime.date(2026, 1, 2))
    assert "2026-01-02" in report
    assert ("水域" if language == "zh" else "water") in report
    assert "nan" not in re.sub(r"<style>.*?</style>", "", report, flags=re.S).lower()
    assert len(report) < 200_000
    if language == "zh":
        shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", report, flags=re.S)
        words = set(re.findall(r"[A-Za-z]{4,}", shown))
        assert words <= {"CWSAM", "truth", "mIoU", "FWIoU", "Kappa", "Olofsson", "Remote",
                         "Sensing", "Environment", "Stehman", "International",
                         "Journal"}  # fmt: skip
    assert to_text(found).count("\n") > 4


def test_a_merge_of_a_class_that_nobody_has_is_told():
    both = [(np.array([[9, 10]], np.uint8), np.array([[9, 9]], np.uint8))]
    found = compare_strips(both, CompareOptions({10: 9, 99: 9}), NAMED)
    assert [n for n in found.notices if "merging" in n] == [
        "Neither map nor reference has class 99: merging it changes nothing."
    ]


def test_every_text_keeps_its_gaps():
    for english, chinese in accuracy_texts._CHINESE.items():
        gaps = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
        assert gaps[0] == gaps[1], english


def test_foreign_values():
    from cwsam.training.class_values import ClassValues, parse_merges, parse_table

    values = ClassValues({"Gebouw": "10", "weg": "road", "zee": "skip"})
    assert values.ids_of(["gebouw", "WEG", "zee", None, "", 24, "24", 24.0, "水域", "Water", 40,
                          float("nan"), 255]).tolist() == [10, 19, 255, 255, 255, 24, 24, 24, 24,
                                                           24, 40, 255, 255]  # fmt: skip
    with pytest.raises(CwsamError, match="'boom=CLASS'"):
        values.id_of("boom")
    assert parse_merges(["10=9", "isolated building = dense built-up area"]) == {10: 9}
    assert parse_table(["a=b=9"]) == {"a=b": "9"}
    assert parse_merges(["10=9", "10=9", "isolated building=9"]) == {10: 9}
    twice = (["1=0", "1=2"], ["10=9", "isolated building=24"])
    for wrong in (["10"], ["10=9", "9=8"], ["9=skip"], ["=9"], *twice):
        with pytest.raises(CwsamError):
            parse_merges(wrong)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_pixels_of_any_type(dtype):
    from cwsam.training.class_values import ClassValues

    pixels = np.array([[9, 24], [10, 0]], dtype)
    valid = np.array([[True, True], [True, False]])
    found = ClassValues({"10": "9"}).of_pixels(pixels, valid, "map")
    np.testing.assert_array_equal(found, [[9, 24], [9, 255]])
    if dtype == "float32":
        with pytest.raises(CwsamError, match="fractions"):
            ClassValues().of_pixels(pixels + 0.5, valid, "map")
    if dtype == "int32":
        with pytest.raises(CwsamError, match="'311=CLASS'"):
            ClassValues().of_pixels(np.full((2, 2), 311, dtype), valid, "map")
