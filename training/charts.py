"""Charts as inline SVG for HTML reports: heat map of a confusion matrix, lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .html import Label, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_FONT = 'font-family="inherit"'
_INK, _SOFT, _LINE = "#1d2733", "#5b6876", "#d9dfe5"
_EMPTY = "#f5f7f9"
_RIGHT, _WRONG = (24, 104, 132), (190, 70, 25)  # cells on and off the diagonal when full
_SERIES = ("#1f6f8b", "#d1602a", "#4d8b31", "#7b4fa3", "#b8860b", "#5b6876")


def heat_map(
    matrix: np.ndarray,
    rows: Sequence[Label],
    columns: Sequence[Label],
    titles: tuple[str, str],
    shares: np.ndarray | None = None,
) -> str:
    """Draw a confusion matrix.

    Args:
        matrix: (R, C) counts or areas; the diagonal holds what is right.
        rows: R names.
        columns: C names; may be more than the rows.
        titles: What rows and columns are, such as ``("reference", "map")``.
        shares: (R, C) 0-1 to colour and print; each row's shares of its sum where None.
    """
    if shares is None:
        sums = matrix.sum(axis=1, keepdims=True)
        shares = np.divide(matrix, sums, out=np.zeros(matrix.shape), where=sums > 0)
    grid = _HeatGrid(rows, columns)
    parts = [grid.headings(titles)]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            hint = f"{row.text} → {column.text}: {_number(matrix[i, j])} ({shares[i, j]:.1%})"
            parts.append(grid.cell(i, j, float(shares[i, j]), hint))
    width, height = grid.size
    # Small charts keep their size; wide ones shrink with the page.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" {_FONT}>' + "".join(parts) + "</svg>"
    )


class _HeatGrid:
    """Places of cells and names, in user units of the SVG."""

    def __init__(self, rows: Sequence[Label], columns: Sequence[Label]) -> None:
        self.rows, self.columns = rows, columns
        many = max(len(rows), len(columns))
        self.side = 54 if many <= 9 else 44 if many <= 16 else 31
        self.font = 12 if many <= 16 else 10
        self.left = 34 + max(_length(label.text) for label in rows) * 0.58 * 13 + 14
        self.top = 34 + max(_length(label.text) for label in columns) * 0.58 * 13 * 0.72 + 14

    @property
    def size(self) -> tuple[float, float]:
        """Width and height; slanted names stick out to the right."""
        overhang = max(_length(label.text) for label in self.columns[-3:]) * 0.58 * 13 * 0.72
        return self.left + self.side * len(self.columns) + overhang, (
            self.top + self.side * len(self.rows) + 8
        )

    def headings(self, titles: tuple[str, str]) -> str:
        """Names of rows and columns with what they are."""
        middle = self.left + self.side * len(self.columns) / 2
        centre = self.top + self.side * len(self.rows) / 2
        parts = [
            f'<text x="{middle:.1f}" y="16" font-size="14" font-weight="600" fill="{_INK}" '
            f'text-anchor="middle">{escape(titles[1])}</text>',
            f'<text transform="translate(16 {centre:.1f}) rotate(-90)" font-size="14" '
            f'font-weight="600" fill="{_INK}" text-anchor="middle">{escape(titles[0])}</text>',
        ]
        for i, label in enumerate(self.rows):
            y = self.top + (i + 0.5) * self.side
            parts.append(_chip(self.left - 18, y - 5, label))
            parts.append(
                f'<text x="{self.left - 24:.1f}" y="{y + 4.5:.1f}" font-size="13" fill="{_INK}" '
                f'text-anchor="end">{escape(label.text)}</text>'
            )
        for j, label in enumerate(self.columns):
            x = self.left + (j + 0.5) * self.side
            parts.append(_chip(x - 5, self.top - 16, label))
            parts.append(
                f'<text transform="translate({x + 4:.1f} {self.top - 20:.1f}) rotate(-45)" '
                f'font-size="13" fill="{_INK}">{escape(label.text)}</text>'
            )
        return "".join(parts)

    def cell(self, i: int, j: int, share: float, hint: str) -> str:
        """One cell: the deeper the colour the larger the share; the text says percent."""
        x, y = self.left + j * self.side, self.top + i * self.side
        depth = math.sqrt(min(max(share, 0.0), 1.0))  # small confusions shall be seen
        full = _RIGHT if i == j else _WRONG
        colour = "#{:02x}{:02x}{:02x}".format(*(round(255 + (c - 255) * depth) for c in full))
        colour = colour if share > 0 else _EMPTY
        text = ""
        if share > 0:
            ink = "#fff" if depth > 0.6 else _INK
            shown = f"{100 * share:.0f}" if share >= 0.005 else "<1"
            weight = "600" if i == j else "400"
            text = (
                f'<text x="{x + self.side / 2:.1f}" y="{y + self.side / 2 + 4.5:.1f}" '
                f'font-size="{self.font}" font-weight="{weight}" fill="{ink}" '
                f'text-anchor="middle">{escape(shown)}</text>'
            )
        return (
            f'<g><title>{escape(hint)}</title><rect x="{x:.1f}" y="{y:.1f}" '
            f'width="{self.side}" height="{self.side}" fill="{colour}" stroke="#fff" '
            f'stroke-width="1.5"/>{text}</g>'
        )


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: In the legend.
        x: Positions, rising.
        y: Values; NaN leaves a gap.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_chart(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    y_range: tuple[float, float] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Draw lines over a common axis.

    Args:
        series: Up to six lines.
        x_title: Such as ``step``.
        y_title: Such as ``loss``.
        y_range: Ends of the axis; fitted to the values where None.
        marks: Positions with a name, drawn as upright dashed lines.
    """
    frame = _Frame(series, y_range)
    parts = [frame.axes(x_title, y_title)]
    for x, name in marks:
        parts.append(frame.mark(x, name))
    for number, one in enumerate(series):
        colour = _SERIES[number % len(_SERIES)]
        parts.append(frame.line(one, colour))
        parts.append(frame.legend(number, one.name, colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width} {frame.height}" '
        f'width="{frame.width}" height="{frame.height}" role="img" {_FONT}>'
        + "".join(parts)
        + "</svg>"
    )


class _Frame:
    """The axes of a line chart."""

    width, height = 620, 320
    left, right, top, bottom = 62, 16, 34, 48

    def __init__(self, series: Sequence[Series], y_range: tuple[float, float] | None) -> None:
        points = [(x, y) for one in series for x, y in zip(one.x, one.y) if math.isfinite(y)]
        xs, ys = zip(*points) if points else ((0.0, 1.0), (0.0, 1.0))
        self.x_ticks = ticks(min(xs), max(xs))
        self.y_ticks = ticks(*(y_range or (min(ys), max(ys))))
        self.x0, self.x1 = min(xs), max(max(xs), min(xs) + 1e-9)
        self.y0, self.y1 = y_range or (self.y_ticks[0], self.y_ticks[-1])

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Position of a value in the SVG."""
        inner_width = self.width - self.left - self.right
        inner_height = self.height - self.top - self.bottom
        across = (x - self.x0) / (self.x1 - self.x0)
        up = (min(max(y, self.y0), self.y1) - self.y0) / (self.y1 - self.y0)
        return self.left + across * inner_width, self.height - self.bottom - up * inner_height

    def axes(self, x_title: str, y_title: str) -> str:
        """Grid lines, numbers and titles."""
        parts = []
        for value in self.y_ticks:
            _, y = self.place(self.x0, value)
            parts.append(
                f'<path d="M{self.left} {y:.1f}H{self.width - self.right}" stroke="{_LINE}"/>'
                + _text(self.left - 8, y + 4, f"{value:g}", "end")
            )
        for value in self.x_ticks:
            if self.x0 <= value <= self.x1:
                x, _ = self.place(value, self.y0)
                parts.append(_text(x, self.height - self.bottom + 18, f"{value:g}", "middle"))
        centre = (self.left + self.width - self.right) / 2
        parts.append(_text(centre, self.height - 8, x_title, "middle"))
        middle = (self.top + self.height - self.bottom) / 2
        parts.append(
            f'<text transform="translate(14 {middle:.0f}) rotate(-90)" font-size="12" '
            f'fill="{_SOFT}" text-anchor="middle">{escape(y_title)}</text>'
        )
        return "".join(parts)

    def line(self, one: Series, colour: str) -> str:
        """The line; a lone point between gaps becomes a dot."""
        pieces: list[list[tuple[float, float]]] = [[]]
        for x, y in zip(one.x, one.y):
            if math.isfinite(y):
                pieces[-1].append(self.place(x, y))
            elif pieces[-1]:
                pieces.append([])
        shapes = []
        for piece in pieces:
            if len(piece) == 1:
                shapes.append(
                    f'<circle cx="{piece[0][0]:.1f}" cy="{piece[0][1]:.1f}" r="3" fill="{colour}"/>'
                )
            elif piece:
                path = "L".join(f"{x:.1f} {y:.1f}" for x, y in piece)
                shapes.append(
                    f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" '
                    'stroke-linejoin="round"/>'
                )
        return "".join(shapes)

    def legend(self, number: int, name: str, colour: str) -> str:
        """A name beside its colour, above the chart."""
        x = self.left + number * (self.width - self.left) / 4
        return (
            f'<path d="M{x:.0f} 14h18" stroke="{colour}" stroke-width="3"/>'
            f'<text x="{x + 24:.0f}" y="18" font-size="12" fill="{_INK}">{escape(name)}</text>'
        )

    def mark(self, x: float, name: str) -> str:
        """An upright line with a name."""
        across, _ = self.place(x, self.y0)
        # Beside the line, on the side where there is more room.
        right = across > (self.left + self.width - self.right) / 2
        place = (across - 4, "end") if right else (across + 4, "start")
        return (
            f'<path d="M{across:.1f} {self.top}V{self.height - self.bottom}" stroke="{_SOFT}" '
            'stroke-dasharray="4 3"/>' + _text(place[0], self.top - 4, name, place[1])
        )


@dataclass(frozen=True)
class Interval:
    """One row of an interval chart.

    Attributes:
        label: Name and colour.
        value: The estimate.
        margin: Half the width of its interval.
        other: A value to compare with.
    """

    label: Label
    value: float
    margin: float
    other: float


def interval_chart(rows: Sequence[Interval], unit: str, titles: tuple[str, str]) -> str:
    """Draw estimates with their intervals, a row each, beside values to compare with.

    Args:
        rows: From top to bottom.
        unit: Of the axis.
        titles: What the estimate and the other value are.
    """
    left = 24 + max(_length(row.label.text) for row in rows) * 7.6
    width, step, top = 820.0, 30, 34
    height = top + step * len(rows) + 44
    ends = ticks(0.0, max(max(r.value + r.margin, r.other) for r in rows))
    scale = (width - left - 30) / ends[-1]
    floor = height - 40
    parts = []
    for value in ends:
        x = left + value * scale
        parts.append(f'<path d="M{x:.1f} {top - 6}V{floor}" stroke="{_LINE}"/>')
        parts.append(_text(x, floor + 17, f"{value:,g}", "middle"))
    parts.append(_text((left + width) / 2, height - 6, unit, "middle"))
    parts.append(_interval_legend(left, titles))
    for number, row in enumerate(rows):
        y = top + (number + 0.5) * step
        parts.append(_chip(left - 18, y - 5, row.label))
        parts.append(
            f'<text x="{left - 24:.1f}" y="{y + 4.5:.1f}" font-size="13" fill="{_INK}" '
            f'text-anchor="end">{escape(row.label.text)}</text>'
        )
        parts.append(_interval(row, left, y, scale))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" {_FONT}>' + "".join(parts) + "</svg>"
    )


def _interval(row: Interval, left: float, y: float, scale: float) -> str:
    """Bar of the interval, dot of the estimate, open diamond of the other value."""
    low, high = max(row.value - row.margin, 0.0), row.value + row.margin
    a, b, x = (left + v * scale for v in (low, high, row.value))
    hint = f"{row.label.text}: {_number(row.value)} ± {_number(row.margin)}"
    return (
        f"<g><title>{escape(hint)}</title>"
        f'<path d="M{a:.1f} {y}H{b:.1f}M{a:.1f} {y - 6}v12M{b:.1f} {y - 6}v12" '
        f'stroke="{_SERIES[0]}" stroke-width="2" fill="none"/>'
        f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{_SERIES[0]}"/>'
        + _diamond(left + row.other * scale, y)
        + "</g>"
    )


def _interval_legend(left: float, titles: tuple[str, str]) -> str:
    second = left + 60 + _length(titles[0]) * 7
    return (
        f'<circle cx="{left + 5:.1f}" cy="14" r="5" fill="{_SERIES[0]}"/>'
        f'<text x="{left + 16:.1f}" y="18" font-size="12" fill="{_INK}">{escape(titles[0])}</text>'
        + _diamond(second, 14)
        + f'<text x="{second + 11:.1f}" y="18" font-size="12" fill="{_INK}">'
        f"{escape(titles[1])}</text>"
    )


def _diamond(x: float, y: float) -> str:
    return (
        f'<path d="M{x:.1f} {y - 6}l6 6l-6 6l-6 -6z" fill="#fff" stroke="{_SERIES[1]}" '
        'stroke-width="2"/>'
    )


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that span a range, about ``wanted`` of them."""
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" fill="{_SOFT}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _chip(x: float, y: float, label: Label) -> str:
    if not label.colour:
        return ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="10" height="10" rx="1.5" '
        f'fill="{escape(label.colour)}" stroke="#000" stroke-opacity=".35"/>'
    )


def _length(text: str) -> int:
    """Width in letters; Chinese characters are as wide as two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
