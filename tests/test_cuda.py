"""On a CUDA device: the processor's results, a training step in bfloat16, the refinement, the measures of a pair."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from monai.engines import SupervisedEvaluator
from torch import Tensor, nn

from device_cases import PLACED, cases_of
from scripts.engines import PairMetric, Refinement, RegistrationInferer, prepare_pair
from scripts.losses import FastLNCC, FoldingPenalty, ForwardDiffusion, RegistrationLoss
from scripts.metrics import AverageSurfaceDistance, FoldedFraction, HausdorffDistance95, LabelDice
from scripts.networks import DenseUNet, RegistrationModel
from scripts.spatial import identity_grid, invert_points
from support import both_dims

CUDA = "cuda"
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here; run these where there is one"),
]
SIZES = {2: (32, 40), 3: (32, 32, 40)}


@pytest.fixture(autouse=True)
def exact_products() -> Iterator[None]:
    """Without TF32, whose products have 10 bits, results of both devices can be compared."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def blob(dims: int, shift: float) -> Tensor:
    """A ball ``(1, 1, *S)`` with a soft border, ``shift`` voxels from the middle."""
    grid = identity_grid(SIZES[dims])
    centre = torch.tensor([n / 2 + shift for n in SIZES[dims]]).reshape(-1, *[1] * dims)
    return torch.sigmoid(8 - (grid - centre).square().sum(0).sqrt())[None, None]


def model(dims: int) -> RegistrationModel:
    torch.manual_seed(0)
    return RegistrationModel(DenseUNet(dims, channels=(8, 16, 16), output_level=1), velocity=True, half_resolution=True)


def loss() -> RegistrationLoss:
    return RegistrationLoss(
        lncc={"weight": 1, "loss": FastLNCC(9, 2)},
        mse={"weight": 10, "loss": nn.MSELoss()},
        diffusion={"weight": 0.1, "of": "ddf", "loss": ForwardDiffusion()},
        folding={"weight": 10, "of": "ddf", "loss": FoldingPenalty()},
    )


@both_dims
@pytest.mark.parametrize(("room", "name"), PLACED, ids=[name for _, name in PLACED])
def test_results_are_those_of_the_processor(room: ModuleType, name: str, dims: int) -> None:
    expected, found = (cases_of(room, dims, device)[name][0]() for device in ("cpu", CUDA))
    assert found.device.type == CUDA and found.dtype == expected.dtype
    torch.testing.assert_close(found.cpu(), expected, atol=1e-4, rtol=1e-3, equal_nan=True)


@both_dims
def test_points_are_inverted_on_the_device(dims: int) -> None:
    ddf = torch.cat([blob(dims, 0)] * dims, 1)
    points = identity_grid(SIZES[dims])[None] * 0.8
    found = invert_points(ddf.to(CUDA), points.to(CUDA), points.to(CUDA))
    assert found.device.type == CUDA
    torch.testing.assert_close(found.cpu(), invert_points(ddf, points, points), atol=1e-2, rtol=0)


@both_dims
def test_steps_in_bfloat16_learn_and_leave_the_field_in_32_bits(dims: int) -> None:
    network, criterion = model(dims).to(CUDA), loss()
    moving, fixed = blob(dims, 0).to(CUDA), blob(dims, 1.5).to(CUDA)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    infer = RegistrationInferer(precision="bfloat16", channels_last=True)
    values = []
    for _ in range(20):
        optimiser.zero_grad()
        pred = infer(torch.cat([moving, fixed], 1), network)
        value = criterion(pred, {"fixed": fixed})
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    assert pred["ddf"].dtype == pred["warped"].dtype == torch.float32 and pred["ddf"].device.type == CUDA
    assert values[-1] < 0.9 * values[0]
    assert all(parameter.isfinite().all() for parameter in network.parameters())


@both_dims
def test_the_refinement_finds_what_it_finds_on_the_processor(dims: int) -> None:
    pair, zero = torch.cat([blob(dims, 0), blob(dims, 1.5)], 1), torch.zeros(1, dims, *SIZES[dims])
    refine = Refinement(loss(), steps=15)
    expected, found = refine(pair, zero), refine(pair.to(CUDA), zero.to(CUDA))
    assert found.device.type == CUDA
    assert expected.abs().max() > 0.5
    assert (found.cpu() - expected).abs().mean() < 0.05


@both_dims
def test_a_pair_is_evaluated_as_on_the_processor(dims: int) -> None:
    batch = {"moving": blob(dims, 0), "fixed": blob(dims, 1.5)}
    batch |= {f"{key}_label": (image > 0.5).int() for key, image in batch.items()}

    def evaluate(device: str) -> dict[str, float]:
        measures = {
            "dice": LabelDice([1]),
            "hd95": HausdorffDistance95([1]),
            "asd": AverageSurfaceDistance([1]),
            "folded": FoldedFraction(),
        }
        evaluator = SupervisedEvaluator(
            device=torch.device(device),
            val_data_loader=[batch],
            network=model(dims).to(device),
            inferer=RegistrationInferer(refinement=Refinement(loss(), steps=15)),
            prepare_batch=prepare_pair,
            decollate=False,
            key_val_metric={"dice": PairMetric(measures.pop("dice"))},
            additional_metrics={name: PairMetric(measure) for name, measure in measures.items()},
        )
        evaluator.run()
        return evaluator.state.metrics

    expected = evaluate("cpu")
    assert expected["dice"] > 0.9
    assert evaluate(CUDA) == pytest.approx(expected, abs=0.03)
