"""The expert for colours: its statistics against scipy's, and what blending leaves alone."""

import numpy as np
import torch
from cwsam.engine.layers.colour_expert import (
    FEATURES,
    WINDOWS,
    ColourExpert,
    blend,
    local_statistics,
)
from scipy.ndimage import uniform_filter


def test_the_statistics_are_those_of_scipy():
    image = np.random.default_rng(0).normal(size=(3, 48, 48)).astype(np.float32)
    found = local_statistics(torch.from_numpy(image)[None], 2)[0].numpy()
    wanted = [image]
    for side in WINDOWS:
        mean, square = (
            uniform_filter(values.astype(np.float64), (1, side, side), mode="nearest")
            for values in (image, image**2)
        )
        wanted += [mean, np.sqrt(square - mean**2)]
    wanted = np.concatenate(wanted).reshape(FEATURES, 24, 2, 24, 2).mean((2, 4))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_blend_leaves_other_classes_and_the_sum_alone():
    chances = torch.rand(2, 5, 4, 4).softmax(1)
    own = torch.rand(2, 2, 4, 4).softmax(1)
    mixed = blend(chances, own, [3, 1], 0.4)
    torch.testing.assert_close(mixed[:, [0, 2, 4]], chances[:, [0, 2, 4]])
    torch.testing.assert_close(mixed.sum(1), torch.ones(2, 4, 4))
    first, second = (
        chances[:, row] ** 0.6 * own[:, place] ** 0.4 for row, place in ((3, 0), (1, 1))
    )
    theirs = chances[:, 3] + chances[:, 1]
    torch.testing.assert_close(mixed[:, 3], theirs * first / (first + second))


def test_where_the_network_sees_none_of_the_classes_nothing_is_made_up():
    chances = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    own = torch.tensor([0.9, 0.1]).view(1, 2, 1, 1)
    torch.testing.assert_close(blend(chances, own, [1, 2], 0.5), chances)


def test_only_classes_that_are_wanted_take_part():
    torch.manual_seed(0)
    expert = ColourExpert((7, 2, 9))
    expert.share.data.fill_(0.5)
    images, logits = torch.rand(1, 3, 32, 32), torch.randn(1, 3, 16, 16)
    found = expert(images, logits, (2, 4, 7)).exp()
    own = expert.opinion(images, 2)[:, :2]
    own = own / own.sum(1, keepdim=True)
    wanted = blend(logits.softmax(1), own, [2, 0], 0.5)
    torch.testing.assert_close(found, wanted)
    unchanged = expert(images, logits, (1, 4, 5)).exp()
    torch.testing.assert_close(unchanged, logits.softmax(1))


def test_without_a_share_it_has_no_say():
    images, logits = torch.rand(1, 3, 32, 32), torch.randn(1, 12, 8, 8)
    found = ColourExpert((7, 2))(images, logits, None)
    torch.testing.assert_close(found.exp(), logits.softmax(1))
