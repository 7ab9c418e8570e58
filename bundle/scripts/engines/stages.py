"""The stages that a registration goes through: what each of them has made of the moving image."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..spatial import warp

Tensors = Mapping[str, Tensor]
Stages = dict[str, tuple[Tensors, Tensors]]

UNREGISTERED, AFFINE, NETWORK, REFINED = STAGES = ("unregistered", "affine", "network", "refined")


def registration_stages(target: Tensors, pred: Tensors) -> Stages:
    """Prediction and target of every stage of a batch, in order.

    Args:
        target: the tensors of :func:`scripts.engines.prepare_pair`; those that the data set calls unaligned say that it
            went through the affine stage.
        pred: what :class:`scripts.engines.RegistrationInferer` gives; ``network_ddf`` says that the field was refined.

    Returns:
        Stage to ``(pred, target)`` as measures take them; the stages before the network have a zero field.
    """
    stages: Stages = {}
    still = {"ddf": torch.zeros_like(pred["ddf"])}
    if "unaligned_image" in target:
        raw = {**target, "moving": target["unaligned_image"]}
        if "unaligned_label" in target:
            raw["moving_label"] = target["unaligned_label"]
        stages[UNREGISTERED] = ({**still, "warped": raw["moving"]}, raw)
    stages[AFFINE if stages else UNREGISTERED] = ({**still, "warped": target["moving"]}, target)
    if "network_ddf" in pred:
        network = {"ddf": pred["network_ddf"], "warped": warp(target["moving"], pred["network_ddf"])}
        stages[NETWORK] = (network, target)
    stages[REFINED if "network_ddf" in pred else NETWORK] = (dict(pred), target)
    return stages
