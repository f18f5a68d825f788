"""Writes a model as an ONNX file that other programs run: onnxruntime, OpenVINO, Deepness."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import math
import warnings
from contextlib import closing, contextmanager, redirect_stdout
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .classes import class_name
from .errors import ConfigError, DependencyError
from .staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .models.checkpoint import LoadedModel

OPSET = 18
MAX_BYTES = 1_900_000_000
"""Largest weights, in bytes, that fit into the one message that an ONNX file is."""

_NEEDED = ("onnx", "onnxscript")


class _Segmentor(nn.Module):
    """Normalised tiles to class probabilities, at the tile's own resolution if wanted."""

    def __init__(self, loaded: LoadedModel, class_ids: Sequence[int], upsample: bool) -> None:
        super().__init__()
        self.model, self.class_ids, self.upsample = loaded.model, tuple(class_ids), upsample

    def forward(self, image: Tensor) -> Tensor:
        """Map (B, 3, tile, tile) to probabilities (B, K', tile or tile / cell, …)."""
        logits, _ = self.model(image, self.class_ids)
        probabilities = logits.float().softmax(1)
        if self.upsample:
            size = image.shape[2:]
            probabilities = F.interpolate(probabilities, size, mode="bilinear", align_corners=False)
        return probabilities


def export_onnx(
    loaded: LoadedModel, path: Path, tile: int = 0, *, upsample: bool = True
) -> dict[str, str]:
    """Write a model as ONNX, with the metadata that the QGIS plugin Deepness reads.

    The input ``image`` is (B, 3, tile, tile) float32: pixels in 0-1, less the mean, divided by
    the deviation that the metadata names. The output ``probabilities`` is (B, K', tile, tile),
    one channel for each class that the model has seen, in the order of ``class_names``.

    Args:
        loaded: The model, on the CPU, weights in float32.
        path: The file; it appears when it is complete.
        tile: Side of a tile in pixels; 0 for the model's own.
        upsample: Whether the probabilities come at the tile's resolution, as Deepness wants
            them; else at the decoder's, (B, K', 4 tile / patch, 4 tile / patch).

    Returns:
        The metadata written.

    Raises:
        DependencyError: A Python package is missing.
        ConfigError: The tile does not fit the model, or the model no ONNX file.
        OutputError: The file cannot be written.
    """
    check_packages()
    tile = tile or loaded.config.image_size
    patch = loaded.config.encoder.patch_size
    if tile < patch or tile % patch:
        raise ConfigError(f"The tile must be a multiple of {patch} px, not {tile}.")
    size = 4 * sum(p.numel() for p in loaded.model.parameters())
    if size > MAX_BYTES:
        raise ConfigError(
            f"{loaded.name} holds {size / 1e9:.1f} GB of weights, more than one ONNX file may; "
            "export a smaller model."
        )
    class_ids = loaded.card.classes_seen or tuple(range(loaded.config.num_classes))
    metadata = deepness_metadata(loaded, class_ids, tile)
    module = _Segmentor(loaded, class_ids, upsample).eval().requires_grad_(False)
    program = _trace(module, tile)
    program.model.metadata_props.update(metadata)
    program.model.doc_string = loaded.card.title
    with closing(Staging(path)) as staging:
        program.save(str(staging.path), external_data=False)
        staging.commit()
    return metadata


def check_packages() -> None:
    """Refuse to go on without the packages that write ONNX.

    Raises:
        DependencyError: One is missing.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DependencyError(
            f"ONNX export needs the Python packages {' and '.join(_NEEDED)}: run "
            f"'pip install {' '.join(missing)}'."
        )


def deepness_metadata(loaded: LoadedModel, class_ids: Sequence[int], tile: int) -> dict[str, str]:
    """What Deepness reads from a file, each value as JSON, and our class ids and hash beside it.

    Args:
        loaded: The model.
        class_ids: Class id of each output channel.
        tile: Side of a tile in pixels.

    Source: Deepness' documentation, "Add metadata to model"; its code asks for ``tile_size``
    where the documentation says ``tiles_size``, so both are written.
    """
    mean, std = loaded.model.pixel_statistics
    low, high = loaded.card.gsd_m
    legend = loaded.card.legend
    values = {
        "model_type": "Segmentor",
        "class_names": {str(i): class_name(c, legend) for i, c in enumerate(class_ids)},
        # Centimetres a pixel; the geometric middle of what the model is good for.
        "resolution": round(100 * math.sqrt(low * high), 1),
        "tile_size": tile,
        "tiles_size": tile,
        "tiles_overlap": 15,
        "standardization_mean": list(mean),
        "standardization_std": list(std),
        "seg_thresh": 0.0,
        "seg_small_segment": 0,
        "cwsam_class_ids": list(class_ids),
        "cwsam_weights": loaded.identity,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's warnings about packages that are not needed from the user."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _trace(module: nn.Module, tile: int) -> torch.onnx.ONNXProgram:
    """Export with any batch size; torch's chatter goes to the log."""
    # Three tiles: exporters take a size of one, and of the window, for a constant.
    example = torch.zeros(3, 3, tile, tile)
    said = io.StringIO()
    with _quiet_exporter(), redirect_stdout(said), torch.no_grad():
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["probabilities"],
            dynamic_shapes={"image": {0: torch.export.Dim("batch", min=1, max=1024)}},
            verbose=False,
        )
    logging.getLogger(__name__).debug(said.getvalue())
    return program
