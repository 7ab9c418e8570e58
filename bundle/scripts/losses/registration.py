"""The loss of a registration: named terms, each with its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..spatial import warp

# What a term compares or penalises, from the names of a prediction and of a target to its arguments.
ARGUMENTS: dict[str, Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], tuple[Tensor, ...]]] = {
    "images": lambda pred, target: (pred["warped"], target["fixed"]),
    "anatomy": lambda pred, target: (warp(target["moving_anatomy"], pred["ddf"]), target["fixed_anatomy"]),
    "ddf": lambda pred, target: (pred["ddf"],),
    "affine": lambda pred, target: (pred["ddf"], target["affine"], target["fixed"]),
    "labels": lambda pred, target: (pred["ddf"], target["moving_label"], target["fixed_label"]),
}


class RegistrationLoss(nn.Module):
    """``sum_i weight_i * loss_i``: similarities of images and penalties on the field, by name.

    The paper's loss (section 3.3), ``MSE + sigma * diffusion``, reads::

        loss:
          _target_: scripts.losses.RegistrationLoss
          mse: {weight: 1, loss: {_target_: torch.nn.MSELoss}}
          diffusion: {weight: 0.01, of: ddf, loss: {_target_: DiffusionLoss}}

    A weight holds for the normalisation of its term, the number of axes and the other terms only. MSE is the mean
    over batch and voxels of ``(fixed - warped)^2`` of images in [0, 1]; MONAI's ``DiffusionLoss`` takes central
    differences ``(u[i + 1] - u[i - 1]) / 2`` in voxels, squared, **summed** over the axes of differentiation and
    **averaged** over batch, channels and inner voxels.

    Where a mask comes with the images, they are compared in it alone: a similarity whose ``forward`` takes a ``mask``
    is given it, and normalises by it. Any other is given a warped image that equals the fixed one outside, and its
    value is divided by the mask's share: of a mean over voxels, such as MSE, that makes the mean over the mask.

    Args:
        terms: name to ``weight``, a number; ``loss``, which gives a scalar, lower is better; and ``of``, what it takes:
            ``images`` (the default): ``loss(warped, fixed)``; ``ddf``: ``loss(ddf)``; ``anatomy``: as ``images``, of
            the images before they were recoloured, ``moving_anatomy`` and ``fixed_anatomy`` of the target; ``affine``,
            of pairs whose true map is known: ``loss(ddf, affine, fixed)``; ``labels``: ``loss(ddf, moving_label,
            fixed_label)``.

    Raises:
        ValueError: if there is no term, or one lacks its weight or loss, has more than these, or takes something else.
    """

    def __init__(self, **terms: Mapping[str, Any]) -> None:
        super().__init__()
        if not terms:
            raise ValueError("a loss needs a term, such as mse: {weight: 1, loss: ...}")
        for name, term in terms.items():
            _check(name, term)
        self.terms = {
            name: {"of": "images", **term, "masks": _takes_mask(term["loss"])} for name, term in terms.items()
        }
        self.modules_of_terms = nn.ModuleList(t["loss"] for t in terms.values() if isinstance(t["loss"], nn.Module))
        self.values: dict[str, Tensor] = {}

    @property
    def names(self) -> list[str]:
        """Of the terms, in order."""
        return list(self.terms)

    def forward(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """Loss of a batch.

        Args:
            pred: ``warped`` ``(B, C, *S)`` and ``ddf`` ``(B, D, *S)``, in voxels.
            target: ``fixed`` ``(B, C, *S)``; for terms of them, ``affine`` ``(B, D, D + 1)``, fixed voxel to moving,
                and ``moving_label``, ``fixed_label`` ``(B, 1, *S)``, integer; if wanted, ``mask`` ``(B, 1, *S)``, 1
                where the images are compared, else 0.

        Returns:
            A scalar; the unweighted terms of this call stay in ``values``, by name, for the log.

        Raises:
            InputError: if a term is of label maps and the images have none.
        """
        losses = {name: _value(term, pred, target) for name, term in self.terms.items()}
        self.values = {name: loss.detach() for name, loss in losses.items()}
        weighted = [self.terms[name]["weight"] * loss for name, loss in losses.items()]
        total: Tensor = sum(weighted[1:], start=weighted[0])
        return total


def _value(term: Mapping[str, Any], pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    if term["of"] == "labels" and not {"moving_label", "fixed_label"} <= set(target):
        return _without_labels(term["weight"], pred["ddf"])
    loss, arguments, mask = term["loss"], ARGUMENTS[term["of"]](pred, target), target.get("mask")
    if mask is None or term["of"] != "images":
        value: Tensor = loss(*arguments)
    elif term["masks"]:
        value = loss(*arguments, mask=mask)
    else:
        warped, fixed = arguments
        value = loss(torch.where(mask > 0, warped, fixed), fixed) / mask.mean()
    return value


def _without_labels(weight: float, ddf: Tensor) -> Tensor:
    """What a term of label maps is worth where there are none: nothing, if nothing is asked of it."""
    if weight:
        raise InputError(
            "the loss compares label maps, but not all subjects have one; give each its own, or leave them out: "
            "--loss#labels#weight 0."
        )
    return 0 * ddf.sum()


def _takes_mask(loss: Any) -> bool:
    return "mask" in signature(loss.forward if isinstance(loss, nn.Module) else loss).parameters


def _check(name: str, term: Mapping[str, Any]) -> None:
    if not isinstance(term, Mapping) or not {"weight", "loss"} <= set(term) <= {"weight", "loss", "of"}:
        raise ValueError(f"the loss term {name!r} must have a weight and a loss, and may have of, got {term!r}")
    if term.get("of", "images") not in ARGUMENTS:
        raise ValueError(f"the loss term {name!r} is of {term['of']!r}; it should be of one of {list(ARGUMENTS)}")
