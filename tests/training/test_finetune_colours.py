"""Fine-tuning's expert for colours, and maps of the labelled classes alone."""

import copy
import dataclasses
import math

import numpy as np
import pytest
from cwsam.engine.config import DEFAULT_PARTS
from cwsam.engine.errors import ConfigError
from cwsam.engine.models.adapter_file import read_adapter
from cwsam.training.finetune.colours import labelled_cells, settle_share, train_colours
from cwsam.training.finetune.learner import Learner, Stopped
from cwsam.training.finetune.plates import PlateCutter, ask_base
from cwsam.training.finetune.report import report_html
from cwsam.training.finetune.run import finetune
from cwsam.training.finetune.settle import settle
from cwsam.training.finetune.survey import Survey
from tests.training.finetune_support import QUICK, labelled_raster, only_class, save_tiny

LABELLED = (8, 24, 23)
COLOURED = dataclasses.replace(QUICK, parts=DEFAULT_PARTS)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("base") / "base.safetensors")


@pytest.fixture
def learner(base):
    """A learner that has its plates and has not learnt anything."""
    raster, _ = labelled_raster(LABELLED)
    _, labelled, split, _ = settle(Survey([raster], 64, 0), COLOURED, base.card.legend)
    cutter = PlateCutter([raster], 64)
    plates = cutter.train(split, labelled, 0), [], cutter.validation(split, 0)
    base_ids = base.card.classes_seen
    for part in plates:
        ask_base(base.model, part, base_ids, "cpu", lambda: False)
    classes = sorted({*base_ids, *labelled})
    made = Learner(copy.deepcopy(base.model), COLOURED, classes, base_ids, labelled, "cpu")
    made.give(*plates)
    made.model.eval()
    return made


def test_it_learns_colours_that_it_then_finds_elsewhere(learner):
    expert = train_colours(learner, learner.train_plates)
    features, targets, places = labelled_cells(learner, learner.validation)
    assert len(targets) > 500
    assert len(places.unique()) == len(places), "validation plates do not overlap"
    found = expert.classify(features).argmax(1)
    assert (found == targets).float().mean() > 0.95


def test_it_gets_a_share_where_the_network_knows_less(learner):
    expert = train_colours(learner, learner.train_plates)
    assert settle_share(learner, expert) > 0


def test_it_gets_no_share_where_it_knows_nothing_more(learner):
    expert = train_colours(learner, learner.train_plates)
    for layer in (*expert.weights, *expert.biases):
        layer.zero_()
    before = learner.score(lambda plate: learner.predict(plate).numpy()).miou
    assert settle_share(learner, expert) == 0
    learner.model.colour_expert = expert
    try:
        assert learner.score(lambda plate: learner.predict(plate).numpy()).miou == before
    finally:
        learner.model.colour_expert = None


def test_one_class_alone_needs_no_expert(learner):
    learner.labelled = [24]
    assert train_colours(learner, learner.train_plates) is None


def test_it_stops_when_told(learner):
    learner.cancelled = lambda: True
    with pytest.raises(Stopped):
        train_colours(learner, learner.train_plates)


def test_the_adapter_carries_it(base, tmp_path):
    raster, _ = labelled_raster(LABELLED)
    result = finetune(base, [raster], tmp_path / "mine.safetensors", COLOURED)
    assert base.model.colour_expert is None
    file = read_adapter(result.adapter)
    assert set(file.colours) == set(LABELLED)
    assert 0 < float(file.tensors["colour_expert.share"]) <= 0.5


def test_it_can_be_left_out(base, tmp_path):
    raster, _ = labelled_raster((8, 24))
    config = dataclasses.replace(QUICK, steps=4)
    assert "colours" not in config.parts
    result = finetune(base, [raster], tmp_path / "mine.safetensors", config)
    file = read_adapter(result.adapter)
    assert file.colours == ()
    assert not any(name.startswith("colour_expert") for name in file.tensors)


def test_a_map_of_the_labelled_classes_alone(base, tmp_path):
    raster, _ = labelled_raster((24, 23))
    config = dataclasses.replace(COLOURED, only_labelled=True, steps=20)
    result = finetune(base, [raster], tmp_path / "mine.safetensors", config)
    assert result.card.classes_seen == (23, 24)
    assert math.isnan(result.after.kept)
    assert "unlabelled kept" not in report_html(result)
    assert np.isfinite([point.miou for point in result.history]).all()


def test_one_class_alone_makes_no_map(base, tmp_path):
    raster, _ = labelled_raster((24, 23))
    config = dataclasses.replace(COLOURED, only_labelled=True)
    with pytest.raises(ConfigError, match="takes two of them: label another class"):
        finetune(base, [only_class(raster, 24)], tmp_path / "mine.safetensors", config)
    assert not list(tmp_path.iterdir())
