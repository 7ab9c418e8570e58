"""The bundle's own evaluation as a table of the docs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import results
from benchmarks.docs import blocks
from benchmarks.reports.reading import read_results
from benchmarks.setting import SHIPPED
from scripts.reports import PairResult, nan_mean, summarise


def test_table_of_known_results() -> None:
    measures = {"before": {"folding": 0.0}, "after": {"folding": 0.0025}}
    values = [([0.2, 0.4], [0.6, 0.8]), ([0.1, np.nan], [0.5, np.nan])]
    pairs = [
        PairResult(f"s{n}", "a", {"before": np.array(b), "after": np.array(a)}, measures)
        for n, (b, a) in enumerate(values)
    ]
    lines = results.table_of(summarise(pairs, {1: "one", 2: "two"})).splitlines()
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["after", "0.6000", "0.1250", "0.1000", "0.2500"]


@pytest.mark.parametrize("method", SHIPPED)
def test_one_command_from_shipped_weights_to_docs(method: str, cohort_2d: Path, tmp_path: Path) -> None:
    docs = tmp_path / "results.md"
    docs.write_text("<!-- benchmark: results-own -->\n<!-- /benchmark -->\n", encoding="utf-8")
    command = ["--dataset_dir", str(cohort_2d), "--method", method, "--output_dir", str(tmp_path / "out")]
    results.main([*command, "--docs", f"{docs}#results-own"])
    found, labels = read_results(tmp_path / "out")
    (block,) = blocks(docs.read_text(encoding="utf-8")).values()
    last = list(found[0].dice)[-1]
    mean = np.mean([nan_mean(pair.dice[last]) for pair in found])
    assert f"{len(found)} test subjects to {found[0].fixed}, slices, {len(labels)} labels" in block
    assert f"| {last:12} | {mean:.4f} |" in block
    assert abs(mean - np.mean([nan_mean(pair.dice["unregistered"]) for pair in found])) > 1e-3  # something moved
