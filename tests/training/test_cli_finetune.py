"""The command ``cwsam finetune`` on files."""

import json
import re

import numpy as np
import pyogrio
import pytest
from click.testing import CliRunner
from cwsam.engine.classes import CLASSES
from cwsam.engine.types import GeoTransform
from cwsam.training.cli import main
from cwsam.training.cli_finetune import read_table
from shapely.geometry import Point, box
from tests.data.rasters import write_raster
from tests.training.finetune_support import COLOURS, save_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An image, labels by name in another CRS, and a base model."""
    path = tmp_path_factory.mktemp("finetune")
    save_tiny(path / "base.safetensors")
    rng = np.random.default_rng(0)
    ids = (8, 24, 33)
    truth = np.kron(rng.choice(ids, (8, 8)), np.ones((32, 32), int))
    colours = np.zeros((256, 3))
    for class_id, colour in COLOURS.items():
        colours[class_id] = colour
    pixels = colours[truth].transpose(2, 0, 1) + rng.normal(0, 5, (3, 256, 256))
    write_raster(path / "image.tif", np.clip(pixels, 0, 255).astype(np.uint8), **GRID)
    names = {8: "Wiese", 24: "水域", 33: "Landebahn"}
    shapes, values = [], []
    for row in range(8):
        for col in range(8):
            left, top = X0 + col * 32 + 4, Y0 - row * 32 - 4
            shapes.append(box(left, top - 24, left + 24, top))
            values.append(names[int(truth[row * 32, col * 32])])
    write_labels(path / "labels.gpkg", shapes, values)
    return path


X0, Y0 = 500000.0, 5600000.0
GRID = {"crs": "EPSG:32632", "transform": GeoTransform(1.0, 0.0, X0, 0.0, -1.0, Y0)}


def write_labels(path, shapes, values, crs="EPSG:32632"):
    pyogrio.raw.write(
        path,
        geometry=np.array([shape.wkb for shape in shapes], object),
        field_data=[np.array(values, object)],
        fields=["kind"],
        geometry_type="Unknown",
        crs=crs,
    )


def run(*arguments, ok=True):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert (result.exit_code == 0) == ok, result.output
    assert "Traceback" not in result.output
    return result.output


def base_arguments(folder, labels="labels.gpkg"):
    return (
        "finetune",
        folder / "image.tif",
        folder / labels,
        "--class-field",
        "kind",
        "--model",
        folder / "base.safetensors",
        "--map",
        "Wiese=grassland",
        "--threads",
        "1",
    )


def test_from_labels_to_a_map_with_a_new_class(folder, tmp_path):
    adapter = tmp_path / "mine.safetensors"
    output = run(
        *base_arguments(folder),
        "--map",
        "Landebahn=new:runway",
        "-o",
        adapter,
        "--steps",
        "40",
        "--parts",
        "adapters,head,decoder",
        "-q",
    )
    assert output == ""
    assert "runway" in adapter.with_suffix(".md").read_text(encoding="utf-8")
    report = adapter.with_suffix(".html").read_text(encoding="utf-8")
    assert "33 runway" in report
    assert report.count("data:image/png;base64,") >= 8
    assert "<script" not in report
    assert "http" not in report.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not (tmp_path / "mine.finetune").exists()
    polygons, raster = tmp_path / "map.gpkg", tmp_path / "map.tif"
    shown = run(
        "segment",
        folder / "image.tif",
        "-o",
        polygons,
        "--raster",
        raster,
        "--preview",
        tmp_path / "map.png",
        "--model",
        folder / "base.safetensors",
        "--adapter",
        adapter,
        "--threads",
        "1",
    )
    assert "33 runway" in shown
    meta, _, _, columns = pyogrio.raw.read(polygons, read_geometry=False)
    table = dict(zip(meta["fields"], columns))
    assert "runway" in set(table["class_name"][table["class_id"] == 33])
    style = (tmp_path / "map.qml").read_text(encoding="utf-8")
    assert 'label="runway"' in style


def test_a_report_in_chinese_has_its_notices_in_chinese(folder, tmp_path):
    adapter, shapes, values = tmp_path / "mine.safetensors", [], []
    for row, col in np.ndindex(8, 8):
        left, top = X0 + col * 32 + 4, Y0 - row * 32 - 4
        shapes.append(box(left, top - 24, left + 24, top))
        values.append(
            "water" if row == col < 4 else ("", "grassland", "Landebahn")[(row + col) % 3]
        )
    write_labels(tmp_path / "labels.gpkg", shapes, values)
    how = ("--map", "Landebahn=new:runway", "--steps", "1", "--language", "zh", "-q")
    run(*base_arguments(folder, tmp_path / "labels.gpkg"), "-o", adapter, *how)
    report = adapter.with_suffix(".html").read_text(encoding="utf-8")
    warnings = re.findall(r'<p class="warning">(.*?)</p>', report)
    assert len(warnings) > 1
    assert any("水域" in text for text in warnings)
    for text in warnings:
        assert re.search(r"[\u4e00-\u9fff]", text), text
        assert set(re.findall(r"[A-Za-z]{3,}", text)) <= {"labels", "gpkg", "runway", "mIoU"}, text
    (subtitle,) = re.findall(r'<p class="subtitle">(.*?)</p>', report)
    assert "fine-tuned" not in subtitle
    assert "微调" in subtitle


def test_refusals_are_sentences(folder, tmp_path):
    output = tmp_path / "mine.safetensors"
    arguments = (*base_arguments(folder), "-o", output)
    assert "map 'Landebahn=CLASS'" in run(*arguments, ok=False)
    text = run(*arguments, "--map", "Landebahn=runaway", ok=False)
    assert "no class called 'runaway'" in text
    assert "no field 'species'" in run(*arguments, "--class-field", "species", ok=False)
    assert "come in pairs" in run(*arguments[:2], *arguments[3:], ok=False)
    assert "must end in .safetensors" in run(*arguments, "-o", tmp_path / "a.pt", ok=False)
    assert "no stopped run" in run(*arguments, "--map", "Landebahn=skip", "--resume", ok=False)
    assert "There is no part 'tail'" in run(*arguments, "--parts", "tail", ok=False)
    assert list(tmp_path.iterdir()) == []


def test_labels_elsewhere_and_of_other_kinds(folder, tmp_path):
    shapes = [box(0, 0, 10, 10), Point(3, 3)]
    write_labels(tmp_path / "far.gpkg", shapes, ["water", "water"], "EPSG:32632")
    arguments = list(base_arguments(folder))
    arguments[2] = tmp_path / "far.gpkg"
    text = run(*arguments, "-o", tmp_path / "a.safetensors", ok=False)
    assert "All labels lie outside image" in text
    write_labels(tmp_path / "points.gpkg", shapes[1:], ["water"])
    arguments[2] = tmp_path / "points.gpkg"
    assert "holds no polygon" in run(*arguments, "-o", tmp_path / "a.safetensors", ok=False)
    arguments[2] = tmp_path / "none.gpkg"
    assert "does not exist" in run(*arguments, "-o", tmp_path / "a.safetensors", ok=False)


def test_tables_of_names(tmp_path):
    (tmp_path / "names.csv").write_text("value,class\nSports ground,sports field\n", "utf-8")
    (tmp_path / "names.yaml").write_text("Forêt: arbor forest\n7: skip\n", "utf-8")
    table = read_table((str(tmp_path / "names.csv"), str(tmp_path / "names.yaml"), "a=b=water"))
    assert table == {
        "Sports ground": "sports field",
        "Forêt": "arbor forest",
        "7": "skip",
        "a=b": "water",
    }
    assert json.dumps(len(CLASSES)) == "33"
