"""Tables and figures from saved results: numpy arrays in, files out; the only place with matplotlib."""

from ..files import atomic_path, write_text_atomic
from .figure import (
    save_cohort_sheet,
    save_label_boxplot,
    save_mean_dice_plot,
    save_registration_figure,
)
from .measures import labels_csv, measure_table
from .summary import PairResult, dice_csv, nan_mean, pairs_csv, summarise
from .table import label_table, markdown_table, paper_table, stage_table

__all__ = [
    "PairResult",
    "atomic_path",
    "dice_csv",
    "label_table",
    "labels_csv",
    "markdown_table",
    "measure_table",
    "nan_mean",
    "pairs_csv",
    "paper_table",
    "save_cohort_sheet",
    "save_label_boxplot",
    "save_mean_dice_plot",
    "save_registration_figure",
    "stage_table",
    "summarise",
    "write_text_atomic",
]
