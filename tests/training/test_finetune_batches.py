"""Chips of fine-tuning: views keep their parts aligned, mosaics hold quarters of four."""

import pytest
import torch
from cwsam.engine.errors import ConfigError
from cwsam.engine.types import NODATA_CLASS, Window
from cwsam.training.finetune.batches import draw_batch, mosaic, paste, pools_of
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.plates import Plate

SIDE, CELLS = 32, 16


def plate(class_id):
    """A plate whose image, labels and base all say its class."""
    return Plate(
        torch.full((3, SIDE, SIDE), class_id, dtype=torch.uint8),
        torch.full((SIDE, SIDE), class_id, dtype=torch.uint8),
        torch.ones(SIDE, SIDE, dtype=torch.bool),
        0,
        Window(0, 0, SIDE, SIDE),
        torch.full((2, CELLS, CELLS), class_id / 256, dtype=torch.float16),
    )


def parts(class_id):
    p = plate(class_id)
    return p.image.float(), p.labels, p.valid, p.base.float()


def test_a_mosaic_has_a_quarter_of_each():
    image, labels, valid, base = mosaic([parts(c) for c in (1, 2, 3, 4)])
    assert image.shape == (3, SIDE, SIDE)
    assert base.shape == (2, CELLS, CELLS)
    assert valid.all()
    half = SIDE // 2
    expected = torch.tensor([[1, 2], [3, 4]]).repeat_interleave(half, 0).repeat_interleave(half, 1)
    assert torch.equal(labels.long(), expected)
    assert torch.equal(image[0].long(), expected)
    assert torch.equal((base[0] * 256).long(), expected[::2, ::2])


def test_its_quarters_are_cut_at_random_places_and_stay_aligned():
    torch.manual_seed(0)
    rows = torch.arange(SIDE, dtype=torch.uint8)[:, None].expand(SIDE, SIDE)
    view = (
        rows.float().expand(3, -1, -1),
        rows,
        torch.ones(SIDE, SIDE, dtype=torch.bool),
        rows[::2, ::2].float()[None],
    )
    firsts = set()
    for _ in range(12):
        image, labels, _, base = mosaic([view] * 4)
        assert torch.equal(image[0].to(torch.uint8), labels)
        assert torch.equal(labels[::2, ::2], base[0].to(torch.uint8))
        firsts.add(int(labels[0, 0]))
    assert len(firsts) > 3


def test_only_labelled_pixels_are_pasted():
    over, under = parts(3), parts(7)
    over[1][:, 10:] = NODATA_CLASS
    under[2][:] = False
    image, labels, valid, base = paste(over, under)
    expected = torch.full((SIDE, SIDE), 7)
    expected[:, :10] = 3
    assert torch.equal(labels.long(), expected)
    assert torch.equal(image[1].long(), expected)
    assert torch.equal(valid, expected == 3)
    assert torch.equal(base, under[3])


def test_pasted_labels_meet_other_classes():
    torch.manual_seed(1)
    half = [plate(1), plate(2)]
    for one in half:
        one.labels[SIDE // 2 :] = NODATA_CLASS
    config = FinetuneConfig(batch=24, mosaic=0.0, paste=1.0, zoom=1.0)
    batch = draw_batch(pools_of(half, (1, 2)), [], config)
    assert any(set(labels.unique().tolist()) >= {1, 2} for labels in batch.labels)


@pytest.mark.parametrize(("share", "classes"), [(0.0, 1), (1.0, 2)])
def test_a_chip_of_a_batch_shows_more_classes_as_a_mosaic(share, classes):
    torch.manual_seed(1)
    config = FinetuneConfig(batch=24, mosaic=share, paste=0.0, zoom=1.0)
    batch = draw_batch(pools_of([plate(1), plate(2)], (1, 2)), [], config)
    assert batch.images.shape == (24, 3, SIDE, SIDE)
    assert max(len(labels.unique()) for labels in batch.labels) == classes


def test_shares_beyond_one_are_refused():
    with pytest.raises(ConfigError, match="mosaics"):
        FinetuneConfig(mosaic=1.5)
