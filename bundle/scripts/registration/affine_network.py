"""The affine map that a network finds between two images as prepared, wherever they lie."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..engines import load_weights
from ..errors import InputError
from ..files import is_file, not_a_file
from ..networks import AffineModel
from ..physical import Prepared
from .configured import AFFINE_DEFAULTS, ConfiguredMethods
from .method import Method, MethodOf
from .stages import AffineStage, placed
from .working_grid import working_grid

LEAST_VOXELS = 40  # along an object's longest side: what is smaller than a brain is seen on a finer grid


class AffineNetwork:
    """Finds affine maps; network and weights are read when images of their dimensions come.

    Args:
        method_of: the method for images of so many dimensions, its network an :class:`scripts.networks.AffineModel`.
        device: of the network.
    """

    def __init__(self, method_of: MethodOf, device: torch.device | str = "cpu") -> None:
        self.method_of, self.device = method_of, device
        self._ready: dict[int, tuple[AffineModel, Method]] = {}

    def __call__(self, fixed: Prepared, moving: Prepared) -> np.ndarray:
        """The affine map from coordinates in ``fixed`` to coordinates in ``moving``, ``(D + 1, D + 1)``, mm.

        Raises:
            InputError: if there is no such network, its weights cannot be read, or what it finds is not finite.
        """
        network, method = self._network(len(fixed.grid.size))
        seen = [_seen(image, method) for image in (fixed, moving)]
        values: list[Tensor] = [image.values.to(self.device) for image in seen]
        with torch.no_grad():
            found = network.between(*values)[0].double().cpu().numpy()
        if not np.isfinite(found).all():
            raise InputError("the affine network's map is not finite: its weights are damaged; use --affine itk.")
        index = np.vstack([found, np.eye(len(found) + 1)[-1:]])
        grids = [image.grid.affine for image in seen]
        return np.asarray(grids[1] @ index @ np.linalg.inv(grids[0]))

    def _network(self, dims: int) -> tuple[AffineModel, Method]:
        if dims not in self._ready:
            method = self.method_of(dims)
            if not isinstance(method.network, AffineModel):
                raise InputError(f"there is no affine network for {dims}-D images; use --affine itk.")
            if not is_file(method.weights):
                raise InputError(
                    f"{method.weights} {not_a_file(method.weights)}: there is no trained affine network for {dims}-D "
                    "images; train one (docs/affine.md), or use --affine itk."
                )
            load_weights(method.weights, method.network)
            self._ready[dims] = method.network.to(self.device).eval(), method
        return self._ready[dims]


def affine_stage(found_by: str, device: torch.device | str = "cpu") -> AffineStage:
    """The affine stage by the method for the images' dimensions.

    Args:
        found_by: ``itk``, ``network`` or ``both``.
        device: of the network.
    """
    network = None if found_by == "itk" else AffineNetwork(ConfiguredMethods(defaults=AFFINE_DEFAULTS), device)
    return AffineStage(network=network, search=found_by != "network")


def _seen(image: Prepared, method: Method) -> Prepared:
    """The image on a grid of cubic voxels of its own."""
    longest = float((image.grid.spacing * image.grid.size).max())
    step = min(method.spacing or np.inf, longest / LEAST_VOXELS)
    return placed(image, working_grid(image, step, ()))
