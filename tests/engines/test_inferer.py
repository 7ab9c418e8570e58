"""The inferer: network, then warp; the same answer in every precision and memory layout."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.engines import RegistrationInferer
from scripts.engines.inferer import choose_precision
from scripts.networks import DenseUNet, RegistrationModel
from scripts.spatial import warp

SIZES = [(24, 20), (12, 13, 10)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def pair_of(size: tuple[int, ...]) -> Tensor:
    return torch.rand(2, 2, *size, generator=torch.Generator().manual_seed(0))


def awake_model(dims: int, velocity: bool = False) -> RegistrationModel:
    """A network whose field is a few voxels long."""
    torch.manual_seed(0)
    backbone = DenseUNet(dims, channels=(4, 6, 8))
    nn.init.normal_(backbone.head.get_parameter("conv.weight"), std=0.5)
    return RegistrationModel(backbone, velocity=velocity).eval()


@all_sizes
def test_field_and_what_it_does_to_the_moving_image(size: tuple[int, ...]) -> None:
    pair, model = pair_of(size), awake_model(len(size))
    found = RegistrationInferer()(pair, model)
    assert set(found) == {"ddf", "warped"}
    assert found["ddf"].abs().max() > 0.1
    torch.testing.assert_close(found["ddf"], model(pair))
    torch.testing.assert_close(found["warped"], warp(pair[:, :1], found["ddf"]))


@all_sizes
@pytest.mark.parametrize("velocity", [True, False])
def test_bfloat16_is_near_float32_and_comes_out_in_32_bits(size: tuple[int, ...], velocity: bool) -> None:
    pair, model = pair_of(size), awake_model(len(size), velocity)
    exact, fast = (RegistrationInferer(precision)(pair, model) for precision in ("float32", "bfloat16"))
    assert fast["ddf"].dtype == fast["warped"].dtype == torch.float32
    assert 0 < (fast["ddf"] - exact["ddf"]).abs().max() < 0.05 * exact["ddf"].abs().max()
    assert RegistrationInferer("bfloat16")(pair, model.backbone)["ddf"].dtype == torch.float32


@all_sizes
def test_memory_layout_changes_nothing(size: tuple[int, ...]) -> None:
    seen = []

    def network(pair: Tensor) -> Tensor:
        seen.append(pair)
        return model(pair)

    pair, model = pair_of(size), awake_model(len(size))
    plain, last = (RegistrationInferer(channels_last=choice)(pair, network) for choice in (False, True))  # type: ignore
    assert seen[0].stride(1) != 1 and seen[1].stride(1) == 1  # the channel is the innermost axis
    assert last["ddf"].is_contiguous()
    torch.testing.assert_close(last["ddf"], plain["ddf"], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(last["warped"], plain["warped"], atol=1e-4, rtol=1e-4)


@all_sizes
def test_gradient_goes_through(size: tuple[int, ...]) -> None:
    model = awake_model(len(size))
    found = RegistrationInferer("bfloat16", channels_last=True)(pair_of(size), model)
    (found["warped"] - pair_of(size)[:, 1:]).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_refinement_is_given_the_pair_and_the_field() -> None:
    pair, model = pair_of(SIZES[0]), awake_model(2)
    given = []

    def refine(pair: Tensor, ddf: Tensor) -> Tensor:
        given.append((pair, ddf))
        return ddf + 1

    found = RegistrationInferer(refinement=refine)(pair, model)
    assert given[0][0] is pair
    torch.testing.assert_close(found["ddf"], found["network_ddf"] + 1)
    torch.testing.assert_close(found["network_ddf"], RegistrationInferer()(pair, model)["ddf"])
    torch.testing.assert_close(found["warped"], warp(pair[:, :1], found["ddf"]))
    assert "network_ddf" not in RegistrationInferer(refinement=lambda pair, ddf: ddf)(pair, model)


def test_images_of_several_channels_are_halved() -> None:
    pair = torch.rand(1, 6, 8, 9)
    shift = torch.zeros(1, 2, 8, 9)
    found = RegistrationInferer()(pair, lambda pair: shift)  # type: ignore[arg-type]
    torch.testing.assert_close(found["warped"], pair[:, :3], atol=1e-5, rtol=0)


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("cpu", [False, True])
def test_auto_takes_bfloat16_where_the_processor_computes_in_it(
    gpu: bool, cpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On each its own: what the machine has besides does not matter."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: gpu)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: cpu)
    for name, able in (("cuda", gpu), ("cpu", cpu), ("mps", False)):
        assert choose_precision("auto", torch.device(name)) == (torch.bfloat16 if able else None)


def test_precisions() -> None:
    cpu = torch.device("cpu")
    assert choose_precision("float32", cpu) is None
    assert choose_precision("bfloat16", cpu) == torch.bfloat16
    assert choose_precision("float16", cpu) == torch.float16
    with pytest.raises(ValueError, match=r"precision must be auto or one of .*'bfloat16'.*, got 'half'"):
        RegistrationInferer("half")


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_pair_without_a_batch_is_refused(channels_last: bool) -> None:
    with pytest.raises(ValueError, match=r"batch of pairs .* got shape \(2, 16, 16\)"):
        RegistrationInferer(channels_last=channels_last)(torch.rand(2, 16, 16), awake_model(2))
