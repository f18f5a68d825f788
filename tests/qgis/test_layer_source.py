"""Pixels, masks and grids of every kind of layer."""

import http.server
import json
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from cwsam.cwsam_qgis.georeference import describe_crs
from cwsam.cwsam_qgis.job import default_bands, online_notices
from cwsam.cwsam_qgis.layer_source import LayerSource
from cwsam.engine.errors import RasterError
from cwsam.engine.types import Window
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QBuffer, QIODevice
from qgis.PyQt.QtGui import QColor, QImage
from tests.qgis.support import open_layer, patches, write_raster

CRS_CODES = (31370, 4326, 3857, 2263, 32631, 27700)

DESCRIBE = """
import dataclasses, json, sys
from rasterio.crs import CRS
from cwsam.engine.io.crs import describe_crs
for code in sys.argv[1:]:
    print(json.dumps(dataclasses.asdict(describe_crs(CRS.from_epsg(int(code))))))
"""


def whole(source):
    return Window(0, 0, source.info.width, source.info.height)


def test_reads_the_files_own_pixels(qgis_app, tmp_path):
    pixels = patches(bands=4)
    path = write_raster(tmp_path / "a.tif", pixels, grid=(0.1, 1 / 3, 0, 0.2, 0, -1 / 3))
    source = LayerSource(open_layer(path))
    got, valid = source.read(Window(7, 5, 50, 31), (4, 1, 1))
    assert (got == pixels[[3, 0, 0], 5:36, 7:57]).all()
    assert valid.all()
    assert source.info.dtypes == ("uint8",) * 4
    small, _ = source.read_decimated(40, (1, 2))
    assert small.shape == (2, 24, 40)


def test_every_window_of_an_awkward_grid_is_exact(qgis_app, tmp_path):
    height, width = 61, 97
    ramp = np.arange(height * width, dtype=np.float32).reshape(1, height, width)
    grid = (4.1234567, 0.0000027, 0, 51.7654321, 0, -0.0000031)
    layer = open_layer(write_raster(tmp_path / "a.tif", ramp, epsg=4326, grid=grid))
    source = LayerSource(layer)
    for window in (Window(0, 0, 97, 61), Window(13, 1, 1, 1), Window(90, 55, 7, 6),
                   Window(31, 17, 64, 37)):  # fmt: skip
        got, _ = source.read(window, (1,))
        rows = slice(window.row, window.row + window.height)
        cols = slice(window.col, window.col + window.width)
        assert (got[0] == ramp[0, rows, cols]).all(), window


def cut_off(path):
    """Take the second half of a file away."""
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[: len(whole_file) // 2])
    return path


def test_a_file_that_was_cut_off_is_refused(qgis_app, tmp_path):
    noise = np.random.default_rng(5).integers(0, 255, (3, 400, 300), np.uint8)
    source = LayerSource(open_layer(cut_off(write_raster(tmp_path / "a.tif", noise))))
    got, valid = source.read(Window(0, 0, 300, 20), (1, 2, 3))
    assert (got == noise[:, :20]).all()
    assert valid.all()
    for read in (lambda: source.read(whole(source), (1, 2, 3)),
                 lambda: source.read_decimated(100, (1, 2, 3))):  # fmt: skip
        with pytest.raises(RasterError, match=r"'image' is damaged or cut off \(.+\): copy"):
            read()


def test_extent_grows_to_whole_pixels_and_stays_inside(qgis_app, tmp_path):
    pixels = patches()
    layer = open_layer(write_raster(tmp_path / "a.tif", pixels))
    source = LayerSource(layer, QgsRectangle(150001.1, 169990.2, 150003.9, 170050))
    assert (source.info.width, source.info.height) == (6, 20)
    assert (source.info.transform.c, source.info.transform.f) == (150001, 170000)
    got, _ = source.read(whole(source), (2,))
    assert (got[0] == pixels[1, :20, 2:8]).all()
    exact = LayerSource(layer, QgsRectangle(150001, 169990, 150003, 169995))
    assert (exact.info.width, exact.info.height) == (4, 10)


@pytest.mark.parametrize(
    ("extent", "text"),
    [
        (QgsRectangle(0, 0, 10, 10), "outside"),
        (QgsRectangle(0, 0, float("inf"), 10), "infinite"),
        (QgsRectangle(150001, 169990, 150001, 169990), "empty"),
    ],
)
def test_impossible_extents(qgis_app, tmp_path, extent, text):
    layer = open_layer(write_raster(tmp_path / "a.tif", patches()))
    with pytest.raises(RasterError, match=text):
        LayerSource(layer, extent)


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_nodata_hides_pixels(qgis_app, tmp_path, dtype):
    pixels = patches().astype(dtype) + 3
    pixels[0, 2, 3] = 1
    source = LayerSource(open_layer(write_raster(tmp_path / "a.tif", pixels, nodata=1)))
    got, valid = source.read(whole(source), (1, 2, 3))
    assert (got == pixels).all()
    assert source.info.dtypes == (dtype,) * 3
    assert not valid[2, 3]
    assert valid.sum() == valid.size - 1


def test_not_a_number_and_infinity_are_no_data(qgis_app, tmp_path):
    pixels = patches().astype("float32")
    pixels[0, 0, 0], pixels[1, 1, 1], pixels[2, 2, 2] = np.nan, np.inf, -np.inf
    source = LayerSource(open_layer(write_raster(tmp_path / "a.tif", pixels)))
    _, valid = source.read(whole(source), (1, 2, 3))
    assert set(zip(*np.nonzero(~valid))) == {(0, 0), (1, 1), (2, 2)}


def test_black_hides_only_where_all_bands_are_black(qgis_app, tmp_path):
    pixels = np.full((3, 20, 20), 9, np.uint8)
    pixels[0, :5] = 0
    pixels[:, :2] = 0
    source = LayerSource(open_layer(write_raster(tmp_path / "a.tif", pixels, nodata=0)))
    _, valid = source.read(whole(source), (1, 2, 3))
    assert not valid[:2].any()
    assert valid[2:].all()


def test_alpha_and_ranges_set_in_the_layer_hide(qgis_app, tmp_path):
    pixels = patches(bands=4)
    pixels[3] = 255
    pixels[3, :, :10] = 0
    pixels[0, 50, 60] = 77
    pixels[0][pixels[0] == 77] = 78
    pixels[0, 50, 60] = 77
    colours = ("blue", "green", "red", "alpha")
    layer = open_layer(write_raster(tmp_path / "a.tif", pixels, colours=colours))
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(77, 77)])
    source = LayerSource(layer)
    assert default_bands(source.info.colours) == (3, 2, 1)
    _, valid = source.read(whole(source), (3, 2, 1))
    assert not valid[:, :10].any()
    assert not valid[50, 60]
    assert valid.sum() == 96 * 150 - 1


def test_a_mask_band_hides(qgis_app, tmp_path):
    path = write_raster(tmp_path / "a.tif", patches())
    file = gdal.Open(str(path), gdal.GA_Update)
    file.CreateMaskBand(gdal.GMF_PER_DATASET)
    mask = np.full((96, 160), 255, np.uint8)
    mask[:30] = 0
    file.GetRasterBand(1).GetMaskBand().WriteRaster(0, 0, 160, 96, mask.tobytes())
    del file
    source = LayerSource(open_layer(path))
    _, valid = source.read(whole(source), (1, 2, 3))
    assert (valid == (mask > 0)).all()


def test_a_colour_table_becomes_colours(qgis_app, tmp_path):
    numbers = (np.arange(20 * 30) % 3).reshape(1, 20, 30).astype(np.uint8)
    path = write_raster(tmp_path / "a.tif", numbers)
    file = gdal.Open(str(path), gdal.GA_Update)
    table = gdal.ColorTable()
    for number, colour in enumerate([(255, 0, 0, 255), (0, 9, 0, 255), (0, 0, 7, 255)]):
        table.SetColorEntry(number, colour)
    file.GetRasterBand(1).SetColorTable(table)
    del file
    source = LayerSource(open_layer(path))
    got, valid = source.read(whole(source), (1, 2, 3))
    assert source.info.colours == ("red", "green", "blue")
    assert valid.all()
    assert got[:, 0, :3].T.tolist() == [[255, 0, 0], [0, 9, 0], [0, 0, 7]]


def test_the_corners_of_a_turned_raster_are_no_data(qgis_app, tmp_path):
    grid = (150000, 0.4, 0.3, 170000, 0.3, -0.4)
    source = LayerSource(open_layer(write_raster(tmp_path / "a.tif", patches() | 1, grid=grid)))
    pixels, valid = source.read(whole(source), (1, 2, 3))
    black = (pixels == 0).all(axis=0)
    assert 0.4 < black.mean() < 0.6
    assert not (valid & black).any()
    area = 96 * 160
    assert valid.sum() == pytest.approx(area, rel=0.01)


def test_crs_is_described_as_by_the_command_line(qgis_app, headless):
    lines = headless_lines(headless)
    for code, line in zip(CRS_CODES, lines):
        ours, theirs = describe_crs(QgsCoordinateReferenceSystem.fromEpsgId(code)), json.loads(line)
        assert (ours.name, ours.kind) == (theirs["name"], theirs["kind"])
        for name in ("metres_per_unit", "semi_major_m", "inverse_flattening"):
            assert getattr(ours, name) == pytest.approx(theirs[name], rel=1e-9), (code, name)
    assert describe_crs(QgsCoordinateReferenceSystem()) is None


def headless_lines(headless):
    done = headless(DESCRIBE, *CRS_CODES)
    return done.stdout.splitlines()


class Tiles(http.server.BaseHTTPRequestHandler):
    """Serves tiles of one colour; those of odd columns are missing when asked to."""

    missing = False

    def do_GET(self):
        _, _z, x, _y = self.path.removesuffix(".png").split("/")
        if Tiles.missing and int(x) % 2:
            self.send_error(404)
            return
        image = QImage(256, 256, QImage.Format.Format_RGB32)
        image.fill(QColor(10, int(x) % 200, 30))
        self.answer(image)

    def answer(self, image):
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        body = bytes(buffer.data())
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        del arguments


@contextmanager
def serving(handler):
    """An XYZ layer of a server of our own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/%7Bz%7D/%7Bx%7D/%7By%7D.png"
    layer = QgsRasterLayer(f"type=xyz&url={url}&zmin=0&zmax=19", "tiles", "wms")
    assert layer.isValid()
    yield layer
    server.shutdown()
    server.server_close()
    QgsProject.instance().clear()


@pytest.fixture
def tiles(qgis_app):
    with serving(Tiles) as layer:
        yield layer


def read_in_thread(source):
    """Read all of a source in a worker thread, as a run does."""
    got = []
    worker = threading.Thread(target=lambda: got.append(source.read(whole(source), (1, 2, 3))))
    worker.start()
    worker.join(60)
    return got[0]


@pytest.mark.parametrize("missing", [False, True])
def test_tiles_of_a_server_are_read_in_a_worker(tiles, missing):
    Tiles.missing = missing
    pixel = 2 * 20037508.342789244 / 256 / 2**17
    tile = 256 * pixel
    column = 1000 if not missing else 2000
    left = -20037508.342789244 + column * tile
    box = QgsRectangle(left, 4 * tile, left + 2 * tile, 5 * tile)
    source = LayerSource(tiles, box, pixel)
    assert source.online
    assert (source.info.width, source.info.height) == (512, 256)
    pixels, valid = read_in_thread(source)
    assert valid[:, :250].all()
    assert (pixels[:, 100, 100] == [10, column % 200, 30]).all()
    assert valid[:, 260:].any() != missing
    assert source.blank_share == pytest.approx(0.5 if missing else 0.0, abs=0.01)


def blank(colour):
    """A tile server whose even columns hold noise and whose odd ones are of one colour."""
    noise = np.random.default_rng(1).integers(1, 255, (256, 256, 3), np.uint8)

    class Half(Tiles):
        def do_GET(self):
            column = int(self.path.split("/")[2])
            image = QImage(noise.tobytes(), 256, 256, 768, QImage.Format.Format_RGB888)
            if column % 2:
                image = QImage(256, 256, QImage.Format.Format_RGB32)
                image.fill(QColor(*colour))
            self.answer(image)

    return Half


@pytest.mark.parametrize(
    ("colour", "left_out", "flat"),
    [((0, 0, 0), True, 0), ((255, 255, 255), True, 0), ((40, 80, 120), False, 0.5)],
)
def test_blank_tiles_are_found_and_reported(qgis_app, colour, left_out, flat):
    with serving(blank(colour)) as layer:
        tile = 2 * 20037508.342789244 / 2**17
        left = -20037508.342789244 + 1000 * tile
        box = QgsRectangle(left, 4 * tile, left + 2 * tile, 5 * tile)
        source = LayerSource(layer, box, tile / 256)
        _, valid = read_in_thread(source)
        assert valid[:, :250].all()
        assert valid[:, 260:].any() != left_out
        assert source.flat_share == pytest.approx(flat, abs=0.02)
        (notice,) = online_notices(source)
        assert ("is left out" in notice) == left_out
        assert ("of one colour" in notice) != left_out
        assert "50" in notice or "49" in notice


def test_a_server_without_any_picture_is_an_error(qgis_app):
    class Nothing(Tiles):
        def do_GET(self):
            self.send_error(500)

    with serving(Nothing) as layer:
        source = LayerSource(layer, QgsRectangle(0, 0, 300, 300), 1.0)
        read_in_thread(source)
        with pytest.raises(RasterError, match="delivered no picture"):
            online_notices(source)


def test_online_layers_say_what_they_need(tiles):
    with pytest.raises(RasterError, match="pixel size"):
        LayerSource(tiles, QgsRectangle(0, 0, 10, 10))
    with pytest.raises(RasterError, match="too many"):
        LayerSource(tiles, None, 1.0)
