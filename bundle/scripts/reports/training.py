"""A training in words: a line an epoch, and a table of the epochs worth comparing at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .numbers import LOSS, column, duration, named, number, shown
from .table import markdown_table

TOTAL = "loss"  # what the terms add up to


@dataclass(frozen=True)
class Epoch:
    """What is known of an epoch.

    Attributes:
        number: of the epoch, from 1 on.
        losses: ``loss`` and its terms by name.
        validation: measures by name; empty where the epoch was not validated.
        seconds: that it took.
    """

    number: int
    losses: Mapping[str, float]
    validation: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def epoch_line(epochs: Sequence[Epoch], total: int) -> str:
    """The last epoch on one line, such as ``epoch 12/60  loss 0.123 (lncc 0.101, mse 0.022)  dice 0.7120  3.1 s``.

    The measures are those of the last validation; where that was in another epoch, its number follows.

    Args:
        epochs: so far, at least one.
        total: epochs of the whole training.
    """
    epoch, validated = epochs[-1], next((each for each in reversed(epochs) if each.validation), None)
    parts = [f"epoch {epoch.number:{len(str(total))}}/{total}", losses_text(epoch.losses)]
    if validated:
        measures = ", ".join(named(name, value) for name, value in validated.validation.items())
        parts.append(measures if validated is epoch else f"{measures} (epoch {validated.number})")
    return "  ".join([*filter(None, parts), duration(epoch.seconds)])


def losses_text(losses: Mapping[str, float]) -> str:
    """The loss and, in brackets, its terms; without a loss the terms alone; nothing where there are none."""
    terms = ", ".join(f"{name} {number(value, LOSS)}" for name, value in losses.items() if name != TOTAL)
    if TOTAL not in losses:
        return terms
    return f"{TOTAL} {number(losses[TOTAL], LOSS)}" + (f" ({terms})" if terms else "")


def best_epoch(epochs: Sequence[Epoch], key: str) -> Epoch | None:
    """The validated epoch with the most of ``key``, the first of equals; ``None`` where none has a number."""
    scored = [each for each in epochs if each.validation.get(key, float("nan")) > float("-inf")]
    return max(scored, key=lambda each: each.validation[key], default=None)


def training_table(epochs: Sequence[Epoch], key: str) -> str:
    """The first, the best and the last epoch, a row each: losses and measures.

    Args:
        epochs: at least one.
        key: the measure that the best is chosen by, more is better.
    """
    best = best_epoch(epochs, key)
    roles = {"first": epochs[0], f"best {key}": best, "last": epochs[-1]}
    shown_epochs = {each.number: each for each in sorted(filter(None, roles.values()), key=lambda each: each.number)}
    losses = list(dict.fromkeys(name for each in shown_epochs.values() for name in each.losses))
    measures = list(dict.fromkeys(name for each in epochs for name in each.validation))
    rows = [
        [
            ", ".join(role for role, its in roles.items() if its is each),
            each.number,
            *(number(each.losses.get(name), LOSS) for name in losses),
            *(shown(name, each.validation.get(name)) for name in measures),
        ]
        for each in shown_epochs.values()
    ]
    return markdown_table(["", "epoch", *losses, *(column(name).heading for name in measures)], rows)
