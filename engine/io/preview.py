"""A picture for people: the image, the class map beside it, and a legend with shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..classes import CLASSES, LandCoverClass
from ..staging import Staging
from ..styles import outline_colour
from ..types import NODATA_CLASS
from .guard import OutputGuard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAPER, _INK, _SOFT, _RULE, _NO_DATA = "#ffffff", "#20252b", "#707984", "#e3e6ea", "#eef0f2"
_NO_DATA_ENTRY = LandCoverClass(NODATA_CLASS, "no data", "无数据", _NO_DATA)
_LATIN_END = 0x250  # first character beyond those of the built-in font
_WIDE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "PingFang.ttc",
)  # fonts of the usual systems that have Chinese characters
_SMALLEST_SIDE = 480  # pixels; the long side of smaller images is enlarged to at least this


@dataclass(frozen=True)
class _Sheet:
    """Measures of the picture in pixels, all derived from its two panels.

    Attributes:
        panel_width: Width of the image and of the map.
        panel_height: Their height.
    """

    panel_width: int
    panel_height: int

    @property
    def unit(self) -> int:
        """Height of ordinary type, which spaces are multiples of."""
        return max(15, round(self.panel_width / 36))

    @property
    def gap(self) -> int:
        """Between the panels and between the columns of the legend."""
        return round(1.7 * self.unit)

    @property
    def margin(self) -> int:
        """White around everything."""
        return max(32, self.panel_width // 14)

    @property
    def content(self) -> int:
        """Width of both panels and the gap."""
        return 2 * self.panel_width + self.gap

    @property
    def panel_top(self) -> int:
        """Upper edge of the panels, below title and captions."""
        return self.margin + round(5.4 * self.unit)

    @property
    def legend_top(self) -> int:
        """Upper edge of the legend's first row."""
        return self.panel_top + self.panel_height + round(2.2 * self.unit)

    @property
    def row_height(self) -> int:
        """Of a legend row."""
        return 2 * self.unit


def write_preview(
    path: str | Path,
    image: np.ndarray,
    classes: np.ndarray,
    areas: Mapping[int, float],
    title: str,
    max_side: int = 1000,
    legend: Sequence[LandCoverClass] = CLASSES,
) -> None:
    """Write a PNG with the image, the class map and a legend of the classes that occur.

    Args:
        path: Final path, ``.png``.
        image: (h, w, 3) uint8, red, green, blue.
        classes: (h, w) uint8, class ids; 255 = no data.
        areas: Share of each class in the whole map, 0-1, by class id.
        title: Headline.
        max_side: Longest side of each panel in pixels.
        legend: Names and colours of the classes.

    Raises:
        OutputError: The file cannot be written there.
    """
    assert image.shape == (*classes.shape, 3), "image and class map show the same pixels"
    size = _panel_size(classes.shape, max_side)
    shown = sorted(
        (entry for entry in legend if areas.get(entry.id, 0) > 0), key=lambda c: -areas[c.id]
    )
    sheet = _Sheet(*size)
    if (classes == NODATA_CLASS).any():
        shown.append(_NO_DATA_ENTRY)
    lefts, width = _legend_columns(sheet, shown)
    rows = -(-len(shown) // len(lefts))
    height = sheet.legend_top + rows * sheet.row_height + sheet.margin - sheet.unit // 2
    picture = Image.new("RGB", (sheet.content + 2 * sheet.margin, height), _PAPER)
    right = sheet.margin + sheet.panel_width + sheet.gap
    picture.paste(_photograph(image, size), (sheet.margin, sheet.panel_top))
    picture.paste(_map_picture(classes, size, legend), (right, sheet.panel_top))
    draw = ImageDraw.Draw(picture)
    _draw_head(draw, sheet, title, right)
    for index, entry in enumerate(shown):
        column, row = divmod(index, rows)
        corner = (lefts[column], sheet.legend_top + row * sheet.row_height)
        _draw_entry(draw, sheet, entry, areas.get(entry.id), corner, width)
    _save(picture, Path(path))


def _panel_size(shape: tuple[int, int], max_side: int) -> tuple[int, int]:
    """(width, height) of a panel; small images grow by a whole factor, so pixels stay square."""
    height, width = shape
    longest = max(shape)
    if longest > max_side:
        scale = max_side / longest
        return max(1, round(width * scale)), max(1, round(height * scale))
    factor = min(-(-_SMALLEST_SIDE // longest), max(1, max_side // longest))
    return width * factor, height * factor


def _photograph(image: np.ndarray, size: tuple[int, int]) -> Image.Image:
    smaller = size[0] < image.shape[1]
    method = Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(image)).resize(size, method)


def _map_picture(
    classes: np.ndarray, size: tuple[int, int], legend: Sequence[LandCoverClass]
) -> Image.Image:
    """The class map in colours, each pixel in that of the most frequent class under it."""
    palette = np.full((256, 3), _NO_DATA_ENTRY.rgb, np.uint8)
    for entry in legend:
        palette[entry.id] = entry.rgb
    if size[0] < classes.shape[1]:
        fine = Image.fromarray(classes).resize((3 * size[0], 3 * size[1]), Image.Resampling.NEAREST)
        classes = _majority(np.asarray(fine), 3)
    picture = Image.fromarray(palette[classes])
    return picture.resize(size, Image.Resampling.NEAREST)


def _majority(classes: np.ndarray, block: int) -> np.ndarray:
    """Most frequent class of each block x block square; (h, w) uint8 to (h/block, w/block)."""
    height, width = (n // block for n in classes.shape)
    squares = classes.reshape(height, block, width, block)
    best = np.full((height, width), NODATA_CLASS, np.uint8)
    most = np.zeros((height, width), np.uint8)
    for value in np.unique(classes):
        count = (squares == value).sum(axis=(1, 3), dtype=np.uint8)
        best[count > most] = value
        np.maximum(most, count, out=most)
    return best


def _draw_head(draw: ImageDraw.ImageDraw, sheet: _Sheet, title: str, right: int) -> None:
    """Title, captions of the panels, and a hairline around each panel."""
    unit, left = sheet.unit, sheet.margin
    title, font = _headline(title, round(1.9 * unit))
    baseline = sheet.margin + round(1.6 * unit)
    draw.text((left, baseline), _fit(title, font, sheet.content), _INK, font, anchor="ls")
    caption = ImageFont.load_default(size=unit)
    for x, text in ((left, "Image"), (right, "Land cover")):
        draw.text((x, sheet.panel_top - round(0.7 * unit)), text, _SOFT, caption, anchor="ls")
        box = (
            x,
            sheet.panel_top,
            x + sheet.panel_width - 1,
            sheet.panel_top + sheet.panel_height - 1,
        )
        draw.rectangle(box, outline=_RULE)


def _headline(title: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """The title with a font that has its characters, else what of it is Latin."""
    latin = ImageFont.load_default(size=size)
    if max(map(ord, title), default=0) < _LATIN_END:
        return title, latin
    for name in _WIDE_FONTS:
        try:
            return title, ImageFont.truetype(name, size)
        except OSError:
            continue
    kept = "".join(sign for sign in title if ord(sign) < _LATIN_END).strip(" -_.")
    return kept or "Land cover", latin


def _draw_entry(
    draw: ImageDraw.ImageDraw,
    sheet: _Sheet,
    entry: LandCoverClass,
    share: float | None,
    corner: tuple[int, int],
    width: int,
) -> None:
    """Swatch, name and share of one class, in a legend column ``width`` pixels wide."""
    unit, (x, y) = sheet.unit, corner
    font = ImageFont.load_default(size=unit)
    middle = y + unit // 2
    swatch = (x, y - unit // 8, x + round(1.7 * unit), y + unit + unit // 8)
    draw.rounded_rectangle(
        swatch, radius=unit // 5, fill=entry.colour, outline=outline_colour(entry)
    )
    draw.text((x + round(2.4 * unit), middle), entry.name, _INK, font, anchor="lm")
    if share is not None:
        draw.text((x + width, middle), _percent(share), _SOFT, font, anchor="rm")


def _legend_columns(sheet: _Sheet, shown: Sequence[LandCoverClass]) -> tuple[list[int], int]:
    """Left edges and width of the legend's columns: one or two under each panel."""
    font = ImageFont.load_default(size=sheet.unit)
    longest = max((font.getlength(entry.name) for entry in shown), default=0)
    halves = 2 if sheet.panel_width >= 2 * (longest + 6 * sheet.unit) + sheet.gap else 1
    width = (sheet.panel_width - sheet.gap * (halves - 1)) // halves
    panels = (sheet.margin, sheet.margin + sheet.panel_width + sheet.gap)
    return [left + half * (width + sheet.gap) for left in panels for half in range(halves)], width


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.0005 else "< 0.1 %"


def _fit(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, shortened with an ellipsis to ``width`` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _save(picture: Image.Image, path: Path) -> None:
    staging = Staging(path)
    with OutputGuard(staging, ()):
        picture.save(staging.path, "PNG", optimize=True)
        staging.commit()
