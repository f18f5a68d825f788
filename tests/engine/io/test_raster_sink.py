"""Class and confidence rasters: content, colours, names, and nothing half-written."""

import numpy as np
import pytest
import rasterio
from cwsam.engine.classes import CLASSES
from cwsam.engine.errors import OutputError
from cwsam.engine.io.geotransform import from_affine
from cwsam.engine.io.raster_sink import ClassRasterSink, ConfidenceRasterSink
from cwsam.engine.io.raster_source import open_raster
from cwsam.engine.types import ClassStrip
from tests.data.rasters import ROTATED, ramp, write_raster

HEIGHT, WIDTH = 700, 300


@pytest.fixture
def info(tmp_path):
    path = write_raster(tmp_path / "in.tif", ramp(1, HEIGHT, WIDTH, "uint16"), transform=ROTATED)
    with open_raster(path) as source:
        return source.info


@pytest.fixture
def maps():
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 33, (HEIGHT, WIDTH), dtype=np.uint8)
    classes[:9, :9] = 255
    confidence = rng.integers(0, 101, (HEIGHT, WIDTH), dtype=np.uint8)
    return classes, confidence


def feed(sink, maps, steps=(1, 255, 300, 10, 134)):
    row = 0
    for step in steps:
        classes, confidence = (m[row : row + step] for m in maps)
        sink.write(ClassStrip(row, classes, confidence, classes))
        row += step


@pytest.mark.parametrize("cog", [False, True])
def test_class_raster(tmp_path, info, maps, cog):
    path = tmp_path / "map.tif"
    with ClassRasterSink(path, info, cog=cog) as sink:
        feed(sink, maps)
        assert not path.exists()
    with rasterio.open(path) as made:
        np.testing.assert_array_equal(made.read(1), maps[0])
        assert made.nodata == 255
        assert made.compression.name == "deflate"
        assert made.block_shapes == [(512, 512) if cog else (256, 256)]
        assert from_affine(made.transform) == ROTATED
        assert made.crs.to_epsg() == 31370
        assert made.colormap(1)[24] == (*CLASSES[24].rgb, 255)
        assert made.tags(1)["class_24"] == "water"
        assert made.descriptions == ("land-cover class",)
        assert bool(made.overviews(1)) == cog
        if cog:
            assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert "<Category>photovoltaic panel</Category>" in (tmp_path / "map.tif.aux.xml").read_text()
    assert {p.name for p in tmp_path.iterdir()} == {
        "in.tif",
        "map.tif",
        "map.tif.aux.xml",
        "map.qml",
    }


@pytest.mark.parametrize("cog", [False, True])
def test_confidence_raster(tmp_path, info, maps, cog):
    (tmp_path / "sure.tif.aux.xml").write_text("of an older file")
    with ConfidenceRasterSink(tmp_path / "sure.tif", info, cog=cog) as sink:
        feed(sink, maps, steps=(HEIGHT,))
    with rasterio.open(tmp_path / "sure.tif") as made:
        np.testing.assert_array_equal(made.read(1), maps[1])
        assert made.descriptions == ("confidence",)
        assert made.units == ("%",)
    assert not (tmp_path / "sure.tif.aux.xml").exists()


def test_no_georeference_is_invented(tmp_path, maps, recwarn):
    path = write_raster(tmp_path / "a.png", ramp(1, HEIGHT, WIDTH), None, None, driver="PNG")
    with open_raster(path) as source, ClassRasterSink(tmp_path / "map.tif", source.info) as sink:
        feed(sink, maps)
    assert not recwarn.list
    with open_raster(tmp_path / "map.tif") as made:
        assert made.info.transform is None
        assert made.info.crs is None


def test_interrupted_sink_keeps_the_old_file(tmp_path, info, maps):
    path = tmp_path / "map.tif"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), ClassRasterSink(path, info) as sink:  # noqa: PT012
        feed(sink, maps, steps=(300,))
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"in.tif", "map.tif"}


def test_missing_rows_are_no_map(tmp_path, info, maps):
    sink = ClassRasterSink(tmp_path / "map.tif", info)
    with pytest.raises(OutputError, match="Only 300 of 700 rows"), sink:
        feed(sink, maps, steps=(300,))
    assert {p.name for p in tmp_path.iterdir()} == {"in.tif"}


def test_raster_and_vector_styles_of_one_name_do_not_clash(tmp_path, info, maps):
    (tmp_path / "map.qml").write_text("<qgis><renderer-v2/></qgis>")
    with ClassRasterSink(tmp_path / "map.tif", info) as sink:
        feed(sink, maps)
    assert "renderer-v2" in (tmp_path / "map.qml").read_text()
