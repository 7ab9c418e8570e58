"""MONAI dictionary transforms of this bundle."""

from .atlas import Atlas, CarryAtlasLabelsd, PairWithAtlasd, RestoreSliced
from .read import ReadSubjectd

__all__ = ["Atlas", "CarryAtlasLabelsd", "PairWithAtlasd", "ReadSubjectd", "RestoreSliced"]
