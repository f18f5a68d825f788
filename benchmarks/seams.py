"""Whether tiles show in the map: the bundled model on real rasters, cut into tiles in two ways.

``python -m benchmarks.seams --data FOLDER [--json FILE] [--size 640] [--overlap PIXELS]``

A square of every raster is segmented twice, the second time with the grid of tiles shifted by
half a stride, so that where one map has the middle of an overlap (a *seam*) the other has the
middle of a tile. Where both maps disagree, tiles decided. Without seams the share does not depend
on the distance to the nearest seam of either map; ``seams.ratio`` is the share within 8 pixels of
one beside that in the interior. ``seams.step_ratio`` counts class changes from pixel to pixel
across the borders of tiles, beside those elsewhere in the same map between pixels of different
tokens too, since classes change more often there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cwsam.engine.array_source import ArraySource
from cwsam.engine.cli import make_predictor
from cwsam.engine.device import PRECISIONS, choose_device, set_threads
from cwsam.engine.io.raster_source import default_bands, open_raster
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.pipeline import SegmentOptions, plan_tiles, segment, settle_radiometry
from cwsam.engine.types import NODATA_CLASS, Window

from benchmarks.common import arguments, figure, finish

BINS = (0, 4, 8, 16, 32, 48, 1 << 20)
NEAR, FAR = 8, 32
"""Pixels from a seam that count as near it, and from which on as interior."""


class _Map:
    """A sink that joins the strips."""

    def __init__(self) -> None:
        self.strips: list[np.ndarray] = []

    def write(self, strip: object) -> None:
        self.strips.append(strip.classes.copy())


def class_map(pixels: np.ndarray, valid: np.ndarray, predictor: object, options: object):
    """Class map (h, w) of a piece and the tiles' grid."""
    source, joined = ArraySource(pixels, valid), _Map()
    segment(source, predictor, options, None, [joined])
    return np.concatenate(joined.strips), plan_tiles(source.info, predictor, options)[0]


def from_seams(length: int, *grids: tuple[int, tuple[int, ...], int]) -> np.ndarray:
    """Pixels (length,) to the nearest seam on one axis.

    Args:
        length: Pixels of the axis.
        grids: Where a grid of tiles begins, its edges from there, and its tiles' side.
    """
    seams = [
        start + (after + before + tile) / 2
        for start, edges, tile in grids
        for before, after in zip(edges, edges[1:])
    ]
    return np.min([abs(np.arange(length) + 0.5 - seam) for seam in seams], axis=0)


def is_border(length: int, edges: tuple[int, ...], tile: int) -> np.ndarray:
    """Where a border of a tile lies before a pixel, (length,) bool, on one axis."""
    borders = np.zeros(length, bool)
    borders[[*edges[1:], *(edge + tile for edge in edges[:-1])]] = True
    return borders


def measure(path: Path, predictor: object, size: int, overlap: int) -> dict[str, np.ndarray]:
    """Counts for one raster: (bins, 2) disagreeing and all pixels; (2, 2) steps and pairs."""
    with open_raster(path) as source:
        info, bands = source.info, default_bands(source.info)
        options = SegmentOptions(bands=bands, overlap=overlap)
        options = replace(options, radiometry=settle_radiometry(source, options), bands=(1, 2, 3))
        height, width = min(size, info.height), min(size, info.width)
        window = Window((info.width - width) // 2, (info.height - height) // 2, width, height)
        pixels, valid = source.read(window, bands)
    first, grid = class_map(pixels, valid, predictor, options)
    shift = (grid.cols[1] - grid.cols[0]) // 2 // predictor.patch * predictor.patch
    moved = (slice(shift, None), slice(shift, None))
    second, other = class_map(pixels[(..., *moved)], valid[moved], predictor, options)
    apart_x, apart_y = (
        from_seams(n, (0, edges, grid.tile), (shift, others, grid.tile))
        for n, edges, others in (
            (width, grid.cols, other.cols),
            (height, grid.rows, other.rows),
        )
    )
    apart = np.minimum(apart_x, apart_y[:, None])
    # The rasters' own edges, and the shifted one's, have no second tile and stay out.
    inside = np.zeros(first.shape, bool)
    rim = grid.tile // 4
    inside[shift + rim : -rim, shift + rim : -rim] = True
    inside &= first != NODATA_CLASS
    differs = np.zeros(first.shape, bool)
    differs[moved] = first[moved] != second
    which = np.digitize(apart, BINS) - 1
    bins = np.stack(
        [np.bincount(which[use], minlength=len(BINS) - 1) for use in (inside & differs, inside)], 1
    )
    steps = np.zeros((2, 2), np.int64)
    for plane, mask, edges in ((first, inside, grid.cols), (first.T, inside.T, grid.rows)):
        change, both = plane[:, 1:] != plane[:, :-1], mask[:, 1:] & mask[:, :-1]
        border = is_border(plane.shape[1], edges, grid.tile)[1:]
        tokens = np.arange(1, plane.shape[1]) % predictor.patch == 0
        for row, use in enumerate((border, tokens & ~border)):
            steps[row] += (change & both)[:, use].sum(), both[:, use].sum()
    return {"bins": bins, "steps": steps}


def rasters(folder: Path, tile: int) -> list[Path]:
    """Images in a folder that are large enough for several tiles; labels and masks stay out."""
    found = []
    for path in sorted(folder.rglob("*.tif")):
        if "labels" not in path.name and "mask" not in path.name:
            with open_raster(path) as source:
                if min(source.info.width, source.info.height) >= 2 * tile:
                    found.append(path)
    return found


def main() -> None:
    """Measure all rasters of a folder, print a table, and write JSON if asked."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with georeferenced rasters"
    )
    parser.add_argument("--size", type=int, default=640, help="side of the square in pixels")
    parser.add_argument("--overlap", type=int, default=-1, help="an eighth of the tile if -1")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    settings = parser.parse_args()
    threads = set_threads()
    if settings.threads:
        torch.set_num_threads(threads := settings.threads)
    predictor = make_predictor(load_model(), choose_device("cpu", settings.precision))
    bins, steps = np.zeros((len(BINS) - 1, 2), np.int64), np.zeros((2, 2), np.int64)
    head = "  ".join(f"{low:>3}-{high:<3}" for low, high in zip(BINS, BINS[1:-1]))
    print(f"{threads} threads; disagreement in % by distance to the seam in pixels")
    print(f"{'':34}{head}  {BINS[-2]} up   steps at borders / elsewhere")
    for path in rasters(settings.data, predictor.tile):
        counts = measure(path, predictor, settings.size, settings.overlap)
        _show(path.stem, counts["bins"], counts["steps"])
        bins, steps = bins + counts["bins"], steps + counts["steps"]
    if not bins[:, 1].all():
        raise SystemExit(f"{settings.data} holds no raster of several tiles.")
    _show("all", bins, steps)
    near, far = (
        bins[use].sum(0) for use in (np.array(BINS[1:]) <= NEAR, np.array(BINS[:-1]) >= FAR)
    )
    shares, rates = (near[0] / near[1], far[0] / far[1]), steps[:, 0] / steps[:, 1]
    bound = "context that tiles lack at their edges"
    finish(
        {
            "seams.near": figure(shares[0], "share", f"pixels within {NEAR} px of a seam", bound),
            "seams.interior": figure(
                shares[1], "share", f"pixels {FAR} px from all seams on", bound
            ),
            "seams.ratio": figure(shares[0] / shares[1], "x", "seams.interior", bound),
            "seams.step_ratio": figure(rates[0] / rates[1], "x", "class changes elsewhere", bound),
        },
        settings.json,
    )


def _show(name: str, bins: np.ndarray, steps: np.ndarray) -> None:
    shares = [f"{100 * a / b:7.2f}" if b else "      -" for a, b in bins]
    rates = [100 * a / b for a, b in steps]
    print(f"{name[:32]:34}{'  '.join(shares)}   {rates[0]:.2f} / {rates[1]:.2f}")


if __name__ == "__main__":
    main()
