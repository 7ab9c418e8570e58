"""The commands as a user types them, and the function as a script calls it."""

from __future__ import annotations

import json
from pathlib import Path

import itk
import nibabel as nib
import numpy as np

from phantom import HEADERS, draw
from scripts.registration import jacobian, register
from scripts.registration.api import configured
from support import Run

CONFIG = ["register.yaml"]
QUICK = {"use_network": "false", "refinement_steps": 3, "files": "warped,warped_label,transform,field,jacobian"}


def test_register_warp_jacobian(run_bundle: Run, tmp_path: Path, slices: dict[str, str]) -> None:
    out = tmp_path / "out"
    done = run_bundle(CONFIG, "register", **slices, **QUICK, output_dir=out)
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "moving_report.json").read_text(encoding="utf-8"))
    assert report["identity"]["2-D"]["refinement_steps"] == "3"
    assert report["dice"]["mean"]["refined"] > report["dice"]["mean"]["unregistered"]
    warped = np.asarray(nib.load(out / "moving_warped.nii.gz").dataobj)
    transform = out / "moving_transform.h5"
    again = tmp_path / "again"
    files = {key: slices[key] for key in ("fixed", "moving", "moving_label")}
    done = run_bundle(CONFIG, "warp", **files, transform=transform, output_dir=again)
    assert done.returncode == 0, done.stderr
    apart = np.abs(np.asarray(nib.load(again / "moving_warped.nii.gz").dataobj) - warped)
    assert (apart > 0.05).mean() < 1e-3
    label = np.asarray(nib.load(again / "moving_seg_warped.nii.gz").dataobj)
    assert (label != np.asarray(nib.load(out / "moving_warped_label.nii.gz").dataobj)).mean() < 1e-3
    done = run_bundle(CONFIG, "jacobian", transform=out / "moving_field.nii.gz", output_dir=again)
    assert done.returncode == 0, done.stderr
    mapped, saved = (
        nib.load(p).get_fdata() for p in (again / "moving_field_jacobian.nii.gz", out / "moving_jacobian.nii.gz")
    )
    np.testing.assert_allclose(mapped, saved, atol=2e-3)


def test_a_mistake_is_one_sentence(run_bundle: Run, tmp_path: Path, slices: dict[str, str]) -> None:
    done = run_bundle(
        CONFIG, "register", fixed=slices["fixed"], moving=tmp_path / "none.nii.gz", output_dir=tmp_path / "o"
    )
    assert done.returncode != 0
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "none.nii.gz does not exist" in sentence
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o").exists()


def test_three_lines_of_python(slices: dict[str, str], tmp_path: Path) -> None:
    result = register(slices["fixed"], slices["moving"], tmp_path / "out", use_network=False, refinement_steps=3)
    assert (
        result.report["similarity"]["refined"]["correlation"]
        > result.report["similarity"]["unregistered"]["correlation"]
    )
    np.testing.assert_array_equal(nib.load(tmp_path / "out" / "moving_warped.nii.gz").get_fdata(), result.warped.values)
    assert configured(refinement_steps=7).identity["2-D"]["refinement_steps"] == "7"


def test_jacobian_of_a_scaling(tmp_path: Path) -> None:
    """An affine transform changes volume by its determinant everywhere; its grid is that of ``fixed``."""
    scaling = itk.AffineTransform[itk.D, 3].New()
    scaling.SetMatrix(itk.matrix_from_array(np.array([[1.1, 0.2, 0], [0, 0.9, 0], [0, 0, 1.3]])))
    itk.transformwrite([scaling], str(tmp_path / "scaling.tfm"))
    fixed = draw(tmp_path / "fixed.nii.gz", HEADERS["oblique"])
    written = jacobian(str(tmp_path / "scaling.tfm"), str(tmp_path), str(fixed))
    np.testing.assert_allclose(nib.load(written).get_fdata(), 1.1 * 0.9 * 1.3, rtol=1e-3)
