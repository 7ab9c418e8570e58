"""The affine method as a user trains it: on slices that lie over each other; evaluated, exported, used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.errors import InputError
from scripts.export import export_network
from scripts.registration import register
from support import BUNDLE, Run, assert_one_sentence, parse

METHOD = ("train.yaml", "methods/affine_2d.yaml", "schedules/affine.yaml")


def test_train_evaluate_register(
    cohort_2d: Path, run_bundle: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    options: dict[str, object] = {"dataset_dir": cohort_2d, "output_dir": out, "channels": "[4,8,8]", "device": "cpu"}
    options |= {"max_epochs": 2, "batch_size": 8, "val_interval": 2, "spatial_size": "[48,48]"}
    options["cache_dir"] = tmp_path / "cache"
    trained = run_bundle(METHOD, "training", **options)
    assert trained.returncode == 0, trained.stderr
    assert "points" in trained.stdout
    evaluated = run_bundle((*METHOD, "evaluate.yaml"), **options, num_figures=0)
    assert evaluated.returncode == 0, evaluated.stderr
    summary = json.loads((out / "evaluation_random" / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "network"]
    measured = summary["stages"]["network"]["measures"]
    assert {"mse", "mae", "ssim", "ncc"} <= set(measured) and measured["folding"]["mean"] == 0
    network = parse(BUNDLE, *METHOD, channels=[4, 8, 8]).get_parsed_content("network_def")
    found = export_network(network, str(out / "model_last.pt"), str(tmp_path / "exported"), [48, 48], ["torchscript"])
    assert (tmp_path / "exported" / "model.ts").is_file() and found

    first, second = sorted(cohort_2d.glob("*/slice_norm.nii.gz"))[:2]
    changes = {"method": "affine_2d", "channels": [4, 8, 8], "ckpt_path": str(out / "model_last.pt")}
    monkeypatch.setattr("scripts.registration.results.save_registration_figure", lambda *args, **kwargs: None)
    result = register(first, second, affine=False, **changes)
    field = result.ddf[0].numpy()
    bends = [np.abs(np.diff(field, n=2, axis=axis)).max() for axis in (1, 2)]
    assert np.abs(field).max() > 0 and max(bends) < 1e-2  # an affine map's displacements are linear


def test_weights_that_are_missing_or_of_another_network(cohort_2d: Path, tmp_path: Path) -> None:
    first, second = sorted(cohort_2d.glob("*/slice_norm.nii.gz"))[:2]
    with pytest.raises(InputError, match=r"none\.pt does not exist") as caught:
        register(first, second, affine=False, method="affine_2d", ckpt_path=str(tmp_path / "none.pt"))
    assert_one_sentence(str(caught.value))
