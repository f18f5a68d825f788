"""Notes, refusals and the remedies that they name, on the command line."""

import io
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from cwsam.engine.cli import main
from tests.data.rasters import NORTH_UP, write_raster
from tests.engine.test_cli import cwsam, photo  # noqa: F401

NOBODY = 65534


@pytest.fixture
def closed(request):
    """A folder that this process may not read or write, as another user where it is root."""
    if sys.platform == "win32":
        pytest.skip("Windows has other permissions")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        photo(place / "secret.tif").chmod(0)
        photo(place / "a.tif")
        inner = place / "closed"
        inner.mkdir(0o700)
        photo(inner / "a.tif")
        inner.chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield place
        finally:
            if root:
                os.seteuid(0)
            inner.chmod(0o700)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{0}/closed", "-o", "{0}/o"], "closed cannot be read (Permission denied)"),
        (["{0}/secret.tif", "-o", "{0}/o.gpkg"], "no permission to read"),
        (["{0}/closed/a.tif", "-o", "{0}/o.gpkg"], "no permission to read"),
        (["{0}/a.tif", "{0}/b.tif", "-o", "{0}/closed/o"], "cannot be made (Permission denied)"),
        (["{0}/a.tif", "-o", "{0}/closed/o.gpkg"], "ermission"),
    ],
)
def test_lacking_permissions_end_in_a_sentence(cwsam, closed, arguments, sentence):  # noqa: F811
    result = cwsam("segment", *(a.format(closed) for a in arguments), model=None)
    assert result.exit_code == 1
    assert sentence in result.output


def test_an_output_in_a_narrow_encoding_loses_signs_and_not_the_run(tmp_path, tiny_model):
    image = photo(tmp_path / "Größe 影像.tif")
    command = [sys.executable, "-m", "cwsam.training.cli", "segment", str(image), "--raster",
               str(tmp_path / "影像_c.tif"), "--model", str(tiny_model)]  # fmt: skip
    narrow = {
        **os.environ,
        "PYTHONIOENCODING": "cp1252",
        "PYTHONUTF8": "0",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(command, env=narrow, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "影像_c.tif").exists()
    assert b"Wrote" in done.stdout
    assert not done.stderr  # no bar where nobody looks


def test_streams_without_reconfigure_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0


def test_a_class_that_the_model_never_predicts_is_told(cwsam, tmp_path):  # noqa: F811
    image = photo(tmp_path / "a.tif")
    run = ("segment", image, "--raster", tmp_path / "c.tif", "--classes")
    told = "Note: test never predicts orchard, airport: it has seen no such class in training."
    assert told in cwsam(*run, "orchard,airport,road").output
    assert "never predicts" not in cwsam(*run, "road").output


@pytest.mark.parametrize(("first", "second"), [("confidence", None), ("classes", "classes")])
def test_vectorize_takes_each_raster_for_what_it_is(cwsam, tmp_path, first, second):  # noqa: F811
    files = {name: tmp_path / f"{name}.tif" for name in ("classes", "confidence")}
    image = photo(tmp_path / "a.tif")
    cwsam("segment", image, "--raster", files["classes"], "--confidence", files["confidence"])
    more = [] if second is None else ["--confidence", files[second]]
    result = cwsam("vectorize", files[first], "-o", tmp_path / "o.gpkg", *more)
    assert result.exit_code == 1
    assert "is a confidence raster" in result.output or "is a class raster" in result.output
    both = ("vectorize", files["classes"], "--confidence", files["confidence"])
    assert cwsam(*both, "-o", tmp_path / "o.gpkg").exit_code == 0


def test_a_geopackage_of_several_images_is_run_again(cwsam, tmp_path):  # noqa: F811
    images, gpkg = [photo(tmp_path / f"{n}.tif") for n in "ab"], tmp_path / "all.gpkg"
    assert cwsam("segment", *images, "-o", gpkg, "--tile", "32").exit_code == 0
    result = cwsam("segment", "--from-record", gpkg, model=None)
    assert result.exit_code == 1
    assert "all.gpkg does not say where to write: give -o" in result.output
    again = tmp_path / "again"
    assert cwsam("segment", "--from-record", gpkg, "-o", again, model=None).exit_code == 0
    assert sorted(path.name for path in again.iterdir()) == ["a.gpkg", "b.gpkg"]
    assert cwsam("segment", images[0], "-o", gpkg, "--append", "--layer", "c").exit_code == 0
    result = cwsam("segment", "--from-record", gpkg, "-o", again, model=None)
    assert "holds layers of 3 different runs" in result.output
    with sqlite3.connect(gpkg) as database:
        assert len(database.execute("SELECT 1 FROM gpkg_metadata").fetchall()) == 3


def test_a_dry_run_needs_no_output_and_makes_no_folder(cwsam, tmp_path):  # noqa: F811
    images = [photo(tmp_path / f"{n}.tif", transform=NORTH_UP) for n in "ab"]
    for more in ([], ["-o", tmp_path / "out"]):
        result = cwsam("segment", *images, "--dry-run", *more)
        assert result.exit_code == 0, result.output
        assert "6 tiles" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif"]


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_notes_on_the_resolution_do_not_contradict_each_other(cwsam, tmp_path, more):  # noqa: F811
    image = photo(tmp_path / "a.tif")
    result = cwsam("segment", image, "--raster", tmp_path / "c.tif", "--gsd", "20", *more)
    told = "Note: The model is made for 0.2 to 10 m a pixel, not for --gsd 20: expect a poorer map"
    assert told in result.output
    assert "or resample with" not in result.output


def test_rasters_alone_have_areas_and_no_polygons(cwsam, tmp_path):  # noqa: F811
    image = photo(tmp_path / "a.tif")
    result = cwsam("segment", image, "--raster", tmp_path / "c.tif", "--threads", "1")
    assert "polygons" not in result.output
    assert " m²" in result.output
    assert "1 thread." in result.output
    photo(image, crs=None, transform=None)
    assert " px" in cwsam("segment", image, "--raster", tmp_path / "c.tif").output


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--min-area", "20m", "in square metres as in 20, or in pixels as in 20px, not '20m'"),
        ("--simplify", "x", "in metres as in 20"),
    ],
)
def test_sizes_name_their_unit(cwsam, tmp_path, option, text, told):  # noqa: F811
    result = cwsam("segment", photo(tmp_path / "a.tif"), "-o", tmp_path / "o.gpkg", option, text)
    assert told in result.output


def test_a_pattern_in_quotes_hints_at_the_folder(cwsam, tmp_path):  # noqa: F811
    result = cwsam("segment", tmp_path / "a*.tif", "-o", tmp_path / "o.gpkg")
    assert "give the folder that holds the images" in result.output


def test_info_tells_the_palette_and_small_sizes(cwsam, tmp_path):  # noqa: F811
    path = write_raster(tmp_path / "p.tif", np.zeros((1, 3, 4), np.uint8), crs=None, transform=None)
    assert "4 x 3 pixels (12 in all)" in cwsam("info", path).output
    import rasterio

    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {n: (n, n, n, 255) for n in range(256)})
    assert "one band of 256 colours" in cwsam("info", path).output


def test_bundled_models_are_inspected_by_name(cwsam):  # noqa: F811
    result = cwsam("models", "inspect", "sam_moe_tiny")
    assert result.exit_code == 0
    assert "a model of this program" in result.output
