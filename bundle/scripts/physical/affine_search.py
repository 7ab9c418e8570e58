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

from .affine_masks import NONE, Masks, blanked, in_common, mask_of, set_masks, share_of
from .affine_starts import about_centre, identity, starts
from .geometry import Geometry
from .headers import reason_of
from .intensity import bright_box
from .itk_images import geometry_of, itk_image, itk_resample
from .itk_transforms import matrix_of
from .prepared import Prepared

logger = logging.getLogger(__name__)

SHRINK_FACTORS = (8, 4, 2, 1)
SMALLEST_SIZE = 16
HISTOGRAM_BINS = 32
CROP_MARGIN = 0.1
LEAST_MARGIN = 2  # voxels: ITK smooths nothing shorter than four
TELLING = 1.001  # less of a gain is how the voxels fall
# Times the information that main axes must give where they may be a part's: parts of brains gave at most 1.04 times
# what is unturned gave, brains that are turned at least 1.34 times.
TURNED = 1.25
COMPARED_VOXELS = 2**18  # at most, of the grid on which whole images are compared: a slice is not thinned out
# Twelve parameters need no more points than this; without a limit a 256^3 volume takes minutes.
SAMPLES_PER_LEVEL = 20_000
# Threads add up in no fixed order, and the last digits grow over the iterations. So few points are no
# slower in one thread; smoothing and resampling use all cores.
METRIC_THREADS = 1


def find_affine(
    fixed: Prepared, moving: Prepared, *, start: np.ndarray | None = None, guesses: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """The affine map from coordinates in ``fixed`` to coordinates in ``moving``, ``(D + 1, D + 1)``, mm.

    Args:
        fixed, moving: the images, which are compared in their masks alone.
        start: such a map, from which is searched instead of the search's own guesses.
        guesses: such maps, from which the search may start besides.
    """
    images = [itk_image(image.values[0, 0].numpy(), image.grid.geometry) for image in (fixed, moving)]
    began = None if start is None else about_centre(images[0], start)
    further = [about_centre(images[0], guess) for guess in guesses]
    masks = mask_of(fixed), mask_of(moving)
    whole = not (fixed.is_cut or moving.is_cut)
    return matrix_of(register_affine(*images, start=began, guesses=further, masks=masks, whole=whole))


def register_affine(
    fixed: itk.Image,
    moving: itk.Image,
    num_iterations: int = 200,
    seed: int = 0,
    *,
    start: itk.AffineTransform | None = None,
    guesses: Sequence[itk.AffineTransform] = (),
    masks: Masks = NONE,
    whole: bool = True,
) -> itk.AffineTransform:
    """Find the affine map that makes ``moving`` look like ``fixed``.

    The search starts from ``start``, else from the best of some guesses (see :func:`starts`), and the result is the
    better of that start and what was found, by the metric that is optimised, taken over the whole fixed grid: never
    worse than any guess, whatever the contrast.

    Args:
        fixed: image scaled to [0, 1], 32-bit floats, D = 2 or 3; its grid is where the two are compared.
        moving: likewise, of the same D.
        num_iterations: upper limit on the optimiser's steps at each of the four levels.
        seed: of the points at which the images are compared (images too large to use every voxel).
        start: where to search from; ``None``: at the best of :func:`starts`.
        guesses: where the search may start besides.
        masks: of ``fixed`` and ``moving``, on their grids, not 0 where they are compared.
        whole: whether both show the whole object, so that its main axes may tell how it is turned.

    Returns:
        Transform of physical points of ``fixed`` to physical points of ``moving``, in millimetres.

    Raises:
        ValueError: if an image is constant or not finite.
    """
    for image in (fixed, moving):
        values = itk.array_view_from_image(image)
        if not np.isfinite(values).all() or values.min() == values.max():
            raise ValueError("affine registration needs finite images that are not constant")
    shown = blanked(fixed, masks[0]), blanked(moving, masks[1])
    straight, turned = starts(*shown) if start is None else ([start], [])
    doubts = [1.0] * len([*straight, *guesses]) + [1.0 if whole else TURNED] * len(turned)
    tried = [*straight, *guesses, *turned]
    values = [mutual_information(fixed, moving, guess, masks) for guess in tried]
    chosen = int(np.argmax([value / doubt for value, doubt in zip(values, doubts, strict=True)]))
    best, start = values[chosen], tried[chosen]
    found = _optimise(fixed, moving, start, num_iterations, seed, masks)
    return found if mutual_information(fixed, moving, found, masks) > best * TELLING else start


def mutual_information(fixed: itk.Image, moving: itk.Image, transform: itk.Transform, masks: Masks = NONE) -> float:
    """Mattes mutual information over the whole fixed grid, thinned out; 0 where nothing of ``moving`` is on it.

    Unlike that inside the overlap, it cannot be improved by moving the image out of view. That inside masks is
    multiplied by the share of the fixed mask that is compared, so that it cannot either.
    """
    still, grid = identity(fixed.GetImageDimension()), _between_voxels(fixed)
    images = itk_resample(fixed, grid, still), itk_resample(moving, grid, transform)
    common, share = in_common(masks, grid, transform)
    where = True if common is None else itk.array_view_from_image(common) > 0
    seen = [itk.array_view_from_image(image)[where] for image in images]
    if any(values.size == 0 or np.ptp(values) == 0 for values in seen):
        return 0.0
    metric = _metric(type(fixed))
    set_masks(metric, (common, None))
    metric.SetFixedImage(images[0])
    metric.SetMovingImage(images[1])
    metric.SetFixedTransform(still)
    metric.SetMovingTransform(still)
    metric.SetVirtualDomainFromImage(images[0])
    metric.Initialize()
    return -float(metric.GetValue()) * share


def _between_voxels(image: itk.Image) -> itk.Image:
    """An empty image of at most about :data:`COMPARED_VOXELS` voxels, halfway between those of ``image``.

    Interpolation blurs both images there. On the voxels themselves it would blur the moving image alone, and blur
    counts as information: identical images would be moved by a fraction of a voxel.
    """
    whole = geometry_of(image)
    step = max(1, round((np.prod(whole.size, dtype=float) / COMPARED_VOXELS) ** (1 / len(whole.size))))
    size = tuple(int(n) for n in np.maximum((np.array(whole.size) - 1) // step, 1))
    grid = Geometry(size, whole.spacing * step, whole.origin + whole.matrix @ np.full(len(size), 0.5), whole.direction)
    return itk_image(np.zeros(size, dtype=np.float32), grid)


def _optimise(
    fixed: itk.Image, moving: itk.Image, start: itk.AffineTransform, num_iterations: int, seed: int, masks: Masks
) -> itk.AffineTransform:
    """Maximise mutual information from ``start``; ``start`` itself where ITK gives up."""
    metric = _metric(type(fixed))
    set_masks(metric, masks)
    method = itk.ImageRegistrationMethodv4[type(fixed), type(moving)].New()
    region = _object_of(blanked(fixed, masks[0]))
    fixed = itk.region_of_interest_image_filter(fixed, region_of_interest=region)
    method.SetFixedImage(fixed)
    method.SetMovingImage(moving)
    method.SetMetric(metric)
    method.SetOptimizer(_optimizer(metric, num_iterations, min(fixed.GetSpacing())))
    method.SetInitialTransform(start)
    method.SetInPlace(False)
    _set_pyramid(method, fixed)
    _set_sampling(method, fixed, seed, share_of(masks[0], region))
    try:
        method.Update()
    except RuntimeError as error:
        logger.warning("the affine search stopped, its starting point is used: %s", reason_of(error))
        return start
    found = identity(fixed.GetImageDimension())
    found.SetFixedParameters(method.GetTransform().GetFixedParameters())
    found.SetParameters(method.GetTransform().GetParameters())
    return found


def _object_of(image: itk.Image) -> itk.ImageRegion:
    """The part of ``image`` in [0, 1] around what is not background, with a margin of a tenth of its size.

    Most of a skull-stripped volume is empty: points drawn there say nothing.
    """
    first, size = bright_box(itk.array_view_from_image(image).T)
    margin = np.ceil(np.maximum((size - 1) * CROP_MARGIN, LEAST_MARGIN)).astype(int)
    low = np.maximum(first - margin, 0)
    high = np.minimum(first + size + margin, np.array(list(itk.size(image))))
    region = itk.ImageRegion[image.GetImageDimension()]()
    region.SetIndex(low.tolist())
    region.SetSize((high - low).tolist())
    return region


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


def _set_sampling(method: itk.Object, fixed: itk.Image, seed: int, share: float) -> None:
    """Random points, the same ones for the same seed, where a level has more voxels than needed; a ``share`` counts."""
    voxels = np.prod(list(itk.size(fixed))) * share
    counts: Sequence[float] = [voxels / np.prod(_shrink(fixed, factor)) for factor in SHRINK_FACTORS]
    method.SetMetricSamplingStrategy(itk.ImageRegistrationMethodv4Enums.MetricSamplingStrategy_RANDOM)
    method.SetMetricSamplingPercentagePerLevel([min(1.0, SAMPLES_PER_LEVEL / count) for count in counts])
    method.MetricSamplingReinitializeSeed(seed)
