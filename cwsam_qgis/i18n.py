"""Texts in the language of QGIS: English as written in the code, Chinese from a Qt catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from ..engine.sentences import chinese

if TYPE_CHECKING:
    from ..engine.classes import LandCoverClass

_CATALOGUE = Path(__file__).resolve().parents[1] / "resources" / "i18n" / "cwsam_zh.qm"
_PREFIX = "cwsam."  # other plugins have contexts of their own in the same application
_COMMON, _CARDS = _PREFIX + "common", _PREFIX + "cards"


def language() -> str:
    """``zh`` where QGIS speaks Chinese, else ``en``; ``--lang`` goes before the settings."""
    asked = _started_with()
    code = asked if asked not in ("", "C") else QgsApplication.locale()
    return "zh" if code.lower().startswith("zh") else "en"


def _started_with() -> str:
    """The language that this QGIS was started with; empty when it says none."""
    application = QgsApplication.instance()
    return application.translation() if hasattr(application, "translation") else ""


def install_texts() -> QTranslator | None:
    """Give QGIS the plugin's texts in its language; returns what :func:`remove_texts` takes."""
    if language() != "zh":
        return None
    texts = QTranslator()
    texts.load(str(_CATALOGUE))
    QCoreApplication.installTranslator(texts)
    return texts


def remove_texts(texts: QTranslator | None) -> None:
    """Undo :func:`install_texts`."""
    if texts is not None:
        QCoreApplication.removeTranslator(texts)


def translator(context: str) -> Callable[[str], str]:
    """The function that translates the texts of one module.

    Args:
        context: Section of the catalogue: the name of the module.
    """
    contexts = (_PREFIX + context, _COMMON)

    def tr(text: str) -> str:
        return _translated(text, contexts)

    return tr


def _translated(text: str, contexts: tuple[str, ...]) -> str:
    for context in contexts:
        found = QCoreApplication.translate(context, text)
        if found != text:
            return found
    return text


def engine_text(text: str) -> str:
    """A sentence of the engine in QGIS's language; a text that is not the engine's stays."""
    return chinese(text) if language() == "zh" else text


def card_text(text: str) -> str:
    """A sentence of a bundled model's card in QGIS's language; others stay as they are."""
    return _translated(text, (_CARDS,))


def class_label(entry: LandCoverClass) -> str:
    """The name of a class in QGIS's language."""
    return entry.name_zh if language() == "zh" else entry.name
