"""One job through QGIS's providers and writers, beside the command line."""

import numpy as np
import pytest
from cwsam.cwsam_qgis.job import Outputs, SegmentJob, run_job
from cwsam.cwsam_qgis.layer_source import LayerSource
from cwsam.cwsam_qgis.network import ModelChoice, load_network
from cwsam.cwsam_qgis.run_settings import Settings
from cwsam.engine.errors import Cancelled, OutputError, RasterError
from cwsam.engine.ports import Progress
from osgeo import gdal
from qgis.core import QgsProject, QgsRectangle, QgsVectorLayer
from tests.qgis.support import GRID, open_layer, patches, write_raster

COMMAND_LINE = """
import sys
from cwsam.engine.cli import main
main(sys.argv[1:])
"""


REFUSED = """
import sys
from cwsam.engine.cli import main
sys.stderr = sys.stdout
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code != 0
"""


@pytest.fixture(scope="module")
def network(qgis_app, tiny_model):
    return load_network(ModelChoice(tiny_model, precision="float32"))  # the same on any machine


def run(layer, network, outputs, extent=None, progress=None, **settings):
    job = SegmentJob(LayerSource(layer, extent), Settings(**settings), outputs)
    context = QgsProject.instance().transformContext()
    return run_job(job, network, context, progress or Progress())


def rows(path):
    layer = QgsVectorLayer(str(path), "x", "ogr")
    assert layer.isValid()
    names = [n for n in layer.fields().names() if n != "fid"]
    return sorted(
        (bytes(f.geometry().asWkb()), *(f[n] if f[n] else None for n in names))
        for f in layer.getFeatures()
    )


def close_enough(ours, theirs):
    """Equal rows; areas and mean confidences may differ in the last digits."""
    assert len(ours) == len(theirs) > 3
    for one, other in zip(ours, theirs):
        assert one[:4] == other[:4]
        assert one[4] == pytest.approx(other[4], abs=2e-4)
        assert one[5] == other[5]
        assert one[6] == pytest.approx(other[6], rel=1e-6)


def test_equal_settings_give_the_features_of_the_command_line(
    qgis_app, network, tiny_model, headless, tmp_path
):
    image = write_raster(tmp_path / "in.tif", patches())
    headless(
        COMMAND_LINE, "segment", image, "-o", tmp_path / "cli.gpkg", "--model", tiny_model,
        "--min-area", "4", "--simplify", "1px", "--raster", tmp_path / "cli.tif", "-q",
        "--precision", "float32",
    )  # fmt: skip
    summary = run(
        open_layer(image), network, Outputs(tmp_path / "q.gpkg", tmp_path / "q.tif"),
        min_area=16, simplify=1,
    )  # fmt: skip
    close_enough(rows(tmp_path / "q.gpkg"), rows(tmp_path / "cli.gpkg"))
    ours, theirs = (gdal.Open(str(tmp_path / f"{n}.tif")) for n in ("q", "cli"))
    assert (ours.ReadAsArray() == theirs.ReadAsArray()).all()
    assert ours.GetGeoTransform() == theirs.GetGeoTransform()
    assert summary.tiles > 1


def test_the_command_line_repeats_a_run_from_its_record(qgis_app, network, headless, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches())
    outputs = Outputs(tmp_path / "q.gpkg", tmp_path / "q.tif")
    settings = {"keep_classes": (1, 5, 9), "min_area": 4, "simplify": 0.5, "metric": True,
                "smooth": 1, "tile": 64, "overlap": 16, "bands": (3, 2, 1)}  # fmt: skip
    run(open_layer(image), network, outputs, **settings)
    first = gdal.Open(str(outputs.classes)).ReadAsArray()
    outputs.classes.unlink()
    again = ("segment", "--from-record", outputs.polygons, "-o", tmp_path / "again.gpkg", "-q")
    headless(COMMAND_LINE, *again)
    close_enough(rows(outputs.polygons), rows(tmp_path / "again.gpkg"))
    assert (gdal.Open(str(outputs.classes)).ReadAsArray() == first).all()


@pytest.mark.parametrize("what", ["part", "rotated", "no file"])
def test_a_record_says_why_only_qgis_can_repeat_the_run(
    qgis_app, network, headless, tmp_path, what
):
    grid = (150000, 0.4, 0.3, 170000, 0.3, -0.4) if what == "rotated" else GRID
    image = write_raster(tmp_path / "in.tif", patches(), grid=grid)
    extent = QgsRectangle(150010, 169960, 150050, 169990) if what == "part" else None
    layer = open_layer(f"/vsisubfile/0_,{image}" if what == "no file" else image)
    run(layer, network, Outputs(tmp_path / "q.gpkg"), extent)
    told = headless(REFUSED, "segment", "--from-record", tmp_path / "q.gpkg")
    sentence = {"part": "Only a part", "rotated": "is rotated", "no file": "is no file"}[what]
    assert "cannot be run again here" in told.stdout
    assert sentence in told.stdout


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb"])
def test_every_format_is_styled_and_has_the_fields(qgis_app, network, tmp_path, suffix):
    image = write_raster(tmp_path / "in.tif", patches())
    path = tmp_path / f"out{suffix}"
    run(open_layer(image), network, Outputs(path), min_area=20)
    layer = QgsVectorLayer(str(path), "x", "ogr")
    chinese = "class_zh" if suffix == ".shp" else "class_name_zh"
    names = [n for n in layer.fields().names() if n != "fid"]
    assert names == ["class_id", "class_name", chinese, "confidence", "runner_up", "area_m2"]
    assert layer.featureCount() > 3
    assert {f["class_id"] for f in layer.getFeatures()} <= {1, 5, 9, 24}
    assert layer.renderer().classAttribute() == "class_id"
    assert layer.crs().authid() == ("EPSG:31370" if suffix != ".geojson" else "EPSG:4326")
    area = sum(f["area_m2"] for f in layer.getFeatures())
    assert area == pytest.approx(96 * 160 * 0.25)
    assert not list(tmp_path.glob(".*"))


def test_polygons_lie_on_the_pixel_grid(qgis_app, network, tmp_path):
    """Without simplification every corner is a pixel corner, to a millionth of a pixel."""
    grid = (150000.123, 0.3, 0.0, 170000.456, 0.0, -0.3)
    image = write_raster(tmp_path / "in.tif", patches(), grid=grid)
    extent = QgsRectangle(150005, 169990, 150030, 170000)
    run(open_layer(image), network, Outputs(tmp_path / "q.gpkg", tmp_path / "q.tif"), extent)
    layer = QgsVectorLayer(str(tmp_path / "q.gpkg"), "x", "ogr")
    for feature in layer.getFeatures():
        for corner in feature.geometry().vertices():
            for value, start in ((corner.x(), grid[0]), (corner.y(), grid[3])):
                pixels = (value - start) / 0.3
                assert abs(pixels - round(pixels)) < 1e-6
    box = layer.extent()
    assert box.contains(extent)
    assert box.width() < extent.width() + 0.6
    placed = gdal.Open(str(tmp_path / "q.tif")).GetGeoTransform()
    assert placed[0] == pytest.approx(box.xMinimum(), abs=1e-6)
    assert placed[3] == pytest.approx(box.yMaximum(), abs=1e-6)


def test_no_crs_leaves_areas_open_and_says_so(qgis_app, network, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches(), epsg=None, grid=None)
    layer = open_layer(image)
    summary = run(layer, network, Outputs(tmp_path / "q.gpkg"), min_area=9, metric=True)
    assert any("coordinate reference system" in text for text in summary.notices)
    assert any("taken as pixels" in text for text in summary.notices)
    polygons = QgsVectorLayer(str(tmp_path / "q.gpkg"), "x", "ogr")
    assert all(not f["area_m2"] for f in polygons.getFeatures())
    assert polygons.extent() == QgsRectangle(0, -96, 160, 0)
    assert polygons.crs().authid() == ""


def test_cancel_leaves_nothing_and_keeps_the_old_file(qgis_app, network, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches())
    old = tmp_path / "q.gpkg"
    old.write_bytes(b"old")
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    outputs = Outputs(old, tmp_path / "q.tif", tmp_path / "c.tif")
    with pytest.raises(Cancelled):
        run(open_layer(image), network, outputs, progress=Progress(cancelled=cancelled))
    left = {p.name for p in tmp_path.iterdir()}
    assert left - {"in.tif.aux.xml"} == {"in.tif", "q.gpkg"}
    assert old.read_bytes() == b"old"


def test_a_damaged_image_leaves_nothing(qgis_app, network, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches(height=400))
    image.write_bytes(image.read_bytes()[:90_000])
    outputs = Outputs(tmp_path / "q.gpkg", tmp_path / "q.tif")
    with pytest.raises(RasterError, match="damaged or cut off"):
        run(open_layer(image), network, outputs)
    assert {p.name for p in tmp_path.iterdir()} - {"in.tif.aux.xml"} == {"in.tif"}


def test_output_must_not_be_the_input(qgis_app, network, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches())
    with pytest.raises(OutputError, match="is the input"):
        run(open_layer(image), network, Outputs(tmp_path / "q.gpkg", image))
    with pytest.raises(OutputError, match="does not exist"):
        run(open_layer(image), network, Outputs(tmp_path / "none" / "q.gpkg"))


def test_kept_classes_and_confidence(qgis_app, network, tmp_path):
    image = write_raster(tmp_path / "in.tif", patches())
    outputs = Outputs(None, tmp_path / "c.tif", tmp_path / "p.tif")
    summary = run(open_layer(image), network, outputs)
    kept = max(summary.areas, key=lambda c: summary.areas[c].pixels)
    run(open_layer(image), network, outputs, keep_classes=(kept,))
    classes, share = (
        gdal.Open(str(p)).ReadAsArray() for p in (outputs.classes, outputs.confidence)
    )
    assert set(np.unique(classes)) <= {kept, 255}
    assert share[classes == kept].max() <= 100
    assert (share[classes == 255] == 255).all()


def test_classes_that_the_model_never_predicts_are_told(network, tmp_path):
    image = open_layer(write_raster(tmp_path / "a.tif", patches(60, 60)), "a")
    words = "tiny never predicts orchard, airport: it has seen no such class in training."
    seen = network.facts.class_ids[0]
    for kept, told in (((2, 12, seen), True), ((seen,), False), (None, False)):
        summary = run(image, network, Outputs(classes=tmp_path / "c.tif"), keep_classes=kept)
        assert (words in summary.notices) == told
