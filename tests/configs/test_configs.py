"""Every config parses, holds what MONAI asks for, and overlays change only what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser, ConfigWorkflow, verify_net_in_out

from support import BUNDLE, parse

MULTI_GPU = ["multi_gpu_train.yaml", "multi_gpu_evaluate.yaml"]
METHODS = sorted(f"methods/{path.name}" for path in (BUNDLE / "configs" / "methods").glob("*.yaml"))
SCHEDULES = sorted(f"schedules/{path.name}" for path in (BUNDLE / "configs" / "schedules").glob("*.yaml"))


@pytest.mark.parametrize("overlay", ["evaluate.yaml", "atlas.yaml", *MULTI_GPU, *METHODS, *SCHEDULES])
def test_overlays_change_what_is_there_or_use_what_they_add(bundle: Path, overlay: str) -> None:
    evaluates = overlay in ("atlas.yaml", "multi_gpu_evaluate.yaml")
    base = parse(bundle, "train.yaml", *(["evaluate.yaml"] if evaluates else []))
    path = bundle / "configs" / overlay
    changed = ConfigParser.load_config_file(str(path))
    added = {key for key in changed if key not in base and not key.startswith("+")}
    text = path.read_text(encoding="utf-8")
    inner = {key for key in added if "#" in key}  # options of what is there
    assert all(key.rpartition("#")[0] in base for key in inner), inner
    assert all(f"@{key}" in text for key in added - inner), added
    if overlay in (*MULTI_GPU, *METHODS, *SCHEDULES):
        assert not added - inner


@pytest.mark.parametrize("workflow, names", [("train", ["train.yaml"]), ("infer", ["inference.yaml"])])
def test_no_required_property_is_missing(bundle: Path, cohort_2d: Path, workflow: str, names: list[str]) -> None:
    data = {"train": cohort_2d, "infer": bundle / "models"}
    loaded = ConfigWorkflow(
        config_file=[str(bundle / "configs" / name) for name in names],
        meta_file=str(bundle / "configs" / "metadata.json"),
        logging_file=str(bundle / "configs" / "logging.conf"),
        workflow_type=workflow,
        bundle_root=str(bundle),
        dataset_dir=str(data[workflow]),
    )
    loaded.initialize()
    assert loaded.check_properties() == []


def test_inference_prepares_images_as_training_does(bundle: Path) -> None:
    training, inference = parse(bundle, "train.yaml"), parse(bundle, "inference.yaml")
    names = [
        [step["_target_"] for step in parser[path]["transforms"]]
        for parser, path in ((training, "preprocessing"), (inference, "base_preprocessing"))
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("names", [["train.yaml"], ["inference.yaml"], *(["train.yaml", method] for method in METHODS)])
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
