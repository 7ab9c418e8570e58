"""Affine registration of two ITK images: the same code in 2-D and 3-D, no files.

Mattes mutual information (Mattes et al., IEEE TMI 2003, doi 10.1109/TMI.2003.809072) over a
coarse-to-fine pyramid in ITK's version 4 framework (Avants et al., 2014, doi 10.3389/fninf.2014.00044).
Distances are in the images' physical unit, millimetres.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import itk
import numpy as np

logger = logging.getLogger(__name__)

SHRINK_FACTORS = (8, 4, 2, 1)
SMALLEST_SIZE = 16
HISTOGRAM_BINS = 32
BACKGROUND = 0.05
CROP_MARGIN = 0.1
# Twelve parameters need no more points than this; without a limit a 256^3 volume takes minutes.
SAMPLES_PER_LEVEL = 20_000
# Threads add up in no fixed order, and the last digits grow over the iterations. So few points are no
# slower in one thread; smoothing and resampling use all cores.
METRIC_THREADS = 1


def register_affine(
    fixed: itk.Image, moving: itk.Image, num_iterations: int = 200, seed: int = 0
) -> itk.AffineTransform:
    """Find the affine map that makes ``moving`` look like ``fixed``.

    The search starts from the better of two guesses, no motion and aligned centres of gravity, and the
    result is the best of all three by normalised correlation on the fixed grid: it is never worse than
    either guess.

    Args:
        fixed: scalar image, D = 2 or 3; its grid is where the two are compared.
        moving: scalar image of the same D.
        num_iterations: upper limit on the optimiser's steps at each of the four levels.
        seed: of the points at which the images are compared (images too large to use every voxel).

    Returns:
        Transform of physical points of ``fixed`` to physical points of ``moving``, in millimetres.

    Raises:
        ValueError: if an image is constant or not finite.
    """
    fixed, moving = rescale(fixed), rescale(moving)
    guesses = [_translation(fixed, moving, centred) for centred in (False, True)]
    scored = [(_correlation(fixed, moving, guess), guess) for guess in guesses]
    start = max(scored, key=lambda pair: pair[0])[1]
    found = _optimise(fixed, moving, start, num_iterations, seed)
    scored.append((_correlation(fixed, moving, found), found))
    return max(scored, key=lambda pair: pair[0])[1]


def resample(moving: itk.Image, fixed: itk.Image, transform: itk.Transform, nearest: bool) -> itk.Image:
    """Bring ``moving`` onto the grid of ``fixed``; what lies outside ``moving`` is 0.

    Args:
        moving: image to resample; its pixel type is kept.
        fixed: image whose grid the result takes.
        transform: physical points of ``fixed`` to physical points of ``moving``.
        nearest: nearest neighbour, for labels, instead of linear interpolation.
    """
    kind = itk.NearestNeighborInterpolateImageFunction if nearest else itk.LinearInterpolateImageFunction
    return itk.resample_image_filter(
        moving,
        transform=transform,
        interpolator=kind[type(moving), itk.D].New(),
        reference_image=fixed,
        use_reference_image=True,
        default_pixel_value=0,
    )


def identity(spatial_dims: int) -> itk.AffineTransform:
    """Affine transform of ``spatial_dims`` dimensions that moves nothing."""
    transform = itk.AffineTransform[itk.D, spatial_dims].New()
    transform.SetIdentity()
    return transform


def place(values: np.ndarray, frame: np.ndarray) -> itk.Image:
    """ITK image whose index axes are the axes of ``values`` ``(*S)``.

    Args:
        values: of the voxels.
        frame: index to physical space, ``(D + 1, D + 1)``, millimetres.
    """
    image = itk.image_from_array(np.ascontiguousarray(values.T))  # NumPy's last axis is ITK's first
    spacing = np.linalg.norm(frame[:-1, :-1], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(frame[:-1, -1].tolist())
    image.SetDirection(itk.matrix_from_array(np.ascontiguousarray(frame[:-1, :-1] / spacing)))
    return image


def matrix_of(transform: itk.Transform) -> np.ndarray:
    """Homogeneous matrix ``(D + 1, D + 1)`` of an affine transform, whatever its class and centre."""
    dims = transform.GetInputSpaceDimension()
    origin = np.array(list(transform.TransformPoint([0.0] * dims)))
    columns = [np.array(list(transform.TransformPoint(unit.tolist()))) - origin for unit in np.eye(dims)]
    matrix = np.eye(dims + 1)
    matrix[:-1, :-1], matrix[:-1, -1] = np.column_stack(columns), origin
    return matrix


def rescale(image: itk.Image) -> itk.Image:
    """Copy of ``image``, float32, its 0.5 to 99.5 percentiles stretched to [0, 1] and the rest clipped.

    Raises:
        ValueError: if the image is constant or not finite.
    """
    values = itk.array_from_image(image).astype(np.float32)
    if not np.isfinite(values).all() or values.min() == values.max():
        raise ValueError("affine registration needs finite images that are not constant")
    low, high = np.percentile(values, (0.5, 99.5))
    if low == high:  # a small object in a large empty field of view
        low, high = values.min(), values.max()
    rescaled = itk.image_from_array(np.clip((values - low) / (high - low), 0, 1))
    rescaled.CopyInformation(image)
    return rescaled


def _translation(fixed: itk.Image, moving: itk.Image, centred: bool) -> itk.AffineTransform:
    """Guess that keeps the matrix at identity; ``centred`` aligns the centres of gravity.

    ITK's CenteredTransformInitializer, which does the same, is not wrapped for 3-D affine transforms.
    The centre of rotation is the fixed centre of gravity either way: it decouples matrix and translation.
    """
    transform = identity(fixed.GetImageDimension())
    centre = _centre_of_gravity(fixed)
    transform.SetCenter(centre.tolist())
    if centred:
        transform.SetTranslation((_centre_of_gravity(moving) - centre).tolist())
    return transform


def _centre_of_gravity(image: itk.Image) -> np.ndarray:
    moments = itk.ImageMomentsCalculator[type(image)].New()
    moments.SetImage(image)
    moments.Compute()
    return np.array(list(moments.GetCenterOfGravity()))


def _correlation(fixed: itk.Image, moving: itk.Image, transform: itk.Transform) -> float:
    """Normalised correlation over the whole fixed grid; -1 where nothing of ``moving`` is on it.

    Unlike mutual information inside the overlap, this cannot be improved by moving the image out of view.
    """
    warped = itk.array_view_from_image(resample(moving, fixed, transform, nearest=False))
    if warped.min() == warped.max():
        return -1.0
    return float(np.corrcoef(itk.array_view_from_image(fixed).ravel(), warped.ravel())[0, 1])


def _optimise(
    fixed: itk.Image, moving: itk.Image, start: itk.AffineTransform, num_iterations: int, seed: int
) -> itk.AffineTransform:
    """Maximise mutual information from ``start``; ``start`` itself where ITK gives up."""
    metric = _metric(type(fixed))
    method = itk.ImageRegistrationMethodv4[type(fixed), type(moving)].New()
    fixed = _crop(fixed)
    method.SetFixedImage(fixed)
    method.SetMovingImage(moving)
    method.SetMetric(metric)
    method.SetOptimizer(_optimizer(metric, num_iterations, min(fixed.GetSpacing())))
    method.SetInitialTransform(start)
    method.SetInPlace(False)
    _set_pyramid(method, fixed)
    _set_sampling(method, fixed, seed)
    try:
        method.Update()
    except RuntimeError as error:
        logger.warning("affine registration stopped, its starting point is used: %s", error)
        return start
    found = identity(fixed.GetImageDimension())
    found.SetFixedParameters(method.GetTransform().GetFixedParameters())
    found.SetParameters(method.GetTransform().GetParameters())
    return found


def _crop(image: itk.Image) -> itk.Image:
    """Part of ``image`` in [0, 1] around what is not background, with a margin of a tenth of its size.

    Most of a skull-stripped volume is empty: points drawn there say nothing.
    """
    bright = np.argwhere(itk.array_view_from_image(image) > BACKGROUND)[:, ::-1]
    first, last = bright.min(axis=0), bright.max(axis=0)
    margin = np.ceil((last - first) * CROP_MARGIN).astype(int)
    first = np.maximum(first - margin, 0)
    last = np.minimum(last + margin, np.array(list(itk.size(image))) - 1)
    region = itk.ImageRegion[image.GetImageDimension()]()
    region.SetIndex(first.tolist())
    region.SetSize((last - first + 1).tolist())
    return itk.region_of_interest_image_filter(image, region_of_interest=region)


def _metric(image_type: type) -> itk.Object:
    metric = itk.MattesMutualInformationImageToImageMetricv4[image_type, image_type].New()
    metric.SetNumberOfHistogramBins(HISTOGRAM_BINS)
    metric.SetMaximumNumberOfWorkUnits(METRIC_THREADS)
    # Gradients at the sampled points only: whole gradient images of a 256^3 volume fill gigabytes.
    metric.SetUseMovingImageGradientFilter(False)
    metric.SetUseFixedImageGradientFilter(False)
    return metric


def _optimizer(metric: itk.Object, num_iterations: int, voxel: float) -> itk.Object:
    """Gradient descent whose step starts at about one ``voxel`` (mm) and shrinks whenever it turns back.

    The scales put rotation, scaling, shear and translation on one footing: how far they move voxels.
    """
    scales = itk.RegistrationParameterScalesFromPhysicalShift[type(metric)].New(Metric=metric)
    optimizer = itk.RegularStepGradientDescentOptimizerv4[itk.D].New()
    optimizer.SetScalesEstimator(scales)
    optimizer.SetNumberOfIterations(num_iterations)
    optimizer.SetLearningRate(voxel)
    optimizer.SetMinimumStepLength(1e-4 * voxel)
    # Sampled mutual information is rough and turns the search back often: with a factor of 0.6 it stopped
    # too early, one or two voxels off, for about one synthetic volume in ten.
    optimizer.SetRelaxationFactor(0.8)
    optimizer.SetGradientMagnitudeTolerance(1e-8)
    optimizer.SetReturnBestParametersAndValue(True)
    return optimizer


def _set_pyramid(method: itk.Object, fixed: itk.Image) -> None:
    """Smooth by half a shrunk voxel (nothing at full resolution), shrink towards cubic voxels."""
    finest = min(fixed.GetSpacing())
    method.SetNumberOfLevels(len(SHRINK_FACTORS))
    for level, factor in enumerate(SHRINK_FACTORS):
        method.SetShrinkFactorsPerDimension(level, _shrink(fixed, factor))
    method.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(True)
    method.SetSmoothingSigmasPerLevel([finest * factor / 2 if factor > 1 else 0.0 for factor in SHRINK_FACTORS])


def _shrink(image: itk.Image, factor: int) -> list[int]:
    """Shrink factor of every axis: ``factor`` on the finest, less on thick slices and short axes.

    Sixteen voxels an axis are left: with eight the search has been seen to run away.
    """
    spacing, size = np.array(list(image.GetSpacing())), np.array(list(itk.size(image)))
    wanted = np.round(factor * spacing.min() / spacing)
    return [int(each) for each in np.clip(wanted, 1, np.maximum(size // SMALLEST_SIZE, 1))]


def _set_sampling(method: itk.Object, fixed: itk.Image, seed: int) -> None:
    """Random points, the same ones for the same seed, where a level has more voxels than needed."""
    voxels = np.prod(list(itk.size(fixed)))
    counts: Sequence[float] = [voxels / np.prod(_shrink(fixed, factor)) for factor in SHRINK_FACTORS]
    method.SetMetricSamplingStrategy(itk.ImageRegistrationMethodv4Enums.MetricSamplingStrategy_RANDOM)
    method.SetMetricSamplingPercentagePerLevel([min(1.0, SAMPLES_PER_LEVEL / count) for count in counts])
    method.MetricSamplingReinitializeSeed(seed)
