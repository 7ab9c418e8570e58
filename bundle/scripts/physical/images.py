"""Images and labels in memory, with where they lie; refusing what cannot be registered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nibabel as nib
import numpy as np
from monai.data import ITKReader, NibabelReader

from ..errors import InputError
from ..voxels import check_intensities, check_label_ids, smallest_type
from .geometry import Geometry
from .headers import check_whole, is_nifti, read_geometry, unreadable
from .information import series_files


@dataclass(frozen=True, eq=False)
class Image:
    """Voxels and where they lie.

    Attributes:
        path: the file or folder it came from.
        values: ``(*size)``, the axes in the file's order: float32 intensities, or the label ids as stored.
        geometry: the grid.
        note: what was decided on reading and a user should know, or an empty string.
        own: the file's grid, where ``geometry`` is that grid in a space of more dimensions.
    """

    path: str
    values: np.ndarray
    geometry: Geometry
    note: str = ""
    own: Geometry | None = None

    @property
    def stored(self) -> Geometry:
        """The file's own grid."""
        return self.own or self.geometry

    @property
    def array(self) -> np.ndarray:
        """The voxels without axes one voxel long, ``(*S)`` of D axes."""
        return self.values.squeeze()

    @property
    def canonical(self) -> np.ndarray:
        """:attr:`array` with its axes turned into the canonical ones."""
        return self.geometry.canonical.apply(self.array)

    @cached_property
    def affine_ras(self) -> np.ndarray:
        """NIfTI's 4 x 4 affine, right-anterior-superior: a NIfTI file's own to the last digit, else its grid's."""
        return np.asarray(nib.load(self.path).affine, dtype=float) if is_nifti(self.path) else self.geometry.affine_ras

    def in_space(self, dims: int) -> Image:
        """The image as ITK reads it into ``dims`` dimensions: a 2-D file in 3-D is one voxel thick, at the origin."""
        if len(self.geometry.size) == dims:
            return self
        values = self.values.reshape(*self.values.shape, *[1] * (dims - self.values.ndim))
        return replace(self, values=values, geometry=self.geometry.in_space(dims), own=self.geometry)


def read_image(path: str) -> Image:
    """Intensities as float32.

    Raises:
        InputError: if the file cannot be read, is no one-channel image of two or three axes, or holds NaN, infinity
            or one value only.
    """
    path = str(path)
    geometry = read_geometry(path)
    values = read_voxels(path, geometry.size)
    check_intensities(values, path)
    return Image(path, values.astype(np.float32), geometry)


def read_label(path: str, image: Image | None = None, smallest: int | None = None) -> Image:
    """Label ids, of a whole-number type.

    A label map is drawn on its image's voxels. Stored in another order of the axes under a header that says so, it is
    put into its image's. Where the two files' headers disagree otherwise, as they do after some programs, the sizes
    being equal, the label is taken to lie where its image lies, and ``note`` says so.

    Args:
        path: the file.
        image: the image it belongs to; without one the file's own header is kept.
        smallest: see :func:`scripts.physical.headers.read_geometry`.

    Raises:
        InputError: if the file cannot be read, holds values that are not whole numbers, or differs in size.
    """
    path = str(path)
    geometry = read_geometry(path, smallest=smallest)
    label = Image(path, whole_numbers(read_voxels(path, geometry.size), path), geometry)
    return label if image is None else on_voxels_of(image, label)


def read_mask(path: str, image: Image) -> Image:
    """A label map of an image that is not 0 where the image is compared, by the rules of :func:`read_label`.

    Raises:
        InputError: as there, or if it is 0 everywhere.
    """
    mask = read_label(path, image)
    if not mask.values.any():
        raise InputError(f"{path} is empty; a mask is not 0 where its image is to be compared.")
    return mask


def on_voxels_of(image: Image, label: Image) -> Image:
    """The label stored as its image is, by the rules of :func:`read_label`.

    Raises:
        InputError: if it differs in size.
    """
    if label.geometry.size == image.geometry.size and label.geometry.same_as(image.geometry):
        return replace(label, geometry=image.geometry)
    if label.geometry.same_but_for_order(image.geometry):
        stored = image.geometry.canonical.undo(label.canonical)
        return replace(label, values=stored.reshape(image.geometry.size), geometry=image.geometry)
    if label.geometry.size != image.geometry.size:
        sizes = " but its image ".join(" x ".join(map(str, each.geometry.size)) for each in (label, image))
        raise InputError(f"{label.path} measures {sizes} voxels; a label map or mask must have its image's size.")
    note = f"the header of {label.path} does not match that of {image.path}: the image's was used for both"
    return replace(label, geometry=image.geometry, note=note)


def read_voxels(path: str, size: tuple[int, ...]) -> np.ndarray:
    """The voxels ``(*size)``, unchecked. ITK fills up a truncated NIfTI file with zeros, nibabel does not.

    Raises:
        InputError: if they cannot be read or are no real numbers.
    """
    try:
        values = _read(path)
    except InputError:
        raise
    except Exception as error:  # ITK, nibabel, gzip and zlib each have their own
        raise unreadable(path, error) from error
    if np.iscomplexobj(values) or values.dtype.names:
        raise InputError(f"{path} holds complex or coloured voxels; give an image of one real channel.")
    return values.reshape(size)


def _read(path: str) -> np.ndarray:
    if is_nifti(path):
        check_whole(path)
        nifti = NibabelReader()
        return np.asarray(nifti.get_data(nifti.read(path))[0])
    import itk  # takes seconds

    reader = ITKReader(pixel_type=itk.D)  # every type of file; 64 bits hold every label id
    if Path(path).is_dir():
        return np.asarray(reader.get_data(itk.imread(series_files(path), itk.D))[0])
    return np.asarray(reader.get_data(reader.read(path))[0])


def whole_numbers(values: np.ndarray, path: str) -> np.ndarray:
    """The label ids of the file ``path`` in the smallest type that holds them.

    Raises:
        InputError: if they are no whole numbers, or too large.
    """
    check_label_ids(values, path)
    if not np.issubdtype(values.dtype, np.integer):
        values = values.astype(np.int64)
    return values.astype(smallest_type(values), copy=False)
