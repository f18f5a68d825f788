"""Parts of one-file HTML reports: page, tables, pictures; no scripts, nothing fetched."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CSS = """
:root { --ink: #1d2733; --soft: #5b6876; --line: #d9dfe5; --accent: #1f6f8b; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f4; color: var(--ink);
  font: 15px/1.5 "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC",
  "WenQuanYi Zen Hei", Helvetica, Arial, sans-serif; }
main { max-width: 1080px; margin: 24px auto; background: var(--paper); padding: 32px 40px 40px;
  border-radius: 6px; box-shadow: 0 1px 4px rgba(20, 40, 60, .15); }
h1 { margin: 0 0 2px; font-size: 26px; line-height: 1.25; }
h2 { margin: 34px 0 10px; font-size: 18px; border-bottom: 2px solid var(--line);
  padding-bottom: 4px; }
p { margin: 8px 0; max-width: 78ch; }
.subtitle, .note, figcaption { color: var(--soft); }
.note, figcaption { font-size: 13px; }
.warning { background: #fff6e0; border-left: 4px solid #e0a100; padding: 6px 12px; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0 6px; }
.card { flex: 1 1 130px; border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px; }
.card b { display: block; font-size: 24px; line-height: 1.3; color: var(--accent);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.card small { font-size: 14px; color: var(--soft); font-weight: normal; }
.card span { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { font-weight: 600; background: #f5f7f9; vertical-align: bottom; }
th.n, td.n { text-align: right; white-space: nowrap; }
tbody tr:hover { background: #f8fafb; }
.chip { display: inline-block; width: 12px; height: 12px; margin-right: 7px; border-radius: 2px;
  border: 1px solid rgba(0, 0, 0, .35); vertical-align: -1px; }
.entry { display: inline-block; margin-right: 14px; white-space: nowrap; }
figure { margin: 14px 0; }
figure svg, figure img { max-width: 100%; height: auto; }
.side { display: flex; flex-wrap: wrap; gap: 16px; }
.side > * { flex: 1 1 300px; margin: 8px 0; }
footer { margin-top: 36px; padding-top: 10px; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 12px; }
@media print {
  body { background: none; font-size: 11pt; }
  main { box-shadow: none; margin: 0; padding: 0; max-width: none; }
  figure, tr, .card { break-inside: avoid; }
  h2 { break-after: avoid; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


@dataclass(frozen=True)
class Label:
    """A name with the colour it has on the map.

    Attributes:
        text: The name.
        colour: ``#rrggbb``; empty for none.
    """

    text: str
    colour: str = ""


def escape(text: object) -> str:
    """Make any text safe inside HTML and SVG, in attributes too."""
    return html.escape(str(text), quote=True)


def page(
    title: str, parts: Sequence[str], subtitle: str = "", footer: str = "", language: str = "en"
) -> str:
    """Put a whole report together.

    Args:
        title: Plain text.
        parts: HTML from the other functions of this module.
        subtitle: Plain text below the title.
        footer: Plain text at the end, such as program and date.
        language: ``en`` or ``zh``.
    """
    below = f'<p class="subtitle">{escape(subtitle)}</p>\n' if subtitle else ""
    foot = f"<footer>{escape(footer)}</footer>\n" if footer else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-Hans" if language == "zh" else "en"}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{below}" + "\n".join(parts) + f"\n{foot}</main>\n"
        "</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """A heading with what belongs to it."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n" + "\n".join(parts) + "\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text.

    Args:
        text: Plain text.
        kind: Empty, ``note`` (small and grey) or ``warning``.
    """
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def cards(figures: Sequence[tuple[str, str] | tuple[str, str, str]]) -> str:
    """The main figures, large, beside each other.

    Args:
        figures: Name and value each, and a small addition such as ``± 1.8 %``.
    """
    boxes = []
    for name, value, *more in figures:
        small = f" <small>{escape(more[0])}</small>" if more and more[0] else ""
        boxes.append(
            f'<div class="card"><b>{escape(value)}{small}</b><span>{escape(name)}</span></div>'
        )
    return '<div class="cards">' + "".join(boxes) + "</div>"


def table(header: Sequence[str], rows: Sequence[Sequence[str | Label]], caption: str = "") -> str:
    """A table whose first column is text and whose others are figures.

    Args:
        header: Column titles.
        rows: Cells as shown; a :class:`Label` gets a square of its colour.
        caption: A remark below.
    """

    def line(cells: Sequence[str | Label], tag: str) -> str:
        return (
            "<tr>"
            + "".join(
                f"<{tag}{' class=n' if number else ''}>{_cell(cell)}</{tag}>"
                for number, cell in enumerate(cells)
            )
            + "</tr>"
        )

    body = "\n".join(line(row, "td") for row in rows)
    note = paragraph(caption, "note") if caption else ""
    return (
        f'<div class="scroll"><table>\n<thead>{line(header, "th")}</thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>{note}"
    )


def figure(content: str, caption: str = "") -> str:
    """A picture (SVG or ``<img>``) with a caption in plain text."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{content}{below}</figure>"


def image(png: bytes, description: str) -> str:
    """A PNG inside the page.

    Args:
        png: The file's bytes.
        description: What it shows, for those who cannot see it.
    """
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(description)}">'


def side_by_side(*parts: str) -> str:
    """Parts beside each other where the page is wide enough."""
    return '<div class="side">' + "".join(parts) + "</div>"


def _cell(cell: str | Label) -> str:
    if not isinstance(cell, Label):
        return escape(cell)
    chip = f'<span class="chip" style="background:{escape(cell.colour)}"></span>'
    return (chip if cell.colour else "") + escape(cell.text)
