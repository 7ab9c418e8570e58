"""Several losses as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class WeightedSum(nn.Module):
    """``sum_i weights[i] * losses[i](...)``: a similarity, or a regularisation, made of several.

    Args:
        losses: functions of the same arguments.
        weights: a number each.

    Raises:
        ValueError: if the counts differ.
    """

    def __init__(self, losses: Sequence[Callable[..., Tensor]], weights: Sequence[float]) -> None:
        super().__init__()
        if len(losses) != len(weights) or not losses:
            raise ValueError(f"one weight a loss is needed, got {len(losses)} losses and {len(weights)} weights")
        self.losses, self.weights = list(losses), list(weights)

    def forward(self, *args: Tensor) -> Tensor:
        """The weighted sum, a scalar."""
        terms = [weight * loss(*args) for weight, loss in zip(self.weights, self.losses, strict=True)]
        return sum(terms[1:], start=terms[0])
