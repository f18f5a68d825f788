"""A reference of square blocks and a map of the same ground that is wrong here and there."""

import numpy as np
import pytest

IDS = (5, 8, 24)


def blocks(seed, height=60, width=90, side=6):
    """Class ids (height, width) uint8 in squares, at random."""
    random = np.random.default_rng(seed)
    coarse = random.choice(IDS, (-(-height // side), -(-width // side)))
    return np.kron(coarse, np.ones((side, side), int))[:height, :width].astype(np.uint8)


@pytest.fixture
def truth():
    """Reference (60, 90) uint8; the seven columns on the left are not labelled."""
    labels = blocks(1)
    labels[:, :7] = 255
    return labels


@pytest.fixture
def mapped(truth):
    """Map (60, 90) uint8 without gaps; a fifth of it is at random."""
    wrong = np.random.default_rng(2).random(truth.shape) < 0.2
    return np.where(wrong, blocks(3), np.where(truth == 255, 5, truth)).astype(np.uint8)
