"""A refinement in masks: what is hidden by either does not pull, and the moving mask goes along."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.engines import Refinement
from scripts.errors import InputError
from scripts.losses import ForwardDiffusion, MINDLoss, RegistrationLoss
from scripts.spatial import identity_grid
from support import assert_one_sentence

SIZES = {2: (32, 40), 3: (20, 24, 22)}


def pattern(dims: int, shift: float) -> Tensor:
    """Stripes along every axis, moved."""
    points = identity_grid(SIZES[dims]) - shift
    return (0.5 + 0.5 * (points / 3).sin().prod(0))[None, None]


def refinement(similarity: nn.Module, smoothness: float) -> Refinement:
    diffusion = {"weight": smoothness, "of": "ddf", "loss": ForwardDiffusion()}
    return Refinement(RegistrationLoss(similarity={"weight": 1, "loss": similarity}, diffusion=diffusion), steps=25)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("dims", "similarity", "smoothness"),
    [(2, nn.MSELoss(), 0.02), (3, nn.MSELoss(), 0.02), (3, MINDLoss(1, 1), 0.6)],  # of a slice MIND sees little
)
def test_a_lesion_in_the_mask_does_not_pull(dims: int, side: int, similarity: nn.Module, smoothness: float) -> None:
    still = torch.zeros(1, dims, *SIZES[dims])
    sound = [pattern(dims, 0.0), pattern(dims, 1.0)]  # moving, fixed
    spoilt = [image.clone() for image in sound]
    block = (..., *[slice(8, 15)] * dims)
    spoilt[side][block] = 1.0
    masks = torch.ones(1, 2, *SIZES[dims])
    masks[0, side][block] = 0
    refine = refinement(similarity, smoothness)
    expected, pulled = (refine(torch.cat(pair, 1), still) for pair in (sound, spoilt))
    found = refine(torch.cat(spoilt, 1), still, masks=masks)
    around = (0, slice(None), *[slice(5, 18)] * dims)
    error, other = (float((field - expected)[around].norm(dim=0).mean()) for field in (found, pulled))
    assert error < 0.6 * other


def test_masks_apart_are_refused() -> None:
    pair, masks = torch.cat([pattern(2, 0.0), pattern(2, 1.0)], 1), torch.zeros(1, 2, *SIZES[2])
    masks[:, 0, :10], masks[:, 1, 20:] = 1, 1
    with pytest.raises(InputError, match="no place in common") as caught:
        refinement(nn.MSELoss(), 0.02)(pair, torch.zeros(1, 2, *SIZES[2]), masks=masks)
    assert_one_sentence(str(caught.value))
