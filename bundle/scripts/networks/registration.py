"""The registration model: a backbone's output made a displacement field of the image's size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..spatial import ScalingSquaring, compose, crop_to, halve_field, pad_to_multiple, upsample_field, warp
from .scripting import Traced

LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the axes of a batch


class RegistrationModel(nn.Module):
    """Pair in, displacement field out, around any backbone that keeps or halves the image's size.

    Args:
        backbone: takes ``(B, 2C, *S)``, moving then fixed, gives ``(B, D, *s)`` in voxels of its grid.
        velocity: read the backbone's output as a stationary velocity field and integrate it.
        integration_steps: squarings of the integration.
        half_resolution: integrate at half the image's size: faster, smoother; a backbone whose output is of
            the image's size is averaged down for it.
        size_divisor: pad the pair to a multiple of this before a backbone that does not pad by itself.
        passes: times that the backbone looks: every time after the first it registers what the fields before have left
            (recursive cascades: Zhao et al., ICCV 2019, arXiv:1907.12353; here with one set of weights).

    Raises:
        ValueError: if ``passes`` is below 1.
    """

    def __init__(
        self,
        backbone: nn.Module,
        velocity: bool = False,
        integration_steps: int = 7,
        half_resolution: bool = False,
        size_divisor: int = 1,
        passes: int = 1,
    ) -> None:
        super().__init__()
        if passes < 1:
            raise ValueError(f"passes must be at least 1, got {passes}")
        self.backbone = backbone
        self.integrate = ScalingSquaring(integration_steps) if velocity else None
        self.half_resolution = half_resolution
        self.size_divisor, self.passes = size_divisor, passes

    def forward(self, pair: Tensor) -> Tensor:
        """Displacement field of a pair.

        Args:
            pair: ``(B, 2C, *S)``, moving then fixed.

        Returns:
            ``ddf`` ``(B, D, *S)``, 32-bit, in voxels: warped(x) = moving(x + ddf(x)).

        Raises:
            ValueError: if the backbone's output has not one channel per axis.
        """
        ddf = self._look(pair)
        moving, fixed = pair.chunk(2, dim=1)
        for _ in range(self.passes - 1):
            ddf = compose(ddf, self._look(_laid_out(torch.cat([warp(moving, ddf), fixed], 1), pair)))
        return ddf

    def _look(self, pair: Tensor) -> Tensor:
        size, dims = pair.shape[2:], pair.ndim - 2
        padded = pad_to_multiple(pair, self.size_divisor)
        field = self.backbone(padded).float()
        if field.shape[1] != dims:
            raise ValueError(f"the backbone must give {dims} channels, one per axis, got shape {tuple(field.shape)}")
        if self.half_resolution and field.shape[2:] == padded.shape[2:]:
            field = halve_field(field)
        if self.integrate is not None:
            field = self.integrate(field)
        return crop_to(upsample_field(field, padded.shape[2:]), size)

    def __prepare_scriptable__(self) -> nn.Module:
        """What ``torch.jit.script`` takes in this model's place, and with it ``monai.bundle ckpt_export``."""
        return Traced(self)


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """In the memory layout of another tensor, which the convolutions that follow take over."""
    layout = LAYOUTS[like.ndim]
    return tensor.contiguous(memory_format=layout) if like.is_contiguous(memory_format=layout) else tensor
