"""Every registration method of the benchmark, as ``f(moving, fixed) -> ddf``.

Images are arrays ``(*S)`` in [0, 1] on one grid of cubic voxels; a field is ``(D, *S)`` in voxels on the fixed grid, so
that all methods' labels are warped, and all fields measured, by the same code.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from scripts.errors import InputError

from .setting import RECIPE, registrar

Register = Callable[[np.ndarray, np.ndarray], np.ndarray]


T = TypeVar("T")


def chosen(known: Mapping[str, T], names: Sequence[str] | None) -> dict[str, T]:
    """Those of the known methods that are named, in that order; all where none is.

    Raises:
        InputError: if a name is none of them.
    """
    for name in names or []:
        if name not in known:
            raise InputError(f"{name!r} is none of the methods; name some of {', '.join(known)}.")
    return {name: known[name] for name in names or known}


def unregistered() -> Register:
    """The identity."""
    return lambda moving, fixed: np.zeros((fixed.ndim, *fixed.shape), np.float32)


def itk_affine() -> Register:
    """The bundle's affine stage: ITK, Mattes mutual information, moments, three levels."""
    from scripts.physical import Grid, Prepared
    from scripts.physical.affine_search import find_affine

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        grid_of = Grid(fixed.shape, np.eye(fixed.ndim + 1))
        prepared = (Prepared(torch.from_numpy(image)[None, None], grid_of) for image in (fixed, moving))
        matrix = find_affine(*prepared)
        grid = np.indices(fixed.shape).astype(float)
        mapped = np.tensordot(matrix[:-1, :-1], grid, axes=1) + matrix[:-1, -1].reshape(-1, *(1,) * fixed.ndim)
        return (mapped - grid).astype(np.float32)

    return register


def bundle_network(weights: str | Path, refinement_steps: int = 0, method: str = RECIPE, **values: Any) -> Register:
    """A method's network with weights, with or without optimisation on the pair: see :func:`.setting.registrar`."""
    field_of = registrar(weights, refinement_steps, method, **values)

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        return field_of(torch.from_numpy(np.stack([moving, fixed]))[None])[0].numpy()

    return register


def ants_syn(metric: str) -> Register:
    """ANTs SyN (affine, then deformable) with its default schedule; ``metric`` is ``mattes`` or ``CC``."""
    import ants

    kind = {"mattes": "SyN", "CC": "SyNCC"}[metric]

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        images = {"fixed": ants.from_numpy(fixed), "moving": ants.from_numpy(moving)}
        with tempfile.TemporaryDirectory() as folder:
            result = ants.registration(**images, type_of_transform=kind, outprefix=f"{folder}/")
            path = ants.apply_transforms(
                **images, transformlist=result["fwdtransforms"], compose=f"{folder}/composite_"
            )
            field = np.asarray(ants.image_read(path).numpy(), np.float32)
        return np.moveaxis(field, -1, 0)

    return register


def elastix_bspline() -> Register:
    """elastix: its default affine, then B-spline parameter maps (advanced Mattes mutual information)."""
    import itk

    parameters = itk.ParameterObject.New()
    for name in ("affine", "bspline"):
        parameters.AddParameterMap(itk.ParameterObject.GetDefaultParameterMap(name))

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        images = [itk.image_from_array(np.ascontiguousarray(image.T.astype(np.float32))) for image in (fixed, moving)]
        with tempfile.TemporaryDirectory() as folder:  # transformix writes files wherever it stands
            options = {"output_directory": folder, "log_to_console": False}
            _, result = itk.elastix_registration_method(*images, parameter_object=parameters, **options)
            field = np.asarray(itk.transformix_deformation_field(images[1], result, output_directory=folder))
        return np.ascontiguousarray(np.moveaxis(field, -1, 0).swapaxes(1, -1).astype(np.float32))

    return register


def convex_adam() -> Register:
    """ConvexAdam with the package's own numbers (MIND features), volumes alone."""
    from convexAdam.convex_adam_MIND import convex_adam_pt

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        images = {"img_fixed": torch.from_numpy(fixed), "img_moving": torch.from_numpy(moving)}
        field = convex_adam_pt(**images, dtype=torch.float32, device=torch.device("cpu"))
        return np.ascontiguousarray(np.moveaxis(field, -1, 0).astype(np.float32))

    return register


def voxelmorph_package(weights: str) -> Register:
    """The ``voxelmorph`` package's pairwise model, trained by ``voxelmorph_peer``."""
    from .voxelmorph_model import PackageModel

    model = PackageModel()
    model.load_state_dict(torch.load(weights, weights_only=True))
    model.eval()

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(np.stack([moving, fixed]))[None])[0].numpy()

    return register
