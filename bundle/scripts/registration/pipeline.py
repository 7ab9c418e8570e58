"""Registering one pair of images: from two files to a transform."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..engines import RegistrationInferer, load_weights
from ..errors import InputError
from .affine import find_affine
from .deformation import Deformation
from .outcome import Outcome
from .pair import read_pair
from .prepare import Prepared, prepare, resample, working_grid
from .results import Result, name_of


class ZeroField(nn.Module):
    """In a network's place: no displacement, from which the optimisation on the pair starts."""

    def forward(self, pair: Tensor) -> Tensor:
        """``(B, D, *S)`` zeros of a pair ``(B, 2C, *S)``."""
        return torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:], device=pair.device)


class Registration:
    """Registers pairs of images.

    The images are turned into one orientation, scaled, aligned by an affine map (ITK), brought onto the network's
    grid, registered by the network and, where the inferer says so, by optimisation on the pair. Affine map and field
    become one transform, by which the moving image is resampled once, onto the fixed image's own grid.

    Args:
        network: gives the field of a pair.
        inferer: runs it, and refines its field.
        ckpt_path: the network's weights.
        spatial_dims: of the network.
        use_network: false: the field starts at zero and the refinement does it all.
        affine: whether to search for an affine map; false where the images are aligned already.
        spacing: of the working grid, mm; ``None``: 1, or what suits the size of what is seen.
        spatial_size: voxels, the grid the network was trained on; larger objects get a larger one.
        device: of the network.
    """

    def __init__(
        self,
        network: nn.Module,
        inferer: RegistrationInferer,
        ckpt_path: str,
        spatial_dims: int,
        use_network: bool | str = True,
        affine: bool | str = True,
        spacing: float | None = None,
        spatial_size: Sequence[int] = (),
        device: torch.device | str = "cpu",
    ) -> None:
        self.network, self.inferer, self.ckpt_path = network, inferer, str(ckpt_path)
        self.spatial_dims = spatial_dims
        self.use_network, self.affine = as_flag(use_network, "use_network"), as_flag(affine, "affine")
        self.spacing, self.spatial_size, self.device = spacing, list(spatial_size), torch.device(device)
        self._loaded = False

    def __call__(
        self,
        fixed: str,
        moving: str,
        moving_label: str | None = None,
        fixed_label: str | None = None,
        name: str | None = None,
    ) -> Result:
        """Register ``moving`` to ``fixed``.

        Args:
            fixed, moving: image files, or folders of a DICOM series each.
            moving_label: label map of ``moving``, carried along.
            fixed_label: label map of ``fixed``: with both, the report says how well labels overlap.
            name: of the result; ``None``: the moving image's.

        Raises:
            InputError: if a file cannot be read or its image not registered.
        """
        watch = Stopwatch()
        pair = read_pair(fixed, moving, fixed_label, moving_label)
        network = self._network(pair.fixed.array.ndim)
        target, source = (prepare(i.array, pair.frame.coordinates(i.geometry)) for i in (pair.fixed, pair.moving))
        grid = working_grid(target, self.spacing, self.spatial_size)
        seen = Prepared(resample(target, grid, np.eye(len(grid.affine))), grid)
        watch.lap("read")
        affine = find_affine(seen, source) if self.affine else np.eye(len(grid.affine))
        watch.lap("affine")
        ddf = self._field(network, resample(source, grid, affine), seen.values)
        watch.lap("deformable")
        outcome = Outcome(pair, seen, source, Deformation(grid, ddf, affine))
        result = outcome.result(name or name_of(moving))
        watch.lap("results")
        result.report.update(options=self.options(), seconds=watch.laps, versions=versions())
        return result

    def options(self) -> dict[str, Any]:
        """What a report says about how it was done, and what a batch compares to know whether it is done."""
        refine = getattr(self.inferer, "refine", None)
        return {
            "affine": self.affine,
            "use_network": self.use_network,
            "weights": _fingerprint(self.ckpt_path) if self.use_network else None,
            "precision": str(self.inferer.precision),
            "instance_steps": getattr(refine, "steps", 0),
            "instance_learning_rate": getattr(refine, "learning_rate", None),
            "instance_sigma": getattr(getattr(refine, "loss", None), "sigma", None),
            "spacing": self.spacing,
            "spatial_size": self.spatial_size,
        }

    def _network(self, dims: int) -> nn.Module:
        """The network with its weights, loaded once."""
        if not self.use_network:
            return ZeroField()
        if dims != self.spatial_dims:
            raise InputError(
                f"the images are {dims}-D but the network is {self.spatial_dims}-D; give --spatial_dims {dims} and "
                "weights of that kind with --ckpt_path, or --use_network false to register by optimisation alone."
            )
        if not self._loaded:
            if not Path(self.ckpt_path).is_file():
                raise InputError(
                    f"{self.ckpt_path} does not exist; name a file of weights with --ckpt_path, or register by "
                    "optimisation alone with --use_network false."
                )
            load_weights(self.ckpt_path, self.network)
            self.network.to(self.device).eval()
            self._loaded = True
        return self.network

    def _field(self, network: nn.Module, moving: Tensor, fixed: Tensor) -> Tensor:
        pair = torch.cat([moving, fixed], dim=1).to(self.device)
        with torch.no_grad():
            ddf = self.inferer(pair, network)["ddf"].float().cpu()
        if not torch.isfinite(ddf).all():
            raise InputError("the registration did not converge to finite displacements; try --affine true.")
        return ddf


def as_flag(value: bool | str, option: str) -> bool:
    """``true`` and ``false`` as the command line gives them: text, which would all count as true.

    Raises:
        InputError: if it is neither.
    """
    flags = {"true": True, "false": False}
    if str(value).lower() not in flags:
        raise InputError(f"--{option} {value} is neither true nor false; give one of them.")
    return flags[str(value).lower()]


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the stage ``name``."""
        now = time.perf_counter()
        self.laps[name], self._last = round(now - self._last, 3), now


def versions() -> dict[str, str]:
    """Of what computed a result."""
    metadata = json.loads((Path(__file__).parents[2] / "configs" / "metadata.json").read_text(encoding="utf-8"))
    packages = {name: version(name) for name in ("torch", "monai", "itk", "nibabel", "numpy")}
    return {"bundle": metadata["version"], "python": platform.python_version(), **packages}


@lru_cache(maxsize=4)
def _digest(path: str, changed: float) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def _fingerprint(path: str) -> dict[str, str]:
    return {"path": path, "sha256": _digest(path, Path(path).stat().st_mtime)}
