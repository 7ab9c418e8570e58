"""A bundle of one method: complete for a server, and nothing else in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from scripts.commands.maintenance import configure
from scripts.configuration import write_single
from scripts.configuration.single import read_names
from scripts.errors import InputError
from scripts.options import OptionError
from support import BUNDLE, assert_one_sentence, run_command


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of volumes."""
    folder = tmp_path_factory.mktemp("served") / "volumes"
    configure("brain_3d", output_dir=str(folder))
    return folder


def test_it_names_the_labels_of_its_atlas(single: Path) -> None:
    """Ids and axes are those of the atlas, and nothing that was measured with slices is told of volumes."""
    metadata = json.loads((single / "configs" / "metadata.json").read_text(encoding="utf-8"))
    ids = np.unique(np.asarray(nib.load(single / "models" / "atlas_3d_label.nii.gz").dataobj))
    pred, image = (metadata["network_data_format"][side] for side in ("outputs", "inputs"))
    assert list(map(int, pred["pred"]["channel_def"])) == ids.tolist()
    assert pred["pred"]["channel_def"]["47"] == "Hippocampus_R"
    names = [name.lower() for name in pred["pred"]["channel_def"].values()]  # servers tell names apart by these
    assert len(set(names)) == len(names) == 149
    assert image["image"]["spatial_shape"] == [80, 80, 96] and pred["pred"]["num_channels"] == 3
    assert not {"eval_metrics", "data_source"} & set(metadata)


def test_its_configuration_is_the_method_with_its_weights_where_servers_look(single: Path) -> None:
    config = ConfigParser.load_config_file(str(single / "configs" / "inference.yaml"))
    method = ConfigParser.load_config_file(str(BUNDLE / "configs" / "methods" / "brain_3d.yaml"))
    assert {key for key in method if config[key] != method[key]} == {"weights"}
    files = single / "models" / "model.pt", BUNDLE / "models" / "model_3d.pt"
    weights, own = (torch.load(path, weights_only=True) for path in files)
    assert str(config["weights"]).endswith("/models/model.pt'")
    assert all(torch.equal(weights[key], own[key]) for key in own)
    assert sorted(path.name for path in (single / "models").glob("*.pt")) == ["model.pt"]


def test_it_segments_a_volume_by_itself(single: Path, tmp_path: Path) -> None:
    """In a process of its own, from its own folder: with no refinement, for time."""
    image = nib.load(BUNDLE / "models" / "atlas_3d_image.nii.gz")
    nib.save(image.slicer[4:, :, 3:], tmp_path / "head.nii.gz")
    options = {"dataset_dir": tmp_path, "image_pattern": "head*", "output_dir": tmp_path / "out", "refinement_steps": 0}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", "configs/inference.yaml", *words]
    said = run_command(command, single)
    assert said.returncode == 0, said.stderr[-2000:]
    found = nib.load(tmp_path / "out" / "head_seg.nii.gz")
    known = np.asarray(nib.load(BUNDLE / "models" / "atlas_3d_label.nii.gz").slicer[4:, :, 3:].dataobj)
    assert (np.asarray(found.dataobj) == known)[known > 0].mean() > 0.9


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("hippocampus", "no atlas with a list"),
        ("brain_2d", "the bundle itself serves brain_2d"),
        ("brain3d", "nearest is"),
    ],
)
def test_a_method_that_cannot_segment_is_refused(method: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        write_single(method, str(tmp_path / "out"))
    assert_one_sentence(str(caught.value))
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="mine exists; name a folder that does not"):
        write_single("brain_3d", str(tmp_path / "mine"))
    assert not any((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("given", [{"method": "brain_3d"}, {"output_dir": "out"}])
def test_half_of_what_it_needs_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="needs both"):
        configure(**given)


def test_names_are_read_with_their_comments_left_out(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("# id name\n1 Left Thalamus\n\n207  Gyrus_L\n", encoding="utf-8")
    assert read_names(path) == {"1": "Left Thalamus", "207": "Gyrus_L"}
