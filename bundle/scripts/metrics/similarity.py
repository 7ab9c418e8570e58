"""Likeness of the warped and the fixed image, one value a pair, over the whole grid."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from monai.metrics import MAEMetric, MSEMetric, SSIMMetric
from torch import Tensor


class MeanSquaredError:
    """Mean over voxels of ``(fixed - warped)^2``, by MONAI's ``MSEMetric``."""

    def __init__(self) -> None:
        self.metric = MSEMetric(reduction="none")

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``warped``, ``target`` holds ``fixed``, ``(B, C, *S)`` each."""
        return torch.as_tensor(self.metric(pred["warped"], target["fixed"]))[:, 0]


class MeanAbsoluteError:
    """Mean over voxels of ``|fixed - warped|``, by MONAI's ``MAEMetric``."""

    def __init__(self) -> None:
        self.metric = MAEMetric(reduction="none")

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``warped``, ``target`` holds ``fixed``, ``(B, C, *S)`` each."""
        return torch.as_tensor(self.metric(pred["warped"], target["fixed"]))[:, 0]


class StructuralSimilarity:
    """Structural similarity (Wang et al., IEEE TIP 13, 2004, doi 10.1109/TIP.2003.819861), by MONAI's ``SSIMMetric``.

    The window is Gaussian, 11 voxels wide; a smaller image gets the largest odd one that fits.
    """

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``, 1 for equal images; ``pred`` holds ``warped``, ``target`` holds ``fixed``, ``(B, C, *S)`` each."""
        warped, fixed = pred["warped"], target["fixed"]
        smallest = min(fixed.shape[2:])
        window = min(11, smallest - 1 + smallest % 2)
        metric = SSIMMetric(fixed.ndim - 2, win_size=window, reduction="none")
        return torch.as_tensor(metric(warped, fixed))[:, 0]


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation of the values of ``(B, N)`` each, 64-bit: ``(B,)``, NaN where one is constant."""
    a, b = (values.double() - values.double().mean(1, keepdim=True) for values in (first, second))
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))


class NormalisedCrossCorrelation:
    """Pearson's correlation of the intensities of both images; MONAI has the local one, a loss, alone."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)`` from -1 to 1, NaN if an image is constant; ``pred`` holds ``warped``, ``target`` ``fixed``."""
        return correlation(pred["warped"].flatten(1), target["fixed"].flatten(1)).float()
