"""The affine stage: every subject brought onto one atlas grid, once, and kept on disk.

A 2-D NIfTI has no reliable in-plane direction (a slice of a volume keeps an oblique one, a picture often
none): a 2-D image lives in its own index space, spacing from the header, origin 0, identity direction.
A 3-D image lives in the physical space its header gives, in ITK's LPS millimetres.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import error as ZlibError

import itk
import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import SpatialImage

from ..errors import InputError
from ..files import atomic_folder
from ..progress import progress
from ..voxels import check_intensities, check_label_ids, smallest_type
from .itk_affine import identity, place, register_affine, resample

logger = logging.getLogger(__name__)

Record = Mapping[str, str]

# Part of the cache key: raise it when a change alters results, and old folders are left unused.
STAGE_VERSION = "1"
NUM_ITERATIONS = 200
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine_normalise(
    records: Sequence[Record], atlas: Record, cache_dir: str | Path, spatial_dims: int
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
        spatial_dims: D, 2 or 3. Trailing axes of size 1 beyond D are dropped.

    Returns:
        The records in their order, with the paths of the cached files: ``image``, ``label``,
        ``unaligned_image`` and ``unaligned_label`` (resampled to the atlas grid without moving anything),
        and ``affine`` (ITK transform, atlas to subject, millimetres). The label keys are there only
        where the record has a label.

    Raises:
        InputError: if a file cannot be read, is not D-dimensional, not finite or constant, or a label
            does not fit its image.
    """
    cache_dir = Path(cache_dir)
    cache_dir.mkdir(parents=True, exist_ok=True)
    folders = _folders(records, atlas, cache_dir, spatial_dims)
    # By folder, so that a record given twice is computed once.
    missing = {folder: record for folder, record in zip(folders, records, strict=True) if not folder.is_dir()}
    logger.info("affine stage: %d reused, %d to compute", len(records) - len(missing), len(missing))
    if missing:
        target = _read_subject(atlas, spatial_dims)
        for folder, record in progress(missing.items(), "affine stage", "subject"):
            _build(record, target, folder, spatial_dims)
    return [_result(record, folder) for record, folder in zip(records, folders, strict=True)]


@dataclass(frozen=True)
class _Subject:
    """One subject in memory: ITK images (float32) and the NIfTI file whose header they came with."""

    nifti: SpatialImage
    image_path: str
    image: itk.Image
    label: itk.Image | None


def _folders(records: Sequence[Record], atlas: Record, cache_dir: Path, spatial_dims: int) -> list[Path]:
    """Cache folder of every record, ``<subject>-<digest>``."""
    stage = f"{STAGE_VERSION} {NUM_ITERATIONS} {spatial_dims} {_content(atlas['image'])}"
    folders = []
    for record in records:
        contents = [_content(record[key]) if key in record else "" for key in ("image", "label")]
        digest = hashlib.sha256(" ".join([stage, *contents]).encode()).hexdigest()[:12]
        name = re.sub(r"[^\w.-]+", "_", record["subject"])
        folders.append(cache_dir / f"{name}-{digest}")
    return folders


def _content(path: str) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be read ({error.strerror}); give the path of a NIfTI file."
        ) from error


def _build(record: Record, target: _Subject, folder: Path, spatial_dims: int) -> None:
    """Compute one subject's files in a temporary sibling of ``folder``, then rename it into place."""
    subject = _read_subject(record, spatial_dims)
    still = identity(spatial_dims)
    is_atlas = _content(subject.image_path) == _content(target.image_path)
    moved = still if is_atlas else register_affine(target.image, subject.image, NUM_ITERATIONS)
    with atomic_folder(folder) as partial:
        files = _result(record, partial)
        itk.transformwrite([moved], files["affine"])
        for prefix, transform in (("", moved), ("unaligned_", still)):
            image = resample(subject.image, target.image, transform, nearest=False)
            _write(image, target, files[prefix + "image"])
            if subject.label is not None:
                label = resample(subject.label, target.image, transform, nearest=True)
                _write(label, target, files[prefix + "label"], integer=True)


def _result(record: Record, folder: Path) -> dict[str, str]:
    """``record`` with the paths of its files in ``folder``."""
    names = ["image", "unaligned_image"] + (["label", "unaligned_label"] if "label" in record else [])
    paths = {name: str(folder / f"{name}.nii.gz") for name in names}
    return {**record, **paths, "affine": str(folder / "affine.tfm")}


def _read_subject(record: Record, spatial_dims: int) -> _Subject:
    """Read and check a record's image and label.

    Raises:
        InputError: as ``affine_normalise``.
    """
    path = record["image"]
    nifti, values = _read(path, spatial_dims)
    check_intensities(values, path)
    frame = _frame(nifti, spatial_dims)
    label = _read_label(record["label"], path, values.shape, frame) if "label" in record else None
    return _Subject(nifti, path, place(values, frame), label)


def _read_label(path: str, image_path: str, size: tuple[int, ...], frame: np.ndarray) -> itk.Image:
    """Read a label that lies on the voxels of its image, of ``size`` and in ``frame``.

    Raises:
        InputError: if its size or the direction of its axes is not the image's, or an id is not whole.
    """
    nifti, values = _read(path, len(size))
    if values.shape != size:
        raise InputError(
            f"{path}: the label has size {values.shape} and its image {image_path} has {size}; "
            "a label must lie on the voxels of its image."
        )
    own = _frame(nifti, len(size))
    if nib.orientations.io_orientation(own).tolist() != nib.orientations.io_orientation(frame).tolist():
        raise InputError(
            f"{path}: the label's axes point elsewhere than those of its image {image_path}; "
            "store both in the same orientation."
        )
    if not np.allclose(own, frame, atol=1e-2):
        logger.warning("%s: origin or spacing differ from the image's %s, whose are used", path, image_path)
    check_label_ids(values, path)
    return place(values, frame)


def _read(path: str, spatial_dims: int) -> tuple[SpatialImage, np.ndarray]:
    """NIfTI file and its values, float32 ``(*S)``, without trailing axes of size 1 beyond D.

    Raises:
        InputError: if the file cannot be read or is not D-dimensional.
    """
    try:
        nifti = nib.load(path)
        if not isinstance(nifti, SpatialImage):
            raise TypeError("it holds no voxels")
        values = nifti.get_fdata(caching="unchanged", dtype=np.float32)
    except (OSError, EOFError, ImageFileError, TypeError, ValueError, ZlibError) as error:
        raise InputError(f"{path}: the file cannot be read as an image ({error}); give a NIfTI file.") from error
    while values.ndim > spatial_dims and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != spatial_dims or min(values.shape) < 2:
        raise InputError(f"{path}: the size is {nifti.shape}; the affine stage needs a {spatial_dims}-D image here.")
    return nifti, values


def _frame(nifti: SpatialImage, spatial_dims: int) -> np.ndarray:
    """Index to physical space, ``(D + 1, D + 1)``, millimetres.

    In 2-D the spacing alone; in 3-D the header's affine, turned from NIfTI's RAS to ITK's LPS.
    """
    if spatial_dims < 3:
        return np.diag([*(float(zoom) for zoom in nifti.header.get_zooms()[:spatial_dims]), 1.0])
    return RAS_TO_LPS @ nifti.affine


def _write(image: itk.Image, target: _Subject, path: str, integer: bool = False) -> None:
    """Save ``image``, which lies on the atlas grid, with the shape and header of the atlas file."""
    values = itk.array_from_image(image).T.reshape(target.nifti.shape)
    values = values.astype(smallest_type(values)) if integer else values
    nifti = nib.Nifti1Image(values, target.nifti.affine, target.nifti.header)
    nifti.set_data_dtype(values.dtype)
    nib.save(nifti, path)
