"""A folder of images to segment: what cannot be used gets a sentence each, the rest is done, the exit code tells."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scripts.commands.main import main
from support import BUNDLE, Run

INFERENCE = ("inference.yaml",)
ATLAS = BUNDLE / "models" / "atlas_image.nii.gz"


def mixed_folder(folder: Path) -> Path:
    """Two good images, and one of every kind that is none."""
    folder.mkdir()
    for name in ("a", "z"):
        shutil.copy(ATLAS, folder / f"{name}_image.nii.gz")
    (folder / "b_image.nii.gz").write_text("no image")
    whole = np.asarray(nib.load(ATLAS).dataobj)
    bad = {"c": np.repeat(whole, 9, axis=2), "d": whole[80:86, 80:86], "e": np.ones_like(whole)}
    for name, array in bad.items():
        nib.save(nib.Nifti1Image(array, np.eye(4)), folder / f"{name}_image.nii.gz")
    return folder


WORDS = ("cannot be read as an image", "takes one-channel 2-D", "every axis needs 8", "is constant")


def test_the_rest_of_a_folder_is_done(run_bundle: Run, tmp_path: Path) -> None:
    said = run_bundle(
        INFERENCE,
        dataset_dir=mixed_folder(tmp_path / "in"),
        output_dir=tmp_path / "out",
        refinement_steps=0,
        device="cpu",
    )
    assert said.returncode != 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_image_seg.nii.gz", "z_image_seg.nii.gz"]
    last = said.stderr.strip().splitlines()[-1]
    assert last.startswith("error: 4 of 6 images failed") and all(words in last for words in WORDS)
    assert "Traceback" not in said.stdout + said.stderr


def test_the_verb_does_slices_and_volumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["segment", str(mixed_folder(tmp_path / "in")), "-o", str(tmp_path / "out"), "--refinement_steps", "0"]
    assert main(command) == 1
    assert len(list((tmp_path / "out").iterdir())) == 3  # the volume has an atlas of its own
    assert "error: 3 of 5 images failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dataset_dir": "/nowhere"}, "/nowhere does not exist"),
        ({"image_pattern": "*.none"}, "has no file *.none"),
        ({"image_pattern": "/x/*"}, "is no pattern"),
    ],
)
def test_nothing_to_segment_is_a_sentence(
    options: dict[str, object], words: str, run_bundle: Run, tmp_path: Path
) -> None:
    said = run_bundle(INFERENCE, output_dir=tmp_path / "out", device="cpu", **options)
    assert said.returncode != 0
    assert words in said.stderr.strip().splitlines()[-1]
    assert "Traceback" not in said.stdout + said.stderr and not (tmp_path / "out").exists()
