"""A made-up brain that is a function of physical points, so that any grid, header or dimension can show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from scripts.engines import Refinement
from scripts.losses import ForwardDiffusion, RegistrationLoss
from scripts.physical import Prepared
from scripts.registration import Method, Registration
from scripts.registration.deformation import Deformation
from scripts.registration.stages import Stage

# Ellipsoids: centre and radii in mm (RAS), intensity, label id.
STRUCTURES = [
    ((0, 0, 0), (28, 34, 31), 300.0, 1),
    ((-12, -5, -3), (10, 14, 12), 500.0, 24),
    ((13, -8, 4), (11, 10, 13), 800.0, 1002),
    ((5, 15, -8), (13, 9, 11), 650.0, 2035),
]
SOFTNESS = 8.0  # of the edges: a voxel of 2 mm resolves them
DARKEST = 25.0  # what is darker is background, 0
HALF = 48.0  # mm from the middle to the edge of the grids

Map = Callable[[np.ndarray], np.ndarray]


def rotation(*degrees: float) -> np.ndarray:
    """Rotation about x, then y, then z."""
    result = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        turn, (i, j) = np.eye(3), [k for k in range(3) if k != axis]
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        result = turn @ result
    return result


# Columns are the axes: spacing times direction, RAS.
HEADERS: dict[str, np.ndarray] = {
    "identity": 2 * np.eye(3),
    "anisotropic": np.diag([2.0, 1.5, 3.0]),
    "flipped": np.diag([-2.0, 2.0, -2.5]),
    "swapped": np.array([[0, 0, 2.0], [2.0, 0, 0], [0, -2.0, 0]]),
    "oblique": rotation(8, -5, 12) * [2.0, 2.2, 1.8],
}
# In 2-D, where ITK knows the x-y plane alone.
HEADERS_2D: dict[str, np.ndarray] = {
    "identity": np.diag([1.0, 1, 1]),
    "anisotropic": np.diag([1.0, 1.6, 1]),
    "flipped": np.diag([-1.0, 1.2, 1]),
    "swapped": np.array([[0, 1.0, 0], [1.2, 0, 0], [0, 0, 1]]),
    "oblique": rotation(0, 0, 20) * [1.2, 1.3, 1.0],
}


def affine_of(matrix: np.ndarray, dims: int = 3, half: float = HALF) -> tuple[np.ndarray, tuple[int, ...]]:
    """Affine and size of a grid with these axes that is centred and reaches ``half`` mm to every side."""
    spacing = np.linalg.norm(matrix, axis=0)
    size = [int(np.ceil(2 * half / s)) if axis < dims else 1 for axis, s in enumerate(spacing)]
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = -matrix @ ((np.array(size) - 1) / 2)
    return affine, tuple(size)


def points_of(affine: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Physical points ``(3, *size)``, RAS mm."""
    index = np.indices(size).astype(float)
    return np.tensordot(affine[:3, : len(size)], index, 1) + affine[:3, 3].reshape(3, *[1] * len(size))


def brain(points: np.ndarray) -> np.ndarray:
    """Intensity at points ``(3, *T)``."""
    image = np.zeros(points.shape[1:])
    for centre, radii, intensity, _ in STRUCTURES:
        inside = 1 / (1 + np.exp(SOFTNESS * (_distance(points, centre, radii) - 1)))
        image += inside * (intensity - image)
    # Something to see inside as well, or no method could find how it moved.
    texture = 1 + 0.2 * np.sin(points[0] / 4.5) * np.sin(points[1] / 5) * np.cos(points[2] / 5)
    return np.clip(image * texture - DARKEST, 0, None)


def labels(points: np.ndarray) -> np.ndarray:
    """Label id at points ``(3, *T)``."""
    ids = np.zeros(points.shape[1:], dtype=np.int16)
    for centre, radii, _, identifier in STRUCTURES:
        ids[_distance(points, centre, radii) < 1] = identifier
    return ids


def _distance(points: np.ndarray, centre: Sequence[float], radii: Sequence[float]) -> np.ndarray:
    middle, axes = (np.reshape(each, (3, *[1] * (points.ndim - 1))) for each in (centre, radii))
    return np.asarray(np.linalg.norm((points - middle) / axes, axis=0))


def wave(points: np.ndarray) -> np.ndarray:
    """A smooth deformation of some millimetres."""
    shift = np.stack([3 * np.sin(points[1] / 17 + 1), 3 * np.cos(points[0] / 19), 2 * np.sin(points[0] / 21)])
    return points + shift


def flat_wave(points: np.ndarray) -> np.ndarray:
    """:func:`wave` within the x-y plane."""
    return np.concatenate([wave(points)[:2], points[2:]])


def write(path: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    """Write a NIfTI file under this very affine."""
    image = nib.Nifti1Image(values, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 0)
    nib.save(image, path)
    return path


def draw(path: Path, matrix: np.ndarray, dims: int = 3, where: Map = lambda p: p, squeeze: bool = False) -> Path:
    """Write the brain, seen through ``where``, on a grid with the axes ``matrix``; ``squeeze`` for a 2-D file."""
    affine, size = affine_of(matrix, dims)
    size = size[:2] if squeeze else size
    return write(path, brain(where(points_of(affine, size))).astype(np.float32), affine)


def draw_labels(path: Path, matrix: np.ndarray, dims: int = 3, where: Map = lambda p: p, squeeze: bool = False) -> Path:
    """The label map of :func:`draw`."""
    affine, size = affine_of(matrix, dims)
    size = size[:2] if squeeze else size
    return write(path, labels(where(points_of(affine, size))), affine)


class FieldStage:
    """In the network's place: a smooth field of ``amplitude`` voxels, the same for the same size."""

    name = "network"

    def __init__(self, amplitude: float = 2.5) -> None:
        self.amplitude = amplitude

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation with this field."""
        size = deformation.grid.size
        coarse = torch.randn(1, len(size), *[5] * len(size), generator=torch.Generator().manual_seed(3))
        mode = {2: "bicubic", 3: "trilinear"}[len(size)]
        field = F.interpolate(coarse, size=size, mode=mode, align_corners=True)
        return replace(deformation, ddf=self.amplitude * field)


def with_field(amplitude: float = 2.5, affine: bool = False, spacing: float | None = 3.0) -> Registration:
    """A registration that finds :class:`SetField`'s field."""
    stages: list[str | Stage] = [*(["affine"] if affine else []), FieldStage(amplitude)]
    return Registration(lambda dims: Method(spacing=spacing), stages, {"spacing": spacing})


def by_intensity(steps: int, spacing: float) -> Registration:
    """A registration by optimisation alone, of the squared difference: what suits a phantom without noise."""
    loss = RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()}, diffusion={"weight": 2e-3, "of": "ddf", "loss": ForwardDiffusion()}
    )
    method = Method(refinement=Refinement(loss, steps, learning_rate=0.1), spacing=spacing)
    return Registration(lambda dims: method, ["affine", "refined"])


def coarser(path: Path, target: Path, step: int = 3) -> str:
    """Every ``step``-th voxel of a real volume, under a header that says so: real, but quickly done."""
    image = nib.load(path)
    nib.save(image.slicer[tuple(slice(None, None, step) for _ in range(3))], target)
    return str(target)
