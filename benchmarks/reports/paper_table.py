"""Table 1 of the paper, as it stands there."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.reports import PairResult, markdown_table, nan_mean
from scripts.reports.numbers import plus_minus
from scripts.reports.summary import nan_std, stack_dice


def paper_table(results: Sequence[PairResult]) -> str:
    """A row a pair with Dice mean ± std over labels, a column a stage; the last row is their mean.

    As in the paper, the last row averages the deviations too, so that it is not a deviation over pairs.
    """
    columns = {stage: (nan_mean(dice, 1), nan_std(dice, 1)) for stage, dice in stack_dice(results).items()}
    rows = [
        [n + 1, *(plus_minus("dice", mean[n], std[n]) for mean, std in columns.values())] for n in range(len(results))
    ]
    last = [plus_minus("dice", float(nan_mean(mean)), float(nan_mean(std))) for mean, std in columns.values()]
    return markdown_table(["test", *columns], [*rows, ["mean", *last]])
