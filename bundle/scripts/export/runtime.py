"""Running an exported network as other programs do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from .formats import INPUT

Field = Callable[[Tensor], Tensor]


def open_exported(path: Path, threads: int | None = None) -> Field:
    """A function from a pair ``(B, 2C, *S)`` to its field ``(B, D, *S)``, on the CPU.

    Args:
        path: of a ``.ts`` or ``.onnx`` file.
        threads: of ONNX Runtime; ``None`` for as many as PyTorch uses.

    Raises:
        InputError: if the file is of another kind, or ONNX Runtime is missing.
    """
    if path.suffix == ".ts":
        module = torch.jit.load(str(path), map_location="cpu").eval()
        return lambda pair: torch.as_tensor(module(pair))
    if path.suffix == ".onnx":
        return _open_onnx(path, threads or torch.get_num_threads())
    raise InputError(f"{path} is no exported network; give a .ts or .onnx file.")


def _open_onnx(path: Path, threads: int) -> Field:
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError("ONNX needs the package onnxruntime; pip install onnx onnxruntime onnxscript.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda pair: torch.from_numpy(session.run(None, {INPUT: pair.numpy()})[0])
