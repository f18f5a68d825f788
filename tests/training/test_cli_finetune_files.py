"""``cwsam finetune``: what it refuses at once, what it leaves alone, stopping and going on."""

import signal
from contextlib import ExitStack

import numpy as np
import pytest
from click.testing import CliRunner
from cwsam.engine.errors import TrainingDataError
from cwsam.engine.io.crs import bounds_in
from cwsam.engine.io.raster_source import open_raster
from cwsam.engine.tiling.normalize import Stretch
from cwsam.engine.types import Crs, GeoTransform, Window
from cwsam.training import cli_finetune
from cwsam.training.cli import main
from cwsam.training.cli_pairs import open_pairs, place_labels
from shapely.geometry import box
from tests.data.rasters import write_raster
from tests.training.finetune_support import COLOURS, save_tiny
from tests.training.test_cli_finetune import GRID, X0, Y0, run, write_labels

LOCAL = 'LOCAL_CS["site",UNIT["m",1]]'
OPTIONS = {"gsd": None, "class_field": "kind", "layer": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An image, labels and a base model."""
    path = tmp_path_factory.mktemp("files")
    save_tiny(path / "base.safetensors")
    rng = np.random.default_rng(0)
    truth = np.kron(rng.choice((8, 24), (8, 8)), np.ones((32, 32), int))
    colours = np.zeros((256, 3))
    for class_id, colour in COLOURS.items():
        colours[class_id] = colour
    pixels = colours[truth].transpose(2, 0, 1) + rng.normal(0, 5, (3, 256, 256))
    write_raster(path / "image.tif", np.clip(pixels, 0, 255).astype(np.uint8), **GRID)
    shapes, values = [], []
    for row, col in np.ndindex(8, 8):
        left, top = X0 + col * 32 + 4, Y0 - row * 32 - 4
        shapes.append(box(left, top - 24, left + 24, top))
        values.append(str(truth[row * 32, col * 32]))
    write_labels(path / "labels.gpkg", shapes, values)
    return path


@pytest.fixture
def arguments(folder, tmp_path):
    """Of a run of a few steps."""
    files = (folder / "image.tif", folder / "labels.gpkg")
    model, output = ("--model", folder / "base.safetensors"), ("-o", tmp_path / "mine.safetensors")
    how = ("--class-field", "kind", "--steps", "4", "--parts", "head", "--threads", "1", "-q")
    return ("finetune", *files, *how, *model, *output)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("--seed", str(10**15)), "The seed must lie between 0"),
        (("--seed", "-1"), "The seed must lie between 0"),
        (("--parts", "colours"), "add 'head'"),
        (("--bands", "7,8,9"), "has 3 band(s), not 9"),
        (("--gsd", "nan"), "--gsd must lie between"),
        (("--gsd", "1e-9"), "--gsd must lie between"),
        (("--gsd", "-1"), "--gsd must lie between"),
        (("--minutes", "inf"), "finite number"),
        (("--minutes", "nan"), "more than 0|finite number"),
        (("--stretch", "wide"), "stretch"),
    ],
)
def test_settings_are_refused_before_the_model_is_loaded(arguments, tmp_path, settings, sentence):
    text = run(*arguments, "--model", tmp_path / "none.safetensors", *settings, ok=False)
    assert any(part in text for part in sentence.split("|")), text
    assert "none.safetensors" not in text
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_reads_is_not_replaced(arguments, folder, tmp_path):
    before = (folder / "base.safetensors").read_bytes()
    text = run(*arguments, "-o", folder / "base.safetensors", ok=False)
    assert "is read by this run: give the adapter another name" in text
    assert (folder / "base.safetensors").read_bytes() == before
    labels = tmp_path / "mine.html"
    labels.write_bytes((folder / "labels.gpkg").read_bytes())
    assert "is read by this run" in run(*arguments[:2], labels, *arguments[3:], ok=False)


def test_the_users_own_folder_stays(arguments, tmp_path):
    own = tmp_path / "mine.finetune"
    own.write_text("x")
    assert "rename it" in run(*arguments, ok=False)
    assert own.read_text() == "x"
    own.unlink()
    own.mkdir()
    (own / "notes.txt").write_text("mine")
    run(*arguments)
    assert [path.name for path in own.iterdir()] == ["notes.txt"]
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"mine.finetune", "mine.safetensors", "mine.md", "mine.html"}


def test_adapter_card_and_report_appear_together_or_not_at_all(arguments, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(cli_finetune, "write_report", fail)
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert isinstance(result.exception, OSError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.finetune"]


def test_an_interrupt_saves_and_the_run_goes_on(arguments, tmp_path, monkeypatch):
    show, pressed = cli_finetune._show, []

    def press(bar, status):
        show(bar, status)
        if status.step == 2 and not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(cli_finetune, "_show", press)
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == 130
    assert "after step 2" in result.output
    assert "with --resume to go on" in result.output
    assert signal.getsignal(signal.SIGINT) is before
    assert [path.name for path in tmp_path.iterdir()] == ["mine.finetune"]
    steps = []
    monkeypatch.setattr(cli_finetune, "_show", lambda bar, status: steps.append(status.step))
    run(*arguments, "--resume")
    assert min(step for step in steps if step) == 3
    assert not (tmp_path / "mine.finetune").exists()


def opened(*pairs):
    with ExitStack() as stack:
        found = open_pairs([str(path) for path in pairs], OPTIONS, None, stack)
        rasters, _ = place_labels(found, {}, (), True, Stretch())
        return [(r, r.labels(Window(0, 0, 256, 256))) for r in rasters]


def test_two_label_files_of_one_image_are_one_raster(folder, tmp_path):
    corner = [box(X0 + 10, Y0 - 40, X0 + 60, Y0 - 10)]
    write_labels(tmp_path / "more.gpkg", corner, ["24"])
    image, labels = folder / "image.tif", folder / "labels.gpkg"
    ((raster, found),) = opened(image, labels, folder / "." / "image.tif", tmp_path / "more.gpkg")
    ((alone, own),) = opened(image, labels)
    assert len(raster.polygons) == len(alone.polygons) + 1
    part = (slice(10, 40), slice(10, 60))
    assert not np.array_equal(found[part], own[part])
    assert set(np.unique(own)) == {0, 1, 255}
    assert (found[part][own[part] == 255] == 0).all(), "24, the first of the new classes"
    assert (found[part][own[part] == 1] == 255).all(), "disputed pixels are unknown"
    ((twice, same),) = opened(image, labels, image, labels)
    assert twice.polygons == alone.polygons
    assert np.array_equal(same, own)


def test_labels_of_one_ground_in_two_systems_are_refused(folder, tmp_path):
    with open_raster(folder / "image.tif") as source:
        pixels, _ = source.read(Window(0, 0, 256, 256), (1, 2, 3))
    degrees = GeoTransform(1e-5, 0, 9.0, 0, -1e-5, 50.552)
    write_raster(tmp_path / "degrees.tif", pixels, crs="EPSG:4326", transform=degrees)
    files = (folder / "image.tif", folder / "labels.gpkg", tmp_path / "degrees.tif")
    with pytest.raises(TrainingDataError, match="in two reference systems"):
        opened(*files, folder / "labels.gpkg")
    write_labels(tmp_path / "far.gpkg", [box(20, 10, 21, 11)], ["24"], "EPSG:4326")
    assert len(opened(*files, tmp_path / "far.gpkg")) == 2


def test_systems_without_a_common_ground_do_not_overlap():
    metres, local = Crs("EPSG:32631", "UTM", "projected"), Crs(LOCAL, "local", "projected")
    box_there = bounds_in((500000, 5600000, 500100, 5600100), metres, Crs("EPSG:4326", "", ""))
    assert box_there == pytest.approx((3, 50.55, 3, 50.55), abs=0.01)
    assert bounds_in((0, 0, 9, 9), metres, local) is None
    assert bounds_in((0, 0, 9, 9), metres, Crs("junk", "junk", "projected")) is None
