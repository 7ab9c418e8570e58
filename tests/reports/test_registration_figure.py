"""The figure of a registration: written, of sensible size, and showing what it claims to show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scripts.errors import InputError
from scripts.reports import choose_panels, save_registration_figure
from scripts.reports.panels import FOLDED_COLOUR, GRID_COLOUR
from scripts.reports.planes import CONVENTION
from scripts.reports.registration_figure import registration_figure
from scripts.reports.registration_panels import PANELS
from scripts.reports.scene import Scene
from support import Picture, both_dims, coloured

SIZES = {2: (48, 56), 3: (24, 28, 26)}


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


@both_dims
@pytest.mark.parametrize("with_labels", [True, False])
def test_registration_figure_is_a_picture(dims: int, with_labels: bool, tmp_path: Path, picture: Picture) -> None:
    path = tmp_path / "new" / "pair.png"
    labels = label_maps(dims) if with_labels else {}
    save_registration_figure(path, **arrays(dims), **labels, title="s1 to atlas")
    picture(path)
    assert [file.name for file in path.parent.iterdir()] == ["pair.png"]


@pytest.mark.parametrize(("dims", "panels"), [(2, 9), (3, 3 * 9)])
def test_every_panel_and_three_colour_bars(dims: int, panels: int) -> None:
    figure = registration_figure(Scene(**arrays(dims)), "title")
    assert len(figure.axes) == panels + 3
    words = " ".join(text.get_text() for text in figure.texts)
    for heading in ("title", "fixed", "moving", "warped", "displacement", "deformed grid", "Jacobian determinant"):
        assert heading in words
    folded = 100 * 2**dims / np.prod(SIZES[dims])
    assert f"folded, {folded:.2g} %" in " ".join(ax.get_xlabel() for ax in figure.axes)


@both_dims
def test_panels_can_be_left_out(dims: int) -> None:
    """Two contrasts have no difference worth looking at: neither its panels are there nor their colour bar."""
    figure = registration_figure(Scene(**arrays(dims)), panels=["jacobian", "fixed", "warped", "displacement"])
    assert len(figure.axes) == (4 if dims == 2 else 3 * 4) + 2
    headings = [text.get_text() for text in figure.texts if text.get_text() in {h for h, _ in PANELS.values()}]
    assert headings == ["fixed", "warped", "displacement", "Jacobian determinant"]  # in the figure's own order
    assert "difference" not in " ".join(ax.get_xlabel() for ax in figure.axes)


@both_dims
@pytest.mark.parametrize("name", list(PANELS))
def test_every_panel_stands_alone(dims: int, name: str, tmp_path: Path, picture: Picture) -> None:
    save_registration_figure(tmp_path / "a.png", **arrays(dims), panels=[name], orientation="LIA")
    picture(tmp_path / "a.png")


@pytest.mark.parametrize("names", [["fixed", "difference"], []])
def test_unknown_panels_are_named(names: list[str]) -> None:
    with pytest.raises(InputError, match="no panel 'difference'; name some of fixed, " if names else "without a panel"):
        choose_panels(names)


def words(orientation: str, dims: int) -> list[str]:
    figure = registration_figure(Scene(**arrays(dims)), "title", orientation=orientation)
    return [text.get_text() for owner in (figure, *figure.axes) for text in owner.texts]


def test_volumes_name_their_planes_and_sides() -> None:
    known, unknown = words("LIA", 3), words("", 3)
    assert [text.split(",")[0] for text in known if ", slice" in text] == ["sagittal", "coronal", "axial"]
    assert [text for text in known if text in {"L", "R", "A", "P"}] == ["P", "A", "R", "L", "R", "L"]
    assert CONVENTION in known and CONVENTION not in unknown
    assert not {"L", "R", "A", "P"} & set(unknown) and "axis 2 at 13" in unknown
    assert CONVENTION not in words("LIA", 2)


@both_dims
def test_constant_images_draw_too(dims: int, tmp_path: Path, picture: Picture) -> None:
    """The grid is there to be seen, and nothing of it folded."""
    flat = np.zeros(SIZES[dims])
    save_registration_figure(tmp_path / "a.png", flat, flat, flat, np.zeros((dims, *SIZES[dims])), flat + 1)
    panels = picture(tmp_path / "a.png")[:-60]  # without the colour bars
    assert coloured(panels, GRID_COLOUR).sum() > 1000
    assert not coloured(panels, FOLDED_COLOUR).any()


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
