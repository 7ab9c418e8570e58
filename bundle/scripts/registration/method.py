"""What a registration by one method is made of, found by the number of dimensions of the images at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

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
        precision, channels_last: of the network, see :class:`scripts.engines.RegistrationInferer`.
    """

    network: nn.Module | None = None
    weights: str = ""
    refinement: Refinement | None = None
    intensity: Intensity = field(default_factory=PercentileScaling)
    spacing: float | None = None
    spatial_size: Sequence[int] = ()
    precision: str = "float32"
    channels_last: bool = False


MethodOf = Callable[[int], Method]


class OneMethod:
    """A method for images of any dimension, its network for those of its own.

    Args:
        method: with a network of ``spatial_dims``.
        spatial_dims: of the network.
    """

    def __init__(self, method: Method, spatial_dims: int) -> None:
        self.method, self.spatial_dims = method, spatial_dims

    def __call__(self, dims: int) -> Method:
        """The method for images of ``dims`` dimensions."""
        return self.method if dims == self.spatial_dims else replace(self.method, network=None, spatial_size=())


def fingerprint(path: str) -> str | None:
    """SHA-256 of a file, to tell weights from others of the same name; ``None`` where there is none."""
    return sha256(Path(path).read_bytes()).hexdigest() if Path(path).is_file() else None
