"""One image in every format, and slices stored in every way."""

from __future__ import annotations

import json
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import pytest

from phantom import HEADERS, affine_of, brain, draw, draw_labels, points_of, with_field, write
from scripts.errors import InputError
from scripts.physical.headers import read_geometry
from scripts.physical.images import read_image, read_label
from scripts.registration import carry_points, jacobian, register_files, warp
from scripts.registration.output import FILES

ALL = [*FILES, "field"]
ENDINGS = {
    "_warped", "_warped_label", "_inverse_field.nii.gz", "_transform.h5", "_jacobian.nii.gz",
    "_figure.png", "_report.json",
}  # fmt: skip


def converted(path: Path, target: str) -> str:
    """A NIfTI file as ITK writes it in another format."""
    itk.imwrite(itk.imread(str(path)), target)
    return target


def dicom_series(path: Path, folder: Path) -> str:
    """A volume as a DICOM series, slice by slice."""
    image = itk.cast_image_filter(itk.imread(str(path)), ttype=[itk.Image[itk.F, 3], itk.Image[itk.SS, 3]])
    folder.mkdir()
    values, uid = itk.array_from_image(image), "1.2.826.0.1.3680043.2.1125.1"
    direction = itk.array_from_matrix(image.GetDirection())
    for k in range(values.shape[0]):
        plane = itk.image_from_array(values[k : k + 1])
        plane.SetSpacing(image.GetSpacing())
        plane.SetDirection(image.GetDirection())
        origin = np.array(list(image.GetOrigin())) + direction[:, 2] * image.GetSpacing()[2] * k
        plane.SetOrigin(origin.tolist())
        tags = plane.GetMetaDataDictionary()
        for tag, value in {
            "0008|0060": "MR", "0008|0021": "20200101", "0020|000d": uid, "0020|000e": f"{uid}.1",
            "0008|0018": f"{uid}.1.{k}", "0020|0013": str(k),
            "0020|0032": "\\".join(f"{x:.6f}" for x in origin),
            "0020|0037": "\\".join(f"{x:.6f}" for x in [*direction[:, 0], *direction[:, 1]]),
        }.items():  # fmt: skip
            tags[tag] = value
        io = itk.GDCMImageIO.New()
        io.KeepOriginalUIDOn()
        writer = itk.ImageFileWriter[itk.Image[itk.SS, 3]].New(Input=plane, FileName=str(folder / f"{k:03d}.dcm"))
        writer.SetImageIO(io)
        writer.Update()
    return str(folder)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii", "dicom"])
def test_formats_agree(tmp_path: Path, suffix: str) -> None:
    """The same volume in another format lies in the same place and has the same intensities."""
    path = draw(tmp_path / "image.nii.gz", HEADERS["oblique"])
    write(path, np.round(np.asarray(nib.load(path).dataobj)), nib.load(path).affine)
    other = (
        dicom_series(path, tmp_path / "series") if suffix == "dicom" else converted(path, f"{tmp_path}/other{suffix}")
    )
    first, second = read_image(str(path)), read_image(other)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.geometry.same_as(second.geometry, tolerance=0.01)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", "dicom"])
def test_results_keep_the_fixed_header(tmp_path: Path, suffix: str) -> None:
    """Warped image and label lie, for ITK, exactly where the fixed image lies."""
    source = draw(tmp_path / "image.nii.gz", HEADERS["oblique"])
    if suffix == "dicom":
        fixed = dicom_series(source, tmp_path / "fixed")
    else:
        fixed = converted(source, f"{tmp_path}/fixed{suffix}")
    moving = draw(tmp_path / "brain.nii.gz", HEADERS["swapped"])
    label = draw_labels(tmp_path / "seg.nii.gz", HEADERS["swapped"])
    register_files(with_field(), str(tmp_path / "out"), fixed=fixed, moving=str(moving), moving_label=str(label))
    end = ".nii.gz" if suffix == "dicom" else suffix
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"brain{e}{end if e.startswith('_warped') else ''}" for e in ENDINGS}
    expected = read_geometry(fixed)
    for name in (f"brain_warped{end}", f"brain_warped_label{end}"):
        found = read_geometry(f"{tmp_path}/out/{name}")
        assert found.size == expected.size
        digits = 1e-5 if suffix == "dicom" else 1e-12  # NIfTI keeps 32 bits
        np.testing.assert_allclose(found.matrix, expected.matrix, atol=digits)
        np.testing.assert_allclose(found.origin, expected.origin, atol=10 * digits)
    ids = np.unique(read_label(f"{tmp_path}/out/brain_warped_label{end}").values)
    assert set(ids) == {0, 1, 24, 1002, 2035}


def test_report_is_complete(tmp_path: Path, slices: dict[str, str]) -> None:
    register_files(with_field(affine=True), str(tmp_path), **slices)
    report = json.loads((tmp_path / "moving_report.json").read_text(encoding="utf-8"))
    wanted = {"similarity", "dice", "jacobian", "seconds", "versions", "identity", "notes", "inverse_error_mm"}
    assert wanted <= set(report)
    assert set(report["similarity"]) == {"measured_on", "unregistered", "affine", "network"}
    assert set(report["dice"]["labels"]) == {"1", "24", "1002", "2035"}
    assert report["dice"]["mean"]["affine"] > 0.8
    assert report["versions"]["itk"] == itk.__version__
    assert 0 <= report["jacobian"]["folded_fraction"] < 0.2


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slice_along_any_axis(tmp_path: Path, axis: int) -> None:
    """A volume one voxel thick along any axis is a slice, and its results keep that shape."""
    affine, size = affine_of(HEADERS["oblique"])
    thin = [1 if k == axis else n for k, n in enumerate(size)]
    shift = np.eye(4)
    shift[axis, 3] = size[axis] // 2
    path = write(tmp_path / "thin.nii.gz", brain(points_of(affine @ shift, thin)).astype(np.float32), affine @ shift)
    result = with_field()(str(path), str(path))
    assert result.warped.values.shape == tuple(thin)
    assert result.fields.whole.shape == (3, *[3 if n == 1 else n for n in thin])
    normal = result.fields.fixed.direction[:, axis]
    assert np.abs(np.tensordot(normal, result.fields.whole, 1)).max() < 1e-3  # nothing leaves the plane
    assert np.abs(result.fields.whole).max() > 1


def test_slices_at_different_heights(tmp_path: Path) -> None:
    """Slices of two heads need not lie in one plane: the transform leads from the one plane to the other."""
    fixed = draw(tmp_path / "fixed.nii.gz", np.eye(3), 2)
    image = nib.load(fixed)
    higher = image.affine.copy()
    higher[2, 3] += 25
    moving = write(tmp_path / "moving.nii.gz", np.asarray(image.dataobj), higher)
    result = with_field(amplitude=0)(str(fixed), str(moving))
    np.testing.assert_allclose(result.warped.values, image.get_fdata(), atol=1e-2)
    np.testing.assert_allclose(result.fields.whole[2], 25, atol=1e-4)


def test_slice_of_two_axes_with_one_of_three(tmp_path: Path) -> None:
    """A 2-D file against a volume one voxel thick: the 2-D one is read as ITK reads it into 3-D."""
    flat = draw(tmp_path / "flat.nii.gz", np.eye(3), 2, squeeze=True)
    thin = draw(tmp_path / "thin.nii.gz", np.eye(3), 2)
    for fixed, moving in ((flat, thin), (thin, flat)):
        result = with_field(amplitude=0)(str(fixed), str(moving))
        assert result.report["transform"]["dimensions"] == 3
        np.testing.assert_allclose(result.warped.array, nib.load(flat).get_fdata(), atol=1e-2)


@pytest.mark.usefixtures("no_picture")
@pytest.mark.parametrize("suffix", [".nii.gz", ".mha"])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_is_registered_can_be_warped_mapped_and_carried(tmp_path: Path, suffix: str, swapped: bool) -> None:
    """A file (X, Y) with one (X, Y, 1): every image lies on the fixed file's own grid, with its shape."""
    names = ("thin", "flat") if swapped else ("flat", "thin")
    fixed, moving = (str(draw(tmp_path / f"{n}.nii.gz", np.eye(3), 2, squeeze=n == "flat")) for n in names)
    label = str(draw_labels(tmp_path / "seg.nii.gz", np.eye(3), 2, squeeze=names[1] == "flat"))
    if suffix == ".mha":
        fixed = converted(Path(fixed), f"{tmp_path}/{names[0]}.mha")
    out, again = tmp_path / "out", tmp_path / "again"
    register_files(with_field(), str(out), fixed=fixed, moving=moving, moving_label=label, files=ALL)
    own, result = read_geometry(fixed), out / f"{names[1]}_warped{suffix}"
    for transform in ("transform.h5", "field.nii.gz"):
        warp(str(out / f"{names[1]}_{transform}"), fixed, str(again), moving, label)
        apart = read_image(str(again / result.name)).values - read_image(str(result)).values
        assert (np.abs(apart) > 0.5).mean() < 1e-3
        jacobian(str(out / f"{names[1]}_{transform}"), str(again), fixed)
    mapped = again / f"{names[1]}_field_jacobian.nii.gz"
    np.testing.assert_allclose(
        nib.load(mapped).get_fdata(), nib.load(out / f"{names[1]}_jacobian.nii.gz").get_fdata(), atol=2e-3
    )
    images = [result, out / f"{names[1]}_warped_label{suffix}", *again.glob("*_warped*"), mapped]
    assert len(images) == 5
    for path in images:
        found = read_geometry(str(path))
        assert (len(found.size), found.size) == (len(own.size), own.size) and found.same_as(own)
    if suffix == ".nii.gz":
        np.testing.assert_array_equal(nib.load(result).affine, nib.load(fixed).affine)
    (tmp_path / "points.csv").write_text("x,y,z\n1,2,0\n")
    (written,) = carry_points(str(out / f"{names[1]}_transform.h5"), str(tmp_path / "points.csv"), str(again))
    assert written.read_text().splitlines()[1].endswith(",0.0")


@pytest.mark.usefixtures("no_picture")
def test_a_flat_file_is_no_plane_of_a_volume_s_transform(tmp_path: Path) -> None:
    volume = str(draw(tmp_path / "volume.nii.gz", 4 * np.eye(3)))
    flat = str(draw(tmp_path / "flat.nii.gz", np.eye(3), 2, squeeze=True))
    register_files(with_field(), str(tmp_path / "out"), fixed=volume, moving=volume, files=ALL)
    for name in ("volume_transform.h5", "volume_field.nii.gz"):
        with pytest.raises(InputError, match=r"3-D transform but .*flat\.nii\.gz is stored in 2 dimensions"):
            warp(str(tmp_path / "out" / name), flat, str(tmp_path / "again"), moving=volume)
