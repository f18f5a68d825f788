"""Parts of the reports: well-formed, escaped, self-contained."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from cwsam.training.charts import Series, heat_map, line_chart, ticks
from cwsam.training.html import Label, cards, figure, image, page, paragraph, section, table

NASTY = "<b>water & \"ice\" 'x'"


def texts(svg):
    return [t.text for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_pages_stand_alone_and_escape_what_they_are_given():
    labels = [Label(NASTY, "#2f7fd1"), Label("road")]
    whole = page(
        NASTY,
        [
            cards([(NASTY, "94 %", "± 2 %"), ("mIoU", "0.6")]),
            section(
                NASTY, paragraph(NASTY, "warning"), table(["class", "IoU"], [[labels[0], "1"]])
            ),
            figure(heat_map(np.eye(2), labels, labels, ("reference", NASTY)), NASTY),
            figure(line_chart([Series(NASTY, [0, 1], [0.5, 1])], NASTY, "loss"), NASTY),
            image(b"\x89PNG", NASTY),
        ],
        subtitle=NASTY,
        footer=NASTY,
        language="zh",
    )
    assert "<b>water" not in whole
    assert 'lang="zh-Hans"' in whole
    assert "<script" not in whole
    fetched = re.findall(r"""(?:src|href)=(?!["']?data:)|url\(|@import|http://(?!www\.w3)""", whole)
    assert not fetched
    assert whole.count("<svg") == whole.count("</svg>") == 2


def test_heat_map_prints_the_shares_of_each_row():
    labels = [Label("road", "#55565c"), Label("water", "#2f7fd1")]
    matrix = np.array([[3, 1, 0], [1, 998, 1]])
    svg = heat_map(matrix, labels, [*labels, Label("none")], ("reference", "map"))
    shown = texts(svg)
    assert {"road", "water", "none", "reference", "map"} <= set(shown)
    assert [t for t in shown if t in ("75", "25", "<1", "100")] == ["75", "25", "<1", "100", "<1"]
    hints = [t.text for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert hints[0] == "road → road: 3 (75.0%)"
    assert len(hints) == 6


def test_heat_map_of_a_class_without_reference_is_empty_not_broken():
    svg = heat_map(np.zeros((1, 1)), [Label("road")], [Label("road")], ("a", "b"))
    assert "nan" not in svg.lower()


@pytest.mark.parametrize(("place", "anchor"), [(0, "start"), (10, "end")])
def test_the_name_of_a_mark_stays_inside_the_chart(place, anchor):
    svg = line_chart([Series("a", [0, 10], [0, 1])], "step", "share", marks=[(place, "kept here")])
    (name,) = [one for one in ET.fromstring(svg).iter() if one.text == "kept here"]
    assert name.get("text-anchor") == anchor
    assert 0 < float(name.get("x")) < 620


def test_line_chart_leaves_gaps_and_survives_constants():
    svg = line_chart([Series("a", [0, 1, 2, 3], [1, float("nan"), 2, 3])], "step", "loss")
    ET.fromstring(svg)
    assert "nan" not in svg
    assert svg.count("<circle") == 1
    for series in ([Series("flat", [5], [2.0])], [Series("none", [], [])], []):
        ET.fromstring(line_chart(series, "step", "loss", marks=[(5, "best")]))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, 430, [0, 100, 200, 300, 400, 500])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)
    assert len(ticks(3, 3)) > 1
