"""What every public function, loss, metric and network is called with, on any device, and the shape it must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from scripts import losses, metrics, networks, spatial

BATCH = 2
SIZES = {2: (16, 20), 3: (16, 20, 24)}
IDS = (1, 2, 5)
ROOMS = (spatial, losses, metrics, networks)

Call = Callable[[], Tensor]
Case = tuple[str, Call, tuple[int, ...]]


class Cases:
    """Calls on random tensors, the same on every device.

    Args:
        dims: number of axes.
        device: of all tensors.
    """

    def __init__(self, dims: int, device: str) -> None:
        self.dims, self.device, self.size = dims, device, SIZES[dims]
        self.generator = torch.Generator().manual_seed(0)
        self.half = tuple(n // 2 for n in self.size)
        self.ddf = self.tensor(dims)
        self.image = self.tensor(1)
        self.label = (6 * self.tensor(1)).int()
        self.pred = {"ddf": self.ddf, "warped": self.image}
        self.target = {"fixed": self.image, "moving_label": self.label, "fixed_label": self.label}

    def tensor(self, channels: int, size: tuple[int, ...] | None = None) -> Tensor:
        """Values from 0 to 1."""
        return torch.rand(BATCH, channels, *(size or self.size), generator=self.generator).to(self.device)

    def shape(self, channels: int, size: tuple[int, ...] | None = None) -> tuple[int, ...]:
        return (BATCH, channels, *(size or self.size))

    def spatial(self) -> Iterator[Case]:
        field, affine = self.shape(self.dims), np.eye(self.dims, self.dims + 1)
        yield "ScalingSquaring", lambda: spatial.ScalingSquaring(3)(self.ddf), field
        yield "Warp", lambda: spatial.Warp()(self.image, self.ddf), self.shape(1)
        means = self.shape(1, self.half)
        maps = torch.eye(self.dims, self.dims + 1).repeat(BATCH, 1, 1).to(self.device)
        clouds, weights = (
            torch.rand(*size, generator=self.generator) for size in ((2, BATCH, 9, self.dims), (BATCH, 9))
        )
        first, second, weight = (each.to(self.device) for each in (*clouds, weights))
        yield "affine_field", lambda: spatial.affine_field(maps, self.size), field
        for name in ("fit_affine", "fit_linear", "fit_rigid"):
            yield name, lambda name=name: getattr(spatial, name)(first, second, weight), tuple(maps.shape)
        yield "homogeneous", lambda: spatial.homogeneous(maps), (BATCH, self.dims + 1, self.dims + 1)
        yield "along_axes", lambda: spatial.along_axes(self.image, spatial.window_means, 5, 2), means
        yield "common_mask", lambda: spatial.common_mask(self.tensor(2), self.ddf), self.shape(1)
        yield "compose", lambda: spatial.compose(self.ddf, self.ddf), field
        yield "crop_to", lambda: spatial.crop_to(self.image, self.half), self.shape(1, self.half)
        yield "deformation_gradient", lambda: spatial.deformation_gradient(self.ddf)[0][1], (BATCH, *self.size)
        rows = [[self.ddf[:, i] for i in range(self.dims)] for _ in range(self.dims)]
        yield "determinant", lambda: spatial.determinant(rows), (BATCH, *self.size)
        yield "folded_fraction", lambda: spatial.folded_fraction(self.ddf), (BATCH,)
        yield (
            "grid_points",
            lambda: spatial.grid_points(self.size, affine, device=self.device),
            (1, self.dims, *self.size),
        )
        yield "halve_field", lambda: spatial.halve_field(self.ddf), self.shape(self.dims, self.half)
        yield "identity_grid", lambda: spatial.identity_grid(self.size, device=self.device), (self.dims, *self.size)
        yield "invert_field", lambda: spatial.invert_field(self.ddf, 2), field
        yield "jacobian_determinant", lambda: spatial.jacobian_determinant(self.ddf), self.shape(1)
        yield "central_difference", lambda: spatial.central_difference(self.image, 2), self.shape(1)
        yield "lucas_kanade", lambda: spatial.lucas_kanade(self.image, self.image), tuple(maps.shape)
        yield "map_points", lambda: spatial.map_points(affine, self.ddf), field
        yield "marked", lambda: spatial.marked(self.image), self.shape(1)
        padded = tuple(32 for _ in self.size)
        yield "pad_to_multiple", lambda: spatial.pad_to_multiple(self.image, 32), self.shape(1, padded)
        contexts = self.shape(2 * self.dims * (self.dims - 1))
        yield "self_similarity", lambda: spatial.self_similarity(self.image, 1, 2), contexts
        yield "smooth", lambda: spatial.smooth(self.image, 1.5), self.shape(1)
        places, matrix = torch.arange(16.0, device=self.device), (8, 16)
        yield "block_means", lambda: spatial.block_means(places, 5), matrix
        yield "gaussian_means", lambda: spatial.gaussian_means(places, 1.5), (16, 16)
        yield "window_means", lambda: spatial.window_means(places, 5, 2), matrix
        yield "sample", lambda: spatial.sample(self.image, self.ddf), self.shape(1)
        coarse = self.tensor(self.dims, self.half)
        yield "upsample_field", lambda: spatial.upsample_field(coarse, self.size), field
        yield "warp", lambda: spatial.warp(self.label, self.ddf, "nearest"), self.shape(1)

    def losses(self) -> Iterator[Case]:
        def whole() -> Tensor:
            similarity = {"weight": 1, "loss": losses.FastLNCC(9, 3)}
            folding = {"weight": 1, "of": "ddf", "loss": losses.FoldingPenalty()}
            return losses.RegistrationLoss(lncc=similarity, folding=folding)(self.pred, self.target)

        yield "FastLNCC", lambda: losses.FastLNCC(9, 2)(self.image, self.image), ()
        yield "FoldingPenalty", lambda: losses.FoldingPenalty()(self.ddf), ()
        yield "ForwardDiffusion", lambda: losses.ForwardDiffusion()(self.ddf), ()
        maps = torch.eye(self.dims, self.dims + 1).repeat(BATCH, 1, 1).to(self.device)
        yield "MINDLoss", lambda: losses.MINDLoss()(self.image, self.image), ()
        yield "PointDistance", lambda: losses.PointDistance()(self.ddf, maps, self.image), ()
        yield "RegistrationLoss", whole, ()
        yield "SoftDice", lambda: losses.SoftDice(IDS)(self.ddf, self.label, self.label), ()
        series = self.tensor(self.dims).repeat(2, *[1] * (self.dims + 1))
        yield "TemporalSmoothness", lambda: losses.TemporalSmoothness(True)(series), ()

    def metrics(self) -> Iterator[Case]:
        for name in ("FoldedFraction", "LogJacobianDeviation", "MeanAbsoluteError", "MeanSquaredError",
                     "NonDiffeomorphicVolume", "NormalisedCrossCorrelation", "StructuralSimilarity"):  # fmt: skip
            yield name, lambda name=name: getattr(metrics, name)()(self.pred, self.target), (BATCH,)
        for name in ("LabelDice", "LostLabels"):
            yield name, lambda name=name: getattr(metrics, name)(IDS)(self.pred, self.target), (BATCH,)
        spacing, moved, one = [1.0] * self.dims, (BATCH, self.dims, self.dims, *self.size), self.label[:1]
        for name in ("circumferential_strain", "radial_strain"):
            yield name, lambda name=name: getattr(metrics, name)(self.ddf, one, 1, 2, spacing), (BATCH,)
        yield "green_lagrange_strain", lambda: metrics.green_lagrange_strain(self.ddf, spacing), moved
        yield "carried_volume", lambda: metrics.carried_volume(one, IDS, self.ddf), (BATCH, len(IDS))
        flat = self.image.flatten(1)
        yield "correlation", lambda: metrics.correlation(flat, flat), (BATCH,)
        yield "label_dice", lambda: metrics.label_dice(self.label, self.label, IDS, self.label), (BATCH, len(IDS))
        yield "log_jacobian_deviation", lambda: metrics.log_jacobian_deviation(self.ddf), (BATCH,)
        yield "non_diffeomorphic_volume", lambda: metrics.non_diffeomorphic_volume(self.ddf), (BATCH,)

    def networks(self) -> Iterator[Case]:
        torch.manual_seed(0)
        backbone = networks.DenseUNet(self.dims, channels=(4, 8, 8), output_level=1)
        model = networks.RegistrationModel(backbone, velocity=True, half_resolution=True, passes=2)
        pair, field = self.tensor(2), self.shape(self.dims)
        yield "DenseUNet", lambda: backbone.to(self.device)(pair), self.shape(self.dims, self.half)
        attention = networks.EfficientChannelAttention(16)
        yield "EfficientChannelAttention", lambda: attention.to(self.device)(self.tensor(16)), self.shape(16)
        recurrence = networks.Recurrence(self.dims, 4)
        points = networks.KeyPoints(self.dims, num_points=8, channels=(4, 8))
        yield "KeyPoints", lambda: points.to(self.device)(self.image)[0], (BATCH, 8, self.dims)
        head, views = networks.KeyPointHead(points), self.tensor(1, (16,) * self.dims)
        maps = (BATCH, self.dims, self.dims + 1)
        yield "KeyPointHead", lambda: head.to(self.device)(views, views), maps
        parameters = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(self.dims * (self.dims + 1)))
        parameters(torch.zeros(1, 2, *(16,) * self.dims))
        regression = networks.RegressionHead(parameters)
        yield "RegressionHead", lambda: regression.to(self.device)(views, views), maps
        affine = networks.AffineModel(head, view_size=16)
        yield "AffineModel", lambda: affine.to(self.device)(pair), field
        pose = networks.PoseHead(points)
        yield "PoseHead", lambda: pose.to(self.device).eval()(views)[0], maps
        posed = networks.PoseModel(pose, view_size=16)
        yield "PoseModel", lambda: posed.to(self.device).eval()(pair), field
        seen = networks.SelfSimilarInput(
            networks.DenseUNet(self.dims, 4 * 2 * self.dims * (self.dims - 1), channels=(4, 8, 8)), shrink=2
        )
        yield "SelfSimilarInput", lambda: seen.to(self.device)(pair), self.shape(self.dims, self.half)
        judge = networks.PairDiscriminator(self.dims, channels=4, num_layers=2)
        patches = tuple(n // 4 - 2 for n in self.size)
        yield "PairDiscriminator", lambda: judge.to(self.device)(pair), self.shape(1, patches)
        yield "Recurrence", lambda: recurrence.to(self.device)(self.tensor(4)), self.shape(4)
        sequence = networks.RecurrentUNet((4, 8, 8), (1, 2), spatial_dims=self.dims)
        yield "RecurrentUNet", lambda: sequence.to(self.device)(pair), field
        yield "RegistrationModel", lambda: model.to(self.device)(pair), field
        channels = 2 * 2**self.dims + 2 * self.dims
        looks = networks.RegistrationPyramid(
            [networks.DenseUNet(self.dims, channels, channels=(4, 8, 8))], [(0, 2), (0, 1)]
        )
        yield "RegistrationPyramid", lambda: looks.to(self.device)(pair), field


def room_name(room: ModuleType) -> str:
    """The last part of a module's name."""
    return room.__name__.rpartition(".")[2]


def cases_of(room: ModuleType, dims: int, device: str) -> dict[str, tuple[Call, tuple[int, ...]]]:
    """Name to call and shape, of everything a room has a case for."""
    found = getattr(Cases(dims, device), room_name(room))()
    return {name: (call, shape) for name, call, shape in found}


PLACED = [(room, name) for room in ROOMS for name in cases_of(room, 2, "meta")]
