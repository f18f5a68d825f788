"""What the plugin remembers between sessions, in QGIS's own settings."""

from __future__ import annotations

import json
from pathlib import Path

from qgis.core import QgsSettings

_PREFIX = "cwsam/"
_MOST_MODELS = 10


def remember(name: str, value: object) -> None:
    """Keep a value that JSON can hold."""
    QgsSettings().setValue(_PREFIX + name, json.dumps(value))


def recall(name: str, default: object) -> object:
    """A remembered value; the default where there is none, or one of another kind."""
    text = QgsSettings().value(_PREFIX + name, None)
    try:
        value = json.loads(text) if isinstance(text, str) else default
    except json.JSONDecodeError:
        return default
    return value if default is None or isinstance(value, type(default)) else default


def remembered_models() -> list[str]:
    """Model files that the user has chosen before, the latest first."""
    return [str(path) for path in recall("models", [])]


def remember_model(path: Path) -> None:
    """Put a model file at the head of the list."""
    _put_first("models", path)


def remembered_adapters() -> list[str]:
    """Adapter files that the user has chosen before, the latest first."""
    return [str(path) for path in recall("adapters", [])]


def remember_adapter(path: Path) -> None:
    """Put an adapter file at the head of the list."""
    _put_first("adapters", path)


def _put_first(name: str, path: Path) -> None:
    others = [one for one in recall(name, []) if one != str(path)]
    remember(name, [str(path), *others][:_MOST_MODELS])
