"""Fine-tuning from labels, end to end on a tiny model."""

import copy
import dataclasses
import re
import time

import numpy as np
import pytest
import torch
from cwsam.engine.cli import make_predictor
from cwsam.engine.config import DEFAULT_PARTS
from cwsam.engine.device import choose_device
from cwsam.engine.errors import Cancelled, CheckpointError, ConfigError, TrainingDataError
from cwsam.engine.models.adapter_file import adapter_parameters
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.pipeline import SegmentOptions, StageClock, class_strips
from cwsam.engine.ports import Progress
from cwsam.engine.types import RunSummary
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.learner import Learner
from cwsam.training.finetune.report import report_html
from cwsam.training.finetune.run import finetune
from cwsam.training.finetune.starting import start_classes
from tests.training.finetune_support import (
    QUICK,
    labelled_raster,
    only_class,
    save_taught,
    save_tiny,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("base") / "base.safetensors")


@pytest.fixture(scope="module")
def base_file(base, tmp_path_factory):
    return next(tmp_path_factory.getbasetemp().glob("base*/base.safetensors"))


def test_a_new_class_is_learnt_and_nothing_else_changes(base, base_file, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=60)
    seen = []
    result = finetune(base, [raster], tmp_path / "mine.safetensors", config, report=seen.append)
    assert result.after.miou > result.before.miou + 0.1
    assert result.improved
    assert result.before.iou[23] == 0 < result.after.iou[23]
    loaded = load_model(base_file, adapter=result.adapter)
    assert loaded.card.classes_seen == (8, 23, 24)
    changed = set(adapter_parameters(base.model, config.parts))
    untouched = base.model.state_dict()
    for name, value in loaded.model.state_dict().items():
        if name not in changed:
            assert torch.equal(value, untouched[name]), name
    assert any(not torch.equal(loaded.model.state_dict()[n], untouched[n]) for n in changed)
    assert seen[-1].phase == "writing"
    english, chinese = report_html(result), report_html(result, "zh")
    assert "Course of the training" in english
    assert "训练过程" in chinese
    assert "24 水域" in chinese
    texts = re.sub(r"<style>.*?</style>|<[^>]*>", " ", chinese, flags=re.DOTALL)
    names = f"{result.adapter.stem} {result.base} mIoU IoU CWSAM nbsp"
    latin = [set(re.findall(r"[A-Za-z]{3,}", text)) for text in (texts, names)]
    assert latin[0] <= latin[1], "nothing is left in English"
    training = [status for status in seen if status.phase == "training"]
    assert [s.step for s in training] == sorted(s.step for s in training)
    assert all(np.isfinite(s.loss) and s.seconds_left >= 0 for s in training)


def test_same_seed_same_file_and_other_seed_another(base, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=30, validate_every=3)
    files = []
    for number, seed in enumerate((0, 0, 1)):
        path, trained = tmp_path / f"{number}.safetensors", dataclasses.replace(config, seed=seed)
        result = finetune(base, [raster], path, trained)
        assert number == 2 or result.best_step > 0
        files.append(load_model_tensors(path))
    assert all(torch.equal(files[0][n], files[1][n]) for n in files[0])
    assert not all(torch.equal(files[0][n], files[2][n]) for n in files[0])


def load_model_tensors(path):
    from cwsam.engine.models.adapter_file import read_adapter

    return {n: t.clone() for n, t in read_adapter(path).tensors.items()}


def test_it_asks_whether_to_stop_several_times_a_second(tmp_path):
    """With the bundled model, in all phases; no adapter is written by a run that stops late.

    Counted in this thread's own seconds, so that other programs do not count.
    """
    base, (raster, _) = load_model("sam_moe_tiny"), labelled_raster((8, 24), seed=1)
    config = dataclasses.replace(QUICK, steps=4, validate_every=2, parts=DEFAULT_PARTS, chip=None)
    asked, phases = [time.thread_time()], []

    def ask():
        asked.append(time.thread_time())
        return len(asked) == stop

    def run():
        finetune(base, [raster], tmp_path / "a.safetensors", config, cancelled=ask,
                 folder=tmp_path, report=lambda status: phases.append(status.phase))  # fmt: skip

    threads, stop = torch.get_num_threads(), 0
    torch.set_num_threads(1)
    try:
        run()
        asked.append(time.thread_time())
        longest = max(b - a for a, b in zip(asked, asked[1:]))
        print(f"finetune.cancel_s: {longest:.2f}")
        assert {"labels", "base", "training", "writing"} <= set(phases)
        assert longest < 1
        (tmp_path / "a.safetensors").unlink()
        stop = len(asked) - 2  # the last but one answer: the last step
        asked, phases = [0.0], []
        with pytest.raises(Cancelled, match="after step 6"):
            run()
    finally:
        torch.set_num_threads(threads)
    assert phases[-1] == "refit"
    assert not (tmp_path / "a.safetensors").exists()


def test_cancel_and_resume_give_what_an_uninterrupted_run_gives(base, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=24, validate_every=3)
    whole = tmp_path / "whole.safetensors"
    assert finetune(base, [raster], whole, config).best_step > 5
    output, folder, steps = tmp_path / "mine.safetensors", tmp_path / "state", []
    with pytest.raises(Cancelled, match="can be resumed"):
        finetune(
            base,
            [raster],
            output,
            config,
            folder=folder,
            report=lambda s: steps.append(s.step),
            cancelled=lambda: bool(steps) and steps[-1] == 5,
        )
    assert not output.exists()
    assert sorted(p.name for p in folder.iterdir()) == ["finetune_state.pt"]
    resumed = []
    finetune(
        base,
        [raster],
        output,
        config,
        folder=folder,
        resume=True,
        report=lambda s: resumed.append(s.step),
    )
    assert min(s for s in resumed if s) > 5
    one, other = load_model_tensors(whole), load_model_tensors(output)
    assert all(torch.equal(one[n], other[n]) for n in one)
    with pytest.raises(CheckpointError, match="other settings"):
        finetune(
            base,
            [raster],
            output,
            dataclasses.replace(config, learning_rate=1e-3),
            folder=folder,
            resume=True,
        )


def test_held_back_labels_are_learnt_once_they_have_judged(base, tmp_path):
    """The figures are those of the state that never saw them; a stop in between can be resumed."""
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, steps=24, validate_every=3)
    runs, files = [], []
    for refit in (0.0, 0.5):
        path = tmp_path / f"{refit}.safetensors"
        runs.append(finetune(base, [raster], path, dataclasses.replace(config, refit=refit)))
        files.append(load_model_tensors(path))
    assert [run.steps for run in runs] == [24, 24]
    assert [run.refit_steps for run in runs] == [0, 12]
    assert runs[0].after.iou == runs[1].after.iou
    assert not all(torch.equal(files[0][n], files[1][n]) for n in files[0])
    assert "held-back labels were learnt" in report_html(runs[1])
    assert "held-back labels were learnt" not in report_html(runs[0])
    output, folder, seen = tmp_path / "mine.safetensors", tmp_path / "state", []
    arguments = (base, [raster], output, config)
    with pytest.raises(Cancelled, match="can be resumed"):
        finetune(*arguments, folder=folder, report=seen.append,
                 cancelled=lambda: bool(seen) and seen[-1].step == 30)  # fmt: skip
    assert seen[-1].phase == "refit"
    assert not output.exists()
    finetune(*arguments, folder=folder, resume=True)
    assert all(torch.equal(files[1][n], t) for n, t in load_model_tensors(output).items())


def test_too_few_labels_are_refused_with_how_many_are_needed(base, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    first = next(p for p in raster.polygons if p.class_id == 23)
    left, top = map(int, first.bounds[:2])
    polygons = (*(p for p in raster.polygons if p.class_id != 23), first)

    def labels(window):
        found = raster.labels(window)
        rows = np.arange(window.row, window.row + window.height)[:, None]
        cols = np.arange(window.col, window.col + window.width)
        inside = (rows >= top) & (rows < top + 16) & (cols >= left) & (cols < left + 16)
        found[(found == 23) & ~inside] = 255
        return found

    sparse = dataclasses.replace(raster, polygons=polygons, labels=labels)
    path = tmp_path / "mine.safetensors"
    with pytest.raises(TrainingDataError, match=r"'sports field' has too few .* at least 2 more"):
        finetune(base, [sparse], path, QUICK)
    assert not path.exists()
    config = dataclasses.replace(QUICK, steps=2, skip_sparse=True)
    result = finetune(base, [sparse], path, config)
    assert result.labelled == (8, 24)
    assert any("Left out" in notice for notice in result.notices)


def test_labels_of_one_class_do_not_drown_the_others(tmp_path):
    base = save_taught(tmp_path / "base.safetensors")
    raster, truth = labelled_raster((8, 24, 23), seed=5)
    config = dataclasses.replace(
        QUICK, steps=60, parts=DEFAULT_PARTS, keep_weight=1.0, learning_rate=3e-3
    )
    result = finetune(base, [only_class(raster, 23)], tmp_path / "mine.safetensors", config)
    assert any("Only one class is labelled" in notice for notice in result.notices)
    before = class_map(base, raster.source)
    tuned = load_model(tmp_path / "base.safetensors", adapter=result.adapter)
    after = class_map(tuned, raster.source)
    known = (truth != 23) & (before == truth)
    assert known.sum() > 0.8 * (truth != 23).sum()
    assert (after == truth)[known].mean() > 0.8
    assert (after == 23)[truth == 23].mean() > 0.5


def class_map(loaded, source):
    predictor = make_predictor(loaded, choose_device("cpu"))
    options = (SegmentOptions(), Progress(), StageClock(), RunSummary())
    return np.concatenate([s.classes for s in class_strips(source, predictor, *options)])


def test_a_new_class_needs_the_head(base, tmp_path):
    raster, _ = labelled_raster((8, 24, 23))
    config = dataclasses.replace(QUICK, parts=("adapters",))
    with pytest.raises(ConfigError, match="does not know sports field"):
        finetune(base, [raster], tmp_path / "mine.safetensors", config)


def test_a_failed_write_leaves_nothing(base, tmp_path):
    raster, _ = labelled_raster((8, 24))
    config = dataclasses.replace(QUICK, steps=1)
    with pytest.raises(OSError):
        finetune(base, [raster], tmp_path / "missing" / "mine.safetensors", config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dead", [True, False])
def test_a_class_that_is_never_predicted_starts_as_what_it_is_taken_for(base, dead):
    model = base.model
    labelled, base_ids = [24], [8, 24]
    config = dataclasses.replace(QUICK, steps=1)
    learner = Learner(copy.deepcopy(model), config, base_ids, base_ids, labelled, "cpu")
    learner.confusion = torch.tensor([[1.0, 0.0] if dead else [0.4, 0.6]])
    start_classes(learner)
    conv = learner.model.mask_decoder.cls_upscaling[3]
    channels = conv.weight.unflatten(0, (-1, 33))
    assert torch.equal(channels[:, 24], channels[:, 8]) == dead
    assert torch.equal(
        channels[:, 8], model.mask_decoder.cls_upscaling[3].weight.unflatten(0, (-1, 33))[:, 8]
    )


def test_the_default_ways_of_learning_resume_exactly_too(base, tmp_path):
    raster, _ = labelled_raster((8, 24))
    usual = FinetuneConfig()
    config = dataclasses.replace(
        QUICK,
        steps=6,
        validate_every=3,
        muon_rate=usual.muon_rate,
        mosaic=usual.mosaic,
        lower_precision=usual.lower_precision,
    )
    output, folder, steps = tmp_path / "mine.safetensors", tmp_path / "state", []
    whole = finetune(base, [raster], tmp_path / "whole.safetensors", config)
    with pytest.raises(Cancelled):
        finetune(
            base,
            [raster],
            output,
            config,
            folder=folder,
            report=lambda s: steps.append(s.step),
            cancelled=lambda: bool(steps) and steps[-1] == 4,
        )
    resumed = finetune(base, [raster], output, config, folder=folder, resume=True)
    losses = [[point.loss for point in run.history if point.step] for run in (whole, resumed)]
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 2
