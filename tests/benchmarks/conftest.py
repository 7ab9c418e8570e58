"""A stand-in for the ``voxelmorph`` and ``neurite`` packages, which live in an environment of their own."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from scripts.spatial import warp


class VxmPairwise(nn.Module):
    """Tiny, with the arguments and results of the package's: it registers, only badly."""

    def __init__(self, ndim: int, source_channels: int, target_channels: int, nb_features: tuple[int, ...]) -> None:
        super().__init__()
        convolution = {2: nn.Conv2d, 3: nn.Conv3d}[ndim]
        self.model = convolution(source_channels + target_channels, 4, 3, padding=1)
        self.flow_layer = convolution(4, ndim, 3, padding=1)

    def forward(self, source: Tensor, target: Tensor, return_warped_source: bool = False) -> Any:
        ddf = self.flow_layer(self.model(torch.cat([source, target], 1)).relu())
        return (ddf, warp(source, ddf)) if return_warped_source else ddf


class SpatialGradient(nn.Module):
    """The squared difference of neighbours."""

    def __init__(self, penalty: str) -> None:
        super().__init__()
        assert penalty == "l2"

    def forward(self, field: Tensor) -> Tensor:
        axes = range(2, field.ndim)
        return sum((field.diff(dim=axis).square().mean() for axis in axes), start=field.new_zeros(())) / len(axes)


@pytest.fixture
def stand_in_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports of the packages, and of what imports them, find the stand-in until the test ends."""
    parts = {"voxelmorph.nn.models": {"VxmPairwise": VxmPairwise}}
    parts["neurite.nn.modules"] = {"MSE": nn.MSELoss, "SpatialGradient": SpatialGradient}
    for path, members in parts.items():
        names = path.split(".")
        for k in range(1, len(names) + 1):
            module = ModuleType(".".join(names[:k]))
            module.__dict__.update(members if k == len(names) else {"__path__": []})
            monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("benchmarks.voxelmorph_model", "benchmarks.steps"):
        monkeypatch.delitem(sys.modules, name, raising=False)
