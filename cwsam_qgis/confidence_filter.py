"""Hides polygons below a confidence, beside any filter that the user has set himself."""

from __future__ import annotations

import re

_OURS = re.compile(r'(?: AND )?"confidence" >= (0?\.\d+|1\.0+)')


def threshold_of(subset: str) -> float:
    """The confidence, 0-1, below which a layer's filter hides polygons; 0 without ours."""
    found = _OURS.search(subset)
    return float(found.group(1)) if found else 0.0


def with_threshold(subset: str, threshold: float) -> str:
    """A layer's filter with another threshold, the user's own part untouched.

    Args:
        subset: The filter as it is.
        threshold: Least confidence to show, 0-1; 0 takes our part away.
    """
    own = _OURS.sub("", subset).strip()
    if own.startswith("(") and own.endswith(")") and _OURS.search(subset):
        own = own[1:-1]  # the brackets that we have set
    if threshold <= 0:
        return own
    ours = f'"confidence" >= {threshold:.2f}'
    return f"({own}) AND {ours}" if own else ours
