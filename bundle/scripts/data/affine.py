"""The affine stage: every subject brought onto one atlas grid, once, and kept on disk.

Images are aligned in the physical space their headers give; two slices, in the plane of the atlas.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import itk
import numpy as np

from ..errors import InputError
from ..files import atomic_folder
from ..physical import (
    Image,
    Intensity,
    Pair,
    PercentileScaling,
    is_cut_out,
    pair_up,
    prepare,
    read_image,
    read_label,
)
from ..physical.affine_search import find_affine
from ..physical.itk_images import resample_once
from ..physical.itk_transforms import affine_transform
from ..physical.writing import write_like
from ..progress import progress

logger = logging.getLogger(__name__)

Record = Mapping[str, str]

# Part of the cache key: raise it when a change alters results, and old folders are left unused.
STAGE_VERSION = "3"
NUM_ITERATIONS = 200


def affine_normalise(
    records: Sequence[Record],
    atlas: Record,
    cache_dir: str | Path,
    spatial_dims: int,
    intensity: Intensity = PercentileScaling(),  # noqa: B008 - it cannot be changed
) -> list[dict[str, str]]:
    """Align every subject to the atlas; what is already in ``cache_dir`` is not computed again.

    The image is resampled linearly, the label by nearest neighbour, both onto the atlas grid and under
    the atlas file's header. A record whose image is the atlas's own is not registered: its transform is
    the identity. A folder of the cache is named after the content of the files and appears all at once.

    Args:
        records: dictionaries with ``subject`` (a name), ``image`` (path) and, where there is one,
            ``label`` (path). A label lies on its image's voxels.
        atlas: the record every subject is aligned to.
        cache_dir: folder of the results, made where missing.
        spatial_dims: D, 2 or 3.
        intensity: scaling of the images that are compared; its ``repr`` tells one from another.

    Returns:
        The records in their order, with the paths of the cached files: ``image``, ``label``,
        ``unaligned_image`` and ``unaligned_label`` (resampled to the atlas grid without moving anything),
        and ``affine`` (ITK transform, physical points of the atlas to those of the subject). The label keys are there
        only where the record has a label.

    Raises:
        InputError: if a file cannot be read, is not D-dimensional, not finite or constant, or a label
            does not fit its image.
    """
    cache_dir = Path(cache_dir)
    cache_dir.mkdir(parents=True, exist_ok=True)
    folders = _folders(records, atlas, cache_dir, f"{spatial_dims} {intensity!r}")
    # By folder, so that a record given twice is computed once.
    missing = {folder: record for folder, record in zip(folders, records, strict=True) if not folder.is_dir()}
    logger.info("affine stage: %d reused, %d to compute", len(records) - len(missing), len(missing))
    if missing:
        target, _ = _read(atlas, spatial_dims)
        for folder, record in progress(missing.items(), "affine stage", "subject"):
            _build(record, target, folder, spatial_dims, intensity)
    return [_result(record, folder) for record, folder in zip(records, folders, strict=True)]


def _read(record: Record, spatial_dims: int) -> tuple[Image, Image | None]:
    """A record's image and label; raises InputError as ``affine_normalise``."""
    image = read_image(record["image"])
    if image.array.ndim != spatial_dims:
        raise InputError(
            f"{image.path} is a {image.array.ndim}-D image of {image.geometry.size} voxels; "
            f"the affine stage needs a {spatial_dims}-D image here."
        )
    label = read_label(record["label"], image) if "label" in record else None
    if label is not None and label.note:
        logger.warning(label.note)
    return image, label


def _folders(records: Sequence[Record], atlas: Record, cache_dir: Path, settings: str) -> list[Path]:
    """Cache folder of every record, ``<subject>-<digest>``."""
    stage = f"{STAGE_VERSION} {NUM_ITERATIONS} {settings} {_content(atlas['image'])}"
    folders = []
    for record in records:
        contents = [_content(record[key]) if key in record else "" for key in ("image", "label")]
        digest = hashlib.sha256(" ".join([stage, *contents]).encode()).hexdigest()[:12]
        name = re.sub(r"[^\w.-]+", "_", record["subject"])
        folders.append(cache_dir / f"{name}-{digest}")
    return folders


def _content(path: str) -> str:
    """SHA-256 of a file's bytes, of a folder's that of all its files.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        files = sorted(Path(path).iterdir()) if Path(path).is_dir() else [Path(path)]
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be read ({error.strerror}); give the path of a NIfTI file."
        ) from error


def _build(record: Record, target: Image, folder: Path, spatial_dims: int, intensity: Intensity) -> None:
    """Compute one subject's files in a temporary sibling of ``folder``, then rename it into place."""
    image, label = _read(record, spatial_dims)
    pair = pair_up(target, image, moving_label=label)
    is_atlas = _content(image.path) == _content(target.path)
    maps = {"unaligned_": np.eye(spatial_dims + 1)}
    maps[""] = maps["unaligned_"] if is_atlas else _align(pair, intensity)
    shown = _continued(pair.moving) if is_cut_out(intensity(pair.moving.array)) else pair.moving
    with atomic_folder(folder) as partial:
        files = _result(record, partial)
        for prefix, affine in maps.items():
            transform = affine_transform(pair.frame.in_space(affine, pair.moving.geometry))
            _write(shown, pair, target, transform, files[f"{prefix}image"])
            if pair.moving_label is not None:
                _write(pair.moving_label, pair, target, transform, files[f"{prefix}label"], nearest=True)
        itk.transformwrite([transform], files["affine"])


def _align(pair: Pair, intensity: Intensity) -> np.ndarray:
    """The affine map of coordinates in the pair's frame, ``(D + 1, D + 1)``."""
    return find_affine(*(prepare(image, pair.frame, intensity) for image in (pair.fixed, pair.moving)))


def _continued(image: Image) -> Image:
    """The image with its edge repeated around it, by half its size: an end would be taken for a structure."""
    widths = [size // 2 if size > 1 else 0 for size in image.geometry.size]
    values = np.pad(image.values, [(width, width) for width in widths], mode="edge")
    origin = image.geometry.origin - image.geometry.matrix @ np.array(widths)
    return replace(image, values=values, geometry=replace(image.geometry, size=values.shape, origin=origin))


def _write(source: Image, pair: Pair, target: Image, transform: Any, path: str, nearest: bool = False) -> None:
    """Save ``source`` on the atlas grid with the shape and header of the atlas file."""
    values = resample_once(source, pair.fixed.geometry, transform, nearest)
    write_like(Path(path), values, target.geometry, target.path)


def _result(record: Record, folder: Path) -> dict[str, str]:
    """``record`` with the paths of its files in ``folder``."""
    names = ["image", "unaligned_image"] + (["label", "unaligned_label"] if "label" in record else [])
    paths = {name: str(folder / f"{name}.nii.gz") for name in names}
    return {**record, **paths, "affine": str(folder / "affine.tfm")}
