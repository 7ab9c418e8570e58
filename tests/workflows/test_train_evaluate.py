"""The main job as a user starts it: train, evaluate, infer, in processes of their own and from another folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from support import Run, bundle_command, kill_after_first_checkpoint

SMALL = {"channels": "[4,4,4]", "spatial_size": -1, "batch_size": 2, "val_interval": 1, "device": "cpu"}
TRAIN, EVALUATE = ("train.yaml",), ("train.yaml", "evaluate.yaml")
PAPER = ("train.yaml", "methods/paper.yaml", "schedules/paper.yaml")


def small(cohort: Path, output_dir: Path, **options: object) -> dict[str, object]:
    """Options of a small job on a cohort."""
    cache = output_dir / "cache"
    folders = {"dataset_dir": cohort, "output_dir": output_dir, "cache_dir": cache}
    return {**SMALL, **folders, "max_epochs": 2, "refinement_steps": 0, **options}


def test_train_then_evaluate(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_2d, tmp_path / "out")
    trained = run_bundle(TRAIN, "training", **options)
    assert trained.returncode == 0, trained.stderr
    out = tmp_path / "out"
    assert {"checkpoint.pt", "model.pt", "model_last.pt", "tensorboard"} <= {path.name for path in out.iterdir()}

    evaluated = run_bundle(EVALUATE, **options, num_figures=1)
    assert evaluated.returncode == 0, evaluated.stderr
    report = out / "evaluation_random"
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "network"]
    assert "| unregistered" in evaluated.stdout
    rows = list(csv.DictReader((report / "dice.csv").open(encoding="utf-8")))
    assert len(rows) == summary["pairs"] * len(summary["labels"])
    assert summary["labels"][0]["label"] > 0
    assert len(list(report.glob("pair_*.png"))) == 1


def test_training_lowers_the_loss(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_2d, tmp_path / "out", max_epochs=12, learning_rate=0.005, val_interval=12)
    said = run_bundle(TRAIN, "training", **options)
    assert said.returncode == 0, said.stderr
    losses = [float(line.split("  loss ")[1].split()[0]) for line in said.stdout.splitlines() if "INFO epoch " in line]
    assert len(losses) == 12 and f"Weights are in {tmp_path / 'out'}: model.pt" in said.stdout
    assert losses[-1] < 0.9 * losses[0]


def test_volumes_train_one_epoch_with_the_same_config(cohort_3d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_3d, tmp_path / "out", spatial_dims=3, max_epochs=1)
    trained = run_bundle(TRAIN, "run", **options)
    assert trained.returncode == 0, trained.stderr
    evaluated = run_bundle(EVALUATE, **options, num_figures=1)
    assert evaluated.returncode == 0, evaluated.stderr
    assert (
        json.loads((tmp_path / "out" / "evaluation_random" / "summary.json").read_text(encoding="utf-8"))["pairs"] >= 1
    )


@pytest.mark.parametrize("pairing", ["atlas", "random"])
def test_refinement_betters_what_the_network_found(
    cohort_2d: Path, run_bundle: Run, tmp_path: Path, pairing: str
) -> None:
    options = small(cohort_2d, tmp_path / "out", refinement_steps=5)
    for configs, run_id, more in ((TRAIN, "training", {}), (EVALUATE, None, {"evaluation_pairing": pairing})):
        said = run_bundle(configs, run_id, **options, **more)
        assert said.returncode == 0, said.stderr
    summary = json.loads((tmp_path / "out" / f"evaluation_{pairing}" / "summary.json").read_text(encoding="utf-8"))
    stages = summary["stages"]
    assert list(stages) == ["unregistered", "network", "refined"]
    assert stages["refined"]["measures"]["mse"]["mean"] < stages["network"]["measures"]["mse"]["mean"]


def test_the_papers_method_trains_as_the_paper_says(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_2d, tmp_path / "out", max_epochs=1)
    for configs, run_id in ((PAPER, "training"), ((*PAPER, "evaluate.yaml"), None)):
        said = run_bundle(configs, run_id, **options)
        assert said.returncode == 0, said.stderr
    summary = json.loads((tmp_path / "out" / "evaluation_atlas" / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "network"]
    identity = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["identity"]
    assert (identity["loss#diffusion#weight"], identity["smoothness"]) == ("@smoothness", "0.01")
    assert (identity["learning_rate"], identity["pairing"]) == ("0.0001", "atlas")


def test_folders_are_named_after_what_was_trained(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    """Data, method, schedule; with other settings another folder, which the evaluation finds by the same settings."""
    options = {name: value for name, value in small(cohort_2d, tmp_path).items() if name != "output_dir"}
    root = {"output_dir": f"$'{tmp_path}/' + @identity.folder"}
    for rate in (0.001, 0.002):
        said = run_bundle(TRAIN, "training", **options, **root, learning_rate=rate)
        assert said.returncode == 0, said.stderr
    folders = sorted(path.name for path in tmp_path.glob("slices_brain_2d*"))
    assert len(folders) == 2
    said = run_bundle(EVALUATE, **options, **root, learning_rate=0.002, num_figures=0)
    assert said.returncode == 0, said.stderr
    assert len(list(tmp_path.glob("*/evaluation_random/summary.json"))) == 1
    assert len(list(tmp_path.glob("slices_brain_2d*"))) == 2


def test_a_killed_training_ends_as_one_that_was_left_alone(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    whole, killed = (small(cohort_2d, tmp_path / n, max_epochs=14) for n in ("whole", "killed"))
    assert run_bundle(TRAIN, "training", **whole).returncode == 0
    kill_after_first_checkpoint(bundle_command(TRAIN, "training", **killed), tmp_path / "killed")
    resumed = run_bundle(TRAIN, "training", **killed)
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed from" in resumed.stdout
    weights = [torch.load(tmp_path / name / "model_last.pt", weights_only=True) for name in ("whole", "killed")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=0)


def test_a_training_goes_on_with_its_own_settings_alone(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    """More epochs at a constant rate are the same training; of a cosine they are not, nor is another loss."""
    constant = {"final_learning_rate": "@learning_rate"}
    options = small(cohort_2d, tmp_path / "out", max_epochs=1, **constant)
    assert run_bundle(TRAIN, "training", **options).returncode == 0
    for changed, words in (
        ({"smoothness": 0.5}, "belongs to a training with smoothness 1.5, not 0.5"),
        ({"loss#lncc#weight": 2}, "belongs to a training with loss#lncc#weight 1, not 2"),
        ({"affine": True}, "belongs to a training with affine False, not True"),
        ({"precision": "float32"}, "belongs to a training with precision auto, not float32"),
        ({"final_learning_rate": 0}, "belongs to a training with final_learning_rate @learning_rate, not 0"),
    ):
        said = run_bundle(TRAIN, "training", **{**options, **changed})
        assert said.returncode != 0
        assert words in said.stdout + said.stderr
    longer = run_bundle(TRAIN, "training", **{**options, "max_epochs": 2})
    assert longer.returncode == 0, longer.stderr
    assert "resumed from" in longer.stdout
    cosine = small(cohort_2d, tmp_path / "cosine", max_epochs=1)
    assert run_bundle(TRAIN, "training", **cosine).returncode == 0
    said = run_bundle(TRAIN, "training", **{**cosine, "max_epochs": 2})
    assert said.returncode != 0
    assert "belongs to a training with max_epochs 1, not 2" in said.stdout + said.stderr


def test_training_starts_from_given_weights(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    first = small(cohort_2d, tmp_path / "first", max_epochs=1, learning_rate=0.01)
    assert run_bundle(TRAIN, "training", **first).returncode == 0
    given = tmp_path / "first" / "model_last.pt"
    still = small(cohort_2d, tmp_path / "still", max_epochs=1, learning_rate=0, initial_weights=given, seed=1)
    said = run_bundle(TRAIN, "training", **still)
    assert said.returncode == 0, said.stderr
    weights = [torch.load(path, weights_only=True) for path in (given, tmp_path / "still" / "model_last.pt")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=0)


def test_affine_stage_is_a_row_of_the_table(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_2d, tmp_path / "out", affine=True, max_epochs=1)
    assert run_bundle(TRAIN, "training", **options).returncode == 0
    said = run_bundle(EVALUATE, **options, num_figures=0)
    assert said.returncode == 0, said.stderr
    summary = json.loads((tmp_path / "out" / "evaluation_random" / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "affine", "network"]


def test_mean_atlas_then_inference_labels_an_image_on_its_own_grid(
    cohort_2d: Path, run_bundle: Run, tmp_path: Path
) -> None:
    options = small(cohort_2d, tmp_path / "out", refinement_steps=5)
    assert run_bundle(TRAIN, "training", **options).returncode == 0
    made = run_bundle((*EVALUATE, "atlas.yaml"), **options)
    assert made.returncode == 0, made.stderr
    atlas = tmp_path / "out" / "atlas_label.nii.gz"
    source = next(cohort_2d.glob("*/slice_norm.nii.gz"))
    image = nib.load(source)
    padded = np.pad(np.asarray(image.dataobj), ((3, 0), (0, 5), (0, 0)))  # another size than the atlas
    shifted = image.affine @ np.array([[1, 0, 0, -3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    (tmp_path / "in").mkdir()
    nib.save(nib.Nifti1Image(padded, shifted), tmp_path / "in" / "a_image.nii.gz")
    said = run_bundle(
        ("inference.yaml",),
        dataset_dir=tmp_path / "in",
        output_dir=tmp_path / "seg",
        spatial_size="[48,56]",
        channels="[4,4,4]",
        ckpt_path=tmp_path / "out" / "model.pt",
        atlas_image=tmp_path / "out" / "atlas_image.nii.gz",
        atlas_label=atlas,
        refinement_steps=30,
    )
    assert said.returncode == 0, said.stderr
    label = nib.load(tmp_path / "seg" / "a_image_seg.nii.gz")
    assert label.shape == padded.shape
    np.testing.assert_allclose(label.affine, shifted)
    found, known = np.asarray(label.dataobj), np.asarray(nib.load(source.parent / "slice_seg24.nii.gz").dataobj)
    known = np.pad(known, ((3, 0), (0, 5), (0, 0)))
    assert set(np.unique(found)) <= set(np.unique(nib.load(atlas).dataobj))
    assert 2 * ((found == 1) & (known == 1)).sum() / ((found == 1).sum() + (known == 1).sum()) > 0.6
