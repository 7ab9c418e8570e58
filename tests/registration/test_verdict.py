"""The verdict: what it doubts and what it does not, and that it is said."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from phantom import HEADERS, HEADERS_2D, by_intensity, draw, flat_wave, wave, with_field
from scripts.physical import Grid
from scripts.registration import register_files
from scripts.registration.deformation import Deformation
from scripts.registration.verdict import SIGNS, verdict


def disc(dims: int, shift: int = 0) -> Tensor:
    """A ball with a pattern inside."""
    points = np.indices((40,) * dims) - 19.5
    points[0] -= shift
    inside = np.linalg.norm(points, axis=0) < 12
    return torch.from_numpy(inside * (0.6 + 0.3 * np.sin(points[0] / 2))).float()[None, None]


def nothing(dims: int) -> Deformation:
    return Deformation.none(Grid((40,) * dims, np.eye(dims + 1)))


def named(
    dims: int, warped: Tensor, deformation: Deformation, aligned: Tensor | None = None, same_contrast: bool = True
) -> set[str]:
    """Which measures raise a doubt."""
    before = disc(dims) if aligned is None else aligned
    found = verdict(disc(dims), before, warped, deformation.in_voxels(), deformation.affine, same_contrast)
    outside = {n for n, value in found["measures"].items() if not SIGNS[n].least <= value <= SIGNS[n].most}
    assert found["doubtful"] == bool(outside) and len(found["reasons"]) == len(outside)
    return outside


@pytest.mark.parametrize("dims", [2, 3])
def test_every_sign_has_its_case(dims: int) -> None:
    still = nothing(dims)
    assert named(dims, disc(dims), still) == set()
    assert named(dims, disc(dims, 9), still) == {"likeness", "overlap"}
    assert named(dims, disc(dims).gt(0).float() - disc(dims), still) == {"likeness"}
    large = np.diag([*[2.0] * dims, 1])
    assert named(dims, disc(dims), replace(still, affine=large)) == {"scale"}
    common = torch.full_like(still.ddf, 9)
    assert named(dims, disc(dims), replace(still, ddf=common)) == set()
    steps = torch.zeros_like(still.ddf)
    steps[:, 0, 20:] = -4  # what lies above jumps below what lies there
    assert named(dims, disc(dims), replace(still, ddf=steps)) == {"folded"}


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("same_contrast", [True, False])
def test_what_is_not_compared_raises_no_doubt_but_by_its_folds(dims: int, same_contrast: bool) -> None:
    """Half of the object, in which the images have nothing to do with each other and one is empty in part."""
    hidden = torch.rand(1, 1, *[40] * dims, generator=torch.Generator().manual_seed(0))
    hidden[:, :, 30:] = 0
    seen = torch.zeros(1, 1, *[40] * dims)
    seen[:, :, :20] = 1
    spoilt, steps = torch.where(seen > 0, disc(dims), hidden), torch.zeros(1, dims, *[40] * dims)

    def doubted(compared: Tensor | None) -> bool:
        more = {"same_contrast": same_contrast, "compared": compared}
        return bool(verdict(disc(dims), spoilt, spoilt, steps, np.eye(dims + 1), **more)["doubtful"])

    assert doubted(None)
    assert not doubted(seen)
    steps[:, 0, 25:] = -4
    assert doubted(seen)
    steps[:] = 0
    assert doubted(torch.zeros_like(seen))


@pytest.mark.parametrize("dims", [2, 3])
def test_two_contrasts_are_seen_before_they_are_deformed_and_another_method_is_named(dims: int) -> None:
    inverted = disc(dims).gt(0).float() - disc(dims)
    assert named(dims, disc(dims), nothing(dims), aligned=inverted) == {"contrasts"}
    (reason,) = verdict(disc(dims), inverted, disc(dims), nothing(dims).in_voxels(), np.eye(dims + 1))["reasons"]
    assert reason.startswith("the images look like two contrasts")
    assert reason.endswith(f"take --method any_contrast_{dims}d")


@pytest.mark.parametrize("dims", [2, 3])
def test_a_method_for_any_contrast_is_judged_by_shape(dims: int) -> None:
    size = (96, 96) if dims == 2 else (64, 64, 64)
    points = np.indices(size) - (size[0] - 1) / 2
    inside = np.linalg.norm(points, axis=0) < 0.4 * size[0]
    pattern = 0.6 + 0.2 * np.sin(points[0] / 5) * np.cos(points[1] / 7)
    image, inverted = (torch.from_numpy(inside * values).float()[None, None] for values in (pattern, 1 - pattern))
    noise = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    still = torch.zeros(1, dims, *size)

    def reasons(warped: Tensor) -> list[str]:
        return verdict(image, inverted, warped, still, np.eye(dims + 1), same_contrast=False)["reasons"]

    assert reasons(inverted) == []
    assert any("the shapes do not look alike" in reason for reason in reasons(noise))


@pytest.mark.parametrize("dims", [2, 3])
def test_a_pair_that_goes_well_is_not_doubted(dims: int, tmp_path: Path) -> None:
    headers = {2: HEADERS_2D, 3: HEADERS}[dims]
    fixed = draw(tmp_path / "fixed.nii.gz", headers["identity"] * 1.5, dims)
    moving = draw(tmp_path / "moving.nii.gz", headers["identity"] * 1.5, dims, {2: flat_wave, 3: wave}[dims])
    assert by_intensity(30, 4.0)(str(fixed), str(moving)).report["verdict"]["reasons"] == []


def test_doubts_are_said_in_report_and_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fixed, moving = (str(draw(tmp_path / f"{n}.nii.gz", HEADERS_2D["identity"], 2)) for n in ("fixed", "moving"))
    with caplog.at_level(logging.WARNING):
        register_files(with_field(20.0), str(tmp_path / "out"), fixed, moving)
    assert "moving: doubtful: " in caplog.text
    assert '"doubtful": true' in (tmp_path / "out" / "moving_report.json").read_text()
