"""Running the network on a pair, in the precision asked for, and warping with what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn

from ..spatial import warp

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_precision(precision: str) -> torch.dtype | None:
    """Type for autocast, or ``None`` for none; ``"auto"`` takes bfloat16 where the processor computes in it.

    Raises:
        ValueError: if the name is unknown.
    """
    if precision == "auto":
        if torch.cuda.is_available():
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
        return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else None
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be auto or one of {list(PRECISIONS)}, got {precision!r}")
    return PRECISIONS[precision]


class RegistrationInferer(Inferer):
    """Network, then warp.

    MONAI's engines autocast on CUDA only; here the network alone runs under autocast, on any device, and the field,
    the warp and the loss stay in 32 bits.

    Args:
        precision: ``float32``, ``bfloat16``, ``float16`` or ``auto``.
        channels_last: memory layout that convolutions are fastest in.
        refine: ``f(pair, ddf) -> ddf`` that betters the network's field, see :class:`InstanceOptimiser`.
    """

    def __init__(
        self,
        precision: str = "float32",
        channels_last: bool = False,
        refine: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        self.dtype = choose_precision(precision)
        self.channels_last, self.refine = channels_last, refine

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Register a batch.

        Args:
            inputs: pair ``(B, 2C, *S)``, moving then fixed.
            network: gives the field of a pair.

        Returns:
            ``ddf`` ``(B, D, *S)`` in voxels and ``warped`` ``(B, C, *S)``; where ``refine`` changed the field,
            also the one before it, ``network_ddf``.
        """
        layout = {4: torch.channels_last, 5: torch.channels_last_3d}[inputs.ndim]
        pair = inputs.contiguous(memory_format=layout) if self.channels_last else inputs
        with torch.autocast(inputs.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            ddf = network(pair, *args, **kwargs)
        ddf = ddf.float().contiguous()
        moving = inputs[:, : inputs.shape[1] // 2]
        refined = ddf if self.refine is None else self.refine(inputs, ddf)
        output = {"ddf": refined, "warped": warp(moving, refined)}
        return output if refined is ddf else {**output, "network_ddf": ddf}
