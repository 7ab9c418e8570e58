"""Figures: written, of sensible size, and showing what they claim to show."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from scripts.errors import InputError
from scripts.reports import (
    PairResult,
    save_cohort_sheet,
    save_label_boxplot,
    save_mean_dice_plot,
    save_registration_figure,
    summarise,
)
from scripts.reports.figure import Scene, bounding_box, central_views, grid_lines, label_colour, registration_figure

SIZES = {2: (48, 56), 3: (24, 28, 26)}
LABELS = {2: "Cerebral cortex", 1002: "Thalamus", 5: "nobody has it"}
both_dims = pytest.mark.parametrize("dims", [2, 3])


def ball(dims: int, shift: float = 0.0) -> np.ndarray:
    points = np.indices(SIZES[dims]).astype(float)
    centre = np.array(SIZES[dims]).reshape(-1, *(1,) * dims) / 2 + shift
    return np.exp(-((points - centre) ** 2).sum(0) / (0.05 * min(SIZES[dims]) ** 2))


def arrays(dims: int) -> dict[str, np.ndarray]:
    jac_det = np.ones(SIZES[dims])
    jac_det[(slice(0, 2),) * dims] = -0.5
    maps = {"fixed": ball(dims), "moving": ball(dims, 3.0), "warped": ball(dims, 0.5)}
    return {**maps, "ddf": np.full((dims, *SIZES[dims]), 0.75), "jac_det": jac_det}


def label_maps(dims: int) -> dict[str, np.ndarray]:
    shifts = {"fixed_label": 0.0, "moving_label": 3.0, "warped_label": 0.5}
    return {name: (1002 * (ball(dims, shift) > 0.5)).astype(np.int32) for name, shift in shifts.items()}


def results() -> list[PairResult]:
    random = np.random.default_rng(0)
    dice = [np.append(random.uniform(0.3, 0.9, 2), math.nan) for _ in range(8)]
    return [PairResult(f"s{n}", "a", {"before": dice[n] / 2, "after": dice[n]}, {}) for n in range(8)]


def picture(path: Path, least: int = 200) -> np.ndarray:
    """The pixels of a PNG; reading fails where it is none."""
    assert path.read_bytes().startswith(b"\x89PNG\r\n")
    pixels = imread(path)
    assert min(pixels.shape[:2]) >= least and max(pixels.shape[:2]) <= 2200
    assert pixels[..., :3].std() > 0.02  # not one colour
    return pixels


@both_dims
@pytest.mark.parametrize("with_labels", [True, False])
def test_registration_figure_is_a_picture(dims: int, with_labels: bool, tmp_path: Path) -> None:
    path = tmp_path / "new" / "pair.png"
    labels = label_maps(dims) if with_labels else {}
    save_registration_figure(path, **arrays(dims), **labels, title="s1 to atlas")
    picture(path)
    assert [file.name for file in path.parent.iterdir()] == ["pair.png"]


@pytest.mark.parametrize(("dims", "panels"), [(2, 8), (3, 3 * 8)])
def test_every_panel_and_three_colour_bars(dims: int, panels: int) -> None:
    figure = registration_figure(Scene(**arrays(dims)), "title")
    assert len(figure.axes) == panels + 3
    words = " ".join(text.get_text() for text in figure.texts)
    for heading in ("title", "fixed", "moving", "warped", "displacement", "deformed grid", "Jacobian determinant"):
        assert heading in words
    folded = 100 * 2**dims / np.prod(SIZES[dims])
    assert f"folded, {folded:.2g} %" in " ".join(ax.get_xlabel() for ax in figure.axes)


@both_dims
def test_constant_images_draw_too(dims: int, tmp_path: Path) -> None:
    flat = np.zeros(SIZES[dims])
    save_registration_figure(tmp_path / "a.png", flat, flat, flat, np.zeros((dims, *SIZES[dims])), flat + 1)
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("fixed", (8,), "2 or 3 dimensions"),
        ("moving", (48, 55), r"moving has shape \(48, 55\)"),
        ("ddf", (3, 48, 56), r"ddf has shape \(3, 48, 56\), expected \(2, 48, 56\)"),
        ("jac_det", (1, 48, 56), "jac_det has shape"),
    ],
)
def test_misfits_are_named(name: str, shape: tuple[int, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        save_registration_figure(tmp_path / "a.png", **{**arrays(2), name: np.zeros(shape)})
    assert list(tmp_path.iterdir()) == []


def test_label_map_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="warped_label has shape"):
        save_registration_figure(tmp_path / "a.png", **arrays(2), warped_label=np.zeros((3, 3), int))


def test_grid_lines_are_where_the_field_takes_them() -> None:
    """Every 5th row and column; a displacement of 2 across and -1 down moves all points by it."""
    ddf = np.zeros((2, 11, 16))
    ddf[0], ddf[1] = 2.0, -1.0
    lines = grid_lines(ddf, step=5)
    assert len(lines) == 3 + 4
    np.testing.assert_array_equal(lines[1], np.stack([np.arange(16) + 2, np.full(16, 5 - 1)], axis=1))
    np.testing.assert_array_equal(lines[3 + 2], np.stack([np.full(11, 10 + 2), np.arange(11) - 1], axis=1))


@pytest.mark.parametrize(("dims", "planes"), [(2, 1), (3, 3)])
def test_views_show_every_axis(dims: int, planes: int) -> None:
    box = tuple(slice(2, n - 2) for n in SIZES[dims])
    views = central_views(box)
    assert len(views) == planes
    volume = np.arange(np.prod(SIZES[dims])).reshape(SIZES[dims])
    for view in views:
        plane = view.plane(volume)
        assert plane.shape == (SIZES[dims][view.down] - 4, SIZES[dims][view.across] - 4)
        assert view.aspect() == pytest.approx(plane.shape[0] / plane.shape[1])
        index = [view.position(axis) if axis in view.cut_axes() else 2 for axis in range(dims)]
        assert plane[0, 0] == volume[tuple(index)]
        across = list(index)
        across[view.across] += 1
        assert plane[0, 1] == volume[tuple(across)]


@both_dims
def test_bounding_box_holds_what_is_bright(dims: int) -> None:
    images = [np.zeros(SIZES[dims]) for _ in range(2)]
    images[0][(10,) * dims], images[1][(14,) * dims] = 1.0, 2.0
    assert bounding_box(images, margin=3) == (slice(7, 18),) * dims
    assert bounding_box(images, margin=99) == tuple(slice(0, n) for n in SIZES[dims])
    assert bounding_box([np.ones(SIZES[dims])]) == tuple(slice(0, n) for n in SIZES[dims])


def test_mean_dice_plot_is_a_picture(tmp_path: Path) -> None:
    save_mean_dice_plot(tmp_path / "dice.png", summarise(results(), LABELS))
    picture(tmp_path / "dice.png", least=100)  # a row a label


def test_label_boxplot_is_a_picture(tmp_path: Path) -> None:
    save_label_boxplot(tmp_path / "boxes.png", results(), LABELS)
    picture(tmp_path / "boxes.png")
    with pytest.raises(InputError, match="3 Dice values a pair, but 1 labels"):
        save_label_boxplot(tmp_path / "no.png", results(), {2: "one"})


def test_plot_of_one_stage_and_of_no_value(tmp_path: Path) -> None:
    one = [PairResult("s", "a", {"network": np.array([0.5, math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "one.png", summarise(one, {1: "a", 2: "b"}))
    none = [PairResult("s", "a", {"network": np.array([math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "none.png", summarise(none, {1: "a"}))
    for name in ("one.png", "none.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@both_dims
@pytest.mark.parametrize("count", [1, 7])
def test_cohort_sheet_is_a_picture(dims: int, count: int, tmp_path: Path) -> None:
    images = [ball(dims, 0.3 * n) for n in range(count)]
    labels = [(image > 0.5).astype(int) * (n + 1) for n, image in enumerate(images)]
    save_cohort_sheet(tmp_path / "sheet.png", images, labels, [f"subject {n}" for n in range(count)])
    pixels = imread(tmp_path / "sheet.png")
    wide = pixels.shape[1] > pixels.shape[0]
    assert wide == (count > 1)


def test_cohort_sheet_names_its_misfits(tmp_path: Path) -> None:
    image = ball(2)
    for images, labels, titles, words in [
        ([], [], [], "at least one subject"),
        ([image], [image.astype(int)], ["a", "b"], "a title of each"),
        ([image], [image[1:].astype(int)], ["s7"], "s7: image"),
    ]:
        with pytest.raises(InputError, match=words):
            save_cohort_sheet(tmp_path / "a.png", images, labels, titles)


def test_label_colours_are_distinct_and_stable() -> None:
    colours = np.array([label_colour(label) for label in range(1, 25)])
    assert colours.min() >= 0 and colours.max() <= 1
    distances = np.abs(colours[:, None] - colours[None]).sum(-1) + 10 * np.eye(len(colours))
    assert distances.min() > 0.05
    assert np.abs(np.diff(colours, axis=0)).sum(-1).min() > 0.3  # neighbouring ids tell apart at a glance
    np.testing.assert_array_equal(label_colour(7), label_colour(7))
