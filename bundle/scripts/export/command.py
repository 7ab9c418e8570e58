"""Export in one step: write, compare with the network itself, time."""

from __future__ import annotations

import json
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..engines import load_weights
from ..errors import InputError
from ..files import write_text_atomic
from ..reports.numbers import TINY, number, shown
from ..spatial import LINEAR_MODES
from .formats import save_onnx, save_torchscript
from .runtime import open_exported

logger = logging.getLogger(__name__)

SUFFIXES = {"torchscript": ".ts", "onnx": ".onnx"}
TOLERANCE = 1e-3  # voxels; 32-bit arithmetic in another order is off by about 1e-5


def export_network(
    network: nn.Module,
    ckpt_path: str,
    output_dir: str,
    spatial_size: Sequence[int],
    formats: Sequence[str] = tuple(SUFFIXES),
    metadata: dict[str, Any] | None = None,
    repeats: int = 5,
) -> dict[str, dict[str, float]]:
    """Write ``model.ts`` and ``model.onnx``, compare both with ``network`` and time all three on the CPU.

    The pairs are random, of one and of three, and smooth, so that a field of some size comes of them. A file whose
    field differs by more than a thousandth of a voxel is deleted. The figures are also in ``output_dir/export.json``.

    Args:
        network: on the CPU.
        ckpt_path: file of its weights.
        output_dir: where the files go.
        spatial_size: ``S`` of the ONNX file and of the comparison, voxels.
        formats: of ``torchscript`` and ``onnx``.
        metadata: of the bundle, kept in the TorchScript file.
        repeats: timed runs a format; the median counts.

    Returns:
        Format, and ``eager`` for the network itself, to ``difference`` (largest, voxels) and ``seconds`` (of one pair).

    Raises:
        InputError: if a format is unknown, its packages are missing or its field is another one.
    """
    unknown = set(formats) - set(SUFFIXES)
    if unknown:
        raise InputError(f"{sorted(unknown)[0]} is no format of export; choose of {', '.join(SUFFIXES)}.")
    load_weights(ckpt_path, network)
    network.eval()
    pairs = [smooth_pairs(batch, spatial_size) for batch in (1, 3)]
    eager = _without_gradient(network)
    expected = [eager(pair) for pair in pairs]
    figures = {"eager": {"difference": 0.0, "seconds": median_seconds(eager, pairs[0], repeats)}}
    for name in formats:
        path = Path(output_dir) / f"model{SUFFIXES[name]}"
        if name == "torchscript":
            save_torchscript(network, path, metadata)
        else:
            save_onnx(network, path, spatial_size)
        exported = _without_gradient(open_exported(path))
        difference = max(float((exported(p) - e).abs().max()) for p, e in zip(pairs, expected, strict=True))
        if not difference <= TOLERANCE:
            path.unlink()
            raise InputError(f"{path} gave fields that differ by {number(difference, TINY)} voxels; it was deleted.")
        figures[name] = {"difference": difference, "seconds": median_seconds(exported, pairs[0], repeats)}
        apart, seconds = number(difference, TINY), shown("seconds", figures[name]["seconds"])
        logger.info("%s: at most %s voxels from the network, %s s a pair", path, apart, seconds)
    write_text_atomic(Path(output_dir) / "export.json", json.dumps(figures, indent=2) + "\n")
    return figures


def smooth_pairs(batch: int, spatial_size: Sequence[int]) -> Tensor:
    """Random pairs ``(B, 2, *S)``, always the same, from 0 to 1 with structures of about eight voxels."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, 2, *(-(-size // 8) + 1 for size in spatial_size), generator=generator)
    mode = LINEAR_MODES[len(spatial_size)]
    return nn.functional.interpolate(coarse, size=tuple(spatial_size), mode=mode)


def median_seconds(run: Callable[[Tensor], Tensor], pair: Tensor, repeats: int) -> float:
    """Median wall time of ``run(pair)``, after one run to warm up."""
    run(pair)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run(pair)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _without_gradient(run: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    decorated: Callable[[Tensor], Tensor] = torch.no_grad()(lambda pair: run(pair))
    return decorated
