"""What the quality benchmark measures with."""

import dataclasses

import numpy as np
import torch
from cwsam.engine.layers.moe import MoeLayer
from tests.training.conftest import COLOURS

from benchmarks.quality import make_trainer, recipe, watched_experts
from benchmarks.quality_rivals import TRIAL_STEPS, UNet, averaged, local_statistics, train_for


def test_local_statistics_by_hand():
    image = np.random.default_rng(0).integers(0, 256, (3, 40, 50)).astype(np.uint8)
    features = local_statistics(image)
    assert features.shape == (40, 50, 21)
    assert (features[..., :3] == image.transpose(1, 2, 0)).all()
    window = image[1, 18:23, 28:33].astype(float)
    assert np.isclose(features[20, 30, 4], window.mean(), atol=1e-3)
    assert np.isclose(features[20, 30, 7], window.std(), atol=1e-2)


def test_the_experts_that_tokens_go_to_are_counted():
    layer = MoeLayer(4, 8, 3, 2).eval()
    with torch.no_grad():
        layer.gate.weight.zero_()
        layer.gate.bias.copy_(torch.tensor([0.0, 5.0, 4.0]))
    with watched_experts(torch.nn.Sequential(layer)) as counts:
        layer(torch.zeros(2, 5, 4))
    assert counts["0"].tolist() == [0, 10, 10]
    layer(torch.zeros(2, 5, 4))
    assert counts["0"].tolist() == [0, 10, 10]


def test_the_u_net_sees_whole_images():
    model = UNet(6)
    assert sum(p.numel() for p in model.parameters()) > 1e6
    assert model.eval()(torch.zeros(1, 3, 64, 96))[0].shape == (1, 6, 64, 96)


def test_a_rival_trains_for_a_time(scenes):
    classes = tuple(COLOURS)
    settings = dataclasses.replace(
        recipe(), classes=classes, sources={}, chip=64, batch=2, class_power=0.0
    )
    model = UNet(len(classes), width=4)
    trainer = make_trainer(model, scenes, settings)
    before = model.head.weight.clone()
    steps, used = train_for(trainer, 0.01)
    assert steps > TRIAL_STEPS
    assert 0 < used < 0.2
    assert not torch.equal(averaged(trainer).head.weight, before)
