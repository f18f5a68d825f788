"""Points that were drawn once: neither lost nor misread later."""

import json

import pytest
from tests.training.test_cli_accuracy import label, polygons, raster, run


def test_labelled_points_are_not_replaced(tmp_path, mapped):
    drawn = tmp_path / "points.gpkg"
    draw = ("sample", raster(tmp_path / "map.tif", mapped), "-o", drawn, "--size", 300)
    assert run(*draw).exit_code == 0
    assert run(*draw).exit_code == 0, "nobody has labelled them"
    label(drawn, mapped, without=299)
    before = drawn.read_bytes()
    refused = run(*draw)
    assert refused.exit_code == 1
    assert "holds 1 labelled point(s), which would be lost" in refused.output
    assert drawn.read_bytes() == before


def test_areas_do_not_depend_on_the_grid_of_the_evaluation(tmp_path, mapped):
    whole, drawn = polygons(tmp_path / "map.gpkg", mapped), tmp_path / "points.gpkg"
    done = run("sample", whole, "-o", drawn, "--size", 300, "--resolution", 0.25)
    assert done.exit_code == 0, done.output
    label(drawn, mapped)
    coarse, figures = raster(tmp_path / "coarse.tif", mapped), tmp_path / "figures.json"
    assert run("evaluate", coarse, drawn, "--json", figures).exit_code == 0
    found = json.loads(figures.read_text(encoding="utf-8"))
    total = sum(row["mapped_m2"] for row in found["classes"])
    assert total == pytest.approx(mapped.size * 0.5**2, rel=0.01)
