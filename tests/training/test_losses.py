"""Losses ignore what is unlabelled and fall to zero on the truth."""

import pytest
import torch
from cwsam.engine.layers.moe import MoeLayer
from cwsam.training.losses import (
    balance_loss,
    jaccard_loss,
    jaccard_sums,
    segmentation_loss,
    unknown_loss,
)


def confident(target, classes=4, scale=40.0):
    clean = target.clone()
    clean[clean == 255] = 0
    return torch.nn.functional.one_hot(clean, classes).movedim(-1, 1).float() * scale


def test_truth_has_no_loss():
    target = torch.randint(0, 4, (2, 6, 6))
    assert segmentation_loss(confident(target), target, None, 1.0) < 1e-4


def test_unlabelled_pixels_change_nothing():
    target = torch.randint(0, 4, (2, 6, 6))
    logits = torch.randn(2, 4, 6, 6)
    target[:, :3] = 255
    other = logits.clone()
    other[:, :, :3] = 100 * torch.randn(2, 4, 3, 6)
    first, second = (segmentation_loss(x, target, None, 1.0) for x in (logits, other))
    assert first == pytest.approx(float(second), rel=1e-5)


def test_nothing_labelled_gives_zero_and_a_zero_gradient():
    logits = torch.randn(1, 4, 3, 3, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((1, 3, 3), 255), None, 1.0)
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


def test_jaccard_by_hand():
    probability = torch.tensor([0.8, 0.4])  # of class 1 at two pixels, truth 1 and 0
    logits = torch.stack([torch.log(1 - probability), torch.log(probability)])[None, :, None]
    target = torch.tensor([[[1, 0]]])
    loss = jaccard_loss(jaccard_sums(logits, target, target >= 0))
    iou_1 = 0.8 / (0.8 + 0.4 + 1 - 0.8)
    iou_0 = 0.6 / (0.2 + 0.6 + 1 - 0.6)
    assert float(loss) == pytest.approx(1 - (iou_0 + iou_1) / 2, rel=1e-5)


def test_balance_loss_punishes_one_favourite():
    torch.manual_seed(0)
    layer = MoeLayer(8, 8, 4, 1).train()
    layer(torch.randn(4000, 8))
    even = float(balance_loss(layer))
    with torch.no_grad():
        layer.gate.bias[2] = 50.0
    layer(torch.randn(4000, 8))
    assert float(balance_loss(layer)) > 3.9
    assert even < 1.5


def test_cross_entropy_is_torchs_own():
    target = torch.randint(0, 4, (2, 6, 6))
    target[:, 2] = 255
    logits, weights = torch.randn(2, 4, 6, 6), torch.tensor([0.5, 1.0, 2.0, 4.0])
    expected = torch.nn.functional.cross_entropy(
        logits, target, weights, ignore_index=255, label_smoothing=0.1
    )
    assert float(segmentation_loss(logits, target, weights, 0.0, 0.1)) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_a_rare_class_may_not_claim_the_unlabelled():
    target = torch.full((1, 4, 4), 255)
    target[0, 0] = 1
    logits = torch.zeros(1, 3, 4, 4)
    assert float(unknown_loss(logits, target, {1: 0.4})) == 0
    logits[:, 1] = 20.0
    logits.requires_grad_()
    loss = unknown_loss(logits, target, {1: 0.4})
    loss.backward()
    assert float(loss) == pytest.approx(0.6, abs=1e-4)
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    unknown_loss(logits, target, {1: 0.1}).backward()
    assert (logits.grad[:, 1, 1:] > 0).all()
    assert (logits.grad[:, :, 0] == 0).all()


def test_two_halves_added_up_give_the_loss_of_the_whole():
    """What one process learns from a batch, two learn from its halves."""
    target = torch.randint(0, 4, (2, 6, 6))
    target[0, :5] = 255
    logits, weights = torch.randn(2, 4, 6, 6), torch.tensor([0.5, 1.0, 2.0, 4.0])
    whole = segmentation_loss(logits, target, weights, 1.0, 0.1)
    parts = []
    segmentation_loss(logits[:1], target[:1], weights, 1.0, 0.1, add=lambda x: parts.append(x) or x)
    both = segmentation_loss(
        logits[1:], target[1:], weights, 1.0, 0.1, add=lambda x: x + parts.pop()
    )
    assert float(both) == pytest.approx(float(whole), rel=1e-5)
