"""The paper's table from results whose means are known."""

from __future__ import annotations

from benchmarks.reports.paper_table import paper_table
from made_up_results import cells, known


def test_paper_table_averages_the_deviations() -> None:
    """A row a test pair, mean over labels ± deviation over labels; the last row averages both columns."""
    header, _, first, second, mean = cells(paper_table(known()))
    assert header == ["test", "before", "after"]
    assert first == ["1", "0.3000 ± 0.1000", "0.7000 ± 0.1000"]
    assert second == ["2", "0.1000 ± 0.0000", "0.5000 ± 0.0000"]
    assert mean == ["mean", "0.2000 ± 0.0500", "0.6000 ± 0.0500"]
