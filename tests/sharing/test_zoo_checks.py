"""What the model zoo asks of a bundle before it takes one: files, metadata, properties, TorchScript, documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser, ckpt_export, verify_metadata

from scripts.commands.running import VERBS
from scripts.data.synthetic.labels import label_names
from scripts.options import options_of

REQUIRED_FILES = ["LICENSE", "configs/metadata.json", "configs/inference.yaml", "models/model.pt", "docs/README.md"]
REQUIRED_FILES += ["configs/train.yaml", "configs/evaluate.yaml", "configs/logging.conf", "docs/data_license.txt"]
REQUIRED_FILES += ["configs/multi_gpu_train.yaml", "configs/multi_gpu_evaluate.yaml"]
TEXT = {"type": "string", "minLength": 1}
VERSION = {"type": "string", "pattern": r"^\d+(\.\d+)+$"}
SIZE = {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": ["integer", "string"]}}
# After the specification of bundles, https://docs.monai.io/en/stable/mb_specification.html.
TENSOR = {
    "type": "object",
    "properties": {
        "type": {"enum": ["image", "series", "tuples", "probabilities"]},
        "format": TEXT,
        "modality": TEXT,
        "num_channels": {"type": "integer", "minimum": 1},
        "spatial_shape": SIZE,
        "dtype": {"enum": ["float32", "int32"]},
        "value_range": {"type": "array", "maxItems": 2, "items": {"type": "number"}},
        "is_patch_data": {"type": "boolean"},
        "channel_def": {"type": "object", "minProperties": 1, "patternProperties": {r"^\d+$": TEXT}},
    },
}
TENSOR["required"] = list(TENSOR["properties"])  # type: ignore[call-overload]
TENSORS = {"type": "object", "minProperties": 1, "additionalProperties": TENSOR}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"type": "string", "pattern": r"^https://.*/meta_schema_\d{8}\.json$"},
        "version": VERSION,
        "changelog": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
        **dict.fromkeys(("monai_version", "pytorch_version", "numpy_version"), VERSION),
        "required_packages_version": {"type": "object", "additionalProperties": VERSION},
        "supported_apps": {"type": "object", "additionalProperties": {"type": "string"}},
        **dict.fromkeys(("name", "task", "description", "authors", "copyright", "data_source", "data_type"), TEXT),
        **dict.fromkeys(("image_classes", "label_classes", "pred_classes", "intended_use"), TEXT),
        "eval_metrics": {"type": "object", "additionalProperties": {"type": "number"}},
        "references": {"type": "array", "minItems": 1, "items": TEXT},
        "network_data_format": {
            "type": "object",
            "required": ["inputs", "outputs"],
            "properties": {"inputs": TENSORS, "outputs": TENSORS},
        },
    },
}
SCHEMA["required"] = list(SCHEMA["properties"])


@pytest.fixture(scope="module")
def metadata(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_file_is_there(bundle: Path, name: str) -> None:
    assert (bundle / name).stat().st_size > 0


def test_bundle_and_repository_have_one_licence(bundle: Path) -> None:
    assert (bundle / "LICENSE").read_bytes() == (bundle.parent / "LICENSE").read_bytes()
    assert "Apache License" in (bundle / "LICENSE").read_text(encoding="utf-8")[:200]


def check_metadata(content: dict[str, Any], folder: Path) -> None:
    (folder / "metadata.json").write_text(json.dumps(content))
    (folder / "schema.json").write_text(json.dumps(SCHEMA))  # beside the place where MONAI would download one to
    verify_metadata(meta_file=str(folder / "metadata.json"), filepath=str(folder / "schema.json"))


def test_metadata_is_complete(metadata: dict[str, Any], tmp_path: Path) -> None:
    check_metadata(metadata, tmp_path)


@pytest.mark.parametrize("key", ["changelog", "supported_apps", "references", "network_data_format"])
def test_incomplete_metadata_is_found(metadata: dict[str, Any], tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="Failed validating"):
        check_metadata({name: value for name, value in metadata.items() if name != key}, tmp_path)


def test_prediction_names_the_atlas_labels(bundle: Path, metadata: dict[str, Any]) -> None:
    channel_def = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
    assert {int(label): name for label, name in channel_def.items()} == {0: "background", **label_names(2)}
    atlas = np.asarray(nib.load(bundle / "models" / "atlas_label.nii.gz").dataobj)
    assert {str(label) for label in np.unique(atlas)} == set(channel_def)


def test_shipped_weights_fit_the_network(bundle: Path, metadata: dict[str, Any]) -> None:
    parser = ConfigParser(ConfigParser.load_config_file(str(bundle / "configs" / "inference.yaml")))
    state = torch.load(bundle / "models" / "model.pt", map_location="cpu", weights_only=True)
    network = parser.get_parsed_content("network_def")
    network.load_state_dict(state)
    assert all(torch.isfinite(value).all() for value in state.values())
    size = metadata["network_data_format"]["inputs"]["image"]["spatial_shape"]
    assert nib.load(bundle / "models" / "atlas_image.nii.gz").shape[:2] == tuple(size) == tuple(parser["spatial_size"])


def test_exports_to_torchscript_as_the_zoo_does(bundle: Path, tmp_path: Path) -> None:
    inference = str(bundle / "configs" / "inference.yaml")
    ckpt_export(
        net_id="network_def",
        filepath=str(tmp_path / "verify_model.ts"),
        ckpt_file=str(bundle / "models" / "model.pt"),
        meta_file=str(bundle / "configs" / "metadata.json"),
        config_file=inference,
        bundle_root=str(bundle),
    )
    parser = ConfigParser(ConfigParser.load_config_file(inference))
    network = parser.get_parsed_content("network_def").eval()
    network.load_state_dict(torch.load(bundle / "models" / "model.pt", weights_only=True))
    pair = torch.rand(2, 2, 160, 192)
    with torch.no_grad():
        field = torch.jit.load(str(tmp_path / "verify_model.ts"))(pair)
        torch.testing.assert_close(field, network(pair), rtol=0, atol=1e-5)  # voxels


def commands(text: str) -> list[str]:
    """Every ``python -m monai.bundle`` or ``torchrun`` line of a document's code blocks."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.S)
    return [line for block in blocks for line in block.splitlines() if "-m monai.bundle" in line]


def test_documentation_follows_the_template(bundle: Path) -> None:
    text = (bundle / "docs" / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    wanted = ["Model Overview", "Data", "Training configuration", "Performance", "Commands", "Limitations"]
    positions = [headings.index(name) for name in [*wanted, "References", "License"]]
    assert positions == sorted(positions)


def test_documented_commands_name_files_and_options_that_exist(bundle: Path) -> None:
    found = commands((bundle / "docs" / "README.md").read_text(encoding="utf-8"))
    assert len(found) >= 8
    for line in found:
        files = re.findall(r"configs/[\w/]+\.(?:yaml|json)", line)
        assert files and all((bundle / name).is_file() for name in files), line
        configs = [name for name in files if name.endswith(".yaml")]
        parser = ConfigParser()
        parser.read_config([str(bundle / name) for name in configs])
        known = {"config_file", "meta_file", "net_id", "filepath", "ckpt_file", "tracking", "precision", "use_trace"}
        known |= {"nnodes", "nproc_per_node", "node_rank", "master_addr", "master_port", "standalone"}
        known |= {"dynamic_batchsize", "use_onnx"}
        if "configs/register.yaml" in files:
            known |= {option for verb in VERBS.values() for option in options_of(verb)}
        for option in re.findall(r"--([a-z_]+)", line):
            assert option in known or option in parser, f"{option} in: {line}"
        run_id = re.search(r"monai\.bundle run ([a-z]\w*)", line)
        assert run_id is None or run_id.group(1) in parser, line
