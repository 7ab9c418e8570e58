"""The stages of a registration: each takes what is seen and what was found so far, and gives what it finds.

A stage is called as ``stage(fixed, moving, deformation) -> deformation``: both images are as prepared, at their own
resolution; both deformations are maps from the one to the other, and work is done on the grid of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..engines import RegistrationInferer, load_weights
from ..engines.stages import AFFINE, NETWORK, REFINED
from ..errors import InputError
from ..physical import Grid, Prepared, compared, resample
from ..physical.affine_correlation import follow_correlation
from ..spatial import common_mask, compose, warp
from .deformation import Deformation
from .method import Method
from .working_grid import close_grid, working_grid

SAME_SPACING = 0.9  # of the image's: a grid this fine has all that the image has
COARSER = 2  # than the working grid: the grid on which an affine map is bettered, which twelve numbers tell as well
MOST_FINE_VOXELS = 2**24  # of a grid that is refined on: a brain at 1 mm has a third of that


class Stage(Protocol):
    """A part of a registration."""

    name: str

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """A better deformation than the one given."""
        ...


class AffineStage:
    """The affine map, found anew, from the one that was found before, if any was; the field is kept.

    Where the method is for images of one contrast, the map is then moved to where they correlate best, see
    :func:`scripts.physical.affine_correlation.follow_correlation`. Not of what is cut out of more, hippocampi say: what
    goes on behind their faces is not the same, and Dice was lost.

    Args:
        method: what it is for; ``None``: images of one contrast.
        device: it needs none.
        network: finds a map, where there is one: a further start of the search, see :class:`AffineNetwork`.
        search: whether ITK searches; else the network's map is the result.

    Raises:
        ValueError: if neither is to find it.
    """

    name = AFFINE

    def __init__(
        self,
        method: Method | None = None,
        device: torch.device | str = "cpu",
        network: Callable[[Prepared, Prepared], np.ndarray] | None = None,
        search: bool = True,
    ) -> None:
        if not search and network is None:
            raise ValueError("an affine stage needs a network or a search")
        self.method, self.device, self.network, self.search = method, device, network, search

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation with the affine map that makes ``moving`` look like ``fixed``."""
        found = [] if self.network is None else [self.network(fixed, moving)]
        affine = self._searched(fixed, moving, deformation, found) if self.search else found[0]
        one_contrast = self.method is None or self.method.same_contrast
        if one_contrast and not (fixed.is_cut_out or moving.is_cut_out):
            grid = working_grid(fixed, COARSER * float(deformation.grid.spacing.min()), ())
            affine = follow_correlation(fixed, moving, affine, grid)
        return replace(deformation, affine=affine)

    def of(self, method: Method) -> AffineStage:
        """The same for a method."""
        return AffineStage(method, self.device, self.network, self.search)

    @staticmethod
    def _searched(
        fixed: Prepared, moving: Prepared, deformation: Deformation, guesses: Sequence[np.ndarray]
    ) -> np.ndarray:
        from ..physical.affine_search import find_affine  # imports ITK, which takes seconds

        grid = deformation.grid  # around what is cut out of more nothing is known: only what both show is compared
        seen = fixed.coarser(float(grid.spacing.min())) if fixed.is_cut_out else placed(fixed, grid)
        start = None if np.array_equal(deformation.affine, np.eye(len(grid.affine))) else deformation.affine
        return find_affine(seen, moving, start=start, guesses=guesses)


class NetworkStage:
    """The network's field, on top of what was found before.

    Args:
        method: with a network and its weights.
        device: where it runs.

    Raises:
        InputError: if the method has no network, or its weights cannot be read.
    """

    name = NETWORK

    def __init__(self, method: Method, device: torch.device | str = "cpu") -> None:
        if method.network is None:
            raise InputError("there is no network for images of this dimension")
        load_weights(method.weights, method.network)
        self.network, self.device = method.network.to(device).eval(), device
        self.inferer = RegistrationInferer(method.precision, method.channels_last)

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation, followed by the field that the network sees in what is left."""
        pair, masks = seen_pair(fixed, moving, deformation), seen_masks(fixed, moving, deformation)
        if deformation.ddf.any():  # else interpolation would change the last digits
            pair = torch.cat([warp(pair[:, :1], deformation.ddf), pair[:, 1:]], dim=1)
        if masks is not None:
            pair = _painted(pair, common_mask(masks, deformation.ddf))
        with torch.no_grad():
            found = self.inferer(pair.to(self.device), self.network)["ddf"].float().cpu()
        return replace(deformation, ddf=compose(deformation.ddf, found))


def _painted(pair: Tensor, mask: Tensor) -> Tensor:
    """The pair, the fixed image in both where a mask hides one: there a network that knows no masks moves nothing."""
    moving, fixed = pair.chunk(2, dim=1)
    return torch.cat([torch.where(mask > 0, moving, fixed), fixed], dim=1)


class RefinementStage:
    """Gradient descent on the pair at hand, from the field that was found before.

    Args:
        method: with a refinement.
        device: where it runs.
    """

    name = REFINED

    def __init__(self, method: Method, device: torch.device | str = "cpu") -> None:
        self.refinement, self.device = method.refinement, device

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation with its field refined, on its grid and, if asked, on finer ones down to the image's.

        They are cut to the object: what is empty costs as much as what is not.
        """
        if self.refinement is None:
            return deformation
        close = close_grid(fixed, deformation.grid)
        deformation = self._refined(fixed, moving, deformation.on(close), close, self.refinement.steps)
        while self.refinement.fine_steps and _has_more(fixed, deformation.grid):
            finer = deformation.grid.finer()
            deformation = self._refined(fixed, moving, deformation, finer, self.refinement.fine_steps)
        return deformation

    def _refined(
        self, fixed: Prepared, moving: Prepared, deformation: Deformation, grid: Grid, steps: int
    ) -> Deformation:
        assert self.refinement is not None
        pair, masks = seen_pair(fixed, moving, deformation, grid), seen_masks(fixed, moving, deformation, grid)
        with torch.no_grad():
            masks = None if masks is None else masks.to(self.device)
            refined = self.refinement(pair.to(self.device), deformation.ddf.to(self.device), steps, masks)
        return replace(deformation, ddf=refined.float().cpu(), grid=grid)


def _has_more(fixed: Prepared, grid: Grid) -> bool:
    """Whether the fixed image is finer than ``grid``, by so much that half its spacing is not finer than the image."""
    return bool(
        grid.spacing.min() / 2 >= SAME_SPACING * fixed.grid.spacing.min()
        and np.prod(grid.size, dtype=float) * 2 ** len(grid.size) <= MOST_FINE_VOXELS
    )


STAGES: dict[str, type[AffineStage] | type[NetworkStage] | type[RefinementStage]] = {
    stage.name: stage for stage in (AffineStage, NetworkStage, RefinementStage)
}


def placed(image: Prepared, grid: Grid) -> Prepared:
    """An image on another grid of the frame."""
    still = np.eye(len(grid.affine))
    return Prepared(resample(image, grid, still), grid, mask=compared(image, grid, still), is_cut=image.is_cut)


def seen_pair(fixed: Prepared, moving: Prepared, deformation: Deformation, grid: Grid | None = None) -> Tensor:
    """The pair ``(1, 2, *S)``, moving then fixed, aligned by a deformation's affine map alone.

    It is seen on ``grid``; ``None``: on the deformation's.
    """
    grid = grid or deformation.grid
    return torch.cat([resample(moving, grid, deformation.affine), resample(fixed, grid, np.eye(len(grid.affine)))], 1)


def seen_masks(fixed: Prepared, moving: Prepared, deformation: Deformation, grid: Grid | None = None) -> Tensor | None:
    """The masks of :func:`seen_pair`, likewise; ``None`` where there are none."""
    grid = grid or deformation.grid
    masks = [compared(moving, grid, deformation.affine), compared(fixed, grid, np.eye(len(grid.affine)))]
    if all(mask is None for mask in masks):
        return None
    return torch.cat([torch.ones(1, 1, *grid.size) if mask is None else mask for mask in masks], dim=1)


def chosen_stages(affine: bool = True, use_network: bool = True) -> list[str]:
    """The names of the stages, without those that a user leaves out."""
    wanted = {AFFINE: affine, NETWORK: use_network}
    return [name for name in STAGES if wanted.get(name, True)]


def build_stages(wanted: Sequence[str | Stage], method: Method, device: torch.device) -> list[Stage]:
    """Stages by name for a method, or as they are given; a refinement of no steps is none.

    Raises:
        InputError: if a name is unknown, or as the stages.
    """
    unknown = [name for name in wanted if isinstance(name, str) and name not in STAGES]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no stage of a registration; the stages are {', '.join(STAGES)}.")
    refines = method.refinement is not None and max(method.refinement.steps, method.refinement.fine_steps) > 0
    named = [name for name in wanted if name != RefinementStage.name or refines]
    return [_built(stage, method, device) for stage in named]


def _built(stage: str | Stage, method: Method, device: torch.device) -> Stage:
    if isinstance(stage, str):
        return STAGES[stage](method, device)
    return stage.of(method) if isinstance(stage, AffineStage) else stage
