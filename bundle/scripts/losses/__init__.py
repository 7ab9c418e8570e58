"""Training losses: similarity and regularisation, named and weighted."""

import warnings

from .diffusion import ForwardDiffusion
from .folding import FoldingPenalty
from .learned import LearnedSimilarity
from .lncc import FastLNCC
from .mind import MINDLoss
from .overlap import SoftDice
from .points import PointDistance
from .registration import RegistrationLoss
from .temporal import TemporalSmoothness

__all__ = [
    "FastLNCC",
    "FoldingPenalty",
    "ForwardDiffusion",
    "LearnedSimilarity",
    "MINDLoss",
    "PointDistance",
    "RegistrationLoss",
    "SoftDice",
    "TemporalSmoothness",
]

# MONAI's spatial_gradient indexes with a list, which torch announces it will forbid; not the user's to mend.
warnings.filterwarnings("ignore", message="Using a non-tuple sequence for multidimensional indexing")
