"""Whatever is public in the tensor rooms stays on the device of its tensors: run on torch's ``meta`` device.

There a tensor has a shape and a place but no values, so that a tensor made on the processor, ``.item()`` or a way
through numpy fails at once. What has no case here, or no reason, fails too.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.complexity import network_cost
from device_cases import PLACED, ROOMS, Cases, cases_of, room_name
from scripts.networks import DenseUNet
from support import both_dims

NOT_ON_META = {
    "without_autocast": "a context, which holds no tensor",
    "invert_points": "it works on the points not yet solved, and how many these are is a value",
    "AverageSurfaceDistance": "SciPy measures surface distances on the processor; the result returns to the device",
    "HausdorffDistance95": "SciPy measures surface distances on the processor; the result returns to the device",
    "LearnedSimilarity": "MONAI's criterion asks for the type of a tensor, which meta has none of",
    "LabelMeasure": "an abstract class: its subclasses are here",
    "Measure": "a type",
    "ejection_fraction": "it gives a number",
    "temporal_roughness": "it gives a number",
    "contrast_difference": "it counts values in bins",
    "shape_likeness": "how many voxels are inside is a value",
    "named_measures": "it gives measures by name, which are here",
    "field_head": "it makes the last convolution of networks that are here",
}


def public(room: ModuleType) -> set[str]:
    """Names of the functions and classes that a room exports, those of tensors or not."""
    return {name for name in room.__all__ if callable(getattr(room, name))}


@pytest.mark.parametrize("room", ROOMS, ids=room_name)
def test_everything_public_has_a_case_or_a_reason(room: ModuleType) -> None:
    cases = set(cases_of(room, 2, "meta"))
    assert public(room) - set(NOT_ON_META) == cases


def test_no_reason_outlives_its_name() -> None:
    assert set(NOT_ON_META) <= set.union(*(public(room) for room in ROOMS))


@both_dims
@pytest.mark.parametrize(("room", "name"), PLACED, ids=[name for _, name in PLACED])
def test_stays_on_the_device(room: ModuleType, name: str, dims: int) -> None:
    call, shape = cases_of(room, dims, "meta")[name]
    result = call()
    assert result.device.type == "meta" and tuple(result.shape) == shape
    assert tuple(cases_of(room, dims, "cpu")[name][0]().shape) == shape


@both_dims
def test_a_network_s_cost_needs_no_values(dims: int) -> None:
    network, pairs = DenseUNet(dims, channels=(4, 8)), [Cases(dims, device).tensor(2) for device in ("cpu", "meta")]
    assert network_cost(network, pairs[0]) == network_cost(network.to("meta"), pairs[1])


@pytest.mark.parametrize(
    "hidden",
    [lambda x: x + torch.zeros(x.shape[-1]), lambda x: x * x.sum().item(), lambda x: torch.from_numpy(x.numpy())],
    ids=["a tensor of the processor", "item", "numpy"],
)
def test_what_leaves_the_device_would_be_noticed(hidden: Callable[[Tensor], Any]) -> None:
    with pytest.raises((RuntimeError, TypeError, NotImplementedError)):
        hidden(torch.zeros(2, 3, device="meta"))
