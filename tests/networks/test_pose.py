"""The pose model: what it finds when its network is right, whatever way an image lies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.networks import KeyPoints, PoseHead, PoseModel
from scripts.networks.pose import constellation, quarter_turns
from scripts.spatial import affine_field, grid_points, homogeneous, sample
from support import both_dims

SIZE = {2: 48, 3: 32}
COUNTS = {2: 4, 3: 24}


class Landmarks(nn.Module):
    """A network that knows an upright view; of any other it says no map but scatter, the more the less alike it is."""

    def __init__(self, upright: Tensor) -> None:
        super().__init__()
        self.in_channels, self.upright = 1, upright / upright.norm()
        self.weight = nn.Parameter(torch.zeros(1, 1, *(1,) * (upright.ndim - 2)))
        self.stars = constellation(16, upright.ndim - 2)
        noise = torch.randn(self.stars.shape, generator=torch.Generator().manual_seed(0))
        rows = torch.cat([self.stars, torch.ones(16, 1)], 1)
        self.scatter = noise - rows @ torch.linalg.lstsq(rows, noise).solution

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        alike = (views * self.upright).flatten(1).sum(1) / views.flatten(1).norm(dim=1).clamp_min(1e-6)
        return self.stars + (1 - alike)[:, None, None] * self.scatter, torch.zeros(len(views), 16)


def blobs(dims: int) -> Tensor:
    """An object without any symmetry, ``(1, 1, *S)``."""
    axes = torch.meshgrid(*(torch.linspace(-1, 1, SIZE[dims]),) * dims, indexing="ij")
    image = torch.zeros(SIZE[dims], *[SIZE[dims]] * (dims - 1))
    for centre, height in (((0.0, 0.0, 0.0), 1.0), ((0.4, 0.1, -0.1), 0.8), ((-0.1, 0.3, 0.2), 0.6)):
        near = sum((axis - middle) ** 2 for axis, middle in zip(axes, centre, strict=False))
        image = torch.maximum(image, height * torch.exp(-near / 0.02))
    return image[None, None]


def turned(image: Tensor, turn: Tensor) -> Tensor:
    """The image under a rotation around its middle: what lay at x is then at ``turn x``."""
    dims = image.ndim - 2
    middle = (SIZE[dims] - 1) / 2
    inverse = torch.linalg.inv(turn)[:-1, :-1]
    shift = middle - inverse @ torch.full((dims,), middle)
    rows = torch.cat([inverse, shift[:, None]], 1).double().numpy()
    return sample(image, grid_points(image.shape[2:], rows, torch.float32))


def model_of(dims: int) -> PoseModel:
    upright = blobs(dims)
    plain = PoseModel(nn.Identity(), view_size=24)
    return PoseModel(PoseHead(Landmarks(plain.view(upright)[0])), view_size=24).eval()


@both_dims
def test_every_quarter_turn_is_found(dims: int) -> None:
    model, fixed = model_of(dims), blobs(dims)
    for turn in quarter_turns(dims):
        with torch.no_grad():
            found = model.between(fixed, turned(fixed, turn))[0, :, :-1]
        torch.testing.assert_close(found, turn[:-1, :-1], atol=0.05, rtol=0)


@both_dims
def test_swapped_images_give_the_inverse_map(dims: int) -> None:
    torch.manual_seed(0)
    model = PoseModel(PoseHead(KeyPoints(dims, 24, (4, 8, 8))), view_size=16).eval()
    pair = torch.rand(2, 2, *(20, 18, 22)[:dims])
    with torch.no_grad():
        one, other = homogeneous(model.affine(pair)), homogeneous(model.affine(pair.flip(1)))
        torch.testing.assert_close(model(pair), affine_field(model.affine(pair), pair.shape[2:]))
    torch.testing.assert_close(one @ other, torch.eye(dims + 1).expand_as(one), atol=1e-2, rtol=1e-2)


@both_dims
def test_in_training_the_fixed_image_lies_as_it_should(dims: int) -> None:
    """The map is that of the moving image alone, and what it learns from reaches every weight."""
    torch.manual_seed(0)
    model = PoseModel(PoseHead(KeyPoints(dims, 24, (4, 8, 8))), view_size=16).train()
    fixed, moving = blobs(dims), turned(blobs(dims), quarter_turns(dims)[1])
    torch.manual_seed(1)
    found = model.between(fixed, moving)
    torch.manual_seed(1)
    pose, _ = model.head(model.view(moving)[0])
    expected = model.view(moving)[1] @ homogeneous(pose) @ torch.linalg.inv(model.view(fixed)[1])
    torch.testing.assert_close(found, expected[:, :-1])
    found.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.head.key_points.head.parameters())


@both_dims
def test_quarter_turns_are_all_rotations_of_the_axes(dims: int) -> None:
    turns = quarter_turns(dims)
    assert len(turns) == COUNTS[dims] == len(torch.unique(turns, dim=0))
    torch.testing.assert_close(turns[0], torch.eye(dims + 1))
    torch.testing.assert_close(torch.det(turns), torch.ones(len(turns)))
    torch.testing.assert_close(turns @ turns.mT, torch.eye(dims + 1).expand_as(turns))


def test_no_rotation_is_further_from_a_quarter_turn_than_was_learned() -> None:
    """The greatest distance from a rotation to the rotations of a cube is 62.8 degrees."""
    generator = torch.Generator().manual_seed(0)
    rotations = torch.linalg.qr(torch.randn(2000, 3, 3, generator=generator))[0]
    rotations = rotations * torch.det(rotations)[:, None, None]
    traces = torch.einsum("nij,kij->nk", rotations, quarter_turns(3)[:, :-1, :-1]).amax(1)
    assert torch.rad2deg(torch.arccos(((traces - 1) / 2).clamp(-1, 1))).max() < 63


@both_dims
def test_torchscript_gives_the_same(dims: int) -> None:
    torch.manual_seed(0)
    model = PoseModel(PoseHead(KeyPoints(dims, 24, (4, 8, 8))), view_size=16).eval()
    scripted = torch.jit.script(model)
    for size in ((20, 18, 22)[:dims], (31, 24, 17)[:dims]):
        pair = torch.rand(1, 2, *size)
        with torch.no_grad():
            torch.testing.assert_close(scripted(pair), model(pair), atol=1e-2, rtol=1e-3)
