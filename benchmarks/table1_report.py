"""From finished runs to Table 1: tables as Markdown and CSV, and the figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from scripts.files import write_text_atomic
from scripts.metrics import non_diffeomorphic_volume
from scripts.reports import PairResult, nan_mean
from scripts.spatial import folded_fraction, jacobian_determinant

from .complexity import NetworkCost, network_cost
from .reports.comparison import Method, joined, method_csv, method_table, paired_csv, paired_table, paper_csv
from .reports.curves import Curve, read_curves, save_curves
from .reports.label_boxplot import save_label_boxplot
from .reports.paper_table import paper_table
from .reports.reading import read_results
from .reports.side_by_side import SavedPair, choose_structure, read_pair, save_field_figure, save_method_figure
from .setting import BEFORE, NETWORK, OURS, REFINED, network_of
from .table1_runs import Run

NAMES = {
    "brain_2d": "brain_2d, the default",
    "vxm1": "Vxm-1",
    "vxm2": "Vxm-2",
    "unet": "U-Net",
    "unet_dense": "U-Net + dense",
    "unet_eca": "U-Net + ECA",
    "vxm2_wide": "Vxm-2, wide",
}
AFFINE = "Affine"
ABLATION = ("unet", "unet_eca", "unet_dense", OURS)
DOCUMENTED = ("dice", "hd95", "asd", "folding")  # the paired tests that the documentation shows
CURVES = {
    "loss": "training loss, of the first epoch's",
    "dice": "validation Dice",
    "folding": "validation, share of |J| ≤ 0",
}


@dataclass(frozen=True)
class Comparison:
    """All methods by row, the affine stage first.

    Attributes:
        methods: row to method.
        runs: row to its runs; the affine stage has none.
        labels: id to name.
        chosen: moving subjects of the paper's table.
    """

    methods: dict[str, Method]
    runs: dict[str, list[Run]]
    labels: dict[int, str]
    chosen: list[str]

    @property
    def main(self) -> dict[str, Method]:
        """The methods of Table 1: without those of the ablation alone, ours last."""
        return {row: method for row, method in self.methods.items() if row == OURS or row not in ABLATION}

    @property
    def ours_and_others(self) -> tuple[Method, list[Method]]:
        """Our method, and those of Table 1 that it is tested against."""
        return self.methods[OURS], [method for row, method in self.main.items() if row != OURS]

    @property
    def has_ablation(self) -> bool:
        """Whether there is anything besides ours in it."""
        return len(self.ablation) > 1

    @property
    def ablation(self) -> list[Method]:
        """The methods of the ablation, ours last."""
        return [self.methods[row] for row in ABLATION if row in self.methods]

    def table_pairs(self, methods: Sequence[Method]) -> list[PairResult]:
        """The chosen pairs, a stage a method."""
        return [result for result in joined(methods) if result.moving in self.chosen]

    def saved(self, subject: str) -> dict[str, SavedPair]:
        """Each learned method's saved result for one pair, of its first training; where there is one, the refined."""
        rows = [row for row in self.main if row in self.runs]
        named = {row: self.methods.get(f"{row} refined", self.methods[row]).name for row in rows}
        return {name: saved_pair(self.runs[row][0], subject) for row, name in named.items()}


def saved_pair(run: Run, subject: str) -> SavedPair:
    """The fields and images of one pair that a run kept."""
    return read_pair(next(iter(sorted(run.report.glob(f"pair_{subject}_to_*.npz"))), run.report / f"{subject}.npz"))


def collect(runs: Sequence[Run], chosen: list[str]) -> Comparison:
    """Read the evaluations of all runs; the affine row is what they measured before the network."""
    by_row: dict[str, list[Run]] = {}
    for run in runs:
        by_row.setdefault(run.row, []).append(run)
    first, labels = read_results(runs[0].report)
    before = next(stage for stage in BEFORE if stage in first[0].dice)
    methods = {AFFINE: Method(AFFINE, before, [first])}
    size = saved_pair(runs[0], chosen[0]).fixed.shape
    for row, members in by_row.items():
        results = [read_results(run.report)[0] for run in members]
        facts = cost_facts(cost_of(members[0], size))
        methods[row] = Method(NAMES.get(row, row), NETWORK, results, facts)
        if REFINED in results[0][0].dice:
            name = f"{NAMES.get(row, row)} + refinement"
            methods[f"{row} refined"] = Method(name, REFINED, results, facts)
    return Comparison(methods, by_row, labels, chosen)


def cost_of(run: Run, size: Sequence[int]) -> NetworkCost:
    """Parameters and multiply-adds of a row's network, for images of one size."""
    return network_cost(network_of(run.configs, len(size)), torch.zeros(1, 2, *size))


def cost_facts(cost: NetworkCost) -> dict[str, str]:
    """As the tables show it."""
    return {"parameters": f"{cost.parameters:,}", "multiply-adds, 10⁹": f"{cost.multiply_adds / 1e9:.2f}"}


def write_tables(comparison: Comparison, folder: Path, protocol: str) -> str:
    """Write every table; return the one that holds them all."""
    main = list(comparison.main.values())
    ours, others = comparison.ours_and_others
    write_text_atomic(folder / "table1.csv", paper_csv(comparison.table_pairs(main)))
    write_text_atomic(folder / "extended.csv", method_csv(main))
    write_text_atomic(folder / "tests.csv", paired_csv(ours, others))
    if comparison.has_ablation:
        write_text_atomic(folder / "ablation.csv", method_csv(comparison.ablation))
    text = "\n".join([f"# Table 1\n\n{protocol}", *(f"## {name}\n\n{t}" for name, t in tables(comparison).items())])
    write_text_atomic(folder / "table1.md", text)
    return text


def tables(comparison: Comparison, compared: Sequence[str] | None = None) -> dict[str, str]:
    """Every table by its heading; ``compared`` names the measures of the paired tests, by default all."""
    main = list(comparison.main.values())
    ours, others = comparison.ours_and_others
    found = {
        "As in the paper: Dice, mean ± standard deviation over labels": paper_table(comparison.table_pairs(main)),
        f"All measures, mean ± standard deviation over all {len(ours.pairs)} test pairs": method_table(main),
        "Ours against the others, pair by pair": paired_table(ours, others, compared),
    }
    return {**found, "Ablation": method_table(comparison.ablation)} if comparison.has_ablation else found


def docs_tables(comparison: Comparison) -> str:
    """The tables for the documentation: paired tests of a few measures, the command prints the others."""
    return "\n".join(f"**{name}**\n\n{table}" for name, table in tables(comparison, DOCUMENTED).items())


def draw(comparison: Comparison, folder: Path) -> None:
    """Draw every figure: box plot, curves, figure 5 and the fields."""
    save_label_boxplot(folder / "labels.png", joined(list(comparison.main.values())), comparison.labels)
    trainings = {row: runs for row, runs in comparison.runs.items() if row in comparison.main}
    curves = {
        comparison.methods[row].name: [with_relative_loss(read_curves(run.folder / "tensorboard")) for run in runs]
        for row, runs in trainings.items()
    }
    save_curves(folder / "curves.png", curves, CURVES)
    subject = typical(comparison)
    saved = comparison.saved(subject)
    structure = choose_structure(list(saved.values()))
    title = f"{subject}, the middle one of the {len(comparison.chosen)} test images by our Dice"
    save_method_figure(folder / "figure5.png", saved, structure, comparison.labels[structure], title)
    fields = {name: torch.from_numpy(pair.ddf)[None] for name, pair in saved.items()}
    save_field_figure(
        folder / "fields.png",
        saved,
        {name: jacobian_determinant(ddf)[0, 0].numpy() for name, ddf in fields.items()},
        {name: _folding(ddf) for name, ddf in fields.items()},
        title,
    )


def with_relative_loss(curves: dict[str, Curve]) -> dict[str, Curve]:
    """The curves, the loss as a share of its first value: rows may be trained with different losses."""
    epochs, values = curves["loss"]
    return {**curves, "loss": (epochs, values / values[0])}


def typical(comparison: Comparison) -> str:
    """Of the chosen pairs the one whose Dice by our method is in the middle."""
    name = comparison.methods[OURS].name
    scores = {r.moving: float(nan_mean(r.dice[name])) for r in comparison.table_pairs([comparison.methods[OURS]])}
    ranked = sorted(scores, key=lambda subject: scores[subject])
    return ranked[len(ranked) // 2]


def _folding(ddf: torch.Tensor) -> str:
    share = float(non_diffeomorphic_volume(ddf)) / math.prod(n - 1 for n in ddf.shape[2:])
    return f"|J| ≤ 0: {100 * float(folded_fraction(ddf)):.2f} %, non-diffeomorphic: {100 * share:.2f} %"
