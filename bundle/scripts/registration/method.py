"""What a registration by one method is made of, found by the number of dimensions of the images at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import nn

from ..engines import Refinement
from ..physical import Intensity, PercentileScaling


@dataclass(frozen=True)
class Method:
    """A network, how its field is refined, and what both see.

    Attributes:
        network: gives the field of a pair; ``None``: there is none for these dimensions.
        weights: the network's file.
        refinement: betters a field on the pair at hand; ``None``: nothing does.
        intensity: scaling of an image to [0, 1].
        spacing: of the working grid, mm; ``None``: 1, or what suits the size of what is seen.
        spatial_size: voxels, the grid the network was trained on; larger objects get a larger one.
        same_contrast: whether it is for images of one contrast, whose intensities can be compared.
        panels: of the figure; ``None``: all.
        precision, channels_last: of the network, see :class:`scripts.engines.RegistrationInferer`.
    """

    network: nn.Module | None = None
    weights: str = ""
    refinement: Refinement | None = None
    intensity: Intensity = field(default_factory=PercentileScaling)
    spacing: float | None = None
    spatial_size: Sequence[int] = ()
    same_contrast: bool = True
    panels: Sequence[str] | None = None
    precision: str = "float32"
    channels_last: bool = False


MethodOf = Callable[[int], Method]
