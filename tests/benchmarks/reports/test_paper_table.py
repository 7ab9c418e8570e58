"""The paper's table from results whose means are known."""

from __future__ import annotations

import numpy as np

from benchmarks.reports.paper_table import paper_table
from scripts.reports import PairResult


def results() -> list[PairResult]:
    values = [([0.2, 0.4], [0.6, 0.8]), ([0.1, np.nan], [0.5, np.nan])]
    measures = {"before": {}, "after": {"folding": 0.0025, "seconds": 0.125}}
    return [
        PairResult(f"s{n}", "a", {"before": np.array(first), "after": np.array(last)}, measures)
        for n, (first, last) in enumerate(values)
    ]


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_paper_table_averages_the_deviations() -> None:
    """A row a test pair, mean over labels ± deviation over labels; the last row averages both columns."""
    header, _, first, second, mean = cells(paper_table(results()))
    assert header == ["test", "before", "after"]
    assert first == ["1", "0.3000 ± 0.1000", "0.7000 ± 0.1000"]
    assert second == ["2", "0.1000 ± 0.0000", "0.5000 ± 0.0000"]
    assert mean == ["mean", "0.2000 ± 0.0500", "0.6000 ± 0.0500"]
