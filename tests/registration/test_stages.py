"""Stages follow one another, each from what was found before; what is not there is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from phantom import FieldStage, by_intensity, draw, flat_wave
from scripts.configuration import BUNDLE
from scripts.engines import Refinement, RegistrationInferer
from scripts.errors import InputError
from scripts.losses import ForwardDiffusion, RegistrationLoss
from scripts.options import OptionError
from scripts.physical import Grid, Prepared
from scripts.registration import ConfiguredMethods, Method, NetworkStage, RefinementStage, Registration, chosen_stages
from scripts.registration.deformation import Deformation
from scripts.registration.stages import build_stages, seen_pair
from scripts.registration.working_grid import MARGIN, close_grid
from scripts.spatial import warp
from support import both_dims

SIZES = {2: (32, 40), 3: (16, 20, 18)}


class Shift(nn.Module):
    """A field of ``voxels`` along the first axis, whatever the pair; it remembers what it saw."""

    def __init__(self, voxels: float) -> None:
        super().__init__()
        self.voxels = nn.Parameter(torch.tensor(voxels))
        self.seen: list[Tensor] = []

    def forward(self, pair: Tensor) -> Tensor:
        """``(B, D, *S)``."""
        self.seen.append(pair)
        field = torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:])
        field[:, 0] = self.voxels
        return field


def prepared(dims: int, seed: int) -> Prepared:
    values = torch.rand(1, 1, *SIZES[dims], generator=torch.Generator().manual_seed(seed))
    return Prepared(values, Grid(SIZES[dims], np.eye(dims + 1)))


def network_stage(folder: Path, voxels: float) -> tuple[NetworkStage, Shift]:
    network = Shift(voxels)
    torch.save(network.state_dict(), folder / "weights.pt")
    return NetworkStage(Method(network, str(folder / "weights.pt"))), network


@both_dims
def test_network_sees_the_pair_and_is_followed_by_the_next(dims: int, tmp_path: Path) -> None:
    fixed, moving = prepared(dims, 0), prepared(dims, 1)
    stage, network = network_stage(tmp_path, 2.0)
    first = stage(fixed, moving, Deformation.none(fixed.grid))
    assert torch.equal(first.ddf, network(fixed.values.repeat(1, 2, *[1] * dims)))
    pair = seen_pair(fixed, moving, Deformation.none(fixed.grid))
    assert torch.equal(network.seen[0], pair)
    second = stage(fixed, moving, first)
    torch.testing.assert_close(network.seen[-1][:, :1], warp(pair[:, :1], first.ddf))
    inside = (slice(None), slice(None), slice(0, -2))
    torch.testing.assert_close(second.ddf[inside], 2 * first.ddf[inside])


def smooth_loss() -> RegistrationLoss:
    return RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()}, diffusion={"weight": 0.01, "of": "ddf", "loss": ForwardDiffusion()}
    )


@both_dims
def test_network_then_refinement_is_what_the_inferer_does(dims: int, tmp_path: Path) -> None:
    fixed, moving = prepared(dims, 0), prepared(dims, 1)
    stage, network = network_stage(tmp_path, 0.5)
    refinement = Refinement(smooth_loss(), steps=3)
    found = stage(fixed, moving, Deformation.none(fixed.grid))
    found = RefinementStage(Method(refinement=refinement))(fixed, moving, found)
    pair = seen_pair(fixed, moving, Deformation.none(fixed.grid))
    with torch.no_grad():
        expected = RegistrationInferer(refinement=refinement)(pair, network)["ddf"]
    assert torch.equal(found.ddf, expected)


@both_dims
@pytest.mark.parametrize(("spacing", "finest"), [(4.0, 1.0), (1.9, 0.95), (1.5, 1.5), (1.0, 1.0)])
def test_refinement_goes_on_to_grids_as_fine_as_the_image(dims: int, spacing: float, finest: float) -> None:
    """Of images of 1 mm; each step towards it halves the spacing and keeps what was found."""
    fixed, moving = prepared(dims, 0), prepared(dims, 1)
    size = tuple(int(n / spacing) for n in SIZES[dims])
    grid = Grid(size, np.diag([spacing] * dims + [1.0]))
    start = Deformation(grid, torch.full((1, dims, *size), 0.5), np.eye(dims + 1))
    for fine_steps, expected in ((0, spacing), (1, finest)):
        stage = RefinementStage(Method(refinement=Refinement(smooth_loss(), 0, fine_steps, learning_rate=1e-6)))
        found = stage(fixed, moving, start)
        assert found.grid.spacing == pytest.approx([expected] * dims)
        points = torch.rand(1, dims, 7, *[1] * (dims - 1), dtype=torch.float64) * 10
        torch.testing.assert_close(found.forward(points), start.forward(points), rtol=0, atol=1e-4)
        assert found.on(grid).ddf == pytest.approx(start.ddf, abs=1e-3)


@pytest.mark.parametrize(("quality", "steps"), [("fast", (0, 0)), ("default", (35, 2)), ("best", (105, 6))])
def test_quality_is_a_multiple_of_the_steps_of_optimisation(
    quality: str, steps: tuple[int, int], tmp_path: Path
) -> None:
    text = (Path(BUNDLE) / "configs" / "methods" / "brain_2d.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("fine_steps: 0", "fine_steps: 2"), encoding="utf-8")
    method = str(tmp_path / "mine.yaml")
    refinement = ConfiguredMethods(method, quality=quality)(2).refinement
    assert refinement is not None and (refinement.steps, refinement.fine_steps) == steps
    given = ConfiguredMethods(method, quality=quality, refinement_steps=7)(2).refinement
    assert given is not None and (given.steps, given.fine_steps) == (7, steps[1])


@pytest.mark.parametrize(
    ("affine", "use_network", "expected"),
    [
        (True, True, ["affine", "network", "refined"]),
        (False, True, ["network", "refined"]),
        (True, False, ["affine", "refined"]),
    ],
)
def test_choices(affine: bool, use_network: bool, expected: list[str]) -> None:
    assert chosen_stages(affine, use_network) == expected


def test_stages_by_name() -> None:
    with pytest.raises(InputError, match="'afine' is no stage of a registration; the stages are affine, network, ref"):
        build_stages(["afine"], Method(), torch.device("cpu"))
    loss = smooth_loss()
    for steps, names in ((0, ["affine"]), (1, ["affine", "refined"])):
        method = Method(refinement=Refinement(loss, steps))
        built = build_stages(["affine", "refined"], method, torch.device("cpu"))
        assert [stage.name for stage in built] == names
    assert [stage.name for stage in build_stages([FieldStage()], Method(), torch.device("cpu"))] == ["network"]


def test_report_and_seconds_speak_of_the_stages(slices: dict[str, str]) -> None:
    report = by_intensity(steps=8, spacing=2.0)(**slices).report
    assert report["stages"] == ["unregistered", "affine", "refined"]
    assert set(report["seconds"]) == {"read", "affine", "refined", "results"}
    similarity = {stage: report["similarity"][stage]["correlation"] for stage in report["stages"]}
    assert set(report["dice"]["mean"]) == set(report["stages"])
    assert similarity["unregistered"] < similarity["affine"] < similarity["refined"]


def test_method_is_asked_once_for_every_dimension(tmp_path: Path) -> None:
    asked: list[int] = []

    def method_of(dims: int) -> Method:
        asked.append(dims)
        return Method(spacing=3.0)

    registration = Registration(method_of, [FieldStage()])
    flat = str(draw(tmp_path / "flat.nii.gz", np.eye(3), 2, flat_wave))
    volume = str(draw(tmp_path / "volume.nii.gz", 4 * np.eye(3)))
    for path in (flat, volume, flat):
        registration(path, path)
    assert asked == [2, 3]


def test_a_method_has_its_network_for_its_own_dimension_alone() -> None:
    methods = ConfiguredMethods("brain_2d")
    assert methods(2).network is not None and list(methods(2).spatial_size) == [160, 192]
    assert methods(3).network is None and list(methods(3).spatial_size) == []
    assert ConfiguredMethods("brain_2d", use_network=False)(2).network is None


def test_without_a_network_the_trainings_loss_refines() -> None:
    with_network, alone = (ConfiguredMethods("brain_2d", use_network=flag)(2) for flag in (True, False))
    assert with_network.refinement.loss.terms["diffusion"]["weight"] == 1.0
    assert alone.refinement.loss.terms["diffusion"]["weight"] == 1.5


def test_changes_reach_the_method_and_its_identity() -> None:
    own, other = ConfiguredMethods("brain_2d"), ConfiguredMethods("brain_2d", refinement_steps="3", spacing=2)
    assert other(2).refinement.steps == 3 and other(2).spacing == 2
    assert own.identity != other.identity
    assert own.identity == ConfiguredMethods("brain_2d").identity


@pytest.mark.parametrize(
    "changes",
    [{"passes": 3}, {"refinement_smoothness": 0.5}, {"precision": "float32"}, {"ckpt_path": "models/other.pt"}],
)
def test_every_change_makes_another_identity(changes: dict[str, object]) -> None:
    assert ConfiguredMethods("brain_2d").identity != ConfiguredMethods("brain_2d", **changes).identity


def test_a_misspelt_change_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="refinement_steps"):
        ConfiguredMethods(refinement_step=3)


@both_dims
def test_close_grid_is_the_part_of_a_grid_around_the_object(dims: int) -> None:
    values = torch.zeros(1, 1, *[40] * dims)
    values[(..., *[slice(14, 26)] * dims)] = 1.0
    fixed = Prepared(values, Grid((40,) * dims, np.eye(dims + 1)))
    wide = np.diag([2.0] * dims + [1.0])
    wide[:-1, -1] = -10.0  # voxels of 2 mm, of which the object touches numbers 12 to 18
    close = close_grid(fixed, Grid((30,) * dims, wide))
    assert close.size == (7 + 2 * MARGIN,) * dims
    assert close.affine[:-1, -1] == pytest.approx([2.0 * (12 - MARGIN) - 10] * dims)
    inside = np.eye(dims + 1)
    inside[:-1, -1] = 14.0
    assert close_grid(fixed, Grid((12,) * dims, inside)).size == (12,) * dims  # never beyond the grid itself


def test_a_change_inside_of_a_value_is_made_or_refused() -> None:
    """A place that is not there would change nothing, without a word."""
    changes = {"network_def#passes": 3, "refinement#loss#folding#weight": "7"}
    own, changed = ConfiguredMethods("brain_2d"), ConfiguredMethods("brain_2d", **changes)
    method = changed(2)
    assert method.network is not None and method.network.passes == 3
    assert method.refinement is not None and method.refinement.loss.terms["folding"]["weight"] == 7
    assert own.identity != changed.identity
    alone = ConfiguredMethods("brain_2d", use_network=False, **{"loss#mse#weight": 33})(2)
    assert alone.refinement is not None and alone.refinement.loss.terms["mse"]["weight"] == 33
    with pytest.raises(OptionError, match=r"--network_def#pases is no place in .*brain_2d\.yaml"):
        ConfiguredMethods("brain_2d", **{"network_def#pases": 3})(2)
