"""The embedded cohort of volumes: brains of real proportions, of two like halves, with something to register."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine, voxel_sizes

from scripts.data.labels import read_label_table
from scripts.data.subjects import NEURITE_TABLES, find_subjects
from scripts.data.synthetic import SIZES, write_cohort
from scripts.data.synthetic.labels import MIDDLE_LABELS, SIDE_LABELS, label_names
from support import mean_dice

# Millilitres in neurite-OASIS 3-D (five subjects), of the left or the middle structure.
REAL_VOLUMES = {1: 259, 2: 297, 3: 21.6, 4: 0.8, 5: 15.4, 6: 66.8, 7: 8.4, 8: 4.6, 9: 7.2, 10: 2.1, 11: 2.1, 12: 2.8,
                13: 24.3, 14: 5.3, 15: 2.0, 17: 4.9}  # fmt: skip
VOLUME = 2.5**3 / 1000  # of a voxel, ml


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("synthetic") / "volumes", 5, SIZES[3])


@pytest.fixture(scope="module")
def arrays(volumes: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and label maps ``(N, *S)``."""
    records = find_subjects(volumes, 3)
    images, labels = (np.stack([np.asarray(nib.load(r[key]).dataobj) for r in records]) for key in ("image", "label"))
    return images, labels


def test_voxels_are_cubes_whose_size_the_header_tells(volumes: Path) -> None:
    for key in ("image", "label"):
        nifti = nib.load(find_subjects(volumes, 3)[0][key])
        assert nifti.shape == SIZES[3]
        assert voxel_sizes(nifti.affine).tolist() == [2.5] * 3 == list(nifti.header.get_zooms())
        assert nib.aff2axcodes(nifti.affine) == ("L", "I", "A")
        assert nifti.header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize("size", [(32, 32, 40), (40, 48, 36)])
def test_the_brain_lies_at_the_same_place_whatever_the_grid(tmp_path: Path, size: tuple[int, ...]) -> None:
    centres = []
    for record in find_subjects(write_cohort(tmp_path / "cohort", 4, size), 3):
        image = nib.load(record["image"])
        centres.append(apply_affine(image.affine, np.argwhere(np.asarray(image.dataobj) > 0).mean(0)))
    assert np.mean(centres, 0).tolist() == pytest.approx([0, -6, 6], abs=4)  # right, anterior, superior, mm


def test_structures_have_their_real_volumes(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = arrays
    names = label_names(3)
    assert set(np.unique(labels)) == {0, *names}
    expected = REAL_VOLUMES | {right: REAL_VOLUMES[left] for left, right in SIDE_LABELS[3].values()}
    assert sorted(expected) == sorted(names)
    for k, volume in expected.items():
        found = VOLUME * float((labels == k).sum((1, 2, 3)).mean())
        factor = 1.25 if volume > 100 else 2.5 if "Inf-Lat" in names[k] else 1.75  # a shell of a voxel, or less
        assert volume / factor < found < volume * factor, (names[k], found)


def test_halves_are_alike_but_not_the_same(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = arrays
    for label in labels:
        mirrored = label[::-1]
        swapped = mirrored.copy()
        for left, right in SIDE_LABELS[3].values():
            swapped[mirrored == left], swapped[mirrored == right] = right, left
        assert 0.3 < mean_dice(label, swapped) < 0.9


def test_midline_structures_lie_in_the_middle(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = arrays
    middle = (SIZES[3][0] - 1) / 2
    for k in MIDDLE_LABELS[3].values():
        assert np.argwhere(labels == k)[:, 1].mean() == pytest.approx(middle, abs=1.5), k


def test_tissues_differ_and_nothing_surrounds_the_brain(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = arrays
    assert images.min() == 0 and np.isfinite(images).all() and images.max() <= 0.9
    assert (images[labels > 0] > 0).all()
    assert 0.25 < (images > 0).mean() < 0.5
    real = {1: 0.373, 2: 0.243, 5: 0.326, 6: 0.214, 7: 0.292}
    means = {k: images[labels == k].mean() for k in real}
    assert means == pytest.approx(real, abs=0.05)
    assert images[labels == 3].mean() < 0.15  # 0.045 in real voxels of 1 mm, of which fewer are cut by the border


def test_unregistered_volumes_overlap_as_real_ones_do(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    """0.43 to 0.64 in neurite-OASIS 3-D, 0.54 on average."""
    _, labels = arrays
    dice = [mean_dice(labels[i], labels[j]) for i, j in combinations(range(len(labels)), 2)]
    assert 0.45 < np.mean(dice) < 0.62
    assert min(dice) > 0.35 and max(dice) < 0.75


def test_table_and_axes_are_those_of_neurite_oasis(real_data: Path, volumes: Path) -> None:
    theirs = real_data / "neurite_oasis_2d" / NEURITE_TABLES[3]  # they come with the slices
    if not theirs.is_file() or not (real_data / "neurite_oasis_3d").is_dir():
        pytest.skip(f"{theirs} or neurite_oasis_3d is not there")
    table = read_label_table(volumes / NEURITE_TABLES[3])
    assert table == {k: name for k, name in read_label_table(theirs).items() if k in table}
    a, b = (nib.load(find_subjects(folder, 3)[0]["image"]) for folder in (real_data / "neurite_oasis_3d", volumes))
    assert nib.aff2axcodes(a.affine) == nib.aff2axcodes(b.affine)
    assert a.get_data_dtype() == b.get_data_dtype()
