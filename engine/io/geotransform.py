"""The engine's geotransform to and from rasterio's.

Only the six named coefficients are touched: affine 3 with an attrs older than 23 (Debian 12)
fails on everything else, from indexing to multiplication.
"""

from __future__ import annotations

from affine import Affine

from ..types import GeoTransform

_IDENTITY = GeoTransform(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def from_affine(transform: Affine) -> GeoTransform | None:
    """The geotransform in CRS units, or None for the identity, which stands for "none"."""
    found = GeoTransform(
        transform.a, transform.b, transform.c, transform.d, transform.e, transform.f
    )
    return None if found == _IDENTITY else found


def to_affine(transform: GeoTransform) -> Affine:
    """The same coefficients for rasterio."""
    return Affine(transform.a, transform.b, transform.c, transform.d, transform.e, transform.f)
