"""What a registration leaves behind: files named after the moving image, complete or absent."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..progress import progress
from ..reports import save_registration_figure
from .deformation import Fields
from .images import Image
from .itk_files import composite_transform, write_field, write_like, write_transform

logger = logging.getLogger(__name__)

REPORT = "_report.json"
# In which format an image on the fixed grid is written: that of the fixed file where it keeps the header exactly.
SUFFIXES = {
    ".nii.gz": ".nii.gz", ".nii": ".nii", ".nrrd": ".nrrd", ".nhdr": ".nrrd", ".mha": ".mha", ".mhd": ".mha",
}  # fmt: skip


def suffix_like(path: str) -> str:
    """The suffix of images on the grid of ``path``; a DICOM series makes NIfTI."""
    lower = path.lower()
    return next((mine for theirs, mine in SUFFIXES.items() if lower.endswith(theirs)), ".nii.gz")


def name_of(path: str) -> str:
    """A file's name without its suffix, or a folder's name."""
    name = Path(path).resolve().name if Path(path).is_dir() else Path(path).name
    for suffix in (*SUFFIXES, ".h5", ".dcm", ".tfm", ".png"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


@contextmanager
def staged(output_dir: str | Path) -> Iterator[Path]:
    """A folder to write into, whose files are moved into ``output_dir`` when the block ends well.

    The report, which says that a pair is done, is moved last. When the block fails nothing is left, not even an
    output folder made for it.

    Raises:
        InputError: if the folder cannot be written or the disk is full.
    """
    target = Path(output_dir)
    made = [folder for folder in (target, *target.parents) if not folder.exists()]
    temporary: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".registration-", dir=target))
        yield temporary
        for file in sorted(temporary.iterdir(), key=lambda each: each.name.endswith(REPORT)):
            file.replace(target / file.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{target} cannot be written ({reason}); free space or choose another --output_dir."
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


@dataclass(frozen=True, eq=False)
class Result:
    """A registered pair.

    Attributes:
        name: what its files' names begin with.
        fixed, moving: as read.
        warped, warped_label: the moving image and label on the fixed grid.
        fields: the transform, see :class:`Fields`.
        jac_det: determinant of its Jacobian on the fixed grid, ``(*size)``.
        figure: arguments of :func:`scripts.reports.save_registration_figure`, on the working grid.
        report: what goes into the JSON file.
    """

    name: str
    fixed: Image
    moving: Image
    warped: Image
    warped_label: Image | None
    fields: Fields
    jac_det: np.ndarray
    figure: Mapping[str, Any]
    report: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write every file into an existing folder.

        Raises:
            OSError: if a file cannot be written.
        """
        for ending, write in progress(self._writers().items(), f"writing {self.name}", "file"):
            write(folder / (self.name + ending))

    def _writers(self) -> dict[str, Callable[[Path], Any]]:
        """What writes each file, by what its name ends in."""
        like, grid, fields = self.fixed.path, self.fixed.geometry, self.fields
        images = {"_warped" + suffix_like(like): self.warped, "_warped_label" + suffix_like(like): self.warped_label}
        arrays = {ending: image.values for ending, image in images.items() if image is not None}
        arrays["_jacobian.nii.gz"] = self.jac_det
        report = json.dumps(self.report, indent=2) + "\n"
        return {
            **{ending: partial(write_like, values=array, geometry=grid, like=like) for ending, array in arrays.items()},
            "_field.nii.gz": partial(write_field, vectors=fields.whole, geometry=fields.fixed),
            "_inverse_field.nii.gz": partial(write_field, vectors=fields.inverse, geometry=fields.moving),
            "_transform.h5": lambda path: write_transform(path, composite_transform(fields)),
            "_figure.png": lambda path: save_registration_figure(path, title=self.name, **self.figure),
            REPORT: lambda path: path.write_text(report, encoding="utf-8"),
        }
