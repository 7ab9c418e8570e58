"""Registering the frames of a sequence to one of them: by a network that sees all of it, by slices or as volumes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..engines import RegistrationInferer, load_weights
from ..errors import InputError
from ..losses import TemporalSmoothness
from ..physical import ImageSequence
from ..progress import progress
from .method import Method
from .motion import Motion

MOST_VOXELS = 2**23  # that the network sees at once: about 3 GB of features
CONTEXT = 4  # frames on either side of a part, which it is registered with and which others tell of


class SequenceRegistration:
    """Registers the frames of sequences to one of them.

    Args:
        method: with a network that takes the frames of a sequence as a batch, in order of time.
        spatial_dims: of its frames: 2 takes the slices of a stack one by one.
        periodic: whether the first frame follows the last, as in a heart beat.
        use_network: false: refinement alone, frames knowing of each other by the temporal term alone.
        device: of network and refinement.

    Raises:
        InputError: if there is no network, or its weights cannot be read.
    """

    def __init__(
        self,
        method: Method,
        spatial_dims: int,
        periodic: bool = True,
        use_network: bool = True,
        device: torch.device | str = "cpu",
    ) -> None:
        self.method, self.dims, self.periodic, self.device = method, spatial_dims, periodic, torch.device(device)
        self.network: torch.nn.Module = _StandingStill()
        if use_network:
            if method.network is None:
                raise InputError(f"the method has no network for {spatial_dims}-D frames; give --use_network false.")
            load_weights(method.weights, method.network)
            self.network = method.network.to(self.device).eval()
        self.inferer = RegistrationInferer(method.precision, method.channels_last)

    def __call__(self, sequence: ImageSequence, reference: int) -> Motion:
        """The motion from frame ``reference`` to every frame.

        Raises:
            InputError: if the frames are volumes one voxel thick and the method is for volumes, or the displacements
                do not stay finite.
        """
        frames = np.moveaxis(sequence.values, -1, 0)
        if self.dims == 3:
            if 1 in frames.shape[1:]:
                raise InputError(f"{sequence.path} holds single slices; take a method whose spatial_dims is 2.")
            scaled = torch.from_numpy(self.method.intensity(frames))
            return Motion(self.register(scaled, reference), scaled, reference, by_slice=False)
        stack = [torch.from_numpy(self.method.intensity(frames[..., k])) for k in range(frames.shape[-1])]
        found = [self.register(scaled, reference) for scaled in progress(stack, "registration", "slice")]
        return Motion(torch.stack(found), torch.stack(stack), reference, by_slice=True)

    def register(self, scaled: Tensor, reference: int) -> Tensor:
        """Fields ``(T, D, *S)``, in voxels, of frames ``(T, *S)`` in [0, 1]; that of the reference is 0."""
        frames = scaled[:, None].float()
        pairs = torch.cat([frames, frames[reference : reference + 1].expand_as(frames)], dim=1)
        found = [self._part(pairs[seen], whole=len(seen) == len(pairs))[kept] for seen, kept in _parts(pairs)]
        ddf = torch.cat(found)
        ddf[reference] = 0
        return ddf

    def _part(self, pairs: Tensor, whole: bool) -> Tensor:
        pairs = pairs.to(self.device)
        with torch.no_grad():
            ddf = self.inferer(pairs, self.network)["ddf"]
            if self.method.refinement is not None:
                _set_periodic(self.method.refinement.loss, self.periodic and whole)
                ddf = self.method.refinement(pairs, ddf)
        return ddf.float().cpu()


class _StandingStill(torch.nn.Module):
    """No motion."""

    def forward(self, pair: Tensor) -> Tensor:
        return torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:], device=pair.device)


def _parts(pairs: Tensor) -> Iterator[tuple[range, slice]]:
    """What is registered at once: frames that are seen, and which of them are kept; all, where memory allows."""
    count = len(pairs)
    most = max(1, MOST_VOXELS // pairs[0, 0].numel())
    length = count if count <= most else max(1, most - 2 * CONTEXT)
    for start in range(0, count, length):
        end = min(start + length, count)
        seen = range(max(0, start - CONTEXT), min(count, end + CONTEXT)) if length < count else range(count)
        yield seen, slice(start - seen.start, end - seen.start)


def _set_periodic(loss: torch.nn.Module, periodic: bool) -> None:
    for module in loss.modules():
        if isinstance(module, TemporalSmoothness):
            module.periodic = periodic
