"""What settings may be, as tables of conditions; needs no torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MAX_SEED = 2**63 - 1
"""Largest seed that torch takes."""


def require(checks: Iterable[tuple[bool, str, str]]) -> None:
    """Refuse settings out of their range.

    Args:
        checks: Whether a setting is as it must be, its name, and what it must be.

    Raises:
        ConfigError: One is not.
    """
    for holds, name, must in checks:
        if not holds:
            raise ConfigError(f"The training setting '{name}' must be {must}.")


def is_number(value: object, low: float = 0.0, high: float = math.inf) -> bool:
    """Whether a value is a finite number from ``low`` to ``high``."""
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def numbers_by(values: Mapping, keys: Collection, low: float = 0.0, high: float = math.inf) -> bool:
    """Whether a mapping has keys of a collection and numbers from ``low`` to ``high``."""
    return all(key in keys and is_number(value, low, high) for key, value in values.items())
