"""The Ignite glue: what MONAI's engines are given so that they train and evaluate registrations."""

from .adversary import Adversary
from .batches import prepare_pair
from .checkpoint import Checkpointer
from .clipping import GradientClip
from .distributed import (
    distribute,
    gather_all,
    is_first,
    is_silent,
    join_processes,
    leave_processes,
    open_cohort_in_turn,
    process_count,
    process_rank,
    processes_together,
    shared_indices,
    shared_out,
    wait_for_others,
)
from .epochs import EpochSetter
from .evaluation import EvaluationReport
from .finite import DivergenceStop
from .images import LateWriter, WarpedPairImage
from .inferer import RegistrationInferer
from .losses import EpochLosses
from .mean_atlas import MeanAtlas
from .metrics import PairMetric
from .pair_saver import PairSaver
from .progress import EngineProgress
from .refinement import Refinement
from .stages import STAGES, registration_stages
from .tracking import ListedOutput
from .training_log import TrainingLog
from .weights import CheckpointLoader, choose_weights, load_weights

__all__ = [
    "STAGES",
    "Adversary",
    "CheckpointLoader",
    "Checkpointer",
    "DivergenceStop",
    "EngineProgress",
    "EpochLosses",
    "EpochSetter",
    "EvaluationReport",
    "GradientClip",
    "LateWriter",
    "ListedOutput",
    "MeanAtlas",
    "PairMetric",
    "PairSaver",
    "Refinement",
    "RegistrationInferer",
    "TrainingLog",
    "WarpedPairImage",
    "choose_weights",
    "distribute",
    "gather_all",
    "is_first",
    "is_silent",
    "join_processes",
    "leave_processes",
    "load_weights",
    "open_cohort_in_turn",
    "prepare_pair",
    "process_count",
    "process_rank",
    "processes_together",
    "registration_stages",
    "shared_indices",
    "shared_out",
    "wait_for_others",
]
