"""One radiometry per raster, whatever its data type."""

import numpy as np
import pytest
from cwsam.engine.array_source import ArraySource
from cwsam.engine.errors import RasterError
from cwsam.engine.tiling.normalize import choose_radiometry

BANDS = (1, 2, 3)


def ramp(dtype, top):
    return np.linspace(0, top, 3 * 40 * 50).reshape(3, 40, 50).astype(dtype)


def test_eight_bit_keeps_its_range():
    radiometry = choose_radiometry(ArraySource(ramp("uint8", 90)), BANDS)
    assert radiometry.high == (255.0,) * 3


@pytest.mark.parametrize(
    ("dtype", "top"), [("uint16", 4000), ("int16", 900), ("float32", 0.4), ("float64", 1e6)]
)
def test_other_types_are_stretched_between_percentiles(dtype, top):
    pixels = ramp(dtype, top)
    radiometry = choose_radiometry(ArraySource(pixels), BANDS)
    expected = np.percentile(pixels.reshape(3, -1), (2, 98), axis=1)
    np.testing.assert_allclose(radiometry.low, expected[0], rtol=1e-6)
    np.testing.assert_allclose(radiometry.high, expected[1], rtol=1e-6)
    scaled = radiometry.normalise(pixels, np.ones((40, 50), bool), (0,) * 3, (1,) * 3)
    assert scaled.min() == 0
    assert scaled.max() == 1


def test_invalid_and_infinite_pixels_do_not_count_and_become_the_mean():
    pixels = ramp("float32", 100)
    clean = choose_radiometry(ArraySource(pixels), BANDS)
    valid = np.ones((40, 50), bool)
    valid[:5] = False
    spoilt = pixels.copy()
    spoilt[:, :5] = 1e30
    spoilt[0, 20, 20] = np.nan
    spoilt[1, 21, 21] = np.inf
    radiometry = choose_radiometry(ArraySource(spoilt, valid), BANDS)
    assert max(radiometry.high) <= max(clean.high) * 1.1
    out = radiometry.normalise(spoilt, valid, (0.5,) * 3, (0.25,) * 3)
    assert np.isfinite(out).all()
    assert (out[:, :5] == 0).all()
    assert out[0, 20, 20] == 0


def test_constant_raster_does_not_divide_by_zero():
    source = ArraySource(np.full((3, 9, 9), 77, np.uint16))
    radiometry = choose_radiometry(source, BANDS)
    out = radiometry.normalise(*source.read_decimated(9, BANDS), (0.5,) * 3, (0.2,) * 3)
    assert np.isfinite(out).all()


def test_no_valid_pixel_is_said():
    source = ArraySource(np.zeros((3, 4, 4), np.float32), np.zeros((4, 4), bool))
    with pytest.raises(RasterError, match="no valid pixel"):
        choose_radiometry(source, BANDS)
