"""Refining a predicted field on the pair at hand."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from ..losses import RegistrationLoss
from ..spatial import ScalingSquaring, common_mask, compose, upsample_field, warp
from .finite import is_finite


class Refinement:
    """Gradient descent on a pair's own loss, from the field a network predicted.

    The field is followed by ``exp(w)``, where the stationary velocity ``w`` at half the images' resolution starts at
    zero and is what Adam moves; both are smooth, so their composition folds no more than they do. (Instance-specific
    optimisation: Balakrishnan et al., TMI 2019, doi 10.1109/TMI.2019.2897538, section III-D.) Where the field comes at
    half resolution, too, every step composes it there, an eighth of the work in 3-D; the result is composed at full
    resolution, which keeps more of it and does not fold between the voxels of the coarse grid. Slopes are penalised at
    full resolution: at half, as smooth a result has less of the overlap.

    Args:
        loss: the loss of the training, or another.
        steps: of Adam; 0 returns the field as it came.
        fine_steps: of Adam on every finer grid, where the images are finer than the one that the field was found on;
            who knows of finer grids gives them to the call.
        learning_rate: of Adam, in voxels of the half-resolution grid a step.
        integration_steps: squarings of the integration.
    """

    def __init__(
        self,
        loss: RegistrationLoss,
        steps: int,
        fine_steps: int = 0,
        learning_rate: float = 0.2,
        integration_steps: int = 5,
    ) -> None:
        self.loss, self.steps, self.fine_steps, self.learning_rate = loss, steps, fine_steps, learning_rate
        self.integrate = ScalingSquaring(integration_steps)

    def __call__(self, pair: Tensor, ddf: Tensor, steps: int | None = None, masks: Tensor | None = None) -> Tensor:
        """Refined field of every pair of a batch.

        Args:
            pair: ``(B, 2C, *S)``, moving then fixed.
            ddf: ``(B, D, *S)``, where to start, in voxels; or ``(B, D, *ceil(S / 2))``, in its own voxels.
            steps: others than ``self.steps``.
            masks: ``(B, 2, *S)``, moving then fixed, 1 where an image is compared, else 0; the moving one is warped
                along. ``None``: everywhere.

        Returns:
            ``(B, D, *S)``, in voxels, without gradient.

        Raises:
            InputError: if the field does not stay finite, or the masks have no voxel in common.
        """
        steps = self.steps if steps is None else steps
        if steps == 0:
            return upsample_field(ddf, pair.shape[2:])
        moving, fixed = pair.float().chunk(2, dim=1)
        ddf = ddf.detach().float()
        half = [-(-size // 2) for size in fixed.shape[2:]]
        with torch.enable_grad():
            velocity = torch.zeros(*ddf.shape[:2], *half, device=ddf.device, requires_grad=True)
            optimiser = torch.optim.Adam([velocity], lr=self.learning_rate, fused=True)
            for _ in range(steps):
                optimiser.zero_grad()
                refined = self._followed(ddf, velocity)
                if not is_finite(refined):
                    raise _diverged()
                fine = upsample_field(refined, fixed.shape[2:])
                target = {"fixed": fixed} if masks is None else {"fixed": fixed, "mask": _common(masks, fine)}
                loss = self.loss({"ddf": fine, "warped": warp(moving, fine)}, target)
                (loss * len(pair)).backward()  # the loss is a mean over the batch: no pair may feel its size
                optimiser.step()
        with torch.no_grad():
            refined = compose(*(upsample_field(each, fixed.shape[2:]) for each in (ddf, self.integrate(velocity))))
        if not is_finite(refined):
            raise _diverged()
        return refined

    def _followed(self, ddf: Tensor, velocity: Tensor) -> Tensor:
        return compose(ddf, upsample_field(self.integrate(velocity), ddf.shape[2:]))


def _common(masks: Tensor, ddf: Tensor) -> Tensor:
    common = common_mask(masks, ddf)
    if not common.any():
        raise InputError(
            "the masks mark no place in common once the images are aligned, or the images show none; give larger ones."
        )
    return common


def _diverged() -> InputError:
    return InputError(
        "the refinement's displacements are not finite; give a --refinement_smoothness near the method's own, "
        "or --refinement_steps 0."
    )
