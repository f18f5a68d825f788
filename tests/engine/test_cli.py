"""The command line, run as users run it, on real files."""

import errno
import json
import sqlite3

import click
import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.features
import shapely
from click.testing import CliRunner
from cwsam.engine.classes import CLASSES
from cwsam.engine.cli import FriendlyGroup
from cwsam.training.cli import main
from tests.data.rasters import LAMBERT, NORTH_UP, ROTATED, SOUTH_UP, write_raster

FIELDS = ["class_id", "class_name", "class_name_zh", "confidence", "runner_up", "area_m2"]


@pytest.fixture
def cwsam(tiny_model):
    def run(*arguments, model=tiny_model):
        extra = ["--model", str(model)] if arguments[0] == "segment" and model else []
        return CliRunner().invoke(main, [*map(str, arguments), *extra], catch_exceptions=False)

    return run


def photo(path, height=90, width=130, **options):
    rng = np.random.default_rng(4)
    blocks = rng.integers(0, 255, (3, -(-height // 9), -(-width // 13)))
    pixels = np.kron(blocks, np.ones((1, 9, 13)))[:, :height, :width].astype(np.uint8)
    return write_raster(path, pixels, **options)


@pytest.mark.parametrize(
    "transform", [NORTH_UP, SOUTH_UP, ROTATED], ids=["north", "south", "rotated"]
)
def test_polygons_rasterised_back_give_the_class_raster(cwsam, tmp_path, transform):
    image = photo(tmp_path / "a.tif", transform=transform)
    gpkg, raster = tmp_path / "a.gpkg", tmp_path / "classes.tif"
    result = cwsam("segment", image, "-o", gpkg, "--raster", raster)
    assert result.exit_code == 0, result.output
    with rasterio.open(raster) as classes, rasterio.open(image) as source:
        assert classes.transform == source.transform
        assert classes.crs == source.crs
        truth = classes.read(1)
        meta, _, wkb, columns = pyogrio.raw.read(gpkg, layer="a")
        shapes = shapely.from_wkb(wkb)
        assert shapely.is_valid(shapes).all()
        ids = columns[list(meta["fields"]).index("class_id")]
        burnt = rasterio.features.rasterize(
            zip(shapes, ids.tolist()),
            truth.shape,
            fill=255,
            transform=source.transform,
            dtype="uint8",
        )
    assert len(set(truth.ravel())) > 1
    np.testing.assert_array_equal(burnt, truth)
    assert list(meta["fields"]) == FIELDS
    area = columns[FIELDS.index("area_m2")].sum()
    assert area == pytest.approx(truth.size * transform.pixel_area)


def test_one_styled_layer_with_the_run_inside(cwsam, tmp_path, tiny_model):
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "out.gpkg"
    assert cwsam("segment", image, "-o", gpkg).exit_code == 0
    assert pyogrio.list_layers(gpkg)[:, 0].tolist()[0] == "out"
    with sqlite3.connect(gpkg) as database:
        ((qml,),) = database.execute("SELECT styleQML FROM layer_styles").fetchall()
        ((text,),) = database.execute("SELECT metadata FROM gpkg_metadata").fetchall()
    assert all(entry.colour in qml or ",".join(map(str, entry.rgb)) in qml for entry in CLASSES)
    record = json.loads(text)
    assert len(record["model_sha256"]) == 64
    assert record["image"].endswith("a.tif")


def test_table_and_rasters_and_preview(cwsam, tmp_path):
    image = photo(tmp_path / "a.tif")
    files = [tmp_path / n for n in ("c.tif", "p.tif", "p.png")]
    result = cwsam(
        "segment", image, "--raster", files[0], "--confidence", files[1], "--preview", files[2]
    )
    assert result.exit_code == 0, result.output
    assert all(file.stat().st_size > 0 for file in files)
    assert "share" in result.output
    assert "Mpx/s" in result.output
    with rasterio.open(files[1]) as confidence:
        assert 0 < confidence.read(1).max() <= 100


def test_infinite_pixels_are_no_data_and_spoil_nothing_around_them(cwsam, tmp_path):
    pixels = np.kron(np.random.default_rng(4).random((3, 10, 10)), np.ones((9, 13))) * 4000
    pixels = pixels.astype(np.float32)
    pixels[1, 40:43, 60:66] = np.inf
    image, raster = write_raster(tmp_path / "a.tif", pixels), tmp_path / "c.tif"
    result = cwsam("segment", image, "--raster", raster)
    assert result.exit_code == 0, result.output
    with rasterio.open(raster) as classes:
        hidden = classes.read(1) == 255
    assert hidden[40:43, 60:66].all()
    assert hidden.sum() == 18


def test_only_classes_the_model_has_seen_are_predicted(cwsam, tmp_path):
    image, raster = photo(tmp_path / "a.tif"), tmp_path / "c.tif"
    cwsam("segment", image, "--raster", raster)
    with rasterio.open(raster) as classes:
        assert set(np.unique(classes.read(1))) <= {5, 9, 19, 24}


def test_kept_classes_and_sizes(cwsam, tmp_path):
    image, gpkg = photo(tmp_path / "a.tif"), tmp_path / "o.gpkg"
    result = cwsam(
        "segment",
        image,
        "-o",
        gpkg,
        "--classes",
        "水域, arbor forest,9,19",
        "--min-area",
        "4",
        "--simplify",
        "1px",
    )
    assert result.exit_code == 0, result.output
    _, _, wkb, columns = pyogrio.raw.read(gpkg, layer=gpkg.stem)
    assert (shapely.area(shapely.from_wkb(wkb)) > 0).all()
    assert set(columns[0]) <= {5, 9, 19, 24}


def test_image_without_georeference_is_in_pixels_and_says_so(cwsam, tmp_path):
    image, gpkg = (
        photo(tmp_path / "a.png", crs=None, transform=None, driver="PNG"),
        tmp_path / "o.gpkg",
    )
    result = cwsam("segment", image, "-o", gpkg, "--min-area", "5")
    assert result.exit_code == 0, result.output
    assert "coordinates are pixels" in result.output
    _, _, wkb, columns = pyogrio.raw.read(gpkg, layer=gpkg.stem)
    bounds = shapely.total_bounds(shapely.from_wkb(wkb))
    assert bounds.tolist() == [0, -90, 130, 0]
    assert np.isnan(columns[FIELDS.index("area_m2")].astype(float)).all()


def test_degrees_give_geodesic_square_metres(cwsam, tmp_path):
    from cwsam.engine.types import GeoTransform

    step = 1e-5
    image = photo(
        tmp_path / "a.tif", crs="EPSG:4326", transform=GeoTransform(step, 0, 20, 0, -step, -34)
    )
    gpkg = tmp_path / "o.gpkg"
    assert cwsam("segment", image, "-o", gpkg).exit_code == 0
    _, _, _, columns = pyogrio.raw.read(gpkg, layer=gpkg.stem)
    # WGS 84 at 34.0° S: a degree of latitude is 110,922 m, one of longitude 92,385 m.
    expected = 90 * 130 * step**2 * 110_922 * 92_385
    assert columns[FIELDS.index("area_m2")].sum() == pytest.approx(expected, rel=2e-4)


def test_several_images_one_fails_the_others_are_there(cwsam, tmp_path):
    good = [photo(tmp_path / f"{n}.tif") for n in "ab"]
    (tmp_path / "broken.tif").write_bytes(b"II*\0nonsense")
    out = tmp_path / "out"
    result = cwsam("segment", good[0], tmp_path / "broken.tif", good[1], "-o", out, "--raster", out)
    assert result.exit_code == 1
    assert "1 of 3 images failed" in result.output
    assert sorted(p.name for p in out.glob("*.gpkg")) == ["a.gpkg", "b.gpkg"]
    assert len(list(out.glob("*_classes.tif"))) == 2


def test_several_images_into_one_geopackage(cwsam, tmp_path):
    images = [photo(tmp_path / f"{n}.tif") for n in "ab"]
    gpkg = tmp_path / "all.gpkg"
    assert cwsam("segment", *images, "-o", gpkg).exit_code == 0
    assert {"a", "b"} <= set(pyogrio.list_layers(gpkg)[:, 0])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{image}"], "Nothing to write"),
        (["{image}", "-o", "{folder}/o.xyz"], "gpkg"),
        (["{image}", "-o", "{folder}/missing/o.gpkg"], "does not exist"),
        (["{folder}/none.tif", "-o", "{folder}/o.gpkg"], "none.tif"),
        (["{image}", "-o", "{folder}/o.gpkg", "--classes", "lava"], "no class called 'lava'"),
        (["{image}", "-o", "{folder}/o.gpkg", "--bands", "1,2"], "--bands must be three"),
        (["{image}", "-o", "{folder}/o.gpkg", "--bands", "1,2,9"], "cannot name 9"),
        (["{image}", "-o", "{folder}/o.gpkg", "--min-area", "big"], "--min-area must be"),
        (["{image}", "-o", "{folder}/o.gpkg", "--tile", "50"], "The tile must be a multiple of 8"),
        (["{image}", "-o", "{folder}/o.gpkg", "--device", "abacus"], "no device 'abacus'"),
        (["{image}", "--raster", "{image}"], "is the input"),
    ],
)
def test_mistakes_end_in_one_sentence(cwsam, tmp_path, arguments, sentence):
    image = photo(tmp_path / "a.tif")
    before = sorted(p.name for p in tmp_path.iterdir())
    result = cwsam("segment", *(a.format(image=image, folder=tmp_path) for a in arguments))
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out/a.csv"), "out/a.csv cannot be used"),
        (OSError(errno.EROFS, "Read-only file system", "a", None, "b"), "b cannot be used"),
        (OSError(errno.ENOSPC, "No space left on device"), "The system refused a file"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(error, sentence):
    done = CliRunner().invoke(failing(error), ["fail"], catch_exceptions=False)
    assert done.exit_code == 1
    assert done.output == (
        f"Error: {sentence} ({error.strerror}): check its name, your rights there and the free "
        "space on the disk.\n"
    )


@pytest.mark.parametrize("error", [OSError("no call of the system"), TypeError("a slip")])
def test_slips_of_ours_are_not_hidden(error):
    with pytest.raises(type(error)):
        CliRunner().invoke(failing(error), ["fail"], catch_exceptions=False)


def test_a_broken_pipe_ends_quietly():
    done = CliRunner().invoke(failing(BrokenPipeError(errno.EPIPE, "Broken pipe")), ["fail"])
    assert done.exit_code == 1
    assert "Error" not in done.output


def failing(error):
    """A command line whose command ends in an error."""

    @click.group(cls=FriendlyGroup)
    def group():
        """Nothing."""

    @group.command()
    def fail():
        raise error

    return group


def test_unknown_model_names_the_choices(cwsam, tmp_path):
    image = photo(tmp_path / "a.tif")
    result = cwsam("segment", image, "-o", tmp_path / "o.gpkg", model="sam_giant")
    assert result.exit_code == 1
    assert "sam_moe_tiny" in result.output


def test_info_shows_the_facts(cwsam, tmp_path):
    result = cwsam("info", photo(tmp_path / "a.tif"))
    assert result.exit_code == 0
    assert "130 x 90" in result.output
    assert LAMBERT in result.output


def test_models_lists_bundled_variants_and_classes(cwsam):
    output = cwsam("models").output
    assert "sam_moe_3b" in output
    assert "光伏板" in output
