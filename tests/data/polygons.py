"""Small polygon batches with known geometry."""

from __future__ import annotations

import numpy as np
import shapely
from cwsam.engine.types import PolygonBatch


def squares(count: int, first: int = 0, known_area: bool = True) -> PolygonBatch:
    """Adjacent squares of side 10 on the map near Ghent (EPSG:31370), classes in turn.

    Confidence rises by 1/1000 a polygon, the runner-up is the next class, none for class 0.
    """
    number = np.arange(first, first + count)
    x = 105000.0 + 10.0 * (number % 100)
    y = 195000.0 + 10.0 * (number // 100)
    runner_up = np.where(number % 33 == 0, 255, (number + 1) % 33)
    return PolygonBatch(
        wkb=list(shapely.to_wkb(shapely.box(x, y, x + 10, y + 10), byte_order=1)),
        class_id=(number % 33).astype(np.uint8),
        confidence=(0.5 + number % 500 / 1000 + 1e-6).astype(np.float32),
        runner_up=runner_up.astype(np.uint8),
        area_m2=np.full(count, 100.0 if known_area else np.nan),
        pixels=np.full(count, 400),
    )
