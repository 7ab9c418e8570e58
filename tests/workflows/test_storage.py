"""How images are stored (spacing, place, order, type, format) does not matter to what is found in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import itk
import nibabel as nib
import numpy as np

from scripts.commands.workflows import segment
from support import Run, mean_dice

Stored = tuple[np.ndarray, np.ndarray]  # array (X, Y, 1) and affine
TOLERANCE = 0.01  # Dice


def scaled(factor: float, offset: float) -> np.ndarray:
    """From index of a grid, whose voxels are ``factor`` as large, to index of the plain one, ``(4, 4)``."""
    matrix = np.diag([factor, factor, 1.0, 1.0])
    matrix[:2, 3] = offset
    return matrix


def plain(array: np.ndarray, affine: np.ndarray) -> Stored:
    return array, affine


def turned(array: np.ndarray, affine: np.ndarray) -> Stored:
    """Axes exchanged, the first turned round."""
    turn = np.array([[0.0, 1, 0, 0], [-1, 0, 0, array.shape[1] - 1], [0, 0, 1, 0], [0, 0, 0, 1]])
    return array.swapaxes(0, 1)[::-1], affine @ turn


def coarser(array: np.ndarray, affine: np.ndarray) -> Stored:
    return array[::2, ::2], affine @ scaled(2, 0)


def finer(array: np.ndarray, affine: np.ndarray) -> Stored:
    return array.repeat(3, axis=0).repeat(3, axis=1), affine @ scaled(1 / 3, -1 / 3)


def off_centre(array: np.ndarray, affine: np.ndarray) -> Stored:
    return np.pad(array, ((array.shape[0] // 3, 0), (0, array.shape[1] // 4), (0, 0))), affine


def oblique(array: np.ndarray, affine: np.ndarray) -> Stored:
    cos, sin = np.cos(0.4), np.sin(0.4)
    return array, affine @ np.array([[cos, -sin, 0, 5], [sin, cos, 0, -9], [0, 0, 1, 3], [0, 0, 0, 1]])


WAYS: list[Callable[[np.ndarray, np.ndarray], Stored]] = [plain, turned, coarser, finer, off_centre, oblique]


def back(array: np.ndarray, way: Callable[..., Stored], shape: Sequence[int]) -> np.ndarray:
    """What was found in a stored image, on the plain grid or, of a coarser one, on every second voxel."""
    if way is turned:
        return array[::-1].swapaxes(0, 1)
    if way is finer:
        return array[1::3, 1::3]
    if way is off_centre:
        return array[-shape[0] :, : shape[1]]
    return array


KINDS = ("float", "scaled", "nifti2", "nrrd")


def write(path: Path, stored: Stored, kind: str = "float") -> Path:
    """As floats, as scaled 16-bit integers, as NIfTI-2 or, under its own suffix, as NRRD; the file."""
    array, affine = stored
    if kind == "scaled":
        image = nib.Nifti1Image(np.round(array / array.max() * 20_000).astype(np.int16), affine)
        image.header.set_slope_inter(0.01, 7)
    else:
        image = (nib.Nifti2Image if kind == "nifti2" else nib.Nifti1Image)(array, affine)
    nib.save(image, path)
    if kind != "nrrd":
        return path
    other = path.with_name(path.name.replace(".nii.gz", ".nrrd"))
    itk.imwrite(itk.imread(str(path)), str(other))
    path.unlink()
    return other


def check_segmentation(subjects: Sequence[Path], folder: Path, **options: object) -> None:
    """Every subject stored plainly and in every way: the overlap with its labels is the same."""
    (folder / "in").mkdir()
    files: dict[str, tuple[tuple[int, ...], np.ndarray]] = {}  # shape and affine
    for k, subject in enumerate(subjects):
        file = nib.load(subject / "slice_norm.nii.gz")
        array = np.asarray(file.dataobj, dtype=np.float32)
        for i, way in enumerate(WAYS):
            name, stored = f"{way.__name__}_{k}", way(array, file.affine)
            write(folder / "in" / f"{name}.nii.gz", stored, KINDS[(i + k) % len(KINDS)])
            files[name] = stored[0].shape, stored[1]
    segment([str(folder / "in")], output_dir=str(folder / "out"), device="cpu", **options)
    scores: dict[str, list[float]] = {way.__name__: [] for way in WAYS}
    reference: dict[str, list[float]] = {way.__name__: [] for way in WAYS}
    for k, subject in enumerate(subjects):
        known = np.asarray(nib.load(subject / "slice_seg24.nii.gz").dataobj)
        usual = np.asarray(nib.load(folder / "out" / f"plain_{k}_seg.nii.gz").dataobj)
        for way in WAYS:
            shape, affine = files[f"{way.__name__}_{k}"]
            file = nib.load(folder / "out" / f"{way.__name__}_{k}_seg.nii.gz")
            assert file.shape == shape
            np.testing.assert_allclose(file.affine, affine, atol=1e-4)
            found = back(np.asarray(file.dataobj), way, known.shape)
            step = 2 if way is coarser else 1
            scores[way.__name__].append(mean_dice(found, known[::step, ::step]))
            reference[way.__name__].append(mean_dice(usual[::step, ::step], known[::step, ::step]))
    for name, values in scores.items():
        assert np.mean(values) > np.mean(reference[name]) - TOLERANCE, name


def test_segmentation_of_embedded_subjects(tmp_path: Path) -> None:
    from scripts.data.synthetic import write_cohort

    cohort = write_cohort(tmp_path / "cohort", 3, (160, 192), 0)
    subjects = sorted(path.parent for path in cohort.glob("*/slice_norm.nii.gz"))
    check_segmentation(subjects, tmp_path, refinement_steps=0)


def test_segmentation_of_real_subjects(real_data: Path, tmp_path: Path) -> None:
    root = real_data / "neurite_oasis_2d"
    names = json.loads((root / "split.json").read_text())["test"][:3]
    check_segmentation([root / name for name in names], tmp_path)


def mixed(cohort: Path, folder: Path, ways: Sequence[Callable[..., Stored]]) -> Path:
    """The subjects of a cohort, each stored in one of the ways and kinds, as images/ and labels/."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for k, path in enumerate(sorted(cohort.glob("*/slice_norm.nii.gz"))):
        for part, name in (("images", "slice_norm"), ("labels", "slice_seg24")):
            file = nib.load(path.parent / f"{name}.nii.gz")
            kind = "float" if part == "labels" or len(ways) == 1 else KINDS[k % len(KINDS)]
            stored = ways[k % len(ways)](np.asarray(file.dataobj), file.affine)
            write(folder / part / f"{path.parent.name}.nii.gz", stored, kind)
    return folder


def test_training_and_evaluation_after_the_affine_stage(run_bundle: Run, tmp_path: Path) -> None:
    from scripts.data.synthetic import write_cohort

    cohort = write_cohort(tmp_path / "cohort", 3 + 2 * len(WAYS), (160, 192), 0)
    names = sorted(path.parent.name for path in cohort.glob("*/slice_norm.nii.gz"))
    # The test part holds every way twice.
    parts = {"training": [names[0], names[-2]], "validation": names[-1:], "test": names[1:-2]}
    (tmp_path / "split.json").write_text(json.dumps(parts))
    scores = {}
    for name, ways in (("usual", [plain]), ("mixed", WAYS)):
        options = {
            "dataset_dir": mixed(cohort, tmp_path / name, ways),
            "output_dir": tmp_path / f"{name}_out",
            "cache_dir": tmp_path / "cache",
            "affine": True,
            "atlas": names[0],
            "split_file": tmp_path / "split.json",
            "channels": "[4,4,4]",
            "spatial_size": "[160,192]",
            "max_epochs": 1,
            "batch_size": 2,
            "refinement_steps": 10,
            "measures": "['mse']",  # distances between surfaces would take longer than all the rest
        }
        evaluation = {"num_figures": 0, "evaluation_pairing": "atlas"}
        for configs, run_id, more in (
            (("train.yaml",), "training", {}),
            (("train.yaml", "evaluate.yaml"), None, evaluation),
        ):
            said = run_bundle(configs, run_id, **options, **more)
            assert said.returncode == 0, said.stderr
        summary = json.loads((tmp_path / f"{name}_out" / "evaluation_atlas" / "summary.json").read_text())
        scores[name] = summary["stages"]["refined"]["dice_mean"]
    assert scores["mixed"] > scores["usual"] - TOLERANCE
