"""Exported networks give the fields of the network itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from monai.data import load_net_with_metadata
from torch import Tensor, nn

from scripts.commands import main
from scripts.errors import InputError
from scripts.export import export_network, open_exported, save_onnx, save_torchscript
from scripts.export.command import smooth_pairs
from scripts.networks import DenseUNet, RecurrentUNet, RegistrationModel, RegistrationPyramid, upsampled
from scripts.spatial import filters
from support import both_dims, parse

SIZES = {2: (48, 40), 3: (32, 24, 20)}
OTHERS = {2: [(50, 37), (16, 33)], 3: [(17, 34, 16)]}
TOLERANCE = 1e-4  # voxels
ONNX = ("onnx", "onnxscript", "onnxruntime")


def displacement(dims: int) -> RegistrationModel:
    """An untrained network whose fields are a few voxels long."""
    torch.manual_seed(dims)
    backbone = DenseUNet(dims, channels=(4, 4, 4, 4))
    nn.init.normal_(backbone.head.conv.weight, std=2.0)
    return RegistrationModel(backbone).eval()


def velocity(dims: int) -> RegistrationModel:
    """The same by a velocity field at half resolution."""
    torch.manual_seed(dims)
    backbone = DenseUNet(dims, channels=(4, 4, 4, 4), output_level=1)
    nn.init.normal_(backbone.head.conv.weight, std=2.0)
    return RegistrationModel(backbone, True, integration_steps=4, half_resolution=True).eval()


def pyramid(dims: int) -> RegistrationModel:
    """The same by looks at two resolutions, as the methods of volumes have it."""
    torch.manual_seed(dims)
    backbones = [DenseUNet(dims, 2 * 2**dims + 2 * dims, channels=(4, 4, 4)) for _ in range(2)]
    for backbone in backbones:
        nn.init.normal_(backbone.head.conv.weight, std=0.5)
    return RegistrationModel(RegistrationPyramid(backbones, [(0, 2), (1, 1)])).eval()


Make = Callable[[int], RegistrationModel]
each_model = pytest.mark.parametrize("make", [displacement, velocity, pyramid])


def recurrent(dims: int, both_ways: bool) -> RegistrationModel:
    """An untrained network whose frames know of each other."""
    torch.manual_seed(dims)
    backbone = RecurrentUNet((4, 4, 4, 4), (1, 2), both_ways, spatial_dims=dims, output_level=1)
    nn.init.normal_(backbone.head.conv.weight, std=2.0)
    for recurrence in backbone.recurrences.children():
        nn.init.normal_(recurrence.join.weight)
    return RegistrationModel(backbone, True, integration_steps=4, half_resolution=True).eval()


def compare(network: nn.Module, path: Path, batch: int, size: tuple[int, ...]) -> None:
    pair = torch.rand(batch, 2, *size)
    with torch.no_grad():
        expected = network(pair)
    assert expected.abs().max() > 0.5
    torch.testing.assert_close(open_exported(path, threads=1)(pair), expected, rtol=1e-4, atol=TOLERANCE)


@both_dims
@each_model
def test_torchscript_holds_for_any_size_and_batch(make: Make, dims: int, tmp_path: Path) -> None:
    network = make(dims)
    save_torchscript(network, tmp_path / "model.ts", {"version": "1"})
    for batch, size in [(1, SIZES[dims]), (3, SIZES[dims]), *((2, size) for size in OTHERS[dims])]:
        compare(network, tmp_path / "model.ts", batch, size)
    assert load_net_with_metadata(str(tmp_path / "model.ts"))[1]["version"] == "1"


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize("dims", [2, 3])
def test_torchscript_of_a_recurrence_holds_for_any_number_of_frames(dims: int, both_ways: bool, tmp_path: Path) -> None:
    network = recurrent(dims, both_ways)
    save_torchscript(network, tmp_path / "model.ts")
    for frames, size in [(1, SIZES[dims]), (7, SIZES[dims]), (4, OTHERS[dims][0])]:
        compare(network, tmp_path / "model.ts", frames, size)


def test_a_recurrence_is_no_onnx(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="recurrent network cannot be written as ONNX"):
        save_onnx(recurrent(2, True), tmp_path / "model.onnx", (32, 32))
    assert not list(tmp_path.iterdir())


def test_a_network_of_volumes_is_exported_with_its_weights(bundle: Path, tmp_path: Path) -> None:
    """By the verb, the smaller of two built alike; the file holds for another size than those it was seen at."""
    options = ["--method", "hippocampus", "--formats", "['torchscript']", "--spatial_size", "[16,20,16]"]
    assert main(["export", *options, "--output_dir", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))["torchscript"]["difference"] < TOLERANCE
    parser = parse(bundle, "inference.yaml", "methods/hippocampus.yaml")
    network = parser.get_parsed_content("network_def").eval()
    network.load_state_dict(torch.load(parser.get_parsed_content("weights"), weights_only=True))
    pair = smooth_pairs(2, (22, 17, 28))
    with torch.no_grad():
        expected = network(pair)
    assert expected.abs().max() > 1  # voxels
    torch.testing.assert_close(open_exported(tmp_path / "model.ts")(pair), expected, rtol=1e-4, atol=1e-3)


@both_dims
@each_model
def test_torchscript_is_bound_to_no_device(make: Make, dims: int) -> None:
    """No name of one in the trace, and no tensor but the weights, which move with the module."""
    _forget_kept_matrices()  # what an earlier test left would stand in the trace instead of how it is made
    graph = torch.jit.script(make(dims)).network.inlined_graph
    assert '"cpu"' not in str(graph)
    nodes = [node for node in graph.findAllNodes("prim::Constant") if node.hasAttribute("value")]
    constants = [node.t("value") for node in nodes if node.kindOf("value") == "t"]
    assert all(constant.ndim == 0 for constant in constants)


def _forget_kept_matrices() -> None:
    for kept in (upsampled._cached_sums, filters._cached):
        kept.cache_clear()


def test_scripting_leaves_the_network_as_it_was() -> None:
    network, pair = velocity(2), torch.rand(1, 2, 48, 40)
    with torch.no_grad():
        before = network(pair)
        torch.jit.script(network)
        assert torch.equal(network(pair), before)
    network(pair).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


class Halved(nn.Module):
    """Its loop depends on the values: no exporter knows how often it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, pair: Tensor) -> Tensor:
        while pair.abs().max() > 0.1:
            pair = pair * self.weight / 2
        return pair


def test_what_cannot_be_onnx_is_one_sentence(tmp_path: Path) -> None:
    for package in ONNX:
        pytest.importorskip(package, reason="install requirements-export.txt")
    with pytest.raises(
        InputError, match=r"^PyTorch cannot write this network as ONNX \(.+\); export it with --formats"
    ):
        save_onnx(Halved(), tmp_path / "model.onnx", (16, 16))
    assert not list(tmp_path.iterdir())


@both_dims
@each_model
def test_onnx_holds_for_any_batch(make: Make, dims: int, tmp_path: Path) -> None:
    for package in ONNX:
        pytest.importorskip(package, reason="install requirements-export.txt")
    _forget_kept_matrices()
    network = make(dims)
    save_onnx(network, tmp_path / "model.onnx", SIZES[dims])
    for batch in (1, 3):
        compare(network, tmp_path / "model.onnx", batch, SIZES[dims])
    pair = torch.rand(1, 2, *SIZES[dims])
    network(pair).sum().backward()  # what was exported left nothing behind that training would stumble over


def shipped(bundle: Path) -> RegistrationModel:
    network: RegistrationModel = parse(bundle, "inference.yaml").get_parsed_content("network_def")
    return network


@pytest.fixture
def weights(bundle: Path) -> str:
    return str(bundle / "models" / "model.pt")


def test_command_writes_compares_and_times(bundle: Path, weights: str, tmp_path: Path) -> None:
    network = shipped(bundle)
    figures = export_network(network, weights, str(tmp_path), (64, 48), formats=["torchscript"], repeats=1)
    assert json.loads((tmp_path / "export.json").read_text(encoding="utf-8")) == figures
    assert figures["torchscript"]["difference"] < TOLERANCE
    assert all(figure["seconds"] > 0 for figure in figures.values())
    assert {path.name for path in tmp_path.iterdir()} == {"model.ts", "export.json"}


def test_a_file_with_another_field_does_not_stay(
    bundle: Path, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(path: Path) -> nn.Module:
        network = shipped(bundle)
        nn.init.constant_(network.backbone.head.conv.bias, 1.0)
        return network

    monkeypatch.setattr("scripts.export.command.open_exported", wrong)
    with pytest.raises(InputError, match=r"differ by .* voxels; it was deleted"):
        export_network(shipped(bundle), weights, str(tmp_path), (64, 48), formats=["torchscript"], repeats=1)
    assert not list(tmp_path.iterdir())


def test_unknown_format_is_one_sentence(bundle: Path, weights: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tflite is no format of export; choose of torchscript, onnx"):
        export_network(shipped(bundle), weights, str(tmp_path), (64, 48), formats=["tflite"])
    with pytest.raises(InputError, match="is no exported network"):
        open_exported(tmp_path / "model.pt")


def real_pair(folder: Path) -> Tensor:
    from scripts.transforms import ReadSubjectd

    paths = sorted((folder / "neurite_oasis_2d").glob("OASIS_*/slice_norm.nii.gz"))[:2]
    images = [ReadSubjectd("image", 2)({"image": path})["image"].as_tensor() for path in paths]
    return torch.cat(images)[None]


def test_real_images_get_the_same_field(bundle: Path, weights: str, real_data: Path, tmp_path: Path) -> None:
    network = shipped(bundle)
    network.load_state_dict(torch.load(weights, weights_only=True))
    pair = real_pair(real_data)
    with torch.no_grad():
        expected = network.eval()(pair)
    assert expected.abs().max() > 2  # voxels
    save_torchscript(network, tmp_path / "model.ts")
    paths = [tmp_path / "model.ts"]
    try:
        save_onnx(network, tmp_path / "model.onnx", pair.shape[2:])
        paths.append(tmp_path / "model.onnx")
    except InputError:
        pass  # without the optional packages TorchScript alone is compared
    for path in paths:
        torch.testing.assert_close(open_exported(path)(pair), expected, rtol=1e-4, atol=1e-3)


def test_tensorrt_overlay_runs_what_was_exported(
    bundle: Path, weights: str, cohort_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TorchScript in the engine's place, and an empty module in that of its runtime."""
    monkeypatch.setitem(sys.modules, "torch_tensorrt", ModuleType("torch_tensorrt"))
    subject = next(path for path in sorted(cohort_2d.iterdir()) if path.is_dir())
    values = {"bundle_root": str(tmp_path), "dataset_dir": str(subject), "image_pattern": "slice_norm.nii.gz"}
    values |= {f"atlas_{kind}": str(bundle / "models" / f"atlas_{kind}.nii.gz") for kind in ("image", "label")}
    values |= {"output_dir": str(tmp_path / "out"), "refinement_steps": 0}
    parser = parse(bundle, "inference.yaml", "inference_trt.yaml", **values)
    network = shipped(bundle)
    network.load_state_dict(torch.load(weights, weights_only=True))
    save_torchscript(network, tmp_path / "models" / "model_trt.ts")
    parser.get_parsed_content("evaluator").run()
    assert list((tmp_path / "out").glob("*_seg.nii.gz"))
