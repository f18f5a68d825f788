"""Texts of reports in a language other than English; training knows no QGIS."""

from __future__ import annotations


def translate(chinese: dict[str, str], language: str, text: str, **values: object) -> str:
    """A text in a language, its gaps filled.

    Args:
        chinese: The Chinese texts by the English ones.
        language: ``zh`` for Chinese; anything else is English.
        text: The English text.
        values: What goes into the gaps.
    """
    return (chinese[text] if language == "zh" else text).format(**values)
