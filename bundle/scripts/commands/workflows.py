"""The verbs that run a configuration: what ``python -m monai.bundle run`` does with the same files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..configuration import BUNDLE, config_files, plain, read_options, typed_overrides
from ..errors import InputError, find_input_error
from ..options import OptionError


def train(
    dataset_dir: str = "synthetic", *, method: str | None = None, schedule: str | None = None, **more: Any
) -> None:
    """Train a method on a data set; a training that was stopped goes on.

    Args:
        dataset_dir: a folder (neurite-OASIS, or images/ and labels/), a data list (.json), or the embedded cohort
        method: name of a file in configs/methods, or a file; without it, the default of configs/train.yaml
        schedule: likewise, in configs/schedules
        more: values of the configuration
    """
    files = config_files("train.yaml", method=method, schedule=schedule)
    run_files(files, "training", {"dataset_dir": dataset_dir, **more})


def evaluate(
    dataset_dir: str = "synthetic", *, method: str | None = None, schedule: str | None = None, **more: Any
) -> None:
    """Measure a method on the test part of a data set: by what was trained on it, else by the bundle's weights.

    Args:
        dataset_dir: a folder (neurite-OASIS, or images/ and labels/), a data list (.json), or the embedded cohort
        method: name of a file in configs/methods, or a file; without it, the default of configs/train.yaml
        schedule: likewise, in configs/schedules, as it was trained by
        more: values of the configuration
    """
    files = config_files("train.yaml", "evaluate.yaml", method=method, schedule=schedule)
    run_files(files, "run", {"dataset_dir": dataset_dir, **more})


def segment(
    images: list[str], *, output_dir: str, pattern: str | None = None, method: str | None = None, **more: Any
) -> None:
    """Carry the labels of an atlas onto images, each on its own grid.

    The bundle has an atlas of slices and one of volumes; an image's dimensions choose.

    Args:
        images: image files, folders of them, folders of a DICOM series
        output_dir: folder of the label maps, IMAGE_seg
        pattern: which files of a folder, such as *_t1.nii.gz; without it, all images
        method: name of a file in configs/methods, or a file; without it, the one for the images' dimensions
        more: values of the configuration
    """
    found = images_to_segment(images, pattern, output_dir)
    options = {"output_dir": output_dir, **more}
    failed = []
    for chosen, paths in by_method(found, method).items():
        parts = {"dataset#data": [{"image": path} for path in paths]}
        try:
            run_files(config_files("inference.yaml", method=chosen), "run", options, parts)
        except Exception as error:  # the images of other dimensions are done all the same
            if isinstance(error, OptionError) or (known := find_input_error(error)) is None:
                raise
            failed.append(str(known))
    if failed:
        raise InputError(" ".join(failed))


def export(*, output_dir: str, method: str | None = None, **more: Any) -> None:
    """Write a method's network as TorchScript and ONNX, each compared with the network itself and timed.

    Args:
        output_dir: folder of model.ts, model.onnx and the figures, export.json
        method: name of a file in configs/methods, or a file; without it, the default of configs/inference.yaml
        more: values of the configuration
    """
    run_files(
        config_files("inference.yaml", "export.yaml", method=method), "export", {"output_dir": output_dir, **more}
    )


def by_method(paths: Sequence[str], method: str | None) -> dict[str | None, list[str]]:
    """Method to the images that it segments: the one that is named, or the default for an image's dimensions.

    An image that cannot be read goes with the slices; their reader says why.
    """
    if method is not None:
        return {method: list(paths)}
    from ..physical.headers import read_geometry
    from ..registration.configured import DEFAULTS

    chosen: dict[str | None, list[str]] = {}
    for path in paths:
        try:
            dims = len(read_geometry(path).axes)
        except InputError:
            dims = min(DEFAULTS)
        chosen.setdefault(DEFAULTS[dims], []).append(path)
    return chosen


def images_to_segment(paths: Sequence[str], pattern: str | None, output_dir: str | None = None) -> list[str]:
    """The files that ``paths`` are or that lie in them.

    Args:
        paths: files and folders.
        pattern: of the files to take from folders; ``None``: all images.
        output_dir: of the label maps.

    Raises:
        InputError: as :func:`scripts.data.find_images`.
    """
    from ..data import find_images  # takes seconds

    return find_images(paths, pattern, output_dir)


def run_files(
    files: Sequence[str], run_id: str, options: Mapping[str, Any], parts: Mapping[str, Any] | None = None
) -> None:
    """Run an entry of a configuration in this process.

    Args:
        files: merged in this order.
        run_id: the entry.
        options: values instead of the files', as text or of their kind; all text is plain.
        parts: nested values instead of the files', as they are, text plain.

    Raises:
        OptionError: if an option does not exist or is of another kind.
    """
    values = typed_overrides(read_options(files), options, expressions=False)
    values |= {name: plain(value) for name, value in (parts or {}).items()}
    from monai.bundle import ConfigWorkflow, workflows  # takes seconds, so only now

    workflows.logger.setLevel(logging.ERROR)  # which files are not there, and that logging is ours
    own = {"bundle_root": plain(str(BUNDLE)), **values}
    workflow = ConfigWorkflow(config_file=list(files), run_id=run_id, logging_file=False, **own)
    workflow.initialize()
    workflow.run()
    workflow.finalize()
