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
    others = [one for one in remembered_models() if one != str(path)]
    remember("models", [str(path), *others][:_MOST_MODELS])


def speed(model: Path) -> float | None:
    """Pixels a second of the latest run with a model; None before the first."""
    value = recall("speed", {}).get(model.name)
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def remember_speed(model: Path, pixels_per_second: float) -> None:
    """Keep the speed of a finished run."""
    speeds = dict(recall("speed", {}))
    speeds[model.name] = pixels_per_second
    remember("speed", speeds)
