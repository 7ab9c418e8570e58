"""An affine model that finds how every image by itself lies, and the map of a pair from that."""

from __future__ import annotations

from itertools import permutations, product

import torch
from torch import Tensor, nn

from ..spatial import fit_linear, homogeneous, without_autocast
from .affine import CERTAIN, AffineModel

WIDTH = 0.6  # of the cube in which the constellation lies, half its side: a brain in its view reaches as far
KEPT = 16  # points of which a pose is made in training, drawn anew: so that each learns its own place


class PoseModel(AffineModel):
    """Pair in, affine map out, each image brought by itself to where the atlas lies.

    A network is shown the standard view of one image and finds the places of a fixed constellation of points, which
    tell how the image lies to the atlas: its pose. The map of a pair is the one pose after the inverse of the other:
    swapped images give the inverse map. A network that knows rotations up to some angle needs no more: it begins at
    every quarter turn of the view, sees again what it has made upright, and where the points then lie nearest to the
    constellation, the image does lie upright.

    In training the fixed image is the atlas, which lies as it should by definition: its pose is that of its view, and
    what is learned is the pose of the moving image. There are no turns then.

    Args:
        head: takes views ``(B, 1, *[view_size])`` and gives their poses, see :class:`PoseHead`.
        view_size: voxels along every axis of a view.
        reach: half its side, in spreads of the object.
        passes: times that an image is seen again as it was found; after one, some turns were mistaken for others.
    """

    def __init__(self, head: nn.Module, view_size: int = 40, reach: float = 2.0, passes: int = 2) -> None:
        super().__init__(head, view_size, reach)
        self.passes = passes

    def between(self, fixed: Tensor, moving: Tensor) -> Tensor:
        """The affine map ``(B, D, D + 1)``, fixed voxel to moving voxel, of ``(B, 1, *S)`` and ``(B, 1, *S')``."""
        with without_autocast(fixed.device):
            if self.training:
                view, frame = self.view(moving)
                there, here = frame @ homogeneous(self.head(view)[0]), self.standard_frame(fixed)
            else:
                there, here = self.pose(moving), self.pose(fixed)
            return (there @ torch.linalg.inv(here))[:, :-1]

    def pose(self, image: Tensor) -> Tensor:
        """The map ``(B, D + 1, D + 1)`` from the atlas's view to the voxels of images ``(B, 1, *S)``."""
        turns = quarter_turns(image.ndim - 2).to(image.device)
        poses = (self.standard_frame(image)[:, None] @ turns).flatten(0, 1)
        images = image.repeat_interleave(len(turns), 0)
        for _ in range(1 + self.passes):
            found, apart = self.head(self.seen(images, poses))
            poses = poses @ homogeneous(found)
        best = apart.unflatten(0, (-1, len(turns))).argmin(1)
        candidates = poses.unflatten(0, (-1, len(turns)))
        return candidates.gather(1, best[:, None, None, None].expand(-1, 1, *candidates.shape[2:]))[:, 0]


class PoseHead(nn.Module):
    """How an image in its view lies: where a constellation of points is in it.

    Args:
        key_points: gives the K points of a view and how far their maps spread around them.
    """

    def __init__(self, key_points: nn.Module) -> None:
        super().__init__()
        self.key_points = key_points

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor]:
        """The affine map ``(B, D, D + 1)`` from the atlas's view to each view, and how far it is from none, ``(B)``.

        The map is that of least squares, each point weighted by how certain it is; the distance the mean square of the
        points' own from the constellation.
        """
        points, spread = self.key_points(view)
        stars = constellation(points.shape[1], points.shape[2]).to(points).expand_as(points)
        weights = 1 / (CERTAIN + spread)
        if self.training:
            weights = weights * _drawn(weights)
        affine = fit_linear(stars, points, weights)
        return affine, (points - stars).square().sum(2).mean(1)


def constellation(count: int, dims: int) -> Tensor:
    """``(count, dims)`` places that fill the middle of a view evenly, always the same (Sobol's sequence)."""
    drawn = torch.quasirandom.SobolEngine(dims).draw(count)
    return WIDTH * (2 * drawn - 1)


def quarter_turns(dims: int) -> Tensor:
    """All rotations that take the axes to axes, ``(4 or 24, dims + 1, dims + 1)``, none first."""
    turns = []
    for order in permutations(range(dims)):
        for signs in product((1.0, -1.0), repeat=dims):
            turn = torch.diag(torch.tensor(signs))[list(order)]
            if torch.det(turn) > 0:
                turns.append(torch.block_diag(turn, torch.ones(1, 1)))
    return torch.stack(turns)


def _drawn(weights: Tensor) -> Tensor:
    """1 for :data:`KEPT` points a row, drawn at random, else 0."""
    chosen = torch.rand_like(weights).topk(min(KEPT, weights.shape[1]), dim=1).indices
    return torch.zeros_like(weights).scatter(1, chosen, 1.0)
