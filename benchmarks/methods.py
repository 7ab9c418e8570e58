"""Every registration method of the benchmark, as ``f(moving, fixed) -> ddf``.

Images are arrays ``(*S)`` in [0, 1] on one grid of 1 mm; a field is ``(D, *S)`` in voxels on the fixed grid, so that
all methods' labels are warped, and all fields measured, by the same code.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
sys.path[:0] = [str(BUNDLE), str(BUNDLE.parent)]

Register = Callable[[np.ndarray, np.ndarray], np.ndarray]


def unregistered() -> Register:
    """The identity."""
    return lambda moving, fixed: np.zeros((fixed.ndim, *fixed.shape), np.float32)


def itk_affine() -> Register:
    """The bundle's affine stage: ITK, Mattes mutual information, moments, three levels."""
    import itk

    from scripts.physical.affine_search import register_affine
    from scripts.physical.itk_transforms import matrix_of

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        images = [itk.image_view_from_array(np.ascontiguousarray(image.T)) for image in (fixed, moving)]
        matrix = matrix_of(register_affine(*images))
        grid = np.indices(fixed.shape).astype(float)
        mapped = np.tensordot(matrix[:-1, :-1], grid, axes=1) + matrix[:-1, -1].reshape(-1, *(1,) * fixed.ndim)
        return (mapped - grid).astype(np.float32)

    return register


def bundle_network(overrides: dict[str, object], weights: str) -> Register:
    """The bundle's network with the recipe, with or without instance optimisation."""
    from benchmarks.setting import pretrained

    network, inferer = pretrained(weights, overrides)

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        pair = torch.from_numpy(np.stack([moving, fixed]))[None]
        with torch.no_grad():
            return inferer(pair, network)["ddf"][0].numpy()

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


def voxelmorph_package(weights: str) -> Register:
    """The ``voxelmorph`` package's pairwise model, trained by ``voxelmorph_peer.py``."""
    from benchmarks.voxelmorph_peer import build

    model = build()
    model.load_state_dict(torch.load(weights, weights_only=True)["model"])
    model.eval()

    def register(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(*(torch.from_numpy(image)[None, None] for image in (moving, fixed)))[0].numpy()

    return register
