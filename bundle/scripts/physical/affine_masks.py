"""Masks in ITK's affine search: images that are 0 where the others are not compared."""

from __future__ import annotations

from typing import Any

import itk
import numpy as np

from .intensity import border
from .itk_images import geometry_of, itk_image, itk_resample
from .prepared import Prepared

Masks = tuple[Any, Any]  # ITK images of 8 bits, of the fixed and of the moving image; None: everywhere
NONE: Masks = (None, None)


def mask_of(image: Prepared) -> itk.Image | None:
    """The mask of a prepared image for ITK, where it has one."""
    if image.mask is None:
        return None
    return itk_image(image.mask[0, 0].numpy().astype(np.uint8), image.grid.geometry)


def share_of(mask: itk.Image | None, region: itk.ImageRegion) -> float:
    """Of a region, what a mask allows."""
    if mask is None:
        return 1.0
    part = itk.region_of_interest_image_filter(mask, region_of_interest=region)
    return float((itk.array_view_from_image(part) > 0).mean())


def set_masks(metric: itk.Object, masks: Masks) -> None:
    """Compare the images of a metric in their masks alone."""
    for mask, give in zip(masks, (metric.SetFixedImageMask, metric.SetMovingImageMask), strict=True):
        if mask is not None:
            shape = itk.ImageMaskSpatialObject[mask.GetImageDimension()].New()
            shape.SetImage(mask)
            shape.Update()
            give(shape)


def blanked(image: itk.Image, mask: itk.Image | None) -> itk.Image:
    """The image with what is not compared made like its border, no part of an object."""
    if mask is None:
        return image
    values = itk.array_from_image(image)
    values[itk.array_view_from_image(mask) == 0] = np.median(border(values))
    return itk_image(values.T, geometry_of(image))


def in_common(masks: Masks, grid: itk.Image, transform: itk.Transform) -> tuple[itk.Image | None, float]:
    """Where on a grid both masks allow, and the share of what the fixed one allows that this is.

    Beyond the moving image, which is background, it is compared. The mask is ``None`` where there is none.

    Args:
        masks: of the two images.
        grid: image in the fixed space.
        transform: fixed points to moving points.
    """
    if masks == NONE:
        return None, 1.0
    still = itk.IdentityTransform[itk.D, grid.GetImageDimension()].New()
    fixed, moving = (
        np.ones(itk.array_view_from_image(grid).shape)
        if mask is None
        else itk.array_from_image(itk_resample(mask, grid, each, True, 1))
        for mask, each in zip(masks, (still, transform), strict=True)
    )
    common = (fixed > 0) & (moving > 0)
    share = float(common.sum()) / max(float((fixed > 0).sum()), 1.0)
    return itk_image(common.T.astype(np.uint8), geometry_of(grid)), share
