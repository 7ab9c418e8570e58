"""Programs that register files by themselves, affine map and all: ANTs and elastix, with their own defaults."""

from __future__ import annotations

import tempfile

import numpy as np

from .volume_process import Register, Vectors, Watch


def ants(name: str, kind: str) -> Register:
    """ANTs, affine then deformable; ``kind`` is ``SyN`` (mutual information) or ``SyNCC`` (cross-correlation)."""
    import ants as package

    def register(fixed: str, moving: str, watch: Watch) -> Vectors:
        images = {"fixed": package.image_read(fixed), "moving": package.image_read(moving)}
        with tempfile.TemporaryDirectory() as folder:
            found = package.registration(**images, type_of_transform=kind, outprefix=f"{folder}/")
            watch.lap(name)
            path = package.apply_transforms(
                **images, transformlist=found["fwdtransforms"], compose=f"{folder}/composite_"
            )
            return {name: np.moveaxis(package.image_read(path).numpy(), -1, 0)}

    return register


def elastix(name: str) -> Register:
    """elastix: its default rigid, affine and B-spline parameter maps, which compare by mutual information.

    The one thing that is set is that it starts with the images' middles on each other: by default it starts where their
    headers place them, which is nowhere near where two scanners are concerned.
    """
    import itk

    parameters = itk.ParameterObject.New()
    for kind in ("rigid", "affine", "bspline"):
        parameters.AddParameterMap(itk.ParameterObject.GetDefaultParameterMap(kind))
    parameters.SetParameter(0, "AutomaticTransformInitialization", "true")

    def register(fixed: str, moving: str, watch: Watch) -> Vectors:
        images = [itk.imread(path, itk.F) for path in (fixed, moving)]
        with tempfile.TemporaryDirectory() as folder:  # transformix writes files wherever it stands
            options = {"output_directory": folder, "log_to_console": False}
            _, result = itk.elastix_registration_method(*images, parameter_object=parameters, **options)
            watch.lap(name)
            field = np.asarray(itk.transformix_deformation_field(images[1], result, output_directory=folder))
        return {name: np.moveaxis(field, -1, 0).swapaxes(1, 3)}

    return register
