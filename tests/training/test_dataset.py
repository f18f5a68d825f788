"""Chips keep image and labels together."""

import numpy as np
import pytest
import torch
from cwsam.engine.errors import TrainingDataError
from cwsam.training.augment import cutmix, flip_and_turn
from cwsam.training.cli import read_file
from cwsam.training.dataset import (
    ChipSampler,
    crop_and_scale,
    derived_seed,
    load_scenes,
    validation_chips,
)
from tests.training.conftest import COLOURS


def nearest_class(image):
    """Class whose colour is nearest, (…, h, w) from (…, 3, h, w) in 0-1."""
    ids = list(COLOURS)
    colours = torch.tensor([COLOURS[i] for i in ids]) / 255
    distance = (image.unsqueeze(-4) - colours[:, :, None, None]).pow(2).sum(-3)
    return torch.tensor(ids)[distance.argmin(-3)]


def test_scenes_come_from_files(data_folder):
    scenes = load_scenes(data_folder, "train", {"blocks"}, read_file)
    assert [s.name for s in scenes] == ["0", "1"]
    assert scenes[0].image.shape == (3, 80, 100)
    assert set(np.unique(scenes[0].labels)) <= {8, 24, 28, 255}


def test_size_mismatch_names_both_files(data_folder):
    (data_folder / "blocks" / "0.png").write_bytes((data_folder / "blocks" / "0.png").read_bytes())
    from tests.data.rasters import write_raster

    write_raster(
        data_folder / "blocks/0_labels.png",
        np.zeros((1, 9, 9), np.uint8),
        crs=None,
        transform=None,
        driver="PNG",
    )
    with pytest.raises(TrainingDataError, match="differ in size"):
        load_scenes(data_folder, "train", {"blocks"}, read_file)


@pytest.mark.parametrize("size", [32, 64, 100, 128])
def test_crops_keep_labels_on_their_pixels(scenes, size):
    image, labels = crop_and_scale(scenes[0], size, 64, 0, 0)
    assert image.shape == (3, 64, 64)
    known = labels != 255
    agree = nearest_class(image)[known] == labels[known]
    assert agree.float().mean() > 0.9  # block borders are mixed by scaling


def test_turns_and_pastes_keep_labels_on_their_pixels(scenes):
    rng = torch.Generator().manual_seed(1)
    for _ in range(8):
        image, labels = flip_and_turn(*crop_and_scale(scenes[0], 64, 64, 0, 0), rng)
        known = labels != 255
        assert (nearest_class(image)[known] == labels[known]).all()
    chips = [crop_and_scale(s, 64, 64, 0, 0) for s in scenes]
    (image, labels), donor = (tuple(t.clone() for t in chips[0]), chips[1])
    cutmix(image, labels, *donor, rng)
    known = labels != 255
    assert not torch.equal(image, chips[0][0])
    assert (nearest_class(image)[known] == labels[known]).all()


def test_a_chip_is_the_same_whoever_draws_it(scenes, recipe):
    one, other = (ChipSampler(scenes, recipe) for _ in range(2))
    whole = one.batch(range(4))
    assert whole[0].shape == (4, 3, 64, 64)
    halves = [other.batch(numbers) for numbers in (range(2, 4), range(2))]
    for i in range(2):
        assert torch.equal(whole[i], torch.cat([halves[1][i], halves[0][i]]))
    assert not torch.equal(whole[0][0], whole[0][1])


def test_seeds_of_neighbours_have_nothing_in_common():
    seeds = {derived_seed(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900
    assert all(0 <= s < 2**63 for s in seeds)


def test_the_shards_of_validation_are_the_whole(scenes):
    whole = torch.cat([labels for _, labels in validation_chips(scenes, 32, 4)])
    shards = [torch.cat([x for _, x in validation_chips(scenes, 32, 4, n, 3)]) for n in range(3)]
    assert sum(map(len, shards)) == len(whole)
    assert torch.equal(shards[1], whole[1::3])


def test_validation_sees_every_labelled_pixel_once(scenes):
    count = sum(int((labels != 255).sum()) for _, labels in validation_chips(scenes, 64, 4))
    assert count == sum(int((s.labels != 255).sum()) for s in scenes)
