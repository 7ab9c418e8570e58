"""Whether a result is right, asked of other software: SimpleITK, NumPy, the files themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk
import torch

Given = dict[str, str]


def read(path: Path) -> Any:
    """An image by SimpleITK; NIfTI-2, which it does not know, by nibabel."""
    try:
        return sitk.ReadImage(str(path), sitk.sitkFloat64)
    except RuntimeError:
        file = nib.load(path)
    again = nib.Nifti1Image(np.asarray(file.dataobj), file.affine)
    copy = path.parent.parent / "again.nii"
    nib.save(again, copy)
    try:
        return sitk.ReadImage(str(copy), sitk.sitkFloat64)
    finally:
        copy.unlink()


def values_of(image: Any) -> np.ndarray:
    return np.asarray(sitk.GetArrayFromImage(image), dtype=float)


def transform_of(path: Path) -> Any:
    """Of a transform file or a displacement field."""
    if path.suffix in (".h5", ".tfm", ".mat"):
        return sitk.ReadTransform(str(path))
    return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))


def agree(ours: Path, fixed: Path, moving: Path, transform: Any, nearest: bool = False) -> None:
    """The written image lies where the fixed image lies and is the moving one, resampled once."""
    reference, source, result = read(fixed), read(moving), read(ours)
    dims = transform.GetDimension()
    reference, source = (
        sitk.JoinSeries([each]) if each.GetDimension() < dims else each for each in (reference, source)
    )
    mode = sitk.sitkNearestNeighbor if nearest else sitk.sitkLinear
    theirs = values_of(sitk.Resample(source, reference, transform, mode, 0.0)).squeeze()
    found = values_of(result).squeeze()
    assert found.shape == theirs.shape
    np.testing.assert_allclose(result.GetSpacing()[:2], reference.GetSpacing()[:2], rtol=1e-5)
    np.testing.assert_allclose(result.GetOrigin()[:2], reference.GetOrigin()[:2], atol=1e-3)
    scale = max(float(np.ptp(values_of(source))), 1e-300)
    apart = np.abs(found - theirs) / scale > (0 if nearest else 1e-3)
    assert apart.mean() < 0.01, f"{apart.mean():.3f} of the voxels differ from SimpleITK's"


def check_register(folder: Path, given: Given) -> None:
    """Every pair's warped image is the moving one, and its fields are finite; a file that is missing was not wanted."""
    reports = list((folder / given["output_dir"]).glob("*_report.json"))
    assert reports
    for path in reports:
        files = json.loads(path.read_text())["request"]["files"]
        name = path.name.removesuffix("_report.json")
        written = {end: list(path.parent.glob(f"{name}_{end}.*")) for end in ("transform", "warped", "label_warped")}
        assert "files" in given or (written["transform"] and written["warped"])
        for field in path.parent.glob(f"{name}_field.nii.gz"):
            assert np.isfinite(nib.load(field).get_fdata()).all()
        for transform in map(transform_of, written["transform"]):
            for warped in written["warped"]:
                agree(warped, Path(files["fixed"][0]), Path(files["moving"][0]), transform)
            for label in written["label_warped"]:
                agree(label, Path(files["fixed"][0]), Path(files["moving_label"][0]), transform, nearest=True)


def check_warp(folder: Path, given: Given) -> None:
    """What was asked for is there, and is what SimpleITK makes of it."""
    transform = transform_of(folder / given["transform"])
    written = sorted((folder / given["output_dir"]).glob("*_warped.*"))
    asked = [(key, given[key]) for key in ("moving", "moving_label") if given.get(key, "null") not in ("null", "None")]
    assert written and len(written) <= len(asked)
    if len(asked) == 1:
        key, path = asked[0]
        agree(written[0], folder / given["fixed"], folder / path, transform, nearest=key == "moving_label")


def check_jacobian(folder: Path, given: Given) -> None:
    """The map is SimpleITK's, inside."""
    (written,) = (folder / given["output_dir"]).glob("*_jacobian.nii.gz")
    transform, found = transform_of(folder / given["transform"]), read(written)
    assert np.isfinite(values_of(found)).all()
    if found.GetDimension() != transform.GetDimension() or 1 in found.GetSize():
        return
    field = sitk.TransformToDisplacementField(transform, sitk.sitkVectorFloat64, found.GetSize(), found.GetOrigin(),
                                              found.GetSpacing(), found.GetDirection())  # fmt: skip
    dims = found.GetDimension()
    vectors = values_of(field).T.reshape(dims, *found.GetSize())
    by_index = np.stack([np.stack(np.gradient(each), axis=-1) for each in vectors], axis=-2)  # ITK's own filter takes
    matrix = np.reshape(found.GetDirection(), (dims, dims)) * found.GetSpacing()  # no notice of the direction
    theirs = np.linalg.det(np.eye(dims) + by_index @ np.linalg.inv(matrix)).T
    apart = np.abs(theirs - values_of(found))[(slice(2, -2),) * dims] / np.abs(theirs).max()
    assert np.quantile(apart, 0.9) < 0.05


def check_points(folder: Path, given: Given) -> None:
    """The points are where SimpleITK takes them."""
    (written,) = [path for path in (folder / given["output_dir"]).iterdir() if "_points." in path.name]
    transform = transform_of(folder / given["transform"])
    before, after = (positions_of(path) for path in (folder / given["landmarks"], written))
    dims = transform.GetDimension()
    expected = [transform.TransformPoint(point[:dims]) for point in before]
    np.testing.assert_allclose([point[:dims] for point in after], expected, rtol=1e-6, atol=1e-4)


def check_compose(folder: Path, given: Given) -> None:
    """Points are where SimpleITK takes them by the files, one after the other."""
    report, field, points = field_with_report(folder / given["output_dir"])
    found, wanted = (
        moved([field], points),
        moved([transform_of(folder / each) for each in report["transforms"]], points),
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-3)


def check_invert(folder: Path, given: Given) -> None:
    """Points are where they were, once SimpleITK took them back and forth; by a field that folds, who knows."""
    if not list((folder / given["output_dir"]).glob("*_field.nii.gz")):
        (written,) = (folder / given["output_dir"]).glob("*_transform.h5")
        transform, inverse = transform_of(folder / given["transform"]), transform_of(written)
        points = np.random.default_rng(0).uniform(-50, 50, (20, transform.GetDimension()))
        np.testing.assert_allclose(moved([inverse, transform], points), points, rtol=1e-4, atol=1e-4)
        return
    report, inverse, points = field_with_report(folder / given["output_dir"])
    back = moved([inverse], points)
    assert np.isfinite(back).all()
    if report["without_inverse_fraction"] + report["outside_fraction"] == 0:
        np.testing.assert_allclose(moved([transform_of(folder / given["transform"])], back), points, atol=0.1)


def field_with_report(folder: Path) -> tuple[dict[str, Any], Any, np.ndarray]:
    """Of what was written: the report, the field, as a transform, and voxels of its grid, LPS."""
    (path,), (report,) = folder.glob("*_field.nii.gz"), folder.glob("*_report.json")
    image = sitk.ReadImage(str(path), sitk.sitkVectorFloat64)
    index = np.indices(image.GetSize()).reshape(image.GetDimension(), -1).T[::17].tolist()
    points = np.array([image.TransformIndexToPhysicalPoint(each) for each in index])
    return json.loads(report.read_text()), sitk.DisplacementFieldTransform(image), points


def moved(transforms: Sequence[Any], points: np.ndarray) -> np.ndarray:
    """Points ``(N, E)`` taken through transforms, the first one first."""
    for transform in transforms:
        points = np.array([transform.TransformPoint(point) for point in points.tolist()])
    return points


def positions_of(path: Path) -> list[list[float]]:
    """LPS, of the two formats."""
    if path.name.lower().endswith(".csv"):
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        return [[float(row[axis]) for axis in ("x", "y", "z") if axis in row] for row in rows]
    markups = json.loads(path.read_text())["markups"]
    assert all(markup.get("coordinateSystem", "LPS") == "LPS" for markup in markups)
    return [point["position"] for markup in markups for point in markup["controlPoints"]]


def check_register_sequence(folder: Path, given: Given) -> None:
    """Images and fields are written, and finite."""
    written = sorted((folder / given["output_dir"]).rglob("*.nii.gz"))
    assert written
    assert all(np.isfinite(nib.load(path).get_fdata()).all() for path in written)


def check_segment(folder: Path, given: Given) -> None:
    """Label maps on their images' grids, of labels that the atlas has; the atlas itself gets its own labels."""
    written = sorted((folder / given["output_dir"]).glob("*_seg.nii.gz"))
    assert written
    for path in written:
        stem = path.name.removesuffix("_seg.nii.gz")
        source = [each for each in (folder / "in").rglob("*") if each.name.split(".")[0] == stem]
        found = nib.load(path)
        if source and source[0].name.lower().endswith((".nii", ".nii.gz")):
            image = nib.load(source[0])
            assert found.shape == image.shape
            np.testing.assert_allclose(found.affine, image.affine, atol=1e-4)
        ids = np.asarray(found.dataobj)
        known = np.asarray(nib.load(folder / "in" / "brain_label.nii.gz").dataobj)
        if not {"atlas_image", "atlas_label"} & given.keys():
            assert set(np.unique(ids)) <= set(np.unique(known))
        if stem == "brain_image" and given.keys() <= {"images", "dataset_dir", "output_dir", "pattern", "image_pattern",
                                                     "precision", "device", "refinement_steps"}:  # fmt: skip
            assert (ids == known).mean() > 0.9, "the atlas does not get its own labels"


def check_train(folder: Path, given: Given) -> None:
    """As many epochs as asked for, finite weights, both files."""
    out = folder / given["output_dir"]
    weights = [torch.load(out / name, weights_only=True) for name in ("model.pt", "model_last.pt")]
    assert all(value.isfinite().all() for each in weights for value in each.values())
    progress = torch.load(out / "checkpoint.pt", weights_only=True)["progress"]
    assert progress["epoch"] == int(float(given["max_epochs"]))


def check_evaluate(folder: Path, given: Given) -> None:
    """Finite numbers, and before the registration the overlap that NumPy counts in the files."""
    (summary,) = (folder / given.get("report_dir", given["output_dir"])).rglob("summary.json")
    stages = json.loads(summary.read_text())["stages"]
    assert all(0 <= stage["dice_mean"] <= 1 for stage in stages.values())
    if given.get("labels", "auto") != "auto" or given.get("affine", "false").lower() != "false":
        return
    if given.get("spatial_size", "-1") != "-1" or not given["dataset_dir"].endswith("cohort"):
        return
    rows = list(csv.DictReader((summary.parent / "dice.csv").read_text().splitlines()))
    for row in rows:
        first, second = (
            np.asarray(nib.load(folder / given["dataset_dir"] / row[side] / "slice_seg24.nii.gz").dataobj)
            == int(row["label"])
            for side in ("moving", "fixed")
        )
        count = first.sum() + second.sum()
        if count and row["unregistered"]:
            np.testing.assert_allclose(float(row["unregistered"]), 2 * (first & second).sum() / count, atol=1e-3)
