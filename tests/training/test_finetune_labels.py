"""What label values mean, where labels lie, how ground is divided, what is kept."""

import dataclasses

import numpy as np
import pytest
import torch
from cwsam.engine.classes import CLASSES
from cwsam.engine.errors import ConfigError, TrainingDataError, UnknownNameError
from cwsam.engine.models.card import ModelCard
from cwsam.engine.types import Window
from cwsam.training.finetune.check import check_labels
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.keeping import keeping_loss, transition, trust
from cwsam.training.finetune.labels import LabelPolygon, burn, read_scheme
from cwsam.training.finetune.plates import PlateCutter
from cwsam.training.finetune.split import GAP, clear_of, split_blocks
from cwsam.training.finetune.survey import Survey
from hypothesis import given
from hypothesis import strategies as st
from tests.training.finetune_support import labelled_raster, reader


def test_values_are_ids_names_or_translated():
    table = {"sports GROUND": "sports field", "Wald": "5", "runway": "new", "strip": "new:runway"}
    values = ["24", "Water", "水域", "Sports ground", "Wald", "runway", "strip", "", "x"]
    scheme = read_scheme(values, {**table, "x": "skip"})
    assert scheme.ids == {
        "24": 24,
        "Water": 24,
        "水域": 24,
        "Sports ground": 23,
        "Wald": 5,
        "runway": 33,
        "strip": 33,
        "": None,
        "x": None,
    }
    assert [(c.id, c.name) for c in scheme.new_classes] == [(33, "runway")]
    assert scheme.new_classes[0].colour not in {c.colour for c in CLASSES}
    assert any("without a class" in notice for notice in scheme.notices)


def test_unknown_values_are_refused_or_become_classes():
    with pytest.raises(UnknownNameError, match="map 'Piste=CLASS'"):
        read_scheme(["Piste"])
    with pytest.raises(TrainingDataError, match="No polygon has a class"):
        read_scheme(["Piste"], {"Piste": "skip"})
    scheme = read_scheme(["Piste", "water"], add_unknown=True)
    assert scheme.ids == {"Piste": 33, "water": 24}


def test_disputed_pixels_are_unknown():
    one, two = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    one[:, :3], two[:, 2:] = True, True
    labels, disputed = burn((2, 4), [(8, one), (24, two)])
    assert labels.tolist() == [[8, 8, 255, 24]] * 2
    assert {int(c): int(disputed[c]) for c in np.flatnonzero(disputed)} == {8: 2, 24: 2}


def test_a_card_refuses_extra_classes_that_do_not_fit():
    good = {"id": 33, "name": "runway", "name_zh": "跑道", "colour": "#112233"}
    assert ModelCard("x", extra_classes=(good,)).legend[33].name == "runway"
    for change in ({"id": 34}, {"name": " "}, {"colour": "red"}, {"colour": '#"><x'}, {"id": "33"}):
        with pytest.raises(ConfigError, match="extra class 33"):
            ModelCard("x", extra_classes=({**good, **change},))


@pytest.mark.parametrize("seed", range(6))
def test_training_ground_keeps_away_from_validation_ground(seed):
    raster, _ = labelled_raster((8, 24, 23), seed=seed)
    survey = Survey([raster], 64, seed)
    split = split_blocks(survey, (8, 23, 24), 0.25, seed)
    assert split.train
    assert split.validation
    cutter = PlateCutter([raster], 64)
    held = np.zeros((256, 256), bool)
    for block in split.validation:
        w = block.window
        held[w.row : w.row + w.height, w.col : w.col + w.width] = True
    plates = [*cutter.train(split, (8, 23, 24), seed), *cutter.replay(split, seed)]
    assert len(plates) > 4
    for plate in plates:
        w = plate.window
        near = held[
            max(0, w.row - GAP) : w.row + w.height + GAP,
            max(0, w.col - GAP) : w.col + w.width + GAP,
        ]
        assert not near.any()
    for side in (split.train, split.validation):
        shown = {int(c) for b in side for c in np.unique(raster.labels(b.window))}
        assert {8, 23, 24} <= shown


RECTANGLE = st.tuples(*[st.integers(0, 90)] * 2, *[st.integers(1, 40)] * 2)


@given(st.lists(RECTANGLE, max_size=8), st.integers(0, 60), st.integers(0, 60))
def test_a_window_shrinks_until_it_is_clear(rectangles, row, col):
    forbidden = np.array([(x, y, x + w, y + h) for x, y, w, h in rectangles], int).reshape(-1, 4)
    wanted = Window(col, row, 32, 32)
    left = clear_of(wanted, Window(col + 16, row + 16, 1, 1), forbidden)
    free = np.ones((200, 200), bool)
    for x0, y0, x1, y1 in forbidden:
        free[y0:y1, x0:x1] = False
    part = (slice(row, row + 32), slice(col, col + 32))
    if left is None:
        return
    assert free[left.row : left.row + left.height, left.col : left.col + left.width].all()
    assert wanted.col <= left.col
    assert left.row + left.height <= row + 32
    if free[part].all():
        assert left == wanted


def test_the_light_follows_the_number_of_labels():
    raster, _ = labelled_raster((8, 24, 23))
    check = check_labels([raster], 64)
    assert check.ok
    assert {c.class_id: c.light for c in check.classes} == {8: "enough", 23: "enough", 24: "enough"}
    few = tuple(p for p in raster.polygons if p.class_id != 23)
    few = (*few, LabelPolygon(23, (-50, -50, -20, -20)), LabelPolygon(23, (5, 5, 5.2, 5.2)))

    def labels(window):
        found = raster.labels(window)
        found[found == 23] = 255
        return found

    check = check_labels([dataclasses.replace(raster, polygons=few, labels=labels)], 64)
    poor = next(c for c in check.classes if c.class_id == 23)
    assert (poor.light, poor.polygons, poor.pixels, poor.needed) == ("too_few", 1, 0, 2)
    assert "label at least 2 more" in poor.sentence
    assert check.usable == (8, 24)
    assert any("1 polygon(s) lie outside" in notice for notice in check.notices)


def test_nothing_to_learn_from_is_a_sentence():
    raster, _ = labelled_raster()
    with pytest.raises(TrainingDataError, match="No labelled raster"):
        check_labels([], 64)
    with pytest.raises(TrainingDataError, match="has no labelled polygon"):
        check_labels([dataclasses.replace(raster, polygons=())], 64)
    far = (LabelPolygon(8, (999, 999, 1010, 1010)),)
    with pytest.raises(TrainingDataError, match="All labels lie outside field"):
        check_labels([dataclasses.replace(raster, polygons=far)], 64)


def test_labels_may_overrule_the_base_model_at_a_bounded_price():
    confusion = torch.tensor([[0.75, 0.25]])  # new class 23: called 8, sometimes 24
    table = transition([8, 23, 24], [8, 24], [23], confusion, 0.5)
    assert table.tolist() == [[1, 0], [0.375, 0.125], [0, 1]]
    base = torch.tensor([1.0, 0.0])[None, :, None, None]
    free = torch.ones(1, 1, 1, dtype=torch.bool)

    def price(favourite):
        logits = torch.full((1, 3, 1, 1), -20.0)
        logits[0, favourite] = 20.0
        return float(keeping_loss(logits, base, free, table))

    assert price(0) == pytest.approx(0, abs=1e-3)
    assert price(1) == pytest.approx(-np.log(0.375), abs=1e-3)
    assert price(2) > 5
    logits = torch.zeros(1, 3, 1, 1, requires_grad=True)
    nothing = keeping_loss(logits, base, ~free, table)
    nothing.backward()
    assert float(nothing.detach()) == 0
    assert not logits.grad.any()


def test_a_base_model_that_is_wrong_is_not_trusted():
    confusion = torch.tensor([[0.9, 0.1], [0.8, 0.2]])
    assert trust([8, 24], [8, 24], confusion) == pytest.approx(0.55)
    assert trust([8, 24], [23], confusion[:1]) == 1.0


def test_settings_are_checked():
    for wrong in ({"seconds": 0}, {"steps": 0}, {"parts": ("tail",)}, {"validation_share": 1.0}):
        with pytest.raises(ConfigError):
            FinetuneConfig(**wrong)


@pytest.mark.parametrize(("kept", "light"), [(1, "too_few"), (2, "few")])
def test_two_polygons_in_two_places_are_the_least(kept, light):
    raster, _ = labelled_raster((8, 24))
    rare = [p for p in raster.polygons if p.class_id == 24]
    rare = [min(rare, key=sum_of_corner), max(rare, key=sum_of_corner)][:kept]
    labels = np.full((256, 256), 255, np.uint8)
    for polygon in rare:
        left, top = map(int, polygon.bounds[:2])
        labels[top : top + 12, left : left + 12] = 24
    few = dataclasses.replace(raster, polygons=tuple(rare), labels=reader(labels))
    (entry,) = check_labels([few], 64).classes
    assert entry.light == light


def sum_of_corner(polygon):
    return polygon.bounds[0] + polygon.bounds[1]
