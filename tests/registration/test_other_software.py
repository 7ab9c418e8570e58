"""What is saved, applied by other software, gives what was saved as the warped image."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, get_args

import itk
import nibabel as nib
import numpy as np
import pytest

from phantom import HEADERS, HEADERS_2D, brain, coarser, draw, points_of, with_field
from scripts.options import File
from scripts.registration import warp
from scripts.registration.batch import register_one

sitk: Any = pytest.importorskip("SimpleITK")
pytestmark = pytest.mark.usefixtures("no_picture")

# Intensities reach 800. Linear interpolation at points that differ by the rounding of 32-bit millimetres.
TOLERANCE = 0.05
NAMES = list(HEADERS)
# Every header on either side, and each against another one.
COMBINATIONS = [(name, NAMES[(k + shift) % len(NAMES)]) for k, name in enumerate(NAMES) for shift in (0, 2)]


def matrices(kind: str, fixed: str, moving: str) -> tuple[np.ndarray, np.ndarray]:
    """Axes of the two files: ``kind`` 3d, 2d (files of two axes) or slice (volumes one voxel thick)."""
    if kind == "slice":
        return HEADERS[fixed] @ np.diag([0.6, 0.6, 1]), HEADERS[moving] @ np.diag([0.6, 0.6, 1])
    table = HEADERS if kind == "3d" else HEADERS_2D
    return table[fixed], table[moving]


def registered(folder: Path, kind: str, fixed: str, moving: str) -> tuple[Path, Path, Path]:
    """Fixed file, moving file, and the folder of the results."""
    first, second = matrices(kind, fixed, moving)
    if kind == "slice" and {fixed, moving} & {"swapped"}:
        second = first @ np.diag([-1.0, 1.3, 1]) if fixed == "swapped" else second
        first = second @ np.diag([1.2, -1.0, 1]) if fixed != "swapped" else first
    dims = 3 if kind == "3d" else 2
    paths = [
        draw(folder / f"{name}.nii.gz", matrix, dims, squeeze=kind == "2d")
        for name, matrix in (("fixed", first), ("moving", second))
    ]
    register_one(with_field(), {"fixed": str(paths[0]), "moving": str(paths[1])}, folder / "out", get_args(File))
    return paths[0], paths[1], folder / "out"


@pytest.mark.parametrize("kind", ["2d", "slice", "3d"])
@pytest.mark.parametrize(("fixed", "moving"), COMBINATIONS)
def test_other_software_reproduces_our_image(tmp_path: Path, kind: str, fixed: str, moving: str) -> None:
    """ITK, SimpleITK and, without any of them, the phantom itself read at the points the field names."""
    fixed_path, moving_path, out = registered(tmp_path, kind, fixed, moving)
    warped = nib.load(out / "moving_warped.nii.gz")
    values = np.asarray(warped.dataobj)
    assert np.ptp(values) > 300  # something is seen
    others = {f"itk {n}": itk_warped(fixed_path, moving_path, out / n) for n in SAVED}
    others |= {f"sitk {n}": sitk_warped(fixed_path, moving_path, out / n) for n in SAVED}
    for name, other in others.items():
        assert other.shape == values.shape
        assert agree(values, other), name
    assert moved_by_more_than_a_voxel(fixed_path, moving_path, values)
    truth = phantom_warped(out, kind, values.shape, warped.affine)
    mask = truth > 50
    assert np.abs(truth - values)[mask].mean() < 12  # interpolation of the grid's voxels, of 300 to 800


@pytest.mark.parametrize("kind", ["2d", "slice", "3d"])
def test_ants_reproduces_our_image(tmp_path: Path, kind: str) -> None:
    ants: Any = pytest.importorskip("ants")
    for k, (fixed, moving) in enumerate(COMBINATIONS[1::2]):
        (tmp_path / str(k)).mkdir()
        fixed_path, moving_path, out = registered(tmp_path / str(k), kind, fixed, moving)
        values = np.asarray(nib.load(out / "moving_warped.nii.gz").dataobj)
        images = [ants.image_read(str(path)) for path in (fixed_path, moving_path)]
        for name in SAVED:
            found = ants.apply_transforms(*images, transformlist=[str(out / name)], interpolator="linear")
            assert agree(values, found.numpy().reshape(values.shape)), (fixed, moving, name)


SAVED = ("moving_field.nii.gz", "moving_transform.h5")


def agree(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Equal within the tolerance but for a few voxels at the edge of the moving image, where inside is a matter of
    the last digit."""
    apart = np.abs(ours.astype(float) - theirs) > TOLERANCE
    return bool(apart.mean() < 1e-3)


def moved_by_more_than_a_voxel(fixed: Path, moving: Path, warped: np.ndarray) -> bool:
    """The transform did something: without it the image would look otherwise."""
    still = sitk.Resample(sitk.ReadImage(str(moving)), sitk.ReadImage(str(fixed)), sitk.Transform())
    return bool(np.abs(sitk.GetArrayFromImage(still).T - warped).max() > 20)


def itk_warped(fixed: Path, moving: Path, transform: Path) -> np.ndarray:
    reference, image = itk.imread(str(fixed), itk.F), itk.imread(str(moving), itk.F)
    if transform.suffix != ".h5":
        return itk_warp_image(image, reference, itk.imread(str(transform), itk.Vector[itk.F, image.ndim]))
    found = itk.transformread(str(transform))[0]
    result = itk.resample_image_filter(image, transform=found, reference_image=reference, use_reference_image=True)
    return np.asarray(itk.array_from_image(result)).T


def itk_warp_image(image: Any, reference: Any, field: Any) -> np.ndarray:
    """ITK's filter for displacement fields: another piece of software than the transforms."""
    kind = type(image)
    warper = itk.WarpImageFilter[kind, kind, type(field)].New(Input=image)
    warper.SetDisplacementField(field)
    warper.SetOutputParametersFromImage(reference)
    warper.Update()
    return np.asarray(itk.array_from_image(warper.GetOutput())).T


def sitk_warped(fixed: Path, moving: Path, transform: Path) -> np.ndarray:
    reference, image = (sitk.ReadImage(str(path), sitk.sitkFloat32) for path in (fixed, moving))
    if transform.suffix == ".h5":
        found = sitk.ReadTransform(str(transform))
    else:
        found = sitk.DisplacementFieldTransform(sitk.ReadImage(str(transform), sitk.sitkVectorFloat64))
    return np.asarray(sitk.GetArrayFromImage(sitk.Resample(image, reference, found, sitk.sitkLinear, 0.0))).T


def phantom_warped(out: Path, kind: str, size: tuple[int, ...], affine: np.ndarray) -> np.ndarray:
    """The phantom at the fixed voxels' points plus the field, from the two files' bare numbers."""
    vectors = np.asarray(nib.load(out / "moving_field.nii.gz").dataobj)
    vectors = np.moveaxis(vectors.reshape(*[n for n in vectors.shape[:3] if n > 1], vectors.shape[-1]), -1, 0)
    if kind == "slice":
        vectors = vectors[..., 1:2]
    shift = np.zeros((3, *size))
    shift[: len(vectors)] = vectors * np.array([-1, -1, 1.0])[: len(vectors)].reshape(-1, *[1] * len(size))
    return brain(points_of(affine, size) + shift)


def test_header_of_results_is_the_fixed_files_own(tmp_path: Path) -> None:
    for kind in ("2d", "slice", "3d"):
        (tmp_path / kind).mkdir()
        fixed, _, out = registered(tmp_path / kind, kind, "oblique", "flipped")
        ours, theirs = nib.load(out / "moving_warped.nii.gz"), nib.load(fixed)
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours.affine, theirs.affine)
        for field in ("qform_code", "sform_code", "pixdim", "srow_x", "srow_y", "srow_z", "dim"):
            np.testing.assert_array_equal(ours.header[field], theirs.header[field], err_msg=field)


def test_saved_transform_applied_again_by_warp(tmp_path: Path) -> None:
    fixed, moving, out = registered(tmp_path, "3d", "swapped", "oblique")
    values = np.asarray(nib.load(out / "moving_warped.nii.gz").dataobj)
    for name in SAVED:
        (written,) = warp(str(out / name), str(fixed), str(tmp_path / name), moving=str(moving))
        assert agree(values, np.asarray(nib.load(written).dataobj))


def real_files(kind: str, data: Path, folder: Path) -> dict[str, str]:
    """Real pairs: labelled volumes, slices in space, and slices whose two axes are swapped."""
    subjects = [sorted((data / name).iterdir())[:2] for name in ("neurite_oasis_2d", "neurite_oasis_3d")]
    named: dict[str, list[Path]] = {
        "coronal_t1t2": [data / "coronal_t1t2" / "t1" / f"S{k}.nii.gz" for k in (1, 2)],
        "neurite_oasis_2d": [*(s / "slice_norm.nii.gz" for s in subjects[0]), subjects[0][1] / "slice_seg24.nii.gz"],
        "neurite_oasis_3d": [subjects[1][0] / "aligned_norm.nii.gz", subjects[1][1] / "norm.nii.gz",
                             subjects[1][1] / "seg35.nii.gz"],
        "oasis_3d_pair": [data / "oasis_3d_pair" / f"image_{x}_160x192x144{e}.nii.gz"
                          for x, e in (("A", ""), ("B", ""), ("B", "_seg"))],
    }  # fmt: skip
    keys = ("fixed", "moving", "moving_label")
    files = dict(zip(keys, named[kind], strict=False))
    if "3d" in kind:
        return {key: coarser(path, folder / f"{key}.nii.gz") for key, path in files.items()}
    for key, path in files.items():
        shutil.copy(path, folder / f"{key}.nii.gz")
    return {key: str(folder / f"{key}.nii.gz") for key in files}


@pytest.mark.parametrize("kind", ["coronal_t1t2", "neurite_oasis_2d", "neurite_oasis_3d", "oasis_3d_pair"])
def test_real_images(real_data: Path, tmp_path: Path, kind: str) -> None:
    """An affine map and a field together; labels by nearest neighbour agree but for ties."""
    files, out = real_files(kind, real_data, tmp_path), tmp_path / "out"
    register_one(with_field(affine=True), files, out, get_args(File))
    fixed, moving = (Path(files[key]) for key in ("fixed", "moving"))
    values = np.asarray(nib.load(out / "moving_warped.nii.gz").dataobj)
    bright = float(values.max())
    for name in SAVED:
        for other in (itk_warped(fixed, moving, out / name), sitk_warped(fixed, moving, out / name)):
            assert (np.abs(other - values) > 1e-3 * bright).mean() < 1e-3, name
    if "moving_label" in files:
        reference, label = (sitk.ReadImage(path) for path in (files["fixed"], files["moving_label"]))
        found = sitk.ReadTransform(str(out / "moving_transform.h5"))
        theirs = sitk.GetArrayFromImage(sitk.Resample(label, reference, found, sitk.sitkNearestNeighbor, 0)).T
        ours = np.asarray(nib.load(out / "moving_warped_label.nii.gz").dataobj)
        assert set(np.unique(ours)) <= set(np.unique(sitk.GetArrayFromImage(label)))
        assert (ours != theirs).mean() < 1e-3
        assert (ours > 0).mean() > 0.02
