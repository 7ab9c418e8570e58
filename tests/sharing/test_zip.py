"""The zip that is shipped: the same bytes every time, and a bundle that works wherever it is unpacked."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser, load

from support import run_command
from tools.build_zip import NAME, SHIPPED, build_zip, read_version

SMALL = {"channels": "[4,4,4]", "spatial_size": -1, "batch_size": 2, "val_interval": 1, "max_epochs": 1}


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle in a folder of its own."""
    path = build_zip(bundle, tmp_path_factory.mktemp("dist"))
    folder = tmp_path_factory.mktemp("zoo")
    zipfile.ZipFile(path).extractall(folder)
    return folder / NAME


def run_from(root: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """``python -m monai.bundle run`` inside a bundle's folder, as its documentation says."""
    changed = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "monai.bundle", "run", *words, *changed]
    return run_command(command, root)


def test_zip_is_named_dated_and_reproducible(bundle: Path, tmp_path: Path) -> None:
    first, second = (build_zip(bundle, tmp_path / name) for name in "ab")
    assert first.name == f"{NAME}_v{read_version(bundle)}.zip"
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in tmp_path.glob("a/*")] == [first.name]


def test_zip_holds_the_bundle_and_nothing_it_made_for_itself(bundle: Path, tmp_path: Path) -> None:
    names = zipfile.ZipFile(build_zip(bundle, tmp_path)).namelist()
    assert {Path(name).parts[0] for name in names} == {NAME}
    assert {Path(name).parts[1] for name in names} == set(SHIPPED)
    assert not [name for name in names if "__pycache__" in name or "/." in name]
    assert f"{NAME}/configs/methods/paper.yaml" in names


def test_version_without_a_line_in_the_changelog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "metadata.json").write_text(json.dumps({"version": "9.9", "changelog": {"0.1": "first"}}))
    with pytest.raises(ValueError, match=r"version 9\.9 has no line in the changelog"):
        build_zip(tmp_path, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_every_workflow_runs_where_it_is_unpacked(unpacked: Path, cohort_2d: Path) -> None:
    train = "['configs/train.yaml'{}]"
    options = {**SMALL, "dataset_dir": cohort_2d, "refinement_steps": 2, "device": "cpu"}
    steps = [
        ("training", ""),
        ("run", ",'configs/evaluate.yaml'"),
        ("run", ",'configs/evaluate.yaml','configs/atlas.yaml'"),
    ]
    for run_id, overlays in steps:
        figures = {"num_figures": 1} if overlays else {}
        said = run_from(unpacked, run_id, config_file=train.format(overlays), **options, **figures)
        assert said.returncode == 0, said.stderr
    out = unpacked / "outputs"
    assert {"model.pt", "evaluation_random", "atlas_label.nii.gz"} <= {path.name for path in out.rglob("*")}
    assert json.loads(next(out.rglob("summary.json")).read_text(encoding="utf-8"))["pairs"] >= 1

    image = next(cohort_2d.glob("*/slice_norm.nii.gz"))
    said = run_from(
        unpacked,
        "run",
        config_file="configs/inference.yaml",
        dataset_dir=image.parent,
        image_pattern="slice_norm.nii.gz",
        device="cpu",
    )
    assert said.returncode == 0, said.stderr
    label = nib.load(unpacked / "outputs" / "inference" / "slice_norm_seg.nii.gz")
    assert label.shape == nib.load(image).shape
    assert len(np.unique(np.asarray(label.dataobj))) > 1

    pair = {"fixed": image, "moving": next(p for p in cohort_2d.glob("*/slice_norm.nii.gz") if p != image)}
    said = run_from(unpacked, "register", config_file="configs/register.yaml", output_dir=unpacked / "pair", **pair)
    assert said.returncode == 0, said.stderr
    assert list((unpacked / "pair").iterdir())


def test_monai_loads_it(unpacked: Path) -> None:
    state = load(NAME, bundle_dir=str(unpacked.parent), device="cpu")
    parser = ConfigParser(ConfigParser.load_config_file(str(unpacked / "configs" / "inference.yaml")))
    network = parser.get_parsed_content("network_def")
    loaded = load(NAME, model=network, bundle_dir=str(unpacked.parent), device="cpu")
    assert loaded.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())
