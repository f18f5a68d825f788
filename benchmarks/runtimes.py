"""The bundled model in this engine beside its ONNX export in onnxruntime and OpenVINO.

``python -m benchmarks.runtimes [--json FILE] [--threads 2] [--repeat 7]``

All run on the CPU with the same threads on the same tiles; each program gets the batch size
that suits it best. onnxruntime's int8 model is made by its dynamic quantisation; OpenVINO runs
the same file. Needs ``pip install onnx onnxscript onnxruntime openvino``.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Callable

import numpy as np
from cwsam.engine.cli import make_predictor
from cwsam.engine.device import choose_device, keep_large_allocations
from cwsam.engine.models.checkpoint import load_model
from cwsam.engine.onnx_export import export_onnx
from torch.profiler import ProfilerActivity, profile

from . import common

BATCHES = (1, 2, 4, 8)
PACKAGES = ("onnx", "onnxscript", "onnxruntime", "openvino")

Run = Callable[[np.ndarray], np.ndarray]


def our_engine(precision: str) -> Run:
    """This engine: what the pipeline calls for each batch."""
    loaded = load_model()
    predictor = make_predictor(loaded, choose_device("cpu", precision))
    return lambda images: predictor.predict(images).numpy()


def with_onnxruntime(path: Path, threads: int) -> Run:
    """The export in onnxruntime with all its optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"image": images})[0]


def with_openvino(path: Path, threads: int) -> Run:
    """OpenVINO's CPU plugin, held to float32."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(path)), "CPU", settings)
    return lambda images: compiled([images])[0]


def quantised(path: Path) -> Path:
    """A file after onnxruntime's dynamic quantisation of its matrix multiplies."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out = path.with_name("int8.onnx")
    quantize_dynamic(path, out, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
    return out


def where_time_goes(run: Run, images: np.ndarray) -> str:
    """The three operations that our engine spends most of its time in."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        run(images)
    events = sorted(seen.key_averages(), key=lambda e: -e.self_cpu_time_total)
    total = sum(e.self_cpu_time_total for e in events)
    return ", ".join(f"{e.key[6:]} {e.self_cpu_time_total / total:.0%}" for e in events[:4])


def measure(runs: dict[str, Run], tile: int, repeat: int) -> dict[str, tuple[float, int]]:
    """Seconds a tile of each program at the batch size that suits it best, and that size."""
    best: dict[str, tuple[float, int]] = {}
    for batch in BATCHES:
        images = np.random.default_rng(batch).standard_normal((batch, 3, tile, tile), np.float32)
        calls = {name: (lambda run=run, images=images: run(images)) for name, run in runs.items()}
        for name, seconds in common.side_by_side(calls, repeat).items():
            best[name] = min(best.get(name, (np.inf, 0)), (seconds / batch, batch))
    return best


def main() -> None:
    """Run the benchmark from the command line."""
    options = common.arguments(__doc__, repeat=7).parse_args()
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(f"This benchmark needs: pip install {' '.join(missing)}")
    keep_large_allocations()
    threads = common.use_threads(options.threads)
    loaded = load_model()
    tile = loaded.config.image_size
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float32.onnx"
        export_onnx(loaded, path, upsample=False)
        small = quantised(path)
        runs = {
            "ours, float32": our_engine("float32"),
            "onnxruntime, float32": with_onnxruntime(path, threads),
            "openvino, float32": with_openvino(path, threads),
            "ours, int8": our_engine("int8"),
            "onnxruntime, int8": with_onnxruntime(small, threads),
            "openvino, int8": with_openvino(small, threads),
            "ours, as chosen": our_engine("auto"),
        }
        images = np.random.default_rng(0).standard_normal((2, 3, tile, tile), np.float32)
        outputs = {name: run(images) for name, run in runs.items()}
        best = measure(runs, tile, options.repeat)
        profile_ = where_time_goes(runs["ours, float32"], images)
    rate = common.matmul_rate()
    exact = outputs["ours, float32"]
    print(f"\nbundled model, tiles of {tile} px, {threads} threads; {choose_device('cpu').reason}")
    print(f"{'':24}{'ms a tile':>10}{'Mpx/s':>8}{'batch':>7}{'÷ ours':>8}  other class than ours")
    for name, (seconds, batch) in best.items():
        other = (outputs[name].argmax(1) != exact.argmax(1)).mean()
        ratio = seconds / best["ours, float32"][0]
        print(
            f"{name:24}{1000 * seconds:10.1f}{tile * tile / 1e6 / seconds:8.2f}{batch:7d}"
            f"{ratio:8.2f}  {other:.2%} of noise pixels"
        )
    print(f"matrix multiply {rate / 1e9:.0f} GFLOP/s; our time goes to {profile_}")
    figures = {}
    for peer, kind in (("onnxruntime", "float32"), ("openvino", "float32"),
                       ("onnxruntime", "int8"), ("openvino", "int8")):  # fmt: skip
        name = f"runtimes.vs_{peer}" + ("_int8" if kind == "int8" else "")
        ratio = best[f"{peer}, {kind}"][0] / best[f"ours, {kind}"][0]
        against = f"{peer} on the ONNX export, {kind}, same threads, same run: its time ÷ ours"
        figures[name] = common.figure(ratio, "x", against, profile_)
    common.finish(figures, options.json)


if __name__ == "__main__":
    main()
