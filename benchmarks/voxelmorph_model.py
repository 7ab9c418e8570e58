"""The ``voxelmorph`` package's pairwise model and losses, in the shapes of the bundle's trainer.

The package computes everything itself, the warped image too; nothing here is ours but the order of the arguments.
"""

from __future__ import annotations

from typing import Any

from monai.inferers import Inferer
from neurite.nn.modules import MSE, SpatialGradient
from torch import Tensor, nn
from voxelmorph.nn.models import VxmPairwise

from scripts.spatial import crop_to, pad_to_multiple

FEATURES = (16, 16, 16, 16, 16)  # the package's default
HALVINGS = len(FEATURES)  # of an image, in the package's network
SIGMA = 0.01  # weight of the squared gradient beside MSE, as VoxelMorph's scripts have it


class PackageModel(nn.Module):
    """The package's model with its defaults, and zeros behind an image whose size it cannot halve.

    Args:
        ndim: 2 or 3.
    """

    def __init__(self, ndim: int = 2) -> None:
        super().__init__()
        self.model = VxmPairwise(ndim=ndim, source_channels=1, target_channels=1, nb_features=FEATURES)

    def forward(self, pair: Tensor) -> Tensor:
        """Displacement ``(B, D, *S)`` in voxels of a pair ``(B, 2, *S)``, moving then fixed."""
        return crop_to(self.model(*_halvable(pair).chunk(2, 1)), pair.shape[2:])

    def register(self, pair: Tensor) -> dict[str, Tensor]:
        """``ddf`` as :meth:`forward` gives it, and the moving image that the package ``warped`` with it."""
        ddf, warped = self.model(*_halvable(pair).chunk(2, 1), return_warped_source=True)
        return {"ddf": crop_to(ddf, pair.shape[2:]), "warped": crop_to(warped, pair.shape[2:])}


def _halvable(pair: Tensor) -> Tensor:
    return pad_to_multiple(pair, 2**HALVINGS)


class PackageInferer(Inferer):
    """What the bundle's engines run :class:`PackageModel` by."""

    def __call__(self, inputs: Tensor, network: Any, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """As :meth:`PackageModel.register`."""
        result: dict[str, Tensor] = network.register(inputs)
        return result


class ImageLoss(nn.Module):
    """The package's mean squared error, of the ``warped`` and the ``fixed`` image ``(B, 1, *S)``."""

    def forward(self, warped: Tensor, fixed: Tensor) -> Tensor:
        """A scalar."""
        value: Tensor = MSE()(fixed, warped)
        return value


class FieldLoss(nn.Module):
    """The package's squared gradient of a displacement ``(B, D, *S)``."""

    def forward(self, ddf: Tensor) -> Tensor:
        """A scalar."""
        value: Tensor = SpatialGradient("l2")(ddf)
        return value
