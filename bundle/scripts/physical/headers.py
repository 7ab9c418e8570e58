"""What a file says about itself, read before its voxels and checked: ITK decides, as in the user's other software."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.openers import ImageOpener

from ..errors import InputError
from ..files import is_file, is_folder, is_unicode, not_a_file
from .geometry import Geometry
from .information import Information, file_information, is_dicom, series_information
from .orientation import RAS_LPS

NIFTI_SUFFIXES = (".nii.gz", ".nii")
IMAGE_SUFFIXES = (*NIFTI_SUFFIXES, ".nrrd", ".nhdr", ".mha", ".mhd")
MIN_SIZE = 4  # voxels: ITK smooths nothing shorter
MAX_VOXELS = 2**30
CHUNK = 2**20  # bytes at a time
ORTHONORMAL = 1e-3  # how far the product of two axes may be from 0 or 1


def is_nifti(path: str) -> bool:
    """Whether this is a file, existing or not, whose name ends like a NIfTI file's."""
    return path.lower().endswith(NIFTI_SUFFIXES) and not Path(path).is_dir()


def is_image(path: Path) -> bool:
    """Whether a path's name ends like an image file's, or it is a folder with a DICOM file."""
    if is_folder(path):
        return any(is_dicom(str(each)) for each in path.iterdir() if not _has_suffix(each))
    return _has_suffix(path)


def _has_suffix(path: Path) -> bool:
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def stem_of(path: Path) -> str:
    """The name of an image file without its suffix, or of a folder."""
    end = next((suffix for suffix in IMAGE_SUFFIXES if path.name.lower().endswith(suffix)), "")
    return path.name if is_folder(path) else path.name[: len(path.name) - len(end)]


def read_geometry(path: str, vectors: int = 1, smallest: int | None = None) -> Geometry:
    """The grid of an image file, or of the one DICOM series of a folder, as ITK reads it.

    Args:
        path: the file or folder.
        vectors: how many values a voxel must have.
        smallest: how many voxels an axis longer than one must have; ``None`` for as many as ITK smooths.

    Raises:
        InputError: if there is no such file, no format knows it, it is no one-channel image of two or three axes, or
            its spacing, origin or direction cannot be that of an image.
    """
    size, spacing, origin, direction = read_axes(path, vectors)
    while len(size) > 3 and size[-1] == 1:
        size = size[:-1]
    dims = len(size)
    geometry = Geometry(tuple(size), spacing[:dims], origin[:dims], direction[:dims, :dims])
    check_geometry(geometry, path, smallest or (MIN_SIZE if vectors == 1 else 2))
    return geometry


def read_axes(path: str, vectors: int = 1) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray]:
    """Size, spacing, origin and direction of a file's axes, however many, as ITK reads them; time is its fourth.

    Raises:
        InputError: if there is no such file, no format knows it, or a voxel has not ``vectors`` values.
    """
    if not (is_file(path) or is_folder(path)):
        raise InputError(f"{path} {not_a_file(path)}; name an image file or a folder of one DICOM series.")
    if not is_unicode(path):
        raise InputError(f"{path} has a name of bytes that are no UTF-8, which ITK cannot open; rename it.")
    if is_nifti(path):
        _check_nifti(path)
    size, spacing, origin, direction, components = _information(path)
    if components != vectors:
        raise InputError(f"{path} has {components} values a voxel (colours, vectors); it should have {vectors}.")
    return size, spacing, origin, direction


def _information(path: str) -> Information:
    """What the header says, by ITK."""
    try:
        if Path(path).is_dir():
            return series_information(path)
        if is_nifti(path) and isinstance(nifti_header(path), nib.Nifti2Header):
            return _of_nifti_2(nifti_header(path))
        return file_information(path)
    except RuntimeError as error:
        raise unreadable(path, error) from error


def _of_nifti_2(header: nib.Nifti2Header) -> Information:
    """ITK reads no NIfTI-2: what it says of a NIfTI-1 file of the same header."""
    size = [int(n) for n in header["dim"][1 : 1 + int(header["dim"][0])]]
    components = size.pop(4) if len(size) > 4 else 1
    dims = len(size)
    affine = np.diag([*RAS_LPS, 1.0]) @ header.get_best_affine()
    matrix, origin = np.eye(max(dims, 3)), np.zeros(max(dims, 3))
    matrix[:3, :3], origin[:3] = affine[:3, :3], affine[:3, 3]
    matrix, origin = matrix[:dims, :dims], origin[:dims]
    spacing = np.linalg.norm(matrix, axis=0)
    return Information(size, spacing, origin, matrix / spacing, components)


def nifti_header(path: str) -> nib.Nifti1Header:
    """The header as it is stored, unchecked: checking, nibabel would mend it."""
    with ImageOpener(path) as stream:
        first = stream.read(4)  # the header's length
    kind = nib.Nifti2Header if first in (b"\x1c\x02\0\0", b"\0\0\x02\x1c") else nib.Nifti1Header
    with ImageOpener(path) as stream:
        return kind.from_fileobj(stream, check=False)


def check_whole(path: str) -> None:
    """Read a compressed file to its end, where its checksum stands: nibabel stops behind the last voxel.

    Raises:
        OSError, EOFError, zlib.error: if it is not what was written.
    """
    if path.lower().endswith(".gz"):
        with gzip.open(path) as stream:
            while stream.read(CHUNK):
                pass


def unreadable(path: str, error: BaseException) -> InputError:
    """The sentence for a file on which a reader gave up."""
    return InputError(f"{path} cannot be read as an image ({reason_of(error)}); give a complete, valid file.")


def reason_of(error: BaseException) -> str:
    """What ITK or another library gives as its reason: one sentence, without where in its sources it did so."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = re.sub(r"ITK ERROR: |\w+ ?\(0x\w+\): ", "", lines[-1] if lines else type(error).__name__)
    return reason.partition(". ")[0][:160].rstrip(".")


def _check_nifti(path: str) -> None:
    """Refuse what ITK mends in silence: voxels of no size become 1 mm wide."""
    try:
        header = nifti_header(path)
        spacing = np.array(header["pixdim"][1 : 1 + min(3, int(header["dim"][0]))], dtype=float)
        affine = header.get_best_affine()
        header.get_data_offset()  # a number
    except Exception as error:  # nibabel, gzip and zlib each have their own
        raise unreadable(path, error) from error
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(f"{path} has a voxel spacing of {_text(spacing)}; every axis needs one above 0.")
    matrix = affine[:3, :3]
    if not np.isfinite(affine).all() or abs(np.linalg.det(matrix / np.abs(matrix).max())) < 1e-12:
        raise InputError(f"{path} has an affine that is not finite or that is singular; mend its sform or qform.")


def check_geometry(geometry: Geometry, path: str, smallest: int) -> None:
    """Refuse a grid that the file ``path`` cannot mean.

    Raises:
        InputError: if it has not two or three long axes of ``smallest`` voxels or more, too many voxels in all, or a
            spacing, origin or direction that cannot be that of an image.
    """
    dims, size = len(geometry.size), geometry.size
    if dims not in (2, 3) or len(geometry.axes) not in (2, 3):
        series = f"; to choose a frame, counted from 0: register_sequence {path} --reference 0" if dims == 4 else ""
        raise InputError(
            f"{path} is an array of {sizes_text(size)}; give a 2-D or 3-D image, one time point of a series{series}."
        )
    if min(size[axis] for axis in geometry.axes) < smallest or np.prod(size, dtype=float) > MAX_VOXELS:
        raise InputError(
            f"{path} measures {sizes_text(size)} voxels; every axis needs {smallest} or more, and 2**30 in all at most."
        )
    spacing = geometry.spacing
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(f"{path} has a voxel spacing of {_text(spacing)}; every axis needs one above 0.")
    if not np.isfinite(geometry.origin).all():
        raise InputError(f"{path} has an origin of {_text(geometry.origin)}; finite coordinates are needed.")
    product = geometry.direction.T @ geometry.direction
    if not np.allclose(product, np.eye(dims), atol=ORTHONORMAL):  # NaN fails too
        hint = ", and a slice out of the x-y plane must be stored as a volume one voxel thick" if dims == 2 else ""
        raise InputError(f"{path} has a singular or sheared direction; its axes must be at right angles{hint}.")


def sizes_text(size: Sequence[int]) -> str:
    """Sizes as sentences give them."""
    return " x ".join(str(each) for each in size)


def _text(values: np.ndarray) -> str:
    return " x ".join(f"{value:g}" for value in values)
