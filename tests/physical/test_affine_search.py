"""The affine search: known maps are found from where they can be, whatever the contrast."""

from __future__ import annotations

import itk
import numpy as np
import pytest

from ellipsoids import MATRICES, SIZES, brain, moved, still
from scripts.physical import PercentileScaling
from scripts.physical.affine_search import mutual_information, register_affine
from scripts.physical.affine_starts import identity, starts
from scripts.physical.itk_images import itk_resample
from support import both_dims


def to_itk(values: np.ndarray) -> itk.Image:
    scaled = PercentileScaling()(values)
    return itk.image_from_array(np.ascontiguousarray(scaled.T))


def mapped(transform: itk.Transform, points: np.ndarray) -> np.ndarray:
    return np.array([list(transform.TransformPoint(point.tolist())) for point in points])


def correlation(first: itk.Image, second: itk.Image) -> float:
    arrays = [itk.array_from_image(image).ravel() for image in (first, second)]
    return float(np.corrcoef(*arrays)[0, 1])


@both_dims
def test_known_affine_is_recovered(dims: int) -> None:
    image, label = still(dims)
    points = np.argwhere(label > 0)[::7].astype(float)
    transform = register_affine(to_itk(image), to_itk(moved(dims)[0]))
    centre = (np.array(SIZES[dims]) - 1) / 2
    expected = (points - centre) @ MATRICES[dims].T + centre + 2.0
    assert np.linalg.norm(mapped(transform, points) - expected, axis=1).max() < 0.5


@both_dims
def test_identical_images_stay_in_place(dims: int) -> None:
    image, label = still(dims)
    points = np.argwhere(label > 0)[::7].astype(float)
    transform = register_affine(to_itk(image), to_itk(image.copy()))
    assert np.abs(mapped(transform, points) - points).max() < 0.05


@both_dims
def test_registration_repeats(dims: int) -> None:
    fixed, moving = to_itk(still(dims)[0]), to_itk(moved(dims)[0])
    first, second = (register_affine(fixed, moving, num_iterations=20, seed=3) for _ in range(2))
    assert list(first.GetParameters()) == list(second.GetParameters())


@both_dims
def test_never_worse_than_not_moving(dims: int) -> None:
    fixed = to_itk(still(dims)[0])
    moving = to_itk(np.random.default_rng(0).random(SIZES[dims], dtype=np.float32))
    found = register_affine(fixed, moving, num_iterations=5)
    assert mutual_information(fixed, moving, found) >= mutual_information(fixed, moving, identity(dims))


def test_images_far_apart_meet() -> None:
    fixed, moving = to_itk(still(3)[0]), to_itk(moved(3)[0])
    moving.SetOrigin([500.0, -300.0, 80.0])
    warped = itk_resample(moving, fixed, register_affine(fixed, moving))
    assert correlation(fixed, warped) > 0.97


def test_constant_image_is_refused() -> None:
    for bad in (np.ones(SIZES[2], np.float32), np.full(SIZES[2], np.nan, np.float32)):
        with pytest.raises(ValueError, match="constant"):
            register_affine(to_itk(still(2)[0]), itk.image_from_array(np.ascontiguousarray(bad.T)))


def placed(values: np.ndarray, origin: float) -> itk.Image:
    """An image whose origin is off by ``origin`` mm along every axis."""
    image = to_itk(values)
    image.SetOrigin([origin] * values.ndim)
    return image


@both_dims
@pytest.mark.parametrize("distance", [0.0, 45.0])
def test_inverted_contrast_is_aligned_as_well(dims: int, distance: float) -> None:
    """Dark structures on a bright ground: signed correlation prefers whatever start is worse."""
    image, label = still(dims)
    inverted = moved(dims)[0].max() - moved(dims)[0]
    points = np.argwhere(label > 0)[::7].astype(float)
    transform = register_affine(to_itk(image), placed(inverted, distance))
    centre = (np.array(SIZES[dims]) - 1) / 2
    expected = (points - centre) @ MATRICES[dims].T + centre + 2.0 + distance
    assert np.linalg.norm(mapped(transform, points) - expected, axis=1).max() < 1.0


@both_dims
def test_a_head_turned_far_is_found(dims: int) -> None:
    """Through the main axes of the objects: no other start is near."""
    angle = np.radians(100)
    turn = np.eye(dims)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    size = (72,) * dims
    (image, label), (other, _) = (brain(size, matrix, 0) for matrix in (np.eye(dims), turn))
    points, centre = np.argwhere(label > 0)[::7].astype(float), (np.array(size) - 1) / 2
    transform = register_affine(to_itk(image), to_itk(other))
    expected = (points - centre) @ turn.T + centre
    assert np.linalg.norm(mapped(transform, points) - expected, axis=1).max() < 1.0


@both_dims
def test_starts_are_rigid_and_begin_with_no_motion(dims: int) -> None:
    images = to_itk(still(dims)[0]), to_itk(moved(dims)[0])
    straight, turned = starts(*images)
    guesses = [*straight, *turned]
    points = np.random.default_rng(0).uniform(0, 40, (6, dims))
    np.testing.assert_allclose(mapped(guesses[0], points), points, atol=1e-9)
    for guess in guesses:
        there = mapped(guess, points)
        apart, before = (np.linalg.norm(each[1:] - each[:-1], axis=1) for each in (there, points))
        np.testing.assert_allclose(apart, before, rtol=1e-6)
    assert (len(straight), len(turned)) == (3, 2 ** (dims - 1))


@both_dims
def test_information_knows_no_sign_and_no_hiding(dims: int) -> None:
    """An inverted image says as much; one moved out of view says nothing."""
    image = still(dims)[0]
    fixed, far = to_itk(image), identity(dims)
    far.SetOffset([1e4] * dims)
    same, inverted = (mutual_information(fixed, to_itk(each), identity(dims)) for each in (image, image.max() - image))
    assert same > 0.5
    assert inverted == pytest.approx(same, rel=0.1)
    assert mutual_information(fixed, fixed, far) == 0
