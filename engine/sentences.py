"""The engine's sentences in Chinese, out of the catalogue that the plugin uses; no Qt."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from xml.etree import ElementTree

from .classes import CLASSES

_CATALOGUE = Path(__file__).resolve().parents[1] / "resources" / "i18n" / "cwsam_zh.ts"
_CONTEXT = "cwsam.engine"


def chinese(text: str) -> str:
    """A sentence of the engine or of training in Chinese; a text that is not theirs stays.

    They write English with names and numbers filled in. The catalogue holds their sentences
    with numbered gaps, ``{1} has no pixels; choose another raster.``
    """
    for pattern, template, translation in _sentences():
        found = pattern.fullmatch(text)
        if found:
            values = enumerate(found.groups(), start=1)
            return translation.format(
                text, *(_value(v, f"'{{{n}}}'" in template) for n, v in values)
            )
    return text


def _value(text: str, quoted: bool) -> str:
    """What fills a gap; classes are quoted by their English name."""
    names = {entry.name: entry.name_zh for entry in CLASSES} if quoted else {}
    return names.get(text) or chinese(text)


@functools.lru_cache(maxsize=1)
def _sentences() -> list[tuple[re.Pattern[str], str, str]]:
    """Patterns of the sentences, those with the most words of their own first."""
    root = ElementTree.parse(_CATALOGUE).getroot()  # noqa: S314 - our own file
    (engine,) = (c for c in root.iter("context") if c.findtext("name") == _CONTEXT)
    messages = engine.iter("message")
    texts = [(m.findtext("source", ""), m.findtext("translation", "")) for m in messages]
    texts.sort(key=lambda both: len(both[0]), reverse=True)
    return [(re.compile(_pattern(one), re.DOTALL), one, zh) for one, zh in texts if zh]


def _pattern(template: str) -> str:
    return "(.+?)".join(map(re.escape, re.split(r"\{\d+\}", template)))
