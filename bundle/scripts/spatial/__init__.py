"""Geometry on voxel grids: functions of tensors, nothing of files or engines."""

from .affine import affine_field, fit_affine, fit_linear, fit_rigid, homogeneous
from .compose import compose
from .filters import along_axes, block_means, central_difference, gaussian_means, smooth, window_means
from .grids import identity_grid
from .integrate import ScalingSquaring
from .invert import invert_field
from .invert_points import invert_points
from .jacobian import deformation_gradient, determinant, folded_fraction, jacobian_determinant
from .lucas_kanade import lucas_kanade
from .padding import crop_to, pad_to_multiple
from .precision import without_autocast
from .resize import LINEAR_MODES, halve_field, upsample_field
from .sample import grid_points, map_points, marked, sample
from .self_similarity import self_similarity
from .warp import Warp, common_mask, warp

__all__ = [
    "LINEAR_MODES",
    "ScalingSquaring",
    "Warp",
    "affine_field",
    "along_axes",
    "block_means",
    "central_difference",
    "common_mask",
    "compose",
    "crop_to",
    "deformation_gradient",
    "determinant",
    "fit_affine",
    "fit_linear",
    "fit_rigid",
    "folded_fraction",
    "gaussian_means",
    "grid_points",
    "halve_field",
    "homogeneous",
    "identity_grid",
    "invert_field",
    "invert_points",
    "jacobian_determinant",
    "lucas_kanade",
    "map_points",
    "marked",
    "pad_to_multiple",
    "sample",
    "self_similarity",
    "smooth",
    "upsample_field",
    "warp",
    "window_means",
    "without_autocast",
]
