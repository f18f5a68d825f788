"""A tiny model, synthetic rasters and labels for the tests of fine-tuning."""

import dataclasses
import hashlib

import numpy as np
import torch
from cwsam.engine.array_source import ArraySource
from cwsam.engine.config import (
    DecoderConfig,
    EncoderConfig,
    ModelConfig,
    MoeConfig,
    PromptConfig,
)
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import load_model, save_model
from cwsam.engine.types import Crs, GeoTransform, Window
from cwsam.training.finetune.config import FinetuneConfig
from cwsam.training.finetune.labels import LabelledRaster, LabelPolygon

CONFIG = ModelConfig(
    "tiny",
    image_size=64,
    encoder=EncoderConfig(
        embed_dim=32,
        depth=2,
        num_heads=2,
        patch_size=8,
        window_size=4,
        global_blocks=(1,),
        out_dim=32,
        prompt=PromptConfig(scale_factor=4, interleaved=False),
        moe=MoeConfig(num_experts=2, top_k=2, hidden_dim=32, first_block=1),
    ),
    decoder=DecoderConfig(
        depth=1, num_heads=2, mlp_dim=32, iou_hidden_dim=16, moe=MoeConfig(num_experts=2, top_k=1)
    ),
)
CARD = ModelCard("tiny", classes_seen=(8, 24), licence="CC0", data=("noise",))
COLOURS = {8: (60, 170, 60), 24: (40, 70, 200), 23: (200, 120, 60), 33: (220, 220, 60)}
QUICK = FinetuneConfig(
    seconds=60,
    steps=40,
    batch=2,
    validate_every=10,
    parts=("adapters", "head", "decoder"),
    learning_rate=8e-3,
    device="cpu",
    zoom=1.0,
    refit=0.5,
    chip=64,
    colour_steps=100,
    keep_weight=0.1,
    muon_rate=0.0,
    mosaic=0.0,
    lower_precision=False,
)
METRES = Crs("LOCAL_CS", "test", "projected")


def save_tiny(path, seed=0):
    """Write a tiny model and load it, so that it has a hash."""
    torch.manual_seed(seed)
    save_model(path, build_model(CONFIG), CONFIG, CARD)
    return load_model(path)


def save_taught(path, class_ids=(8, 24), steps=150):
    """Write and load a tiny model that has learnt to tell the classes' colours apart."""
    torch.manual_seed(0)
    model = build_model(CONFIG).train()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    mean, std = (torch.tensor(v)[:, None, None] for v in model.pixel_statistics)
    for step in range(steps):
        raster, truth = labelled_raster(class_ids, 128, seed=step)
        row, col = (step * 13) % 64, (step * 29) % 64
        pixels, _ = raster.source.read(Window(col, row, 64, 64), (1, 2, 3))
        target = torch.from_numpy(truth[row : row + 64, col : col + 64].astype(np.int64))
        logits, _ = model((torch.from_numpy(pixels).float() / 255 - mean)[None] / std, class_ids)
        logits = torch.nn.functional.interpolate(logits, (64, 64), mode="bilinear")
        lookup = torch.zeros(256, dtype=torch.int64)
        lookup[list(class_ids)] = torch.arange(len(class_ids))
        loss = torch.nn.functional.cross_entropy(logits, lookup[target][None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    save_model(path, model, CONFIG, CARD)
    return load_model(path)


def labelled_raster(class_ids=(8, 24), size=256, square=24, seed=0, name="field"):
    """A patchwork of coloured squares, a label in the middle of each third one.

    Returns:
        ``(raster, truth)``: a LabelledRaster and its (size, size) class ids.
    """
    rng = np.random.default_rng(seed)
    n = size // 32
    truth = np.kron(rng.choice(class_ids, (n, n)), np.ones((32, 32), int)).astype(np.uint8)
    colours = np.zeros((256, 3))
    for class_id, colour in COLOURS.items():
        colours[class_id] = colour
    pixels = colours[truth].transpose(2, 0, 1) + rng.normal(0, 6, (3, size, size))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    labels = np.full((size, size), 255, np.uint8)
    polygons = []
    margin = (32 - square) // 2
    for row in range(n):
        for col in range(n):
            if (row + 2 * col) % 3 == 2:
                continue
            top, left = row * 32 + margin, col * 32 + margin
            labels[top : top + square, left : left + square] = truth[top, left]
            bounds = (left, top, left + square, top + square)
            polygons.append(LabelPolygon(int(truth[top, left]), bounds))
    source = ArraySource(pixels, None, GeoTransform(1, 0, 0, 0, -1, 0), METRES, name)
    return LabelledRaster(source, reader(labels), tuple(polygons)), truth


def reader(labels):
    """Labels held in memory as the port wants them."""

    def read(window):
        rows = slice(window.row, window.row + window.height)
        return labels[rows, window.col : window.col + window.width].copy()

    return read


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def only_class(raster, class_id):
    """The same raster with the labels of one class alone."""

    def labels(window):
        found = raster.labels(window)
        found[found != class_id] = 255
        return found

    polygons = tuple(p for p in raster.polygons if p.class_id == class_id)
    return dataclasses.replace(raster, polygons=polygons, labels=labels)
