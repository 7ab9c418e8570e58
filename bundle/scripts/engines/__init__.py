"""The Ignite glue: what MONAI's engines are given so that they train and evaluate registrations."""

from .batches import prepare_pair
from .checkpoint import Checkpointer
from .epochs import EpochSetter
from .evaluation import EvaluationReport
from .images import WarpedPairImage
from .inferer import RegistrationInferer
from .instance import InstanceOptimiser
from .losses import EpochLosses
from .mean_atlas import MeanAtlas
from .metrics import PairMetric
from .pair_saver import PairSaver
from .weights import LoadWeights, choose_weights, load_weights

__all__ = [
    "Checkpointer",
    "EpochLosses",
    "EpochSetter",
    "EvaluationReport",
    "InstanceOptimiser",
    "LoadWeights",
    "MeanAtlas",
    "PairMetric",
    "PairSaver",
    "RegistrationInferer",
    "WarpedPairImage",
    "choose_weights",
    "load_weights",
    "prepare_pair",
]
