"""Data: finding and splitting subjects, the affine stage, embedded cohorts, pairs, sequences; images without labels."""

from .cohort import Cohort, open_cohort
from .images import ImageStream, find_images
from .known_affine import RandomAffinePaird
from .pairs import PairDataset
from .sequence_pairs import SequenceDataset, one_sequence

__all__ = [
    "Cohort",
    "ImageStream",
    "PairDataset",
    "RandomAffinePaird",
    "SequenceDataset",
    "find_images",
    "one_sequence",
    "open_cohort",
]
