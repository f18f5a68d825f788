"""Classes that an adapter adds have name and colour wherever a result shows them."""

import copy

import pytest
from cwsam.cwsam_qgis import i18n
from cwsam.cwsam_qgis.gui.dock import RESULTS
from cwsam.cwsam_qgis.layer_legend import PROPERTY, layer_legend
from cwsam.cwsam_qgis.settings import remember_adapter
from cwsam.engine.classes import CLASSES, new_class
from osgeo import gdal
from qgis.core import QgsMapLayerLegendUtils, QgsProject, QgsRasterLayer, QgsVectorLayer
from tests.qgis.actions import open_panel, results, run_to_end, wait_for
from tests.qgis.support import patches, write_raster

ADDED = tuple(
    new_class(number, name, chinese)
    for number, (name, chinese) in enumerate(
        (("runway", "跑道"), ("salt marsh", "盐沼"), ("hedge", "树篱")), len(CLASSES)
    )
)
SOURCES = (5, 9, 24)  # the classes of the test's network whose ground the new ones take over
NAMES = {entry.id: (entry.name, entry.name_zh, entry.colour) for entry in (*CLASSES, *ADDED)}


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    """An adapter for the tests' network: all that is not class 1 becomes one of its classes."""
    import torch
    from cwsam.engine.models.adapter_file import save_adapter
    from cwsam.engine.models.checkpoint import load_model

    loaded = load_model(tiny_model)
    model = copy.deepcopy(loaded.model)
    model.mask_decoder.add_classes(len(ADDED))
    head, count = model.mask_decoder.cls_upscaling[3], model.mask_decoder.num_classes
    with torch.no_grad():
        for values in (head.weight, head.bias):
            by_class = values.unflatten(0, (-1, count))
            for entry, source in zip(ADDED, SOURCES):
                by_class[:, entry.id] = by_class[:, source]
    card = type(loaded.card)(
        "with new classes",
        classes_seen=(1, *(entry.id for entry in ADDED)),
        gsd_m=loaded.card.gsd_m,
        extra_classes=tuple(vars(entry) for entry in ADDED),
    )
    path = tmp_path_factory.mktemp("adapters") / "added.safetensors"
    save_adapter(path, model, loaded.config, card, loaded.sha256)
    return path


def check_polygons(layer, chinese=False):
    """Names in the table, names and colours in the style; returns the ids beyond the scheme."""
    found = {(f["class_id"], f["class_name"], f["class_name_zh"]) for f in layer.getFeatures()}
    assert all((name, other) == NAMES[number][:2] for number, name, other in found)
    assert {f["runner_up"] for f in layer.getFeatures()} <= {row[0] for row in NAMES.values()}
    categories = layer.renderer().categories()  # its symbols live as long as this list
    styled = {int(c.value()): (c.label(), c.symbol().color().name()) for c in categories}
    assert styled == {n: (row[1 if chinese else 0], row[2]) for n, row in NAMES.items()}
    beyond = {number for number, _, _ in found if number >= len(CLASSES)}
    assert beyond, "the adapter's classes are on the map"
    return beyond


def check_raster(path, loaded):
    """Category names and colours in the file, and the palette of the loaded layer."""
    file = gdal.Open(str(path))
    file.GetGeoTransform()  # GDAL 3.6 reads the side file no earlier
    band = file.GetRasterBand(1)
    names = band.GetCategoryNames()
    assert names[: len(NAMES)] == [row[0] for row in NAMES.values()]
    for entry in ADDED:
        assert band.GetColorTable().GetColorEntry(entry.id) == (*entry.rgb, 255)
    for layer in (loaded, QgsRasterLayer(str(path))):
        shown = {int(c.value): (c.label, c.color.name()) for c in layer.renderer().classes()}
        assert {n: shown[n] for n in NAMES} == {n: (row[0], row[2]) for n, row in NAMES.items()}


@pytest.fixture
def panel(plugin, window, image, adapter):
    remember_adapter(adapter)
    made = open_panel(plugin, window)
    assert made.model.choose(adapter)
    made.output.classes.setChecked(True)
    made._estimate()
    return made


def test_from_the_dock(qgis_app, plugin, window, panel, tmp_path):
    drawn = set()
    panel.run_control.started.connect(
        lambda: panel.run_control.task.strip_ready.connect(
            lambda _n, _f, _c, pixels: drawn.update(memoryview(pixels).cast("I"))
        )
    )
    run_to_end(panel)
    (layer,) = results()
    beyond = check_polygons(layer)
    for number in beyond:
        red, green, blue = (part * 200 // 255 for part in ADDED[number - len(CLASSES)].rgb)
        assert 200 << 24 | red << 16 | green << 8 | blue in drawn, "the preview shows it"
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    legend = [list(NAMES)[place] for place in QgsMapLayerLegendUtils.legendNodeOrder(node)]
    assert beyond <= set(legend)
    rasters = [one for one in QgsProject.instance().mapLayers().values()
               if isinstance(one, QgsRasterLayer) and "classes" in one.name()]  # fmt: skip
    check_raster(rasters[0].source(), rasters[0])
    result = plugin.dock.open(RESULTS)
    result.set_layers([layer])
    check_table(result, beyond)
    result.export_to(tmp_path / "copy.gpkg")
    wait_for(lambda: not result._tasks)
    check_polygons(QgsVectorLayer(str(tmp_path / "copy.gpkg"), "copy", "ogr"))


def check_table(result, beyond):
    table = result.table
    shown = [table.item(row, 0).text() for row in range(table.rowCount())]
    assert {NAMES[number][0] for number in beyond} <= set(shown)
    picture = result.chart.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 3)
               for y in range(picture.height())}  # fmt: skip
    largest = result.table.rows[0].class_id
    assert NAMES[largest][2] in colours


def test_a_file_that_is_opened_again_keeps_them(qgis_app, plugin, panel):
    run_to_end(panel)
    (layer,) = results()
    again = QgsVectorLayer(layer.source(), "again", "ogr")
    QgsProject.instance().addMapLayer(again)
    assert not again.customProperty(PROPERTY)
    assert [vars(one) for one in layer_legend(again)[len(CLASSES) :]] == [
        {**vars(one), "name_zh": one.name} for one in ADDED
    ]
    result = plugin.dock.open(RESULTS)
    result.set_layers([layer])
    known = {row.class_id: row.polygons for row in result.table.rows}
    result.set_layers([again])
    wait_for(lambda: not result._tasks)
    assert {row.class_id: row.polygons for row in result.table.rows} == known


def test_from_the_toolbox(processing, tiny_model, adapter, tmp_path):
    parameters = {
        "INPUT": str(write_raster(tmp_path / "in.tif", patches())),
        "MODEL": str(tiny_model),
        "ADAPTER": str(adapter),
        "MIN_AREA": 16,
        "POLYGONS": str(tmp_path / "map.gpkg"),
        "CLASS_RASTER": str(tmp_path / "classes.tif"),
    }
    processing.runAndLoadResults("cwsam:segmentraster", dict(parameters))
    loaded = {type(one): one for one in QgsProject.instance().mapLayers().values()}
    beyond = check_polygons(loaded[QgsVectorLayer])
    check_raster(parameters["CLASS_RASTER"], loaded[QgsRasterLayer])
    number = min(beyond)
    keep = {**parameters, "KEEP": [number], "POLYGONS": str(tmp_path / "kept.gpkg")}
    processing.run("cwsam:segmentraster", keep)
    kept = QgsVectorLayer(keep["POLYGONS"], "kept", "ogr")
    assert {f["class_id"] for f in kept.getFeatures()} == {number}
    QgsProject.instance().clear()


def test_in_chinese(processing, tiny_model, adapter, tmp_path, monkeypatch):
    monkeypatch.setattr(i18n.QgsApplication, "locale", staticmethod(lambda: "zh_CN"))
    monkeypatch.setattr(i18n, "_started_with", lambda: "")
    output = tmp_path / "map.gpkg"
    image = write_raster(tmp_path / "in.tif", patches())
    processing.run(
        "cwsam:segmentraster",
        {"INPUT": str(image), "MODEL": str(tiny_model), "ADAPTER": str(adapter),
         "POLYGONS": str(output)},
    )  # fmt: skip
    check_polygons(QgsVectorLayer(str(output), "map", "ogr"), chinese=True)
