"""Geometry on voxel grids: functions of tensors, nothing of files or engines."""

from .compose import compose
from .grids import identity_grid
from .integrate import ScalingSquaring
from .invert import invert_field
from .jacobian import folded_fraction, jacobian_determinant
from .resize import halve_field, upsample_field
from .warp import Warp, warp

__all__ = [
    "ScalingSquaring",
    "Warp",
    "compose",
    "folded_fraction",
    "halve_field",
    "identity_grid",
    "invert_field",
    "jacobian_determinant",
    "upsample_field",
    "warp",
]
