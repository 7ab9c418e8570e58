"""Every config parses, holds what MONAI asks for, and overlays change only what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser, ConfigWorkflow, verify_net_in_out

from support import BUNDLE, parse

MULTI_GPU = ["multi_gpu_train.yaml", "multi_gpu_evaluate.yaml"]
VARIANTS = sorted(f"variants/{path.name}" for path in (BUNDLE / "configs" / "variants").glob("*.yaml"))


@pytest.mark.parametrize("overlay", ["evaluate.yaml", "atlas.yaml", *MULTI_GPU, *VARIANTS])
def test_overlays_change_what_is_there_or_use_what_they_add(bundle: Path, overlay: str) -> None:
    evaluates = overlay in ("atlas.yaml", "multi_gpu_evaluate.yaml")
    base = parse(bundle, "train.yaml", *(["evaluate.yaml"] if evaluates else []))
    path = bundle / "configs" / overlay
    changed = ConfigParser.load_config_file(str(path))
    added = {key for key in changed if key not in base and not key.startswith("+")}
    text = path.read_text(encoding="utf-8")
    assert all("#" not in key and f"@{key}" in text for key in added), added
    if overlay in (*MULTI_GPU, *VARIANTS):
        assert not added


@pytest.mark.parametrize("workflow, names", [("train", ["train.yaml"]), ("infer", ["inference.yaml"])])
def test_no_required_property_is_missing(bundle: Path, cohort_2d: Path, workflow: str, names: list[str]) -> None:
    loaded = ConfigWorkflow(
        config_file=[str(bundle / "configs" / name) for name in names],
        meta_file=str(bundle / "configs" / "metadata.json"),
        logging_file=str(bundle / "configs" / "logging.conf"),
        workflow_type=workflow,
        bundle_root=str(bundle),
        dataset_dir=str(cohort_2d),
    )
    loaded.initialize()
    assert loaded.check_properties() == []


def test_default_values_are_the_papers(bundle: Path) -> None:
    config = ConfigParser.load_config_file(str(bundle / "configs" / "train.yaml"))
    stated = {"learning_rate": 1e-4, "batch_size": 8, "sigma": 0.01, "max_epochs": 2000, "pairing": "atlas"}
    assert {key: config[key] for key in stated} == stated
    assert config["optimizer"]["_target_"] == "torch.optim.Adam"


def test_inference_shares_its_method_with_training_and_recipe(bundle: Path) -> None:
    recipe = parse(bundle, "train.yaml", "variants/recipe.yaml", "evaluate.yaml")
    inference = parse(bundle, "inference.yaml")
    values = ("channels", "dense", "attention", "sigma", "precision", "refinement_steps")
    recipe["network_def"]["passes"] = "@passes"  # one name in inference, of its own in evaluation
    for key in ("network_def", "loss", "refinement", "inferer", *values):
        assert inference[key] == recipe[key], key
    assert inference.get_parsed_content("refinement_smoothness") == recipe["refinement_smoothness"]
    assert inference["passes"] == recipe.get_parsed_content("evaluation_passes")
    names = [
        [step["_target_"] for step in parser[path]["transforms"]]
        for parser, path in ((recipe, "preprocessing"), (inference, "base_preprocessing"))
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("names", [["train.yaml"], ["train.yaml", "variants/recipe.yaml"], ["inference.yaml"]])
@pytest.mark.parametrize("dims", [2, 3])
def test_network_takes_a_pair_and_gives_a_field(bundle: Path, names: list[str], dims: int) -> None:
    parser = parse(bundle, *names, spatial_dims=dims, channels=[4, 4, 4, 4, 4])
    network = parser.get_parsed_content("network_def")
    size = (40, 48, 32)[:dims]
    with torch.no_grad():
        assert network(torch.rand(2, 2, *size)).shape == (2, dims, *size)


def test_network_agrees_with_the_metadata(bundle: Path) -> None:
    verify_net_in_out(
        net_id="network_def",
        config_file=str(bundle / "configs" / "inference.yaml"),
        meta_file=str(bundle / "configs" / "metadata.json"),
        bundle_root=str(bundle),
        device="cpu",
        p=1,
        n=1,
        any=1,
    )


def test_metadata_version_has_its_changelog(bundle: Path) -> None:
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert next(iter(metadata["changelog"])) == metadata["version"]
    pins = dict(
        line.split("==")
        for line in (bundle.parent / "requirements.txt").read_text(encoding="utf-8").split()
        if "==" in line
    )
    required = {
        "monai": metadata["monai_version"],
        "torch": metadata["pytorch_version"],
        "numpy": metadata["numpy_version"],
        **metadata["required_packages_version"],
    }
    assert pins == required
