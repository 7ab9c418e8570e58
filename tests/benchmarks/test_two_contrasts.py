"""Benchmarks of two contrasts: what is known is known, whatever way the files are named."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from benchmarks import contrast, two_contrasts
from benchmarks.two_contrasts import cases_of, measure, methods_of, subjects_of
from scripts.errors import InputError
from scripts.spatial import smooth

SIZE = (24, 20, 18)


def write(path: Path, seed: int) -> None:
    """Smooth noise in the middle of nothing, as an image of the disk."""
    values = torch.rand(1, 1, *SIZE, generator=torch.Generator().manual_seed(seed))
    image = np.zeros(SIZE, np.float32)
    image[4:-4, 4:-4, 4:-4] = smooth(values, 1.5)[0, 0].numpy()[4:-4, 4:-4, 4:-4]
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(image, np.diag([2.0, 2, 2, 1])), path)


def test_files_by_folder_and_by_name(tmp_path: Path) -> None:
    for name in ("t1/a.nii.gz", "t1/b.nii.gz", "t2/b.nii.gz"):
        write(tmp_path / "folders" / name, 0)
    assert [[p.parent.name for p in pair] for pair in subjects_of(tmp_path / "folders", "T2")] == [["t1", "t2"]]
    for name in ("p7_T1.nii.gz", "p7_T2.nii.gz", "p7_FLAIR.nii.gz"):
        write(tmp_path / "names" / name, 0)
    assert [pair[1].name for pair in subjects_of(tmp_path / "names", "FLAIR")] == ["p7_FLAIR.nii.gz"]
    with pytest.raises(InputError, match="has no subject with T1 and PD"):
        subjects_of(tmp_path / "names", "PD")


def test_the_error_of_no_registration_is_the_known_field(tmp_path: Path) -> None:
    for seed, name in enumerate(("p_T1.nii.gz", "p_T2.nii.gz")):
        write(tmp_path / "in" / name, seed)
    (tmp_path / "made").mkdir()
    cases = cases_of(subjects_of(tmp_path / "in", "T2"), 2, tmp_path / "made")
    assert list(cases) == ["itself, deformed"] and len(cases["itself, deformed"]) == 2
    case = cases["itself, deformed"][0]
    assert case.truth is not None
    lengths = 2 * np.sqrt((case.truth**2).sum(0))  # mm
    assert lengths.min() < measure(methods_of(3)["unregistered"](), case) < lengths.max()
    assert measure(lambda moving, fixed: case.truth, case) == 0.0


@pytest.mark.parametrize("benchmark", [contrast, two_contrasts])
def test_rows_that_are_none_are_refused(benchmark: object, tmp_path: Path, cohort_2d: Path) -> None:
    for kind in ("t1", "t2"):
        write(tmp_path / kind / "a.nii.gz", 0)
    folder = tmp_path if benchmark is two_contrasts else cohort_2d
    arguments = ["--dataset_dir", str(folder), "--output_dir", str(tmp_path / "out"), "--methods", "magic"]
    with pytest.raises(InputError, match="'magic' is none of the methods; name some of unregistered"):
        benchmark.main(arguments)  # type: ignore[attr-defined]


def test_volumes_have_rows_of_their_own() -> None:
    assert "any_contrast_3d, refined" in contrast.methods_of(3) and "any_contrast_3d, refined" in methods_of(3)
    assert "ConvexAdam, MIND" in methods_of(3) and "ConvexAdam, MIND" not in methods_of(2)
