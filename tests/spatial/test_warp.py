"""Warping: what stays, what moves where, and what is never made up."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from torch import Tensor

from scripts.spatial import Warp, identity_grid, warp

SIZES = [(8, 8), (7, 5), (16, 9), (8, 8, 8), (5, 7, 6), (9, 4, 11)]
both_modes = pytest.mark.parametrize("mode", ["bilinear", "nearest"])
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def image_of(size: tuple[int, ...], batch: int = 2, channels: int = 1) -> Tensor:
    return torch.rand(batch, channels, *size, generator=torch.Generator().manual_seed(0))


def shift_of(size: tuple[int, ...], axis: int, voxels: float, batch: int = 2) -> Tensor:
    field = torch.zeros(batch, len(size), *size)
    field[:, axis] = voxels
    return field


@all_sizes
def test_grid_holds_the_index_of_every_axis(size: tuple[int, ...]) -> None:
    grid = identity_grid(size)
    assert grid.shape == (len(size), *size) and grid.dtype == torch.float32
    for index in [(0,) * len(size), tuple(n - 1 for n in size), tuple(n // 2 for n in size)]:
        assert grid[(slice(None), *index)].tolist() == list(index)


@all_sizes
@both_modes
def test_zero_field_is_the_identity(size: tuple[int, ...], mode: str) -> None:
    image = image_of(size, channels=3)
    warped = warp(image, torch.zeros(2, len(size), *size), mode)
    torch.testing.assert_close(warped, image, atol=0 if mode == "nearest" else 2e-6, rtol=0)


def test_zero_field_is_the_identity_at_full_size() -> None:
    image = torch.rand(1, 1, 509, 300, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(warp(image, torch.zeros(1, 2, 509, 300)), image, atol=1e-4, rtol=0)


@all_sizes
@both_modes
@pytest.mark.parametrize("voxels", [-2, 1, 3])
def test_integer_shift_is_a_roll_inside(size: tuple[int, ...], mode: str, voxels: int) -> None:
    """Channel ``i`` moves along array axis ``i`` and along no other; warped(x) = moving(x + u)."""
    image = image_of(size)
    for axis in range(len(size)):
        warped = warp(image, shift_of(size, axis, voxels), mode)
        inside = slice(max(0, -voxels), size[axis] - max(0, voxels))
        expected = image.roll(-voxels, dims=axis + 2).movedim(axis + 2, 0)[inside]
        torch.testing.assert_close(warped.movedim(axis + 2, 0)[inside], expected, atol=1e-5, rtol=0)


@all_sizes
def test_linear_image_follows_any_field(size: tuple[int, ...]) -> None:
    """Linear interpolation of a linear function is exact, so every voxel's sum of displacements is seen."""
    weights = torch.tensor([1.0, -2.0, 3.0])[: len(size)]
    grid = identity_grid(size)[None]
    moving = torch.einsum("i,bi...->b...", weights, grid)[:, None]
    limits = torch.tensor(size).view(1, -1, *(1,) * len(size)) - 1
    target = torch.rand(1, len(size), *size, generator=torch.Generator().manual_seed(1)) * limits
    expected = torch.einsum("i,bi...->b...", weights, target)[:, None]
    torch.testing.assert_close(warp(moving, target - grid), expected, atol=1e-4, rtol=0)


@all_sizes
@both_modes
def test_batch_entries_have_fields_of_their_own(size: tuple[int, ...], mode: str) -> None:
    image = image_of(size)
    field = torch.cat([shift_of(size, 0, 1, batch=1), shift_of(size, 1, -1, batch=1)])
    together = warp(image, field, mode)
    for i in range(2):
        torch.testing.assert_close(together[i], warp(image[i : i + 1], field[i : i + 1], mode)[0])


@all_sizes
def test_outside_is_the_edge_or_nothing(size: tuple[int, ...]) -> None:
    image = image_of(size) + 1
    far = shift_of(size, 0, 100)
    edge = image[:, :, -1:].expand_as(image)
    torch.testing.assert_close(warp(image, far), edge, atol=1e-5, rtol=0)
    assert warp(image, far, padding_mode="zeros").abs().max() == 0


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.int32, torch.int64, torch.float32])
@pytest.mark.parametrize("size", [(33, 20), (12, 13, 14)], ids=str)
def test_nearest_invents_no_id(size: tuple[int, ...], kind: torch.dtype) -> None:
    """Ids up to 2^24 are exact in 32-bit floats; neurological atlases use ids above 2000 and far above."""
    ids = [0, 17, 255] if kind == torch.uint8 else [0, 1, 1002, 2035, 2036, 12175]
    ids += [2**24 - 1, 2**24] if kind in (torch.int32, torch.int64, torch.float32) else []
    random = torch.Generator().manual_seed(0)
    label = torch.tensor(ids, dtype=kind)[torch.randint(len(ids), (2, 1, *size), generator=random)]
    field = 4 * torch.randn(2, len(size), *size, generator=random)
    warped = warp(label, field, "nearest")
    assert warped.dtype == kind
    assert set(warped.unique().tolist()) == set(ids)


@pytest.mark.parametrize("size", [(40, 30), (10, 12, 14)], ids=str)
def test_nearest_takes_the_nearest_voxel(size: tuple[int, ...]) -> None:
    dims = len(size)
    label = torch.arange(torch.tensor(size).prod(), dtype=torch.int32).reshape(1, 1, *size)
    field = 3 * torch.randn(1, dims, *size, generator=torch.Generator().manual_seed(0))
    position = (identity_grid(size) + field[0]).round().long()
    index = tuple(position[i].clamp(0, size[i] - 1) for i in range(dims))
    assert torch.equal(warp(label, field, "nearest")[0, 0], label[0, 0][index])


def test_interpolation_between_two_voxels() -> None:
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 4] = 10.0
    rows = warp(image, shift_of((8, 8), 0, 0.25, batch=1))[0, 0, :, 0]
    torch.testing.assert_close(rows, torch.tensor([0, 0, 0, 2.5, 7.5, 0, 0, 0]), atol=1e-5, rtol=0)


@all_sizes
def test_gradient_reaches_image_and_field(size: tuple[int, ...]) -> None:
    image = image_of(size, batch=1).requires_grad_()
    field = shift_of(size, 0, 0.4, batch=1).requires_grad_()
    warp(image, field).square().sum().backward()
    assert image.grad is not None and image.grad.abs().max() > 0
    assert field.grad is not None and field.grad[:, 0].abs().max() > 0


def test_gradient_of_a_ramp_is_its_slope() -> None:
    ramp = (3 * identity_grid((9, 9))[:1])[None]
    field = shift_of((9, 9), 0, 0.4, batch=1).requires_grad_()
    warp(ramp, field)[0, 0, 1:-1, 1:-1].sum().backward()
    assert field.grad is not None
    torch.testing.assert_close(field.grad[0, 0, 1:-1, 1:-1], torch.full((7, 7), 3.0), atol=1e-4, rtol=0)
    assert field.grad[0, 1].abs().max() < 1e-4


@both_modes
def test_autocast_and_low_precision_do_not_blur_positions(mode: str) -> None:
    """In bfloat16 a coordinate of 300 is off by a voxel; the warp computes in 32 bits whatever it is given."""
    image, field = image_of((300, 9)), shift_of((300, 9), 0, 1)
    expected = warp(image, field, mode)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = warp(image, field.bfloat16(), mode)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, expected)


def test_one_layer_serves_many_sizes_and_types() -> None:
    """The cached grid is made anew where size or precision change, in any order, with and without gradients."""
    layer = Warp()
    with torch.inference_mode():
        layer(image_of((6, 7)), torch.zeros(2, 2, 6, 7))
    for size in [(6, 7), (7, 6), (6, 7, 8), (6, 7)]:
        field = torch.zeros(2, len(size), *size, requires_grad=True)
        warped = layer(image_of(size), field)
        torch.testing.assert_close(warped, image_of(size), atol=1e-5, rtol=0)
        warped.sum().backward()


@pytest.mark.parametrize(("first", "second"), [((8, 9), (13, 6)), ((5, 7, 6), (9, 4, 11))], ids=str)
@both_modes
def test_trace_holds_for_another_size(first: tuple[int, ...], second: tuple[int, ...], mode: str) -> None:
    """No size is baked into an exported network."""
    layer = Warp(mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, on the check of shapes
        traced = torch.jit.trace(layer, (image_of(first), shift_of(first, 1, 1.25)))
    for size in (first, second):
        arguments = image_of(size), shift_of(size, 0, -0.75)
        torch.testing.assert_close(traced(*arguments), layer(*arguments), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "shape",
    [(2, 3, 8, 9), (2, 2, 9, 8), (1, 2, 8, 9), (2, 2, 8, 9, 4)],
    ids=["channels", "size", "batch", "axes"],
)
def test_misfit_names_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(str(shape)[1:-1])) as caught:
        warp(image_of((8, 9)), torch.zeros(shape))
    assert "(2, 2, 8, 9)" in str(caught.value)
