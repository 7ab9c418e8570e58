"""Results of made-up pairs, for the tests of tables and charts."""

from __future__ import annotations

import numpy as np

from scripts.reports import PairResult

NAN = float("nan")


def known() -> list[PairResult]:
    """Two pairs whose means can be told by heart; the second lacks a label."""
    values = [([0.2, 0.4], [0.6, 0.8]), ([0.1, NAN], [0.5, NAN])]
    measures = {"before": {}, "after": {"folding": 0.0025, "seconds": 0.125}}
    return [
        PairResult(f"s{n}", "a", {"before": np.array(first), "after": np.array(last)}, measures)
        for n, (first, last) in enumerate(values)
    ]


def scattered() -> list[PairResult]:
    """Eight pairs with random Dice of two labels, and a third that nobody has."""
    random = np.random.default_rng(0)
    dice = [np.append(random.uniform(0.3, 0.9, 2), NAN) for _ in range(8)]
    return [PairResult(f"s{n}", "a", {"before": dice[n] / 2, "after": dice[n]}, {}) for n in range(8)]


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, row by row."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
