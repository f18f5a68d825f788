"""What the command line refuses to overwrite, and how it names files."""

import sqlite3
from contextlib import closing

import numpy as np
import pyogrio
import pytest
import shapely
from tests.engine.test_cli import cwsam, photo  # noqa: F401


def layers(path):
    return set(pyogrio.list_layers(path)[:, 0].tolist()) - {"layer_styles"}


def add_foreign(path, layer="drawn", append=True):
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([shapely.Point(1, 2)])), [np.array([1])], ["number"],
        geometry_type="Point", crs="EPSG:31370", layer=layer, append=append,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("name", ["a.tif", "c.tif", "model"])
def test_a_record_overwrites_neither_inputs_nor_outputs(cwsam, tmp_path, tiny_model, name):  # noqa: F811
    image = photo(tmp_path / "a.tif")
    record = tiny_model if name == "model" else tmp_path / name
    before = [path.read_bytes() for path in (image, tiny_model)]
    result = cwsam("segment", image, "--raster", tmp_path / "c.tif", "--record", record)
    assert result.exit_code == 1
    assert "is the input" in result.output
    assert [path.read_bytes() for path in (image, tiny_model)] == before


@pytest.mark.parametrize(
    ("option", "name", "told"),
    [
        ("--raster", "c.gpkg", ".tif or .tiff"),
        ("--confidence", "c.png", ".tif or .tiff"),
        ("--preview", "p.jpg", ".png"),
    ],
)
def test_a_suffix_of_another_format_is_refused(cwsam, tmp_path, option, name, told):  # noqa: F811
    result = cwsam("segment", photo(tmp_path / "a.tif"), option, tmp_path / name)
    assert result.exit_code == 1
    assert f"{option} {tmp_path / name} has the wrong file extension: use {told}." in result.output
    assert not (tmp_path / name).exists()


def test_an_onnx_file_is_called_so(cwsam, tmp_path, tiny_model):  # noqa: F811
    result = cwsam("models", "export", tiny_model, "--onnx", tmp_path / "m.tif")
    assert result.exit_code == 1
    assert "use .onnx" in result.output


def test_foreign_layers_of_a_geopackage_are_not_dropped(cwsam, tmp_path):  # noqa: F811
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "o.gpkg"
    assert cwsam("segment", image, "-o", gpkg).exit_code == 0
    assert cwsam("segment", image, "-o", gpkg).exit_code == 0  # its own one layer
    add_foreign(gpkg)
    for more in ([], ["--dry-run"], [photo(tmp_path / "b.tif")]):
        result = cwsam("segment", image, "-o", gpkg, *more)
        assert result.exit_code == 1, result.output
        assert "holds other layers (" in result.output
        assert "drawn" in result.output
        assert "--append" in result.output
    assert layers(gpkg) == {"o", "drawn"}
    assert cwsam("segment", image, "-o", gpkg, "--append", "--layer", "new").exit_code == 0
    assert layers(gpkg) == {"o", "drawn", "new"}


def test_second_results_in_a_geopackage_are_not_dropped(cwsam, tmp_path):  # noqa: F811
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "o.gpkg"
    assert cwsam("segment", image, "-o", gpkg, "--layer", "one").exit_code == 0
    assert cwsam("segment", image, "-o", gpkg, "--layer", "two", "--append").exit_code == 0
    for layer in ("one", "two", "three"):
        assert "holds other layers" in cwsam("segment", image, "-o", gpkg, "--layer", layer).output
    assert layers(gpkg) == {"one", "two"}


def test_several_images_replace_their_own_layers(cwsam, tmp_path):  # noqa: F811
    images, gpkg = [photo(tmp_path / f"{n}.tif") for n in "ab"], tmp_path / "all.gpkg"
    for _ in range(2):
        result = cwsam("segment", *images, "-o", gpkg)
        assert result.exit_code == 0, result.output
    assert layers(gpkg) == {"a", "b"}


def test_a_locked_geopackage_is_not_replaced(cwsam, tmp_path):  # noqa: F811
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "o.gpkg"
    assert cwsam("segment", image, "-o", gpkg).exit_code == 0
    before = gpkg.read_bytes()
    with closing(sqlite3.connect(gpkg, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = cwsam("segment", image, "-o", gpkg)
    assert result.exit_code == 1
    assert "in use by another program (database is locked)" in result.output
    assert gpkg.read_bytes() == before
