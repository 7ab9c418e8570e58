"""Running the network on a pair, in the precision asked for, and warping with what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn

from ..errors import InputError
from ..networks.registration import LAYOUTS
from ..spatial import warp
from .finite import is_finite

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_precision(precision: str, device: torch.device) -> torch.dtype | None:
    """Type for autocast on ``device``, or ``None`` for none.

    ``"auto"`` takes bfloat16 where the device computes in it.
    """
    if precision != "auto":
        return PRECISIONS[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    return torch.bfloat16 if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported() else None


class RegistrationInferer(Inferer):
    """Network, then warp.

    MONAI's engines autocast on CUDA only; here the network alone runs under autocast, on any device, and the field,
    the warp and the loss stay in 32 bits.

    Args:
        precision: ``float32``, ``bfloat16``, ``float16`` or ``auto``.
        channels_last: memory layout that convolutions are fastest in.
        refinement: ``f(pair, ddf) -> ddf`` that betters the network's field, see :class:`Refinement`.

    Raises:
        ValueError: if the precision is unknown.
    """

    def __init__(
        self,
        precision: str = "float32",
        channels_last: bool = False,
        refinement: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        if precision not in ("auto", *PRECISIONS):
            raise ValueError(f"precision must be auto or one of {list(PRECISIONS)}, got {precision!r}")
        self.precision, self.channels_last, self.refinement = precision, channels_last, refinement

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Register a batch.

        Args:
            inputs: pair ``(B, 2C, *S)``, moving then fixed.
            network: gives the field of a pair.

        Returns:
            ``ddf`` ``(B, D, *S)`` in voxels and ``warped`` ``(B, C, *S)``; where ``refinement`` changed the field,
            also the one before it, ``network_ddf``.

        Raises:
            InputError: if the field of a network that is not in training, or its refinement, is not finite.
            ValueError: if ``inputs`` is no batch of 2-D or 3-D pairs.
        """
        if inputs.ndim not in LAYOUTS:
            raise ValueError(f"a batch of pairs (B, 2C, *S) in 2-D or 3-D is needed, got shape {tuple(inputs.shape)}")
        pair = inputs.contiguous(memory_format=LAYOUTS[inputs.ndim]) if self.channels_last else inputs
        dtype = choose_precision(self.precision, inputs.device)
        with torch.autocast(inputs.device.type, dtype=dtype, enabled=dtype is not None):
            ddf = network(pair, *args, **kwargs)
        ddf = ddf.float().contiguous()
        trains = getattr(network, "training", False)  # its own handler tells, and knows more
        if not (trains or is_finite(ddf)):
            raise InputError(
                "the network's displacements are not finite: its weights are damaged, or their training diverged; "
                "name others with --ckpt_path."
            )
        moving = inputs[:, : inputs.shape[1] // 2]
        refined = ddf if self.refinement is None else self.refinement(inputs, ddf)
        output = {"ddf": refined, "warped": warp(moving, refined)}
        return output if refined is ddf else {**output, "network_ddf": ddf}
