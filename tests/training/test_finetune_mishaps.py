"""What may go wrong in a fine-tuning: left-out classes, lost validations, shared ground."""

import copy
import dataclasses
import math

import pytest
import torch
from cwsam.engine.array_source import ArraySource
from cwsam.engine.classes import new_class
from cwsam.engine.config import DEFAULT_PARTS
from cwsam.engine.errors import Cancelled, CheckpointError, ConfigError, TrainingDataError
from cwsam.engine.models.adapter_file import read_adapter
from cwsam.engine.types import Crs, GeoTransform, Window
from cwsam.training.finetune.check import TOO_FEW, check_labels
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.labels import LabelPolygon, burn
from cwsam.training.finetune.learner import Learner
from cwsam.training.finetune.overlap import foreign_ground, refuse_shared_labels
from cwsam.training.finetune.plates import PlateCutter
from cwsam.training.finetune.run import finetune
from cwsam.training.finetune.settle import settle
from cwsam.training.finetune.split import GAP, Split
from cwsam.training.finetune.starting import start_classes
from cwsam.training.finetune.state_folder import STATE, forget_state
from cwsam.training.finetune.survey import Block, Survey
from tests.training.finetune_support import QUICK, labelled_raster, reader, save_tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("base") / "base.safetensors")


def tensors(path):
    return {name: value.clone() for name, value in read_adapter(path).tensors.items()}


def with_spots(raster, class_id, spots, side=6):
    """The raster with small squares of a further class, (row, col) each."""
    own = raster.labels(Window(0, 0, 256, 256))
    for row, col in spots:
        own[row : row + side, col : col + side] = class_id
    more = [LabelPolygon(class_id, (c, r, c + side, r + side)) for r, c in spots]
    return dataclasses.replace(raster, labels=reader(own), polygons=(*raster.polygons, *more))


def test_a_class_that_is_left_out_is_neither_learnt_nor_scored(base, tmp_path):
    """The base model knows it, so that nothing else would keep it away."""
    spots = [(row, col) for row in (10, 74, 138, 202) for col in (12, 76, 140, 204)]
    raster = with_spots(labelled_raster((8, 23))[0], 24, spots, 2)
    config = dataclasses.replace(QUICK, steps=2, refit=0.0, skip_sparse=True)
    result = finetune(base, [raster], tmp_path / "a.safetensors", config)
    assert result.labelled == (8, 23)
    assert set(result.before.iou) | set(result.after.iou) <= {8, 23}
    assert not result.after.matrix[24].any()
    cutter = PlateCutter([raster], 64, (8, 23))
    labels = cutter.cut(0, Window(0, 0, 64, 64)).labels
    assert set(labels.unique().tolist()) <= {8, 23, 255}


def test_a_validation_that_was_cancelled_is_made_up_for(base, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=6, validate_every=3, refit=0.0)
    whole = finetune(base, [raster], tmp_path / "whole.safetensors", config)
    output, folder, seen = tmp_path / "mine.safetensors", tmp_path / "state", []
    asked = 0

    def cancelled():  # step 6 asks a few times, then its validation does
        nonlocal asked
        asked += bool(seen) and seen[-1] == 5
        return asked > 6

    with pytest.raises(Cancelled, match="after step 6"):
        finetune(base, [raster], output, config, folder=folder,
                 report=lambda s: seen.append(s.step), cancelled=cancelled)  # fmt: skip
    state = torch.load(folder / STATE, weights_only=True)
    assert state["at"][0] == 6
    assert [point[0] for point in state["history"]] == [0, 3]
    resumed = finetune(base, [raster], output, config, folder=folder, resume=True)
    assert [p.step for p in resumed.history] == [p.step for p in whole.history] == [0, 3, 6]
    assert [p.miou for p in resumed.history] == [p.miou for p in whole.history]
    assert resumed.best_step == whole.best_step
    ours, theirs = tensors(output), tensors(tmp_path / "whole.safetensors")
    assert all(torch.equal(ours[n], theirs[n]) for n in theirs)


def test_dead_classes_begin_as_the_others_were(base):
    """Each is taken for the other: a copy in sequence would make both the same."""
    config = dataclasses.replace(QUICK, steps=1)
    learner = Learner(copy.deepcopy(base.model), config, [8, 24], [8, 24], [8, 24], "cpu")
    learner.confusion = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    start_classes(learner)
    before, after = (
        model.mask_decoder.cls_upscaling[3].weight.unflatten(0, (-1, 33))
        for model in (base.model, learner.model)
    )
    assert torch.equal(after[:, 24], before[:, 8])
    assert torch.equal(after[:, 8], before[:, 24])


@pytest.mark.parametrize("refit", [0.0, 1.0])
def test_a_loss_that_is_no_number_ends_training_and_keeps_the_best(base, tmp_path, refit):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=9, learning_rate=1e30, refit=refit)
    result = finetune(base, [raster], tmp_path / "a.safetensors", config)
    assert result.steps < 9
    assert any("no finite number" in notice for notice in result.notices)
    assert all(torch.isfinite(value).all() for value in tensors(result.adapter).values())
    assert all(math.isfinite(value) for value in result.after.iou.values())


@pytest.mark.parametrize("change", ["pixels", "labels", "name"])
def test_what_has_changed_is_not_resumed(base, tmp_path, change):
    raster, _ = labelled_raster((8, 24, 33))
    config, seen = dataclasses.replace(QUICK, steps=6, validate_every=3), []
    arguments = (base, [raster], tmp_path / "a.safetensors", config, [new_class(33, "runway")])
    with pytest.raises(Cancelled):
        finetune(*arguments, folder=tmp_path, report=lambda s: seen.append(s.step),
                 cancelled=lambda: bool(seen) and seen[-1] == 2)  # fmt: skip
    other, names = raster, arguments[-1]
    if change == "pixels":
        pixels, _ = raster.source.read(Window(0, 0, 256, 256), (1, 2, 3))
        info = raster.source.info
        source = ArraySource(255 - pixels, None, info.transform, info.crs, info.name)
        other = dataclasses.replace(raster, source=source)
    elif change == "labels":
        labels = raster.labels(Window(0, 0, 256, 256))
        labels[:, :9] = 255
        other = dataclasses.replace(raster, labels=reader(labels))
    else:
        names = [new_class(33, "beach")]
    with pytest.raises(CheckpointError, match="belongs to other"):
        finetune(base, [other], *arguments[2:4], names, folder=tmp_path, resume=True)


def test_a_state_without_its_parts_is_a_sentence(base, tmp_path):
    raster, _ = labelled_raster((8, 24))
    config, seen = dataclasses.replace(QUICK, steps=6), []
    arguments = (base, [raster], tmp_path / "a.safetensors", config)
    with pytest.raises(Cancelled):
        finetune(*arguments, folder=tmp_path, report=lambda s: seen.append(s.step),
                 cancelled=lambda: bool(seen) and seen[-1] == 2)  # fmt: skip
    whole = torch.load(tmp_path / STATE, weights_only=True)
    changes = ({"at": [1]}, {"history": [[]]}, {"model": {}}, {"optimizer": 5}, {"average": 3})
    for change in changes:
        torch.save({**whole, **change}, tmp_path / STATE)
        with pytest.raises(CheckpointError, match="cannot be read"):
            finetune(*arguments, folder=tmp_path, resume=True)


def test_only_the_state_is_removed(tmp_path):
    folder = tmp_path / "mine.finetune"
    folder.mkdir()
    for name in (STATE, f".{STATE}.part", "notes.txt"):
        (folder / name).write_text("x")
    forget_state(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    forget_state(folder)
    assert not folder.exists()
    forget_state(folder)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seconds": math.inf}, "finite"),
        ({"seconds": math.nan}, "finite"),
        ({"seed": -1}, "seed must lie"),
        ({"seed": 10**15}, "seed must lie"),
        ({"learning_rate": math.nan}, "finite"),
        ({"parts": ("colours",)}, "add 'head'"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        FinetuneConfig(**wrong)
    FinetuneConfig(seed=2**32 - 1)


def test_a_band_that_the_image_lacks_is_a_sentence(base, tmp_path):
    raster = dataclasses.replace(labelled_raster()[0], bands=(7, 8, 9))
    with pytest.raises(TrainingDataError, match=r"has 3 band\(s\), not 9"):
        finetune(base, [raster], tmp_path / "a.safetensors", QUICK)


@pytest.mark.parametrize("chip", [0, 32, 64, 100])
def test_light_and_run_agree_about_the_blocks(base, chip):
    config = dataclasses.replace(QUICK, chip=chip)
    side = config.chip_side(base.config)
    assert side % (4 * base.config.encoder.patch_size) == 0
    raster, _ = labelled_raster((8, 24, 23))
    check = check_labels([raster], side, base.card.legend)
    assert check == settle(Survey([raster], side), config, base.card.legend)[0]


def test_time_that_went_into_preparations_is_told(base, tmp_path):
    raster, _ = labelled_raster((8, 24))
    slow = dataclasses.replace(QUICK, seconds=0.01, steps=1, refit=0.0)
    result = finetune(base, [raster], tmp_path / "a.safetensors", slow)
    assert any("little time to learn in" in notice for notice in result.notices)
    plenty = dataclasses.replace(slow, seconds=3600)
    result = finetune(base, [raster], tmp_path / "a.safetensors", plenty)
    assert not any("little time to learn in" in notice for notice in result.notices)


def moved(raster, col, row, pixel=1.0, crs=None):
    """The raster elsewhere: its corner in metres, its pixels in metres."""
    pixels, _ = raster.source.read(Window(0, 0, 256, 256), (1, 2, 3))
    crs = crs or raster.source.info.crs
    source = ArraySource(pixels, None, GeoTransform(pixel, 0, col, 0, -pixel, -row), crs, "other")
    return dataclasses.replace(raster, source=source)


def test_the_same_ground_twice_is_refused():
    raster, _ = labelled_raster((8, 24))
    for other in (moved(raster, 0, 0), moved(raster, 100, -100), moved(raster, -60, 3, 0.5)):
        with pytest.raises(TrainingDataError, match="field and other show the same ground"):
            refuse_shared_labels(Survey([raster, other], 64))
    elsewhere = Crs("LOCAL_CS", "another", "projected")
    apart = Crs('LOCAL_CS["x"]', "apart", "projected")
    for other in (moved(raster, 256, 0), moved(raster, 0, 900), moved(raster, 0, 0, 1.0, apart)):
        refuse_shared_labels(Survey([raster, other], 64))
    with pytest.raises(TrainingDataError):
        refuse_shared_labels(Survey([raster, moved(raster, 0, 0, 1.0, elsewhere)], 64))


def test_ground_that_another_raster_validates_is_not_learnt_from():
    """Two rasters overlap by 96 pixels; what one holds back, plates of the other keep out of."""
    one = labelled_raster((8, 24))[0]
    other = moved(labelled_raster((8, 24), seed=3)[0], 160, 0)
    held = (Block(0, Window(192, 64, 64, 64)), Block(1, Window(0, 192, 64, 64)))
    train = (Block(0, Window(0, 0, 64, 64)), Block(1, Window(128, 64, 64, 64)))
    split = Split(train, held, 64)
    split = dataclasses.replace(split, foreign=foreign_ground([one, other], split))
    shown = {0: (160, 192), 1: (32, 64)}  # column and row of the other's block
    for raster, (col, row) in shown.items():
        near = [col - GAP, row - GAP, col + 64 + GAP, row + 64 + GAP]
        assert near in split.forbidden(raster).tolist()
        cutter = PlateCutter([one, other], 64)
        for plate in (*cutter.train(split, (8, 24), 0), *cutter.replay(split, 0)):
            w = plate.window
            if plate.raster == raster:
                beside = w.col + w.width <= near[0] or w.col >= near[2]
                assert beside or w.row + w.height <= near[1] or w.row >= near[3]


def test_labels_that_overlap_are_told_from_labels_that_are_few():
    raster, _ = labelled_raster((8, 24))
    over = tuple(LabelPolygon(23, p.bounds) for p in raster.polygons if p.class_id == 24)

    def masks(window):
        own = raster.labels(window)
        return [(8, own == 8), (24, own == 24), (23, own == 24)]

    def burnt(part):
        return lambda window: burn((window.height, window.width), masks(window))[part]

    both = dataclasses.replace(
        raster, labels=burnt(0), disputed=burnt(1), polygons=(*raster.polygons, *over)
    )
    lights = {c.class_id: (c.light, c.sentence) for c in check_labels([both], 64).classes}
    for class_id in (23, 24):
        assert lights[class_id][0] == TOO_FEW
        assert "Correct the polygons that overlap" in lights[class_id][1]
    assert "overlap" not in lights[8][1]


def test_the_default_parts_train_beside_the_colours():
    assert FinetuneConfig(parts=DEFAULT_PARTS).parts == DEFAULT_PARTS
    assert FinetuneConfig(parts=("head", "colours")).parts == ("head", "colours")
