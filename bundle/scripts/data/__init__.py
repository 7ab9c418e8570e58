"""Data: finding and splitting subjects, the affine stage, the embedded cohort, pairs."""

from .cohort import Cohort, open_cohort
from .pairs import PairDataset

__all__ = ["Cohort", "PairDataset", "open_cohort"]
