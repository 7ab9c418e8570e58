"""What a method makes of a subject: labels of the first labelled frame in the others, volumes, regularity, seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from torch import Tensor

from scripts.data.sequences import SequenceRecord
from scripts.metrics import HausdorffDistance95, ejection_fraction, label_dice, temporal_roughness
from scripts.physical import read_label_frame, read_sequence
from scripts.physical.orientation import RAS_LPS
from scripts.spatial import folded_fraction, invert_field, warp

from .sequence_rows import Frames, scaled_frames

Row = dict[str, float]

LEFT, LABELS = 3, (1, 2, 3)  # of ACDC: right ventricle, myocardium, left ventricle


def measure(frames: Frames, record: SequenceRecord) -> Row:
    """What a method makes of a subject: from its first labelled frame to every frame, slice by slice."""
    sequence = read_sequence(record["image"])
    labels = {t: torch.from_numpy(read_label_frame(path, sequence).values) for t, path in record["labels"].items()}
    reference, *others = sorted(labels)
    stack = [scaled_frames(sequence.values[:, :, k]) for k in range(sequence.geometry.size[2])]
    begin = time.perf_counter()
    fields = [frames(scaled, reference) for scaled in stack]
    seconds = (time.perf_counter() - begin) / len(fields) / len(stack[0])
    carried = torch.stack([carry(labels[reference][..., k], ddf) for k, ddf in enumerate(fields)], dim=-1)
    cavity = (carried == LEFT).flatten(1).sum(1).double()
    row: Row = {
        "ef_error": 100 * (ejection_fraction(cavity) - ejection_of(labels)),
        "ef": 100 * ejection_of(labels),
        "folded": float(torch.stack([folded_fraction(ddf).mean() for ddf in fields]).mean()),
        "roughness": float(np.mean([temporal_roughness(ddf, periodic=True) for ddf in fields])),
        "seconds": seconds,
    }
    scores = torch.cat([_dice(carried[t], labels[t], labels[reference]) for t in others])
    distances = [_hd95(carried[t], labels[t], labels[reference]) for t in others]
    names = ("rv", "myo", "lv")
    row |= {name: float(value) for name, value in zip(names, scores.nanmean(0), strict=True)}
    truth = Path(record["image"].replace("_4d.nii.gz", "_motion.nii.gz"))
    if truth.is_file():
        row["endpoint"] = endpoint_error(torch.stack(fields, -1), truth, labels[reference] > 0)
    return {**row, "dice": float(scores.nanmean()), "hd95": float(np.nanmean(distances))}


def endpoint_error(ddf: Tensor, truth: Path, heart: Tensor) -> float:
    """Mean distance, mm, of the motion found from the true one, over the heart and all frames.

    Args:
        ddf: of a stack, ``(T, 2, X, Y, Z)``, in voxels.
        truth: file of the true displacements, ``(X, Y, Z, T, 3)``, LPS, mm.
        heart: mask of the reference, ``(X, Y, Z)``.
    """
    nifti = nib.load(truth)
    matrix = np.diag(RAS_LPS) @ nifti.affine[:3, :2]
    found = np.einsum("ed,tdxyz->xyzte", matrix, ddf.numpy())
    error = np.linalg.norm(found - np.asarray(nifti.dataobj), axis=-1)
    return float(error[heart.numpy()].mean())


def carry(label: Tensor, ddf: Tensor) -> Tensor:
    """A label map ``(X, Y)`` of the reference in every frame, ``(T, X, Y)``."""
    maps = label[None, None].float().expand(len(ddf), -1, -1, -1)
    return warp(maps, invert_field(ddf), "nearest")[:, 0].round().to(label.dtype)


def ejection_of(labels: Mapping[int, Tensor]) -> float:
    """By the volumes of the labels that were drawn."""
    return ejection_fraction(torch.stack([(label == LEFT).sum() for label in labels.values()]).double())


def _dice(carried: Tensor, drawn: Tensor, original: Tensor) -> Tensor:
    """``(1, K)`` over the stack."""
    maps = [each[None, None].long() for each in (carried, drawn, original)]
    return label_dice(maps[0], maps[1], LABELS, maps[2])


def _hd95(carried: Tensor, drawn: Tensor, original: Tensor) -> float:
    """Mean over the slices and labels, pixels."""
    stacks = [each.movedim(-1, 0)[:, None].long() for each in (carried, drawn, original)]
    still = torch.zeros(len(stacks[0]), 2, *stacks[0].shape[2:])
    measured = HausdorffDistance95(LABELS)
    found = measured.of_labels({"ddf": still}, {"moving_label": stacks[0], "fixed_label": stacks[1]})
    return float(found[found.isfinite()].mean())
