"""Evaluating pairs: what is measured of each, and the files that come of it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents
from torch import Tensor

from ..files import write_text_atomic
from ..metrics import FoldedFraction, LabelDice, LabelMeasure, MeanSquaredError, Measure
from ..reports import (
    PairResult,
    dice_csv,
    label_table,
    labels_csv,
    measure_table,
    nan_mean,
    pairs_csv,
    save_mean_dice_plot,
    save_registration_figure,
    stage_table,
    summarise,
)
from ..spatial import jacobian_determinant, warp
from .distributed import gather_in_order, is_first, shared_indices

logger = logging.getLogger(__name__)


def default_measures() -> dict[str, Measure]:
    """What every stage of every pair is measured by, besides Dice."""
    return {"mse": MeanSquaredError(), "folding": FoldedFraction()}


class EvaluationReport:
    """Collect Dice and measures of every pair at every stage; write tables and figures at the end.

    Stages: ``unregistered``, ``affine`` where the data went through the affine stage, ``network``, and ``refined``
    where the refinement followed; the seconds are of the last. Written to
    ``output_dir``: ``dice.csv`` (pair and label), ``labels.csv`` (the same for the other measures that have a value a
    label), ``pairs.csv``, ``summary.json``, ``summary.md``, ``dice.png`` and ``pair_<moving>_to_<fixed>.png`` of the
    first pairs.

    Of several processes each measures its share, and the first writes the tables of all, in the order of one process.

    Args:
        output_dir: where the files go.
        label_names: id to name of the evaluated labels.
        num_figures: pairs that get a figure.
        measures: name to measure; ``None`` for :func:`default_measures`. A :class:`LabelMeasure` is kept by label too.
    """

    def __init__(
        self,
        output_dir: str,
        label_names: Mapping[int, str],
        num_figures: int = 4,
        measures: Mapping[str, Measure] | None = None,
    ) -> None:
        self.folder, self.label_names, self.num_figures = Path(output_dir), dict(label_names), num_figures
        self.dice, self.measures = LabelDice(list(self.label_names)), dict(measures or default_measures())
        self.results: list[PairResult] = []
        self.started = self.seconds = 0.0

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.STARTED, lambda _: self.results.clear())
        engine.add_event_handler(Events.ITERATION_STARTED, self._start_clock)
        engine.add_event_handler(IterationEvents.MODEL_COMPLETED, self._stop_clock)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.measure)
        engine.add_event_handler(Events.COMPLETED, self._finish)

    def _finish(self, engine: Engine) -> None:
        self.results = gather_in_order(self.results, len(engine.state.dataloader.dataset))
        if is_first():
            self.write()

    def _start_clock(self, engine: Engine) -> None:
        self.started = time.perf_counter()

    def _stop_clock(self, engine: Engine) -> None:
        if engine.state.device.type == "cuda":
            torch.cuda.synchronize()
        self.seconds = time.perf_counter() - self.started

    def measure(self, engine: Engine) -> None:
        """Add the pairs of the batch just registered."""
        batch, output = engine.state.batch, engine.state.output
        stages = registration_stages(output["label"], output["pred"])
        rows = {name: self._measure_stage(*stage) for name, stage in stages.items()}
        indices = shared_indices(engine.state.dataloader.dataset)
        for i, (moving, fixed) in enumerate(zip(batch["moving_id"], batch["fixed_id"], strict=True)):
            dice = {stage: row[0][i] for stage, row in rows.items()}
            measures = {stage: {name: float(v[i]) for name, v in row[1].items()} for stage, row in rows.items()}
            measures[list(stages)[-1]]["seconds"] = self.seconds / len(batch["moving_id"])
            by_label = {stage: {name: v[i] for name, v in row[2].items()} for stage, row in rows.items()}
            self.results.append(PairResult(moving, fixed, dice, measures, by_label))
            if indices[len(self.results) - 1] < self.num_figures:
                self._draw(i, self.results[-1], output["label"], output["pred"])

    def _measure_stage(
        self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]
    ) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
        dice = self.dice.of_labels(pred, target)
        values, by_label = {}, {}
        for name, measure in self.measures.items():
            if isinstance(measure, LabelMeasure):
                by_label[name] = measure.of_labels(pred, target).cpu().numpy()
                values[name] = nan_mean(by_label[name], axis=1)
            else:
                values[name] = measure(pred, target).cpu().numpy()
        return dice.cpu().numpy(), values, by_label

    def _draw(self, i: int, result: PairResult, target: Mapping[str, Tensor], pred: Mapping[str, Tensor]) -> None:
        warped_label = warp(target["moving_label"], pred["ddf"], "nearest")
        maps = {"fixed": target["fixed"], "moving": target["moving"], "warped": pred["warped"]}
        maps["jac_det"] = jacobian_determinant(pred["ddf"])
        maps.update({key: target[key] for key in ("fixed_label", "moving_label")}, warped_label=warped_label)
        before, after = (float(np.nanmean(list(result.dice.values())[k])) for k in (0, -1))
        save_registration_figure(
            self.folder / f"pair_{result.moving}_to_{result.fixed}.png",
            ddf=pred["ddf"][i].cpu().numpy(),
            **{name: image[i, 0].cpu().numpy() for name, image in maps.items()},
            title=f"{result.moving} to {result.fixed}: mean Dice {before:.3f} before, {after:.3f} after",
        )

    def write(self) -> None:
        """Write the tables and log the summary."""
        summary = summarise(self.results, self.label_names)
        tables = f"{stage_table(summary)}\n{measure_table(summary)}\n{label_table(summary)}"
        write_text_atomic(self.folder / "dice.csv", dice_csv(self.results, self.label_names))
        write_text_atomic(self.folder / "labels.csv", labels_csv(self.results, self.label_names))
        write_text_atomic(self.folder / "pairs.csv", pairs_csv(self.results))
        write_text_atomic(self.folder / "summary.json", json.dumps(summary, indent=2) + "\n")
        write_text_atomic(self.folder / "summary.md", tables)
        save_mean_dice_plot(self.folder / "dice.png", summary)
        logger.info("%d pairs, files in %s\n%s", summary["pairs"], self.folder, tables)


def registration_stages(
    target: Mapping[str, Tensor], pred: Mapping[str, Tensor]
) -> dict[str, tuple[dict[str, Tensor], Mapping[str, Tensor]]]:
    """Prediction and target of every stage of a batch, in order.

    Returns:
        Stage to ``(pred, target)`` as measures take them; the stages before the network have a zero field.
    """
    zero = torch.zeros_like(pred["ddf"])
    before: dict[str, Any] = {"ddf": zero, "warped": target["moving"]}
    stages: dict[str, tuple[dict[str, Tensor], Mapping[str, Tensor]]] = {}
    if "unaligned_label" in target:
        raw = {**target, "moving": target["unaligned_image"], "moving_label": target["unaligned_label"]}
        stages["unregistered"] = ({"ddf": zero, "warped": target["unaligned_image"]}, raw)
        stages["affine"] = (before, target)
    else:
        stages["unregistered"] = (before, target)
    if "network_ddf" in pred:
        network = {"ddf": pred["network_ddf"], "warped": warp(target["moving"], pred["network_ddf"])}
        stages["network"] = (network, target)
        stages["refined"] = (dict(pred), target)
    else:
        stages["network"] = (dict(pred), target)
    return stages
