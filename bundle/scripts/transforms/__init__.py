"""MONAI dictionary transforms of this bundle."""

from .align import AlignToAtlasd
from .atlas import Atlas, CarryAtlasLabelsd, PairWithAtlasd
from .coarser import Coarserd
from .contrast import RandContrastd, RandCutd, RandEachd, RandStripd
from .intensity import ScaleIntensityd
from .read import ReadSubjectd
from .read_sequence import ReadSequence
from .save import SaveLabelMapd
from .served import AnsweringCompose

__all__ = [
    "AlignToAtlasd",
    "AnsweringCompose",
    "Atlas",
    "CarryAtlasLabelsd",
    "Coarserd",
    "PairWithAtlasd",
    "RandContrastd",
    "RandCutd",
    "RandEachd",
    "RandStripd",
    "ReadSequence",
    "ReadSubjectd",
    "SaveLabelMapd",
    "ScaleIntensityd",
]
