"""Data: finding and splitting subjects, the affine stage, the embedded cohort, pairs; images without labels."""

from .cohort import Cohort, open_cohort
from .images import ImageStream, find_images
from .pairs import PairDataset

__all__ = ["Cohort", "ImageStream", "PairDataset", "find_images", "open_cohort"]
