"""Texts in the language of QGIS: English as written in the code, Chinese from a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from qgis.core import QgsApplication

from .i18n_zh import CHINESE

if TYPE_CHECKING:
    from ..engine.classes import LandCoverClass


def language() -> str:
    """``zh`` where QGIS speaks Chinese, else ``en``; ``--lang`` goes before the settings."""
    asked = _started_with()
    code = asked if asked not in ("", "C") else QgsApplication.locale()
    return "zh" if code.lower().startswith("zh") else "en"


def _started_with() -> str:
    """The language that this QGIS was started with; empty when it says none."""
    application = QgsApplication.instance()
    return application.translation() if hasattr(application, "translation") else ""


def translator(context: str) -> Callable[[str], str]:
    """The function that translates the texts of one module.

    Args:
        context: Section of the catalogue.
    """
    own = CHINESE.get(context, {})

    def tr(text: str) -> str:
        if language() != "zh":
            return text
        return own.get(text) or CHINESE["common"].get(text, text)

    return tr


def class_label(entry: LandCoverClass) -> str:
    """The name of a class in QGIS's language."""
    return entry.name_zh if language() == "zh" else entry.name
