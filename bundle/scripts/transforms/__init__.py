"""MONAI dictionary transforms of this bundle."""

from .atlas import Atlas, CarryAtlasLabelsd, PairWithAtlasd, RestoreSliced
from .read import ReadSubjectd
from .save import SaveLabelMapd

__all__ = ["Atlas", "CarryAtlasLabelsd", "PairWithAtlasd", "ReadSubjectd", "RestoreSliced", "SaveLabelMapd"]
