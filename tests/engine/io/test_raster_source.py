"""Reading rasters: every oddity of files in the wild."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from cwsam.engine.errors import RasterError
from cwsam.engine.io.raster_source import default_bands, open_raster
from cwsam.engine.types import GeoTransform, RasterInfo, Window
from tests.data.rasters import NORTH_UP, ROTATED, SOUTH_UP, gcps_of, ramp, write_raster

WHOLE = Window(0, 0, 60, 40)


def info_of(*colours):
    n = len(colours)
    return RasterInfo("x", 1, 1, ("uint8",) * n, (None,) * n, colours)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "int32", "float32", "float64"]
)
@pytest.mark.parametrize("tiled", [False, True])
def test_reads_windows_of_every_type(tmp_path, dtype, tiled):
    pixels = ramp(2, dtype=dtype)
    extra = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {}
    with open_raster(write_raster(tmp_path / "a.tif", pixels, **extra)) as source:
        got, valid = source.read(Window(7, 5, 20, 11), (2, 1, 1))
        assert source.info.dtypes == (dtype, dtype)
    assert got.dtype == dtype
    assert valid.dtype == bool
    np.testing.assert_array_equal(got, pixels[[1, 0, 0], 5:16, 7:27])
    assert valid.shape == (11, 20)
    assert valid.all()


@pytest.mark.parametrize("transform", [NORTH_UP, SOUTH_UP, ROTATED])
def test_geotransform_is_kept(tmp_path, transform):
    with open_raster(write_raster(tmp_path / "a.tif", ramp(), transform=transform)) as source:
        assert source.info.transform == transform
        assert source.info.crs.name == "EPSG:31370"
        assert source.notices == []


def test_nodata_zero_hides_only_where_all_bands_hold_it(tmp_path):
    pixels = ramp()
    pixels[:, 3, 4] = 0
    pixels[0, 5, 6] = 0
    with open_raster(write_raster(tmp_path / "a.tif", pixels, nodata=0)) as source:
        _, valid = source.read(WHOLE, (1, 2, 3))
        assert source.info.nodata == (0, 0, 0)
    assert not valid[3, 4]
    assert valid.sum() == valid.size - 1


def test_other_nodata_hides_where_any_band_holds_it(tmp_path):
    pixels = ramp(dtype="int16")
    pixels[1, 3, 4] = -9999
    with open_raster(write_raster(tmp_path / "a.tif", pixels, nodata=-9999)) as source:
        _, valid = source.read(WHOLE, (1, 2, 3))
    assert not valid[3, 4]
    assert valid.sum() == valid.size - 1


@pytest.mark.parametrize("nodata", [None, float("nan"), -3.4028234663852886e38])
def test_not_a_number_and_infinity_are_no_data(tmp_path, nodata):
    pixels = ramp(dtype="float32")
    pixels[0, 0, 0], pixels[1, 1, 1], pixels[2, 2, 2] = np.nan, np.inf, -np.inf
    if nodata is not None:
        pixels[0, 3, 3] = nodata
    with open_raster(write_raster(tmp_path / "a.tif", pixels, nodata=nodata)) as source:
        _, valid = source.read(WHOLE, (1, 2, 3))
    hidden = {(0, 0), (1, 1), (2, 2)} | ({(3, 3)} if nodata is not None else set())
    assert set(zip(*np.nonzero(~valid))) == hidden


def test_alpha_is_a_mask_and_no_data_band(tmp_path):
    pixels = ramp(4)
    pixels[3] = 255
    pixels[3, :10] = 0
    colours = ("red", "green", "blue", "alpha")
    path = write_raster(tmp_path / "a.tif", pixels, colours=colours, photometric="RGB")
    with open_raster(path) as source:
        assert source.info.colours == colours
        assert default_bands(source.info) == (1, 2, 3)
        _, valid = source.read(WHOLE, (1, 2, 3))
    assert not valid[:10].any()
    assert valid[10:].all()


def test_mask_band_hides(tmp_path):
    mask = np.full((40, 60), 255, np.uint8)
    mask[:, :5] = 0
    with open_raster(write_raster(tmp_path / "a.tif", ramp(), mask=mask)) as source:
        _, valid = source.read(WHOLE, (1, 2, 3))
        _, small = source.read_decimated(30, (1,))
    np.testing.assert_array_equal(valid, mask > 0)
    assert not small[:, :2].any()


def test_palette_becomes_red_green_blue(tmp_path):
    numbers = np.zeros((1, 40, 60), np.uint8)
    numbers[0, :, 30:] = 1
    palette = {0: (10, 20, 30, 255), 1: (40, 50, 60, 0)}
    path = write_raster(tmp_path / "a.tif", numbers, palette=palette)
    with open_raster(path) as source:
        assert source.info.dtypes == ("uint8",) * 3
        assert default_bands(source.info) == (1, 2, 3)
        pixels, valid = source.read(WHOLE, (3, 2, 1))
    assert pixels[:, 0, 0].tolist() == [30, 20, 10]
    assert pixels[:, 0, 59].tolist() == [60, 50, 40]
    with open_raster(path, expand_palette=False) as source:
        np.testing.assert_array_equal(source.read(WHOLE, (1,))[0], numbers)
    assert valid[:, :30].all()


def test_overviews_feed_the_decimated_read(tmp_path):
    pixels = ramp(1, 256, 512, dtype="uint16")
    path = write_raster(tmp_path / "a.tif", pixels, overviews=(2, 4))
    with open_raster(path) as source:
        got, valid = source.read_decimated(128, (1, 1, 1))
        whole, _ = source.read_decimated(9999, (1,))
    assert got.shape == (3, 64, 128)
    assert valid.shape == (64, 128)
    assert abs(int(got[0, 32, 64]) - int(pixels[0, 128, 256])) <= 8
    np.testing.assert_array_equal(whole, pixels)


def test_control_points_place_the_image(tmp_path):
    pixels = ramp(3)
    path = write_raster(tmp_path / "a.tif", pixels, gcps=gcps_of(ROTATED, 40, 60))
    with open_raster(path) as source:
        info = source.info
        pixels, valid = source.read(Window(0, 0, info.width, info.height), default_bands(info))
        assert "gdalwarp" in source.notices[0]
        x, y = info.transform.apply(info.width / 2, info.height / 2)
    assert info.crs.name == "EPSG:31370"
    centre = ROTATED.apply(30, 20)
    assert math.hypot(x - centre[0], y - centre[1]) < 1.0
    assert valid.any()
    assert not valid[0, 0]


def test_control_points_without_crs_leave_pixels(tmp_path):
    path = write_raster(tmp_path / "a.tif", ramp(), crs=None, gcps=gcps_of(NORTH_UP, 40, 60))
    with open_raster(path) as source:
        assert source.info.transform is None
        assert "gdalwarp" in source.notices[0]


def test_no_georeference_is_said(tmp_path, recwarn):
    path = write_raster(tmp_path / "photo.png", ramp(), crs=None, transform=None, driver="PNG")
    recwarn.clear()
    with open_raster(path) as source:
        assert source.info.transform is None
        assert source.info.crs is None
        assert source.notices == [
            "photo.png has no georeference: coordinates are pixels (x = column, y = -row)."
        ]
    assert not recwarn.list


def test_identity_with_crs_is_no_georeference(tmp_path):
    with open_raster(write_raster(tmp_path / "a.tif", ramp(), transform=None)) as source:
        assert source.info.transform is None
        assert source.info.crs is None
        assert "although it has the CRS EPSG:31370" in source.notices[0]


def test_world_file_without_crs_keeps_the_transform(tmp_path):
    path = write_raster(tmp_path / "a.png", ramp(), crs=None, transform=None, driver="PNG")
    (tmp_path / "a.png.aux.xml").unlink(missing_ok=True)
    (tmp_path / "a.pgw").write_text("2\n0\n0\n-2\n101\n199\n")
    with open_raster(path) as source:
        assert source.info.transform == GeoTransform(2, 0, 100, 0, -2, 200)
        assert source.info.crs is None
        assert "-a_srs" in source.notices[0]


@pytest.mark.parametrize(
    ("crs", "kind", "metres", "inverse_flattening"),
    [
        ("EPSG:31370", "projected", 1.0, 297.0),
        ("EPSG:2263", "projected", 0.3048006096, 298.257222101),
        ("EPSG:4326", "geographic", 111319.4908, 298.257223563),
        ("EPSG:3857", "web_mercator", 1.0, 298.257223563),
        ("ESRI:102100", "web_mercator", 1.0, 298.257223563),
        ("EPSG:7405", "projected", 1.0, 299.3249646),
        ("+proj=moll +R=6371000 +units=km", "projected", 1000.0, 0.0),
        ("EPSG:4807", "geographic", 6378249.2 * math.pi / 200, 293.4660212936265),
    ],
)
def test_coordinate_reference_systems(tmp_path, crs, kind, metres, inverse_flattening):
    with open_raster(write_raster(tmp_path / "a.tif", ramp(), crs=crs)) as source:
        got = source.info.crs
    assert got.kind == kind
    assert got.metres_per_unit == pytest.approx(metres, rel=1e-6)
    assert got.inverse_flattening == pytest.approx(inverse_flattening, rel=1e-6)
    assert rasterio.crs.CRS.from_wkt(got.wkt)


@pytest.mark.parametrize(
    ("colours", "bands"),
    [
        (("red", "green", "blue"), (1, 2, 3)),
        (("blue", "green", "red", "undefined"), (3, 2, 1)),
        (("gray", "undefined", "undefined", "undefined"), (1, 2, 3)),
        (("gray",), (1, 1, 1)),
        (("gray", "alpha"), (1, 1, 1)),
        (("alpha", "gray", "undefined"), (2, 2, 2)),
        (("undefined",) * 9, (1, 2, 3)),
    ],
)
def test_default_bands(colours, bands):
    assert default_bands(info_of(*colours)) == bands


def test_bands_of_different_types_share_one(tmp_path):
    one = write_raster(tmp_path / "one.tif", ramp(1, dtype="uint8"))
    two = write_raster(tmp_path / "two.tif", ramp(1, dtype="int16"))
    vrt = tmp_path / "both.vrt"
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{i}"><SimpleSource><SourceFilename>{path}'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for i, (kind, path) in enumerate([("Byte", one), ("Int16", two)], start=1)
    )
    vrt.write_text(f'<VRTDataset rasterXSize="60" rasterYSize="40">{bands}</VRTDataset>')
    with open_raster(vrt) as source:
        pixels, _ = source.read(WHOLE, (1, 2))
    assert pixels.dtype == np.int16


def test_complex_numbers_are_refused(tmp_path):
    path = write_raster(tmp_path / "sar.tif", ramp(1, dtype="complex64"))
    with pytest.raises(RasterError, match=r"sar.tif holds complex numbers.*amplitudes"):
        open_raster(path)


def test_files_that_are_no_rasters(tmp_path):
    (tmp_path / "note.tif").write_text("hello")
    (tmp_path / "empty.tif").write_bytes(b"")
    with pytest.raises(RasterError, match="does not exist: check the path"):
        open_raster(tmp_path / "missing.tif")
    with pytest.raises(RasterError, match="is a folder"):
        open_raster(tmp_path)
    for name in ("note.tif", "empty.tif"):
        with pytest.raises(RasterError, match="not an image that GDAL can open"):
            open_raster(tmp_path / name)


@pytest.mark.parametrize("driver", ["GTiff", "PNG", "JPEG"])
def test_cut_off_files_say_so(tmp_path, driver, capfd):
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 255, (3, 400, 600), dtype=np.uint8)
    path = write_raster(
        tmp_path / "cut.img", pixels, crs=None, transform=None, driver=driver,
        **({"compress": "deflate"} if driver == "GTiff" else {}),
    )  # fmt: skip
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RasterError, match="damaged"), open_raster(path) as source:
        source.read(Window(0, 0, 600, 400), (1, 2, 3))
    assert capfd.readouterr().err == ""


def test_zero_bands_names_the_parts(tmp_path):
    vrt = tmp_path / "none.vrt"
    vrt.write_text('<VRTDataset rasterXSize="6" rasterYSize="4"></VRTDataset>')
    with pytest.raises(RasterError, match=r"has no bands of its own|not an image"):
        open_raster(vrt)


def test_threads_share_a_source(tmp_path):
    pixels = ramp(3, 512, 512, "uint16")
    with open_raster(write_raster(tmp_path / "a.tif", pixels, tiled=True)) as source:
        windows = [Window(64 * (n % 8), 64 * (n // 8), 64, 64) for n in range(64)]
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda w: source.read(w, (1, 2, 3))[0], windows))
    for window, part in zip(windows, parts):
        rows, cols = slice(window.row, window.row + 64), slice(window.col, window.col + 64)
        np.testing.assert_array_equal(part, pixels[:, rows, cols])
