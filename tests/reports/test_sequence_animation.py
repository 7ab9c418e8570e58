"""Animations of sequences, read back from their files: frames, times, and lines where the motion takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from scripts.errors import InputError
from scripts.reports import save_sequence_animation
from scripts.reports.panels import FIXED_COLOUR, GRID_COLOUR
from scripts.reports.planes import View
from scripts.reports.sequence_animation import carry, frame_durations, palette
from support import assert_one_sentence, coloured

SIZE = (50, 40)
SHIFTS = np.array([[0, 0], [6, 0], [6, 8]])  # of a disc, voxels along the two axes


def disc(shift: np.ndarray) -> np.ndarray:
    """A bright disc on grey, all of which is shown: one black voxel is the background."""
    points = np.indices(SIZE) - np.reshape([20, 15], (2, 1, 1)) - np.reshape(shift, (2, 1, 1))
    image = np.where((points**2).sum(0) < 64, 1.0, 0.4)
    image[0, 0] = 0.0
    return image


def arrays() -> dict[str, Any]:
    """Three frames in which everything moves as the disc does."""
    frames = np.stack([disc(shift) for shift in SHIFTS])
    ddf = np.broadcast_to(SHIFTS[:, :, None, None], (3, 2, *SIZE)).astype(float)
    return {"frames": frames, "aligned": np.stack([frames[0]] * 3), "ddf": ddf, "times": [0.0, 0.04, 0.1], "unit": "s"}


def read(path: Path) -> tuple[list[np.ndarray], list[int], dict[str, Any]]:
    """Pixels 0 to 1 of every frame, their durations, and what the file says of itself."""
    with Image.open(path) as image:
        frames = [(np.asarray(f.convert("RGB")) / 255, f.info["duration"]) for f in ImageSequence.Iterator(image)]
        return [pixels for pixels, _ in frames], [duration for _, duration in frames], dict(image.info)


def test_it_has_every_frame_at_its_time_and_runs_for_ever(tmp_path: Path) -> None:
    save_sequence_animation(tmp_path / "new" / "a.gif", **arrays(), title="a disc")
    frames, durations, info = read(tmp_path / "new" / "a.gif")
    assert len(frames) == 3 and durations == [40, 60, 50] and info["loop"] == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.gif"]


def test_lines_go_where_the_field_takes_them(tmp_path: Path) -> None:
    """Right along the first axis and down along the second; the outlines of what is aligned stay."""
    label = (disc(SHIFTS[0]) > 0.5).astype(int)
    save_sequence_animation(tmp_path / "a.gif", **arrays(), label=label)
    frames, _, _ = read(tmp_path / "a.gif")
    third = frames[0].shape[1] // 3
    scale = 300 // SIZE[0]  # pixels a voxel
    outlines = [np.argwhere(coloured(pixels[:, :third], FIXED_COLOUR)).mean(0)[::-1] for pixels in frames]
    np.testing.assert_allclose(np.array(outlines) - outlines[0], scale * SHIFTS, atol=1.5)
    discs = [np.argwhere(coloured(pixels[30:-30, 10:300], "white")).mean(0)[::-1] for pixels in frames]
    np.testing.assert_allclose(np.array(discs) - discs[0], scale * SHIFTS, atol=1.5)  # the image moves with them
    still = [coloured(pixels[:, third : 2 * third], FIXED_COLOUR) for pixels in frames]
    assert still[0].sum() > 100
    assert (still[0] == still[1]).all() and (still[0] == still[2]).all()
    grids = [coloured(pixels[:, 2 * third :], GRID_COLOUR) for pixels in frames]
    assert grids[0].sum() > 1000 and (grids[0] != grids[1]).any()


@pytest.mark.parametrize(("spacing", "ratio"), [((1.0, 1.0), 40 / 50), ((1.0, 2.0), 80 / 50)])
def test_voxels_have_their_shape(spacing: tuple[float, float], ratio: float, tmp_path: Path) -> None:
    """The height of the panels, what texts take left out, over their width."""
    save_sequence_animation(tmp_path / "a.gif", **arrays(), spacing=spacing)
    frames, _, _ = read(tmp_path / "a.gif")
    rows = (frames[0][:, 250] < 0.95).all(-1).sum()  # a column of the first panel beside the disc
    assert rows == pytest.approx(300 * ratio, abs=4)


def test_lines_are_carried_between_voxels_too() -> None:
    """``x + A x`` is linear, so interpolation is exact: no component or axis may be exchanged."""
    view = View(0, 1, False, (slice(0, 9), slice(0, 7)))
    matrix = np.array([[0.3, -0.2], [0.1, -0.4]])
    line = np.array([[1.25, 2.5], [6.5, 4.75], [3.0, 5.0]])
    (found,) = carry([line], view, np.einsum("ij,jxy->ixy", matrix, np.indices((9, 7), dtype=float)))
    np.testing.assert_allclose(found, line + line @ matrix.T)


@pytest.mark.parametrize(
    ("times", "unit", "expected"),
    [
        ([0, 0.033, 0.066, 0.099], "s", [30, 40, 30, 30]),  # 99 ms, and 33 for the last: 132 in hundredths
        ([5, 45, 145], "ms", [40, 100, 70]),
        ([0, 4], "ms", [20, 20]),
        ([0, 30], "sec", [1000, 1000]),
        ([0, 1, 2], "", [50, 50, 50]),
        ([0.0], "s", [50]),
    ],
)
def test_frames_last_until_the_next_one(times: list[float], unit: str, expected: list[int]) -> None:
    assert frame_durations(times, unit) == expected


def test_one_palette_fits_a_gif() -> None:
    assert len(palette()) <= 256 and palette().min() == 0 and palette().max() == 255


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"frames": np.zeros((3, 4, 5, 6))}, r"\(T, \*S\), not an array of shape \(3, 4, 5, 6\)"),
        ({"frames": np.zeros((0, *SIZE))}, "needs frames"),
        ({"aligned": np.zeros((2, *SIZE))}, r"aligned has shape \(2, 50, 40\), expected \(3, 50, 40\)"),
        ({"ddf": np.zeros((3, 3, *SIZE))}, "ddf has shape"),
        ({"times": [0.0, 1.0]}, r"times has shape \(2,\), expected \(3,\)"),
        ({"label": np.zeros((3, *SIZE))}, "label has shape"),
    ],
)
def test_misfits_are_named(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        save_sequence_animation(tmp_path / "a.gif", **{**arrays(), **changed})
    assert_one_sentence(str(caught.value))
    assert list(tmp_path.iterdir()) == []
