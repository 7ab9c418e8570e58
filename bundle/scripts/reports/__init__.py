"""Tables and figures from saved results: numpy arrays in, files out; the only place with matplotlib."""

from .dice_charts import save_mean_dice_plot
from .evaluation import write_evaluation
from .measures import labels_csv, measure_table
from .overview import Entry, save_overview
from .registration_figure import save_registration_figure
from .registration_panels import choose_panels
from .sequence_animation import save_sequence_animation
from .sequence_course import SequenceCourse, write_sequence_table
from .sequence_curves import save_sequence_curves
from .summary import PairResult, dice_csv, nan_mean, pairs_csv, summarise
from .table import label_table, markdown_table, stage_table

__all__ = [
    "Entry",
    "PairResult",
    "SequenceCourse",
    "choose_panels",
    "dice_csv",
    "label_table",
    "labels_csv",
    "markdown_table",
    "measure_table",
    "nan_mean",
    "pairs_csv",
    "save_mean_dice_plot",
    "save_overview",
    "save_registration_figure",
    "save_sequence_animation",
    "save_sequence_curves",
    "stage_table",
    "summarise",
    "write_evaluation",
    "write_sequence_table",
]
