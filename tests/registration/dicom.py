"""DICOM series on disk, by pydicom, as scanners write them: a file a slice, its place in its own header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pydicom: Any = pytest.importorskip("pydicom")
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.uid import JPEGBaseline8Bit, MRImageStorage, RLELossless, generate_uid  # noqa: E402

UNCOMPRESSED = pydicom.uid.ExplicitVRLittleEndian


@dataclass(frozen=True, eq=False)
class Series:
    """What a series is made of.

    Attributes:
        values: ``(X, Y, Z)``, whole numbers of 16 bits.
        direction: ``(3, 3)``, unit vectors of the axes in columns, LPS.
        spacing: ``(3,)``, mm.
        origin: ``(3,)``, of the first voxel, LPS, mm.
    """

    values: np.ndarray
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))
    spacing: Sequence[float] = (1.0, 1.0, 1.0)
    origin: Sequence[float] = (0.0, 0.0, 0.0)

    @property
    def affine(self) -> np.ndarray:
        """From index to LPS, ``(4, 4)``."""
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = self.direction * np.array(self.spacing), self.origin
        return affine

    def slices(self) -> list[Dataset]:
        """A data set a slice."""
        series = generate_uid()
        return [self._slice(k, series) for k in range(self.values.shape[2])]

    def _slice(self, k: int, series: str) -> Dataset:
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID = MRImageStorage, generate_uid()
        data.StudyInstanceUID = data.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.1"
        data.SeriesInstanceUID, data.Modality, data.SeriesDate = series, "MR", "20200101"
        data.PatientName, data.PatientID, data.StudyID, data.SeriesNumber = "Made^Up", "1", "1", 1
        data.InstanceNumber = k + 1
        data.Columns, data.Rows = self.values.shape[:2]
        data.ImagePositionPatient = [f"{x:.9g}" for x in (self.affine @ [0, 0, k, 1])[:3]]
        data.ImageOrientationPatient = [f"{x:.9g}" for x in self.direction[:, :2].T.ravel()]
        data.PixelSpacing = [f"{x:.9g}" for x in self.spacing[1::-1]]  # of rows, then of columns
        data.SliceThickness = f"{self.spacing[2]:.9g}"
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.PixelData = self.values[:, :, k].T.astype("<i2").tobytes()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = UNCOMPRESSED
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        return data


def write_slices(folder: Path, slices: Sequence[Dataset]) -> str:
    """Write them under names whose order says nothing."""
    folder.mkdir(exist_ok=True)
    names = np.random.default_rng(len(slices)).permutation(len(slices))
    for name, data in zip(names, slices, strict=True):
        data.save_as(folder / f"{data.SeriesInstanceUID[-8:]}_{name:03d}.dcm", enforce_file_format=True)
    return str(folder)


def packed(slices: Sequence[Dataset]) -> list[Dataset]:
    """The same, compressed without loss."""
    for data in slices:
        data.compress(RLELossless)
    return list(slices)


def broken_jpeg(slices: Sequence[Dataset]) -> list[Dataset]:
    """The same under a header that says JPEG, whose bytes are none."""
    for data in slices:
        data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no picture \xff\xd9"])
        data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        data["PixelData"].VR = "OB"
    return list(slices)
