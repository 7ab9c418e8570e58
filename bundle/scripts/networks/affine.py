"""The affine registration model: a pair in, one affine map out, as a matrix or as its field."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spatial import affine_field, fit_affine, fit_rigid, homogeneous, identity_grid, sample, without_autocast
from .scripting import Traced

NOISE = 0.1  # of a scaled intensity: what is darker has no weight, or a wide dark background would have most
LEAST_SPREAD = 1.0  # voxels: what is smaller is a point
CERTAIN = 0.02  # mean squared distance in a view, of both maps: more certain than this no point is


class AffineModel(nn.Module):
    """Pair in, affine map out, found on a coarse grid around each of the two objects.

    Each image is brought to its own standard view first: its centre of gravity in the middle and its spread (the root
    of the mean squared distance from there) at the same length. Shift and size are thus found in closed form, and the
    network has to find what is left: the rotation, and what makes it exact.

    Args:
        head: takes the two views ``(B, 1, *[view_size])``, fixed and moving, and gives the affine map
            ``(B, D, D + 1)`` between them, in coordinates from -1 to 1.
        view_size: voxels along every axis of a view.
        reach: half its side, in spreads.
    """

    def __init__(self, head: nn.Module, view_size: int = 96, reach: float = 2.0) -> None:
        super().__init__()
        self.in_channels = 2
        self.head, self.view_size, self.reach = head, view_size, reach

    def forward(self, pair: Tensor) -> Tensor:
        """Displacement field ``(B, D, *S)`` of a pair ``(B, 2, *S)``, moving then fixed: :meth:`affine` as a field."""
        return affine_field(self.affine(pair), pair.shape[2:])

    def affine(self, pair: Tensor) -> Tensor:
        """The affine map of a pair.

        Args:
            pair: ``(B, 2, *S)``, moving then fixed, in [0, 1], the background 0.

        Returns:
            ``(B, D, D + 1)``, 32-bit, fixed voxel to moving voxel.
        """
        moving, fixed = pair[:, :1], pair[:, 1:]
        return self.between(fixed, moving)

    def between(self, fixed: Tensor, moving: Tensor) -> Tensor:
        """As :meth:`affine`, of two images ``(B, 1, *S)`` and ``(B, 1, *S')`` of any two sizes."""
        (view, frame), (moving_view, moving_frame) = self.view(fixed), self.view(moving)
        found = homogeneous(self.head(view, moving_view).float())
        with without_autocast(fixed.device):
            return (moving_frame @ found @ torch.linalg.inv(frame))[:, :-1]

    def view(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The standard view ``(B, 1, *[view_size])`` and the map ``(B, D + 1, D + 1)`` from it to voxels."""
        frame = self.standard_frame(image)
        return self.seen(image, frame), frame

    def standard_frame(self, image: Tensor) -> Tensor:
        """The map ``(B, D + 1, D + 1)`` from the standard view, from -1 to 1, to the voxels of ``(B, 1, *S)``."""
        with without_autocast(image.device):
            return _standard_frame(image.float(), self.reach)

    def seen(self, image: Tensor, frame: Tensor) -> Tensor:
        """Images ``(B, 1, *S)`` in the views ``(B, 1, *[view_size])`` of which the frames are given."""
        with without_autocast(image.device):
            size = [self.view_size] * (image.ndim - 2)
            unit = (2 * identity_grid(size, device=image.device).flatten(1) + 1) / self.view_size - 1
            points = frame[:, :-1, :-1] @ unit + frame[:, :-1, -1:]
            return sample(image, points.unflatten(-1, size))

    def __prepare_scriptable__(self) -> nn.Module:
        """What ``torch.jit.script`` takes in this model's place, and with it ``monai.bundle ckpt_export``."""
        return Traced(self)


class KeyPointHead(nn.Module):
    """The map between two views by the key points that one network finds in each.

    Symmetric: swapped views give the inverse map.

    Args:
        key_points: gives the points of a view and how far their maps spread around them.
        rigid: a rotation and a shift alone, of the views: sizes are those of the whole.
    """

    def __init__(self, key_points: nn.Module, rigid: bool = False) -> None:
        super().__init__()
        self.key_points, self.fit = key_points, fit_rigid if rigid else fit_affine

    def forward(self, fixed: Tensor, moving: Tensor) -> Tensor:
        """``(B, D, D + 1)``, fixed to moving, of two views; both go through the network at once."""
        points, spread = self.key_points(torch.cat([fixed, moving]))
        (fixed_points, moving_points), spreads = points.chunk(2), spread.chunk(2)
        return self.fit(fixed_points, moving_points, 1 / (CERTAIN + spreads[0] + spreads[1]))


class RegressionHead(nn.Module):
    """The map between two views as the parameters that one network gives for the pair.

    Args:
        network: takes ``(B, 2, *S)``, fixed then moving, and gives ``D * (D + 1)`` numbers.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, fixed: Tensor, moving: Tensor) -> Tensor:
        """``(B, D, D + 1)``, fixed to moving, of two views."""
        dims = fixed.ndim - 2
        found: Tensor = self.network(torch.cat([fixed, moving], dim=1))
        return found.float().unflatten(1, (dims, dims + 1)) + torch.eye(dims, dims + 1, device=found.device)


def _standard_frame(image: Tensor, reach: float) -> Tensor:
    """From coordinates -1 to 1 to voxels, ``(B, D + 1, D + 1)``: around the centre of gravity, as far as ``reach``."""
    index = identity_grid(image.shape[2:], device=image.device).flatten(1)
    mass = (image.flatten(1) - NOISE).clamp_min(0) + 1e-8
    share = mass / mass.sum(1, keepdim=True)
    centre = share @ index.T
    square = (share * (index[None] - centre[..., None]).square().sum(1)).sum(1)
    half = reach * square.sqrt().clamp_min(LEAST_SPREAD)
    dims = len(index)
    lengths = torch.cat([half[:, None].expand(-1, dims), torch.ones_like(half[:, None])], dim=1)
    return torch.diag_embed(lengths) + F.pad(centre[..., None], (dims, 0, 0, 1))
