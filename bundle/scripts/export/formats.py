"""Writing a network that takes pairs as TorchScript and as ONNX; the files are complete or absent."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.data import save_net_with_metadata
from torch import nn

from ..errors import InputError
from ..files import atomic_path
from ..networks import Recurrence

OPSET = 20  # the first whose GridSample takes volumes
INPUT, OUTPUT = "pair", "ddf"
INSTEAD = "export it with --formats \"['torchscript']\""


def save_torchscript(network: nn.Module, path: Path, metadata: Mapping[str, Any] | None = None) -> None:
    """Write ``network`` as TorchScript: any batch and any spatial size.

    Args:
        network: takes ``(B, 2C, *S)``, gives ``(B, D, *S)``.
        path: of the file, ``.ts``.
        metadata: of the bundle, kept in the file as MONAI does.
    """
    with atomic_path(path) as temporary:
        save_net_with_metadata(
            torch.jit.script(network), str(temporary), False, append_timestamp=False, meta_values=dict(metadata or {})
        )


def save_onnx(network: nn.Module, path: Path, spatial_size: Sequence[int]) -> None:
    """Write ``network`` as ONNX, input ``pair``, output ``ddf``: any batch, one spatial size.

    Args:
        network: takes ``(B, 2, *S)``, gives ``(B, D, *S)``.
        path: of the file, ``.onnx``; the weights are in it.
        spatial_size: ``S``, voxels.

    Raises:
        InputError: if a package that ONNX needs is missing, the network remembers (its loop over frames has no fixed
            length), or PyTorch's exporter cannot read it.
    """
    if any(isinstance(part, Recurrence) for part in network.modules()):
        raise InputError(f"a recurrent network cannot be written as ONNX; {INSTEAD}.")
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(f"ONNX needs the package {error.name}; pip install onnx onnxruntime onnxscript.") from error
    example = torch.rand(2, 2, *spatial_size, device=next(network.parameters()).device)
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells at length which packages it does without
    try:
        with atomic_path(path) as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network.eval(),
                (example,),
                temporary,
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                external_data=False,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise InputError(f"PyTorch cannot write this network as ONNX ({_reason(error)}); {INSTEAD}.") from error
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def _reason(error: BaseException) -> str:
    """The first line of what an error came from."""
    return str(error.__cause__ or error).strip().partition("\n")[0].rstrip(".")
