"""Evaluating pairs: every batch measured and the first pairs drawn as they come, the tables written at the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ignite.engine import Engine, Events

from ..errors import refuse_file
from ..metrics import Measure
from ..reports import PairResult, choose_panels, write_evaluation
from .batches import measured_pairs
from .clock import RegistrationClock
from .distributed import gather_in_order, is_first, shared_indices
from .pair_figure import save_pair_figure
from .pair_measurer import PairMeasurer
from .stages import registration_stages

logger = logging.getLogger(__name__)


class EvaluationReport:
    """Follow an evaluator; leave tables and figures behind.

    The stages are those of :func:`registration_stages`; the seconds are of the last. The tables are those of
    :func:`scripts.reports.write_evaluation`, the figures ``pair_<moving>_to_<fixed>.png``. Of several processes each
    measures its share, and the first writes the tables of all, in the order of one process.

    Args:
        output_dir: where the files go.
        label_names: id to name of the evaluated labels.
        num_figures: pairs that get a figure.
        measures: name to measure, see :class:`PairMeasurer`.
        panels: of the figures, see :func:`scripts.reports.save_registration_figure`.
    """

    def __init__(
        self,
        output_dir: str,
        label_names: Mapping[int, str],
        num_figures: int = 4,
        measures: Mapping[str, Measure] | None = None,
        panels: Sequence[str] | None = None,
    ) -> None:
        self.folder, self.label_names = Path(output_dir), dict(label_names)
        self.num_figures, self.panels = num_figures, choose_panels(panels)
        self.clock, self.measurer = RegistrationClock(), PairMeasurer(list(self.label_names), measures)
        self.results: list[PairResult] = []
        self.of_items: list[list[PairResult]] = []  # one pair an item of the data set; of a sequence several

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        self.clock.attach(engine)
        engine.add_event_handler(Events.STARTED, lambda _: self._start())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.measure)
        engine.add_event_handler(Events.COMPLETED, self._finish)

    def _start(self) -> None:
        refuse_file(self.folder)
        self.of_items.clear()

    def measure(self, engine: Engine) -> None:
        """Add the pairs of the batch just registered."""
        output = engine.state.output
        names, (target, pred) = measured_pairs(engine.state.batch, output["label"], output["pred"])
        pairs = list(zip(names["moving_id"], names["fixed_id"], strict=True))
        found = self.measurer(registration_stages(target, pred), pairs, self.clock.seconds)
        items = [found] if "measured" in engine.state.batch else [[result] for result in found]
        indices = shared_indices(engine.state.dataloader.dataset)[len(self.of_items) :]
        item_of = [indices[k] for k, item in enumerate(items) for _ in item]
        orientations = names.get("orientation", [""] * len(pairs))
        for i, result in enumerate(found):
            if item_of[i] < self.num_figures:
                save_pair_figure(self.folder, result, target, pred, i, self.panels, orientations[i])
        self.of_items += items

    def _finish(self, engine: Engine) -> None:
        items = gather_in_order(self.of_items, len(engine.state.dataloader.dataset))
        self.results = [result for item in items for result in item]
        if is_first():
            self.write()

    def write(self) -> None:
        """Write the tables, and say what they hold and where they are."""
        tables = write_evaluation(self.folder, self.results, self.label_names)
        logger.info("%d pairs\n\n%s\nTables and figures are in %s.", len(self.results), tables, self.folder)
