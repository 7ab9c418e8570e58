"""The bundle's stages, timed; and what has no affine stage of its own, behind that of the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from scripts.engines.stages import AFFINE, UNREGISTERED
from scripts.options import Quality
from scripts.physical import Grid, Prepared
from scripts.physical.affine_search import find_affine
from scripts.registration import AffineStage, ConfiguredMethods, Method, Registration, chosen_stages
from scripts.registration.deformation import Deformation, forward_fields
from scripts.registration.stages import SAME_SPACING, Stage, build_stages, seen_pair

from . import methods
from .volume_process import Register, Vectors, Watch

DEVICE = torch.device("cpu")  # of every method: some have no other


class Timed:
    """A stage whose end is noted, under a name of a table's row.

    Args:
        stage: what is timed.
        row: the name.
        watch: notes it; what comes before the first stage, reading the files, is that of no registration.
    """

    def __init__(self, stage: Stage, row: str, watch: Watch) -> None:
        self.stage, self.name, self.row, self.watch = stage, stage.name, row, watch

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """What the stage finds."""
        if not self.watch.laps:
            self.watch.lap(UNREGISTERED)
        found = self.stage(fixed, moving, deformation)
        self.watch.lap(self.row)
        return found


class ConvexAdamStage:
    """ConvexAdam with the package's own numbers (MIND features), on a grid as fine as the fixed image."""

    name = "ConvexAdam"

    def __init__(self) -> None:
        self.register = methods.convex_adam()

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation with the package's field instead of what it had."""
        while deformation.grid.spacing.min() / 2 >= SAME_SPACING * fixed.grid.spacing.min():
            deformation = deformation.on(deformation.grid.finer())
        seen, target = seen_pair(fixed, moving, deformation)[0].numpy()
        return replace(deformation, ddf=torch.from_numpy(self.register(seen, target))[None])


class VoxelmorphStage:
    """The ``voxelmorph`` package's model, trained by ``voxelmorph_volumes``, on the working grid."""

    name = "voxelmorph"

    def __init__(self, weights: str) -> None:
        from .voxelmorph_model import PackageModel

        self.model = PackageModel(ndim=3)
        self.model.load_state_dict(torch.load(weights, weights_only=True, map_location=DEVICE)["network"])
        self.model.eval()

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation with the model's field instead of what it had."""
        with torch.no_grad():
            return replace(deformation, ddf=self.model(seen_pair(fixed, moving, deformation)))


def ours(name: str, quality: Quality, method: str | None, affine: bool, weights: str | None) -> Register:
    """The bundle's registration: a row for every stage."""
    made = ConfiguredMethods(method, quality=quality, ckpt_path=weights)(3)
    return registered(made, build_stages(chosen_stages(affine), made, DEVICE), name)


def convex_adam(name: str, method: str | None) -> Register:
    """ConvexAdam after the bundle's affine stage."""
    made = ConfiguredMethods(method, use_network=False)(3)
    return registered(made, [AffineStage(made), ConvexAdamStage()], name, is_one=True)


def voxelmorph(name: str, method: str | None, weights: str) -> Register:
    """The ``voxelmorph`` package's model after the bundle's affine stage, on the working grid of a method."""
    made = ConfiguredMethods(method, use_network=False)(3)
    return registered(made, [AffineStage(made), VoxelmorphStage(weights)], name, is_one=True)


def registered(method: Method, stages: Sequence[Stage], name: str, is_one: bool = False) -> Register:
    """Stages behind each other; their rows are ``NAME: STAGE``, or ``NAME`` of a method that is of one stage."""
    rows = {stage.name: name if is_one else f"{name}: {stage.name}" for stage in stages}
    rows |= {UNREGISTERED: UNREGISTERED, AFFINE: AFFINE}  # the same whoever registers
    warm_up()

    def register(fixed: str, moving: str, watch: Watch) -> Vectors:
        timed = [Timed(stage, rows[stage.name], watch) for stage in stages]
        result = Registration(lambda dims: method, timed, device=DEVICE)(fixed, moving)
        grids = result.pair.frame, result.fixed.geometry, result.moving.geometry
        return {rows[stage]: forward_fields(found, *grids)[0] for stage, found in result.found.items()}

    return register


def warm_up() -> None:
    """Have ITK load what the affine stage needs, which takes seconds, as importing a peer's package does."""
    axes = torch.meshgrid(*[torch.linspace(-1, 1, 16)] * 3, indexing="ij")
    ball = (-4 * torch.stack(axes).square().sum(0)).exp()[None, None]
    image = Prepared(ball, Grid((16,) * 3, torch.eye(4).double().numpy()))
    find_affine(image, image)
