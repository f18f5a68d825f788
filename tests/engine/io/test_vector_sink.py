"""Polygon layers: content of every format, styles, appending, and nothing half-written."""

import json
import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow.parquet
import pyogrio
import pytest
import shapely
from cwsam.engine import staging
from cwsam.engine.classes import CLASSES
from cwsam.engine.errors import OutputError
from cwsam.engine.io import vector_sink
from cwsam.engine.io.crs import describe_crs
from cwsam.engine.io.gpkg import read_metadata
from cwsam.engine.io.vector_sink import open_vector_sink
from cwsam.engine.types import PIXEL_GRID, RasterInfo
from rasterio.crs import CRS
from tests.data.polygons import squares

SUFFIXES = [".gpkg", ".shp", ".geojson", ".json", ".fgb"]


def info(crs="EPSG:31370"):
    return RasterInfo(
        "in.tif", 100, 100, ("uint8",), (None,), ("gray",), PIXEL_GRID,
        describe_crs(CRS.from_user_input(crs)) if crs else None,
    )  # fmt: skip


def write(path, *batches, crs="EPSG:31370", **options):
    with open_vector_sink(path, info(crs), **options) as sink:
        for batch in batches:
            sink.write(batch)
    return path


def spatial_layers(path):
    return sorted(name for name, kind in pyogrio.list_layers(path) if kind)


def read(path):
    """Meta, geometries and columns by field name."""
    meta, _, geometry, values = pyogrio.raw.read(path, layer="map")
    return meta, shapely.from_wkb(geometry), dict(zip(meta["fields"], values))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path, suffix):
    batches = [squares(40), squares(30, first=40)]
    path = write(tmp_path / f"map{suffix}", *batches)
    assert spatial_layers(path) == ["map"]
    meta, shapes, got = read(path)
    short = suffix == ".shp"
    assert list(got) == [
        "class_id", "class_name", "class_zh" if short else "class_name_zh",
        "confidence", "runner_up", "area_m2",
    ]  # fmt: skip
    order = np.lexsort((shapely.get_x(shapely.centroid(shapes)), got["class_id"]))
    number = np.arange(70)
    assert sorted(got["class_id"]) == sorted(number % 33)
    for name, wanted in (
        ("class_name", [CLASSES[n % 33].name for n in number]),
        ("class_zh" if short else "class_name_zh", [CLASSES[n % 33].name_zh for n in number]),
        ("runner_up", [CLASSES[(n + 1) % 33].name if n % 33 else "" for n in number]),
    ):
        assert sorted(text or "" for text in got[name]) == sorted(wanted)
    np.testing.assert_allclose(sorted(got["confidence"]), 0.5 + number / 1000, atol=1e-9)
    np.testing.assert_allclose(got["area_m2"], 100.0)
    assert got["class_zh" if short else "class_name_zh"][order[0]] == "背景"
    assert all(shapely.is_valid(shapes))
    if suffix in (".geojson", ".json"):
        assert meta["crs"] == "EPSG:4326"
        lon, lat = shapes[0].centroid.coords[0]
        assert 3.6 < lon < 3.8
        assert 51.0 < lat < 51.1
        assert shapely.is_ccw(shapely.get_exterior_ring(shapes)).all()
    else:
        assert CRS.from_user_input(meta["crs"]).to_epsg(confidence_threshold=20) == 31370
        wanted = shapely.from_wkb(batches[0].wkb + batches[1].wkb)
        missing = [s for s in wanted if not shapely.equals(shapes, s).any()]
        assert not missing


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("crs", ["EPSG:31370", None])
def test_empty_result_is_a_valid_styled_layer(tmp_path, suffix, crs):
    path = write(tmp_path / f"map{suffix}", crs=crs)
    facts = pyogrio.read_info(path, layer="map", force_feature_count=True)
    assert facts["features"] == 0
    if suffix in (".gpkg", ".shp", ".fgb"):
        assert facts["geometry_type"] == "Polygon"
        assert len(facts["fields"]) == 6
    assert path.suffix == ".gpkg" or (tmp_path / "map.qml").stat().st_size > 10_000


@pytest.mark.parametrize("suffix", [".shp", ".geojson", ".fgb"])
def test_styles_lie_beside(tmp_path, suffix):
    write(tmp_path / f"map{suffix}", squares(3))
    assert len(list(ET.parse(tmp_path / "map.qml").iter("category"))) == 33
    ET.parse(tmp_path / "map.sld")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_geopackage_carries_style_and_run_record(tmp_path):
    record = {"model": "cwsam-b", "说明": "中文"}
    with open_vector_sink(tmp_path / "map.gpkg", info(), metadata=record) as sink:
        sink.metadata["seconds"] = "3.5"
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        row = database.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML, styleSLD, "
            "f_table_schema FROM layer_styles"
        ).fetchall()
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(row) == 1
    assert row[0][:3] == ("map", "geom", 1)
    assert row[0][5] == ""
    assert len(list(ET.fromstring(row[0][3]).iter("category"))) == 33
    ET.fromstring(row[0][4].encode())
    assert kinds == {"map": "features", "layer_styles": "attributes"}
    assert read_metadata(tmp_path / "map.gpkg") == {"map": {**record, "seconds": "3.5"}}


def test_no_crs_stays_undefined(tmp_path):
    path = write(tmp_path / "map.gpkg", squares(3, known_area=False), crs=None)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchall() == [(-1,)]
        assert database.execute("SELECT DISTINCT area_m2 FROM map").fetchall() == [(None,)]
    write(tmp_path / "map.shp", squares(3), crs=None)
    assert not (tmp_path / "map.prj").exists()


def test_many_batches_reach_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("cwsam.engine.io.staged_polygons._FLUSH_POLYGONS", 50)
    path = write(tmp_path / "map.gpkg", *(squares(20, first=20 * n) for n in range(20)))
    _, shapes, _ = read(path)
    assert shapely.area(shapes).sum() == 400 * 100.0
    assert shapely.area(shapely.union_all(shapes)) == 400 * 100.0


def test_append_adds_a_layer_and_leaves_the_rest(tmp_path):
    path = write(tmp_path / "map.gpkg", squares(5), metadata={"run": "1"})
    write(path, squares(7), layer="second", append=True, crs="EPSG:3857", metadata={"run": "2"})
    assert spatial_layers(path) == ["map", "second"]
    assert pyogrio.read_info(path, layer="map")["features"] == 5
    assert pyogrio.read_info(path, layer="map")["crs"] == "EPSG:31370"
    assert pyogrio.read_info(path, layer="second")["features"] == 7
    assert pyogrio.read_info(path, layer="second")["crs"] == "EPSG:3857"
    assert read_metadata(path) == {"map": {"run": "1"}, "second": {"run": "2"}}
    before = path.read_bytes()
    with pytest.raises(OutputError, match="has a layer 'Second' already"):
        write(path, layer="Second", append=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["map.gpkg"]


def test_append_needs_a_geopackage(tmp_path):
    with pytest.raises(OutputError, match=r"choose a .gpkg file"):
        write(tmp_path / "map.shp", append=True)
    (tmp_path / "map.gpkg").write_text("no database, but text long enough to be looked at" * 9)
    with pytest.raises(OutputError, match="is no GeoPackage"):
        write(tmp_path / "map.gpkg", append=True)
    write(tmp_path / "new.gpkg", squares(2), append=True)
    assert pyogrio.read_info(tmp_path / "new.gpkg", layer="new")["features"] == 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_interrupted_sink_keeps_the_old_file(tmp_path, suffix):
    path = tmp_path / f"map{suffix}"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), open_vector_sink(path, info()) as sink:  # noqa: PT012
        sink.write(squares(30))
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_shapefile_is_replaced_with_all_its_parts(tmp_path):
    write(tmp_path / "map.shp", squares(9))
    (tmp_path / "map.qix").write_text("index of the old file")
    write(tmp_path / "map.shp", squares(4), crs=None)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {f"map.{part}" for part in ("shp", "shx", "dbf", "cpg", "qml", "sld")}
    assert (tmp_path / "map.cpg").read_text() == "UTF-8"
    assert pyogrio.read_info(tmp_path / "map.shp")["features"] == 4


def test_failed_replacement_puts_the_old_parts_back(tmp_path, monkeypatch):
    write(tmp_path / "map.shp", squares(9))
    real = staging.os.replace

    def refuse(source, target):
        if str(target) == str(tmp_path / "map.shp") and "old-" not in str(source):
            raise PermissionError(13, "The file is locked")
        real(source, target)

    monkeypatch.setattr(staging.os, "replace", refuse)
    with pytest.raises(OutputError, match=r"cannot be replaced \(The file is locked\)"):
        write(tmp_path / "map.shp", squares(4))
    monkeypatch.undo()
    assert pyogrio.read_info(tmp_path / "map.shp")["features"] == 9
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_shapefile_stops_before_two_gigabytes(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_sink, "SHAPEFILE_LIMIT", 10_000)
    with pytest.raises(OutputError, match=r"exceed the 2 GB.*choose \.gpkg"):
        write(tmp_path / "map.shp", squares(10), squares(10), squares(10))
    assert not list(tmp_path.iterdir())


def test_unwritable_targets(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"use one of \.gpkg, \.shp, \.geojson"):
        write(tmp_path / "map.kmz")
    with pytest.raises(OutputError, match="does not exist: create it"):
        write(tmp_path / "missing" / "map.gpkg")
    (tmp_path / "folder.gpkg").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path / "folder.gpkg")
    for layer in ("gpkg_contents", "layer_styles", 'a"b', " "):
        with pytest.raises(OutputError, match="choose another layer name"):
            write(tmp_path / "map.gpkg", layer=layer)
    (tmp_path / "open.gpkg").write_text("")
    (tmp_path / "open.gpkg-wal").write_text("pages")
    with pytest.raises(OutputError, match="is open in another program"):
        write(tmp_path / "open.gpkg")
    monkeypatch.setattr(staging.os, "access", lambda path, mode: path.name != "map.gpkg")
    (tmp_path / "map.gpkg").write_text("")
    with pytest.raises(OutputError, match="is write-protected"):
        write(tmp_path / "map.gpkg")
    monkeypatch.setattr(staging.os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match=r"cannot be written .*: choose another"):
        write(tmp_path / "other.gpkg")


def test_geojson_without_crs_keeps_pixels(tmp_path):
    path = write(tmp_path / "map.geojson", squares(1), crs=None)
    document = json.loads(path.read_text())
    assert document["features"][0]["geometry"]["coordinates"][0][0][0] > 100_000
    assert document["features"][0]["properties"]["runner_up"] is None


def test_parquet(tmp_path):
    path = write(tmp_path / "map.parquet", squares(40))
    table = pyarrow.parquet.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    assert geo["columns"]["geometry"]["crs"]["id"]["code"] == 31370
    shapes = shapely.from_wkb(table["geometry"].to_pylist())
    assert shapely.area(shapes).sum() == 4000
    assert table["class_name_zh"][5].as_py() == "乔木林"


def test_parquet_without_a_writer_names_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("cwsam.engine.io.vector_formats.list_drivers", dict)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"install pyarrow or choose \.gpkg"):
        write(tmp_path / "map.parquet")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("图层 ü (1).gpkg", "l'été 森林"),
        ("图层 ü (1).shp", "other"),
        ("a.b.shp", None),
        ("a.b.gpkg", None),
        ("UPPER.GPKG", None),
        ("UPPER.SHP", None),
        ("a#b?c.geojson", None),
    ],
)
def test_unusual_names(tmp_path, name, layer):
    path = write(tmp_path / name, squares(3), layer=layer)
    shapefile = path.suffix.lower() == ".shp"
    wanted = path.stem if layer is None or shapefile else layer
    assert path.exists()
    if "?" not in name:
        assert spatial_layers(path) == [wanted]


def test_sink_that_is_never_entered_leaves_nothing(tmp_path):
    sink = open_vector_sink(tmp_path / "map.gpkg", info())
    sink.write(squares(3))
    del sink
    assert not list(tmp_path.iterdir())
