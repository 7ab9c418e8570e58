"""The methods that the benchmark of volumes compares, and what each needs to be made ready."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch

from scripts.errors import InputError
from scripts.options import Quality
from scripts.registration import ConfiguredMethods

from .volume_process import Task

Prepare = Callable[[argparse.Namespace], Task]  # from the options of the benchmark

OURS: dict[Quality, str] = {"fast": "ours, fast", "default": "ours", "best": "ours, best"}
UNTRAINED = "ours, untrained"  # the fast one, before any training: what of it is learned, and what was known
ANTS = {"ANTs SyN": "SyN", "ANTs SyNCC": "SyNCC"}
ELASTIX, CONVEX_ADAM, VOXELMORPH = "elastix", "ConvexAdam", "voxelmorph"
PACKAGES = {  # by method: the module that is imported, and where it comes from
    **dict.fromkeys(ANTS, ("ants", "antspyx")),
    ELASTIX: ("itk.itkElastixRegistrationMethodPython", "itk-elastix"),
    CONVEX_ADAM: ("convexAdam", "convexAdam"),
    VOXELMORPH: ("voxelmorph", "voxelmorph"),
}
STAGES, PEERS = "benchmarks.volume_stages", "benchmarks.volume_peers"


def ours(name: str, quality: Quality, options: argparse.Namespace, weights: str | None = None) -> Task:
    """The bundle's registration."""
    given = {"method": method_of(options), "affine": options.affine == "true", "weights": weights or options.weights}
    return Task(f"{STAGES}:ours", {"name": name, "quality": quality, **given})


def untrained(options: argparse.Namespace) -> Task:
    """The network with the weights that training starts from."""
    torch.manual_seed(0)
    network = ConfiguredMethods(options.method)(3).network
    if network is None:
        raise InputError(f"the method {options.method} has no network for volumes; name one that has.")
    path = (Path(options.output_dir) / "untrained.pt").resolve()
    torch.save(network.state_dict(), path)
    return ours(UNTRAINED, "fast", options, str(path))


def ants(name: str, kind: str, options: argparse.Namespace) -> Task:
    """ANTs; ``options`` say nothing of it."""
    return Task(f"{PEERS}:ants", {"name": name, "kind": kind})


def elastix(options: argparse.Namespace) -> Task:
    """elastix; ``options`` say nothing of it."""
    return Task(f"{PEERS}:elastix", {"name": ELASTIX})


def convex_adam(options: argparse.Namespace) -> Task:
    """ConvexAdam, which has no affine stage of its own."""
    return Task(f"{STAGES}:convex_adam", {"name": after_affine(CONVEX_ADAM), "method": method_of(options)})


def voxelmorph(options: argparse.Namespace) -> Task:
    """The ``voxelmorph`` package's model, trained first on the training part of the data set."""
    from .voxelmorph_volumes import trained

    weights = trained(options.dataset_dir, options.method, options.train_minutes, Path(options.output_dir))
    given = {"method": method_of(options), "weights": str(weights.resolve())}
    return Task(f"{STAGES}:voxelmorph", {"name": after_affine(VOXELMORPH), **given})


def after_affine(name: str) -> str:
    """The row of a method that starts from what the bundle's affine stage found."""
    return f"{name}, after our affine stage"


def method_of(options: argparse.Namespace) -> str | None:
    """The bundle's method."""
    method: str | None = options.method
    return method


def check_packages(methods: Iterable[str]) -> None:
    """Look, before hours of work, whether the packages of all methods are there.

    Raises:
        InputError: if one is not.
    """
    for method in methods:
        module, package = PACKAGES.get(method, ("torch", ""))
        if find_spec(module) is None:
            raise InputError(
                f"{method} needs the package {package}, which is not installed; install benchmarks/requirements.txt "
                "into an environment of its own, or choose other --methods."
            )


METHODS: dict[str, Prepare] = {
    **{name: partial(ours, name, quality) for quality, name in OURS.items()},
    UNTRAINED: untrained,
    **{name: partial(ants, name, kind) for name, kind in ANTS.items()},
    ELASTIX: elastix,
    CONVEX_ADAM: convex_adam,
    VOXELMORPH: voxelmorph,
}
DEFAULT = [OURS["default"], *ANTS, ELASTIX, CONVEX_ADAM, VOXELMORPH]
