"""Whatever a user gets wrong ends in one sentence, a non-zero exit and no half-written output."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from monai.bundle import ConfigWorkflow

from scripts.errors import find_input_error
from support import Run

CASES: dict[str, tuple[Callable[[Path], dict[str, object]], str]] = {}


def case(sentence: str) -> Callable[[Callable[[Path], dict[str, object]]], Callable[[Path], dict[str, object]]]:
    """Register a way to spoil a cohort, with words that the sentence must hold."""

    def register(spoil: Callable[[Path], dict[str, object]]) -> Callable[[Path], dict[str, object]]:
        CASES[spoil.__name__] = (spoil, sentence)
        return spoil

    return register


def first_image(cohort: Path) -> Path:
    return sorted(cohort.glob("*/slice_norm.nii.gz"))[0]


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = nib.load(path)
    array = change(np.array(image.dataobj))
    path.unlink()
    nib.save(nib.Nifti1Image(array, image.affine), path)


@case("is not a folder")
def missing_folder(cohort: Path) -> dict[str, object]:
    return {"dataset_dir": cohort / "nowhere"}


@case("holds no subject")
def empty_folder(cohort: Path) -> dict[str, object]:
    (cohort / "empty").mkdir()
    return {"dataset_dir": cohort / "empty"}


@case("has no label map")
def image_without_label(cohort: Path) -> dict[str, object]:
    (first_image(cohort).parent / "slice_seg24.nii.gz").unlink()
    return {}


@case("a label map or mask must have its image's size")
def label_of_another_size(cohort: Path) -> dict[str, object]:
    rewrite(first_image(cohort).parent / "slice_seg24.nii.gz", lambda label: label[:-1])
    return {}


@case("takes one-channel 2-D images")
def volume_for_slices(cohort: Path) -> dict[str, object]:
    rewrite(first_image(cohort), lambda image: np.repeat(image, 9, axis=2))
    return {}


@case("NaN or infinite")
def not_a_number(cohort: Path) -> dict[str, object]:
    rewrite(first_image(cohort), lambda image: np.where(image > 0, np.nan, image))
    return {}


@case("is constant")
def constant(cohort: Path) -> dict[str, object]:
    rewrite(first_image(cohort), lambda image: np.ones_like(image))
    return {}


@case("cannot be read as an image")
def truncated(cohort: Path) -> dict[str, object]:
    path = first_image(cohort)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    return {}


@case("leaves 0 subjects for test")
def no_test_subject(cohort: Path) -> dict[str, object]:
    names = sorted(path.parent.name for path in cohort.glob("*/slice_norm.nii.gz"))
    split = {"training": names[:-1], "validation": names[-1:], "test": []}
    (cohort / "mine.json").write_text(json.dumps(split))
    return {"split_file": cohort / "mine.json"}


@case("is no subject of")
def unknown_atlas(cohort: Path) -> dict[str, object]:
    return {"atlas": "nobody"}


@case("set spatial_size")
def subjects_of_different_sizes(cohort: Path) -> dict[str, object]:
    for path in first_image(cohort).parent.glob("slice_*.nii.gz"):
        rewrite(path, lambda array: np.pad(array, ((0, 4), (0, 0), (0, 0))))
    return {}


@case("bring all onto one grid with --affine true")
def subject_at_another_spacing(cohort: Path) -> dict[str, object]:
    for path in first_image(cohort).parent.glob("slice_*.nii.gz"):
        image = nib.load(path)
        finer = nib.Nifti1Image(np.asarray(image.dataobj), image.affine @ np.diag([0.5, 0.5, 1, 1]))
        path.unlink()
        nib.save(finer, path)
    return {}


@case("align all with --affine true")
def subject_off_centre(cohort: Path) -> dict[str, object]:
    for path in first_image(cohort).parent.glob("slice_*.nii.gz"):
        rewrite(path, lambda array: np.pad(array, ((0, 20), (0, 0), (0, 0))))
    return {"spatial_size": [48, 56]}


def spoilt(name: str, cohort_2d: Path, tmp_path: Path) -> dict[str, object]:
    """Options of a training on a spoilt copy of the cohort."""
    cohort = tmp_path / "cohort"
    shutil.copytree(cohort_2d, cohort)
    options = {"dataset_dir": cohort, "channels": [4, 4, 4], "spatial_size": -1, "max_epochs": 1}
    options["output_dir"] = tmp_path / "out"
    changed = {**options, "cache_dir": tmp_path / "cache", **CASES[name][0](cohort)}
    return {key: str(value) if isinstance(value, Path) else value for key, value in changed.items()}


@pytest.mark.parametrize("name", CASES)
def test_training_names_what_is_wrong(name: str, bundle: Path, cohort_2d: Path, tmp_path: Path) -> None:
    config = [str(bundle / "configs" / "train.yaml")]
    options = spoilt(name, cohort_2d, tmp_path)
    workflow = ConfigWorkflow(config, workflow_type="train", bundle_root=str(bundle), logging_file=False, **options)
    with pytest.raises(Exception) as caught:
        workflow.initialize()
        workflow.run()
    found = find_input_error(caught.value)
    assert found is not None, caught.value
    assert CASES[name][1] in str(found)
    assert "\n" not in str(found)
    assert not list((tmp_path / "out").rglob("*.pt"))


@pytest.mark.parametrize("name", ["missing_folder", "truncated"])
def test_the_process_ends_with_one_sentence(name: str, cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    said = run_bundle(("train.yaml",), "training", **spoilt(name, cohort_2d, tmp_path))
    assert said.returncode != 0
    assert said.stderr.strip().splitlines()[-1].startswith("error: ")
    assert CASES[name][1] in said.stderr.strip().splitlines()[-1]
    assert "Traceback" not in said.stdout + said.stderr
    assert not list((tmp_path / "out").rglob("*.pt"))


def test_evaluation_without_weights_says_what_to_do(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = {"dataset_dir": cohort_2d, "output_dir": tmp_path / "out", "ckpt_path": tmp_path / "none.pt"}
    said = run_bundle(("train.yaml", "evaluate.yaml"), **options)
    assert said.returncode != 0
    assert "none.pt does not exist; train first" in said.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "out" / "evaluation_random").exists()


def test_a_training_that_diverges_says_where(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = {"channels": "[4,4,4]", "spatial_size": -1, "device": "cpu", "cache_dir": tmp_path / "cache"}
    said = run_bundle(
        ("train.yaml",), "training",
        dataset_dir=cohort_2d, output_dir=tmp_path / "out", max_epochs=5, val_interval=9, learning_rate=1e30, **options,
    )  # fmt: skip
    assert said.returncode == 1, said.stderr
    assert "the training diverged in epoch" in said.stderr.strip().splitlines()[-1]
    assert "learning rate of" in said.stderr and "Traceback" not in said.stderr
