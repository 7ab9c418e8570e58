"""A registration from coarse to fine: every look registers what the looks before it have left.

Pyramids that warp between their levels: Mok & Chung, LapIRN, MICCAI 2020 (arXiv:2006.16148); looks that share weights:
Zhao et al., recursive cascades, ICCV 2019 (arXiv:1907.12353); a network that is shown the gradient of the similarity
and learns a step from it: Qiu et al., GraDIRN, MICCAI 2022 (arXiv:2112.03915).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from monai.networks.utils import pixelunshuffle
from torch import Tensor, nn

from ..spatial import ScalingSquaring, compose, crop_to, pad_to_multiple, smooth, upsample_field, warp
from .force import POOLED, difference_force, followed, similarity_force
from .scripting import Traced

BLOCK = 2  # voxels an axis that are rearranged into channels: fields live on the grid of half the size
FORCES = ("correlation", "difference")
FURTHEST = 2.0  # voxels of that grid, an axis: what a backbone adds to a step; unbounded, one bad batch ends a training


class RegistrationPyramid(nn.Module):
    """Pair in, displacement field out, by looks at the pair at several resolutions.

    A look averages the images over ``reduction`` voxels an axis, the moving one warped by the field so far, and moves
    every voxel of the grid of half their size along the smoothed force of their similarity, by less than its ``step``.
    Its backbone sees blocks of two voxels an axis as channels, that force, and where the field so far is rough; what it
    says, of at most :data:`FURTHEST`, is added: a step of a classical registration, and what a network knows better.
    Fields are integrated and composed on the grid of half the image's size: in 3-D an eighth of the work.

    In training, a look is drawn, those before it are made without gradient, and its field is the result: every look
    learns to better what it is given, at the price of one.

    Args:
        backbones: take ``(B, 2C * 2^D + 2D, *s)``, give ``(B, D, *t)`` in voxels of their grid, of the size ``s`` or a
            half, quarter, ... of it; one set of weights each.
        looks: ``(backbone, reduction)`` of every look, in order; a reduction is a power of two. A look without a
            backbone, ``None``, follows the force alone: what it learns is how far.
        step: of the first look at a resolution, in voxels of its grid, before training.
        decay: of the steps that follow at that resolution.
        window: of the local correlation, odd, voxels at the look's resolution.
        contrast: weight of the squared difference beside it.
        integration_steps: squarings of the integration.
        in_channels: of a pair, ``2C``.
        force: ``correlation``, of images, or ``difference``, of C channels that describe each image (self-similarity,
            say) and are compared one by one; window and contrast then say nothing.
        smoothing: standard deviation of a Gaussian over the force, voxels of the grid of half the look's size.
        spatial_dims: 2 or 3; needed for TorchScript alone, and there only where no backbone tells.

    Raises:
        ValueError: if there is no look, a look names no backbone, or there is no such force.
    """

    def __init__(
        self,
        backbones: Sequence[nn.Module],
        looks: Sequence[tuple[int | None, int]],
        step: float = 1.2,
        decay: float = 0.9,
        window: int = 7,
        contrast: float = 10.0,
        integration_steps: int = 4,
        in_channels: int = 2,
        force: str = "correlation",
        smoothing: float = 1.0,
        spatial_dims: int | None = None,
    ) -> None:
        super().__init__()
        if not looks or any(index is not None and not 0 <= index < len(backbones) for index, _ in looks):
            raise ValueError(f"every look must name one of {len(backbones)} backbones or none, got {list(looks)}")
        if force not in FORCES:
            raise ValueError(f"force must be one of {list(FORCES)}, got {force!r}")
        self.backbones = nn.ModuleList(backbones)
        self.looks = [(None if index is None else int(index), int(reduction)) for index, reduction in looks]
        repeats = [[before[1] for before in self.looks[:at]].count(look[1]) for at, look in enumerate(self.looks)]
        self.steps = nn.Parameter(float(step) * float(decay) ** torch.tensor(repeats, dtype=torch.float32))
        self.window, self.contrast, self.in_channels, self.force = window, contrast, in_channels, force
        self.smoothing, self.spatial_dims = smoothing, spatial_dims
        self.integrate = ScalingSquaring(integration_steps)

    def forward(self, pair: Tensor) -> Tensor:
        """Displacement field of a pair.

        Args:
            pair: ``(B, 2C, *S)``, moving then fixed, in [0, 1].

        Returns:
            ``ddf`` ``(B, D, *S)``, 32-bit, in voxels: warped(x) = moving(x + ddf(x)).
        """
        size = pair.shape[2:]
        padded = pad_to_multiple(pair, BLOCK * max(reduction for _, reduction in self.looks))
        last = int(torch.randint(len(self.looks), ())) if self.training else len(self.looks) - 1
        return crop_to(upsample_field(self._half_field(padded, last), padded.shape[2:]), size)

    def _half_field(self, pair: Tensor, last: int) -> Tensor:
        """The field after the look ``last``, on the grid of half the size, ``(B, D, *S / 2)``, in its voxels."""
        moving, fixed = pair.chunk(2, dim=1)
        half = [extent // BLOCK for extent in pair.shape[2:]]
        field = pair.new_zeros(pair.shape[0], len(half), *half, dtype=torch.float32)
        for at in range(last + 1):
            with torch.no_grad() if self.training and at < last else nullcontext():
                warped = warp(moving, upsample_field(field, pair.shape[2:])) if at else moving
                field = compose(field, upsample_field(self._look(warped, fixed, field, at), half))
        return field

    def _look(self, warped: Tensor, fixed: Tensor, field: Tensor, at: int) -> Tensor:
        """What is left, as a field on the look's grid of half the size, in its voxels."""
        index, reduction = self.looks[at]
        dims = fixed.ndim - 2
        if reduction > 1:
            pooled = POOLED[dims]
            warped, fixed = pooled(warped, reduction), pooled(fixed, reduction)
            field = pooled(field, reduction) / reduction
        if self.force == "difference":
            pulls = difference_force(warped, fixed)
        else:
            pulls = similarity_force(warped, fixed, self.window, self.contrast)
        force = followed(*smooth(torch.cat(pulls, 1), self.smoothing).split([dims, 1], 1))
        step = self.steps[at] * force
        if index is not None:
            rough = smooth(field, self.smoothing) - field
            # Blocks of voxels, so that no convolution is of full size.
            blocks = pixelunshuffle(torch.cat([warped, fixed], 1), dims, BLOCK)
            learned = self.backbones[index](torch.cat([blocks, force, rough], 1)).float()
            step = step + FURTHEST * torch.tanh(upsample_field(learned, force.shape[2:]) / FURTHEST)
        return self.integrate(step)

    def __prepare_scriptable__(self) -> nn.Module:
        """What ``torch.jit.script`` takes in this model's place, and with it ``monai.bundle ckpt_export``."""
        return Traced(self)
