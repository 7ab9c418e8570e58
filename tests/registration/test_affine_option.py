"""How an affine map is found: by a search, by a network, by both."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from scripts.data.known_affine import rotation_in
from scripts.errors import InputError
from scripts.networks import AffineModel, RegressionHead
from scripts.options import OptionError
from scripts.physical import Grid, PercentileScaling, Prepared, prepare, read_pair
from scripts.physical.affine_search import mutual_information
from scripts.physical.itk_images import itk_image
from scripts.physical.itk_transforms import affine_transform
from scripts.registration import AffineStage, Method, affine_stage, register
from scripts.registration.affine_network import AffineNetwork
from scripts.registration.api import configured
from scripts.registration.deformation import Deformation
from support import assert_one_sentence


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def shown(affine: np.ndarray, size: int = 60) -> Prepared:
    """An image without symmetry, as it looks at the points that ``affine`` takes its own to, 1 mm."""
    place = np.indices((size, size)).reshape(2, -1) - (size - 1) / 2
    x, y = affine[:-1, :-1] @ place + affine[:-1, -1:]
    blobs = [(0, 0, 14, 20, 0.4), (6, -8, 4, 6, 0.5), (-7, 3, 3, 5, -0.3), (5, 11, 5, 3, 0.3)]
    values = sum(h * np.exp(-(((x - a) / c) ** 2) - ((y - b) / d) ** 2) for a, b, c, d, h in blobs)
    grid = np.eye(3)
    grid[:2, 2] = -(size - 1) / 2
    tensor = torch.from_numpy(np.clip(values, 0, 1).reshape(1, 1, size, size)).float()
    return Prepared(tensor * (tensor > 0.02), Grid((size, size), grid))


def information(fixed: Prepared, moving: Prepared, affine: np.ndarray) -> float:
    images = [itk_image(image.values[0, 0].numpy(), image.grid.geometry) for image in (fixed, moving)]
    return mutual_information(*images, affine_transform(affine))


def test_the_search_may_start_where_the_network_says() -> None:
    fixed, moving = shown(np.eye(3)), shown(turned(-77))
    start, any_contrast = Deformation.none(fixed.grid), Method(same_contrast=False)
    alone, truth = AffineStage(any_contrast)(fixed, moving, start), turned(77)
    for said in (truth, turned(-60)):
        stage = AffineStage(any_contrast, network=lambda *_, said=said: said)
        both = stage(fixed, moving, start)
        assert information(fixed, moving, both.affine) >= information(fixed, moving, alone.affine) - 1e-9
    alone_it_is_the_result = AffineStage(any_contrast, network=lambda *_: truth, search=False)
    assert alone_it_is_the_result(fixed, moving, start).affine is truth


def test_images_of_one_contrast_are_brought_to_where_they_correlate() -> None:
    """What a network says roughly is bettered; not for another contrast, and a map that cannot be is kept."""
    fixed, moving = shown(np.eye(3)), shown(turned(-77))
    start, truth, said = Deformation.none(fixed.grid), turned(77), turned(73)
    said[:2, 2] = [1.0, -1.5]

    def apart(method: Method | None, said: np.ndarray = said) -> float:
        found = AffineStage(method, network=lambda *_: said, search=False)(fixed, moving, start).affine
        corners = np.array([[-20, -20, 20, 20], [-20, 20, -20, 20], [1, 1, 1, 1]])
        return float(np.abs((found - truth) @ corners).max())

    assert apart(Method(same_contrast=False)) > 2
    assert apart(None) == apart(Method()) < 1
    assert apart(None, truth) < 1
    far = turned(180)
    far[:2, 2] = 500
    assert apart(None, far) == pytest.approx(apart(Method(same_contrast=False), far))


def test_a_stage_that_finds_nothing() -> None:
    with pytest.raises(ValueError, match="needs a network or a search"):
        AffineStage(search=False)


def test_the_map_of_a_network_is_one_of_coordinates(tmp_path: Path) -> None:
    """Of a head that says the views are the same: gravity and spread are matched, wherever the images lie."""
    from torch import nn

    class Same(nn.Module):
        def forward(self, views: torch.Tensor) -> torch.Tensor:
            return views.new_zeros(len(views), 6)

    model = AffineModel(RegressionHead(Same()), view_size=16)
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    find = AffineNetwork(lambda dims: Method(network=model, weights=str(tmp_path / "weights.pt"), spacing=1.0))
    placed = np.array([[0.8, 0, 5], [0, 0.8, -4], [0, 0, 1]])
    found = find(shown(np.eye(3)), shown(np.linalg.inv(placed)))
    np.testing.assert_allclose(found, placed, atol=0.3)


def test_the_option_and_what_it_meant_before() -> None:
    named = {kind: configured(affine=kind) for kind in (True, False, "itk", "none", "network", "both")}
    assert named[True].stages == named["itk"].stages == ["affine", "network", "refined"]
    assert named[False].stages == named["none"].stages == ["network", "refined"]
    assert named[True].identity == named["itk"].identity and "affine" not in named[True].identity
    for kind, search in (("network", False), ("both", True)):
        stage = named[kind].stages[0]
        assert isinstance(stage, AffineStage) and stage.name == "affine" and stage.search == search
        assert named[kind].identity["affine"]["by"] == kind
    assert named["both"].identity != named["network"].identity


def test_another_word_is_refused() -> None:
    with pytest.raises(OptionError, match="must be true or false, itk, network, both or none") as caught:
        configured(affine="sometimes")
    assert_one_sentence(str(caught.value))


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no affine network for 2-D images") as caught:
        AffineNetwork(lambda dims: Method())(shown(np.eye(3)), shown(np.eye(3)))
    assert_one_sentence(str(caught.value))


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    model, path = AffineModel(RegressionHead(torch.nn.Identity())), tmp_path / "none.pt"
    find = AffineNetwork(lambda dims: Method(network=model, weights=str(path)))
    with pytest.raises(InputError, match="no trained affine network for 2-D images; train one") as caught:
        find(shown(np.eye(3)), shown(np.eye(3)))
    assert_one_sentence(str(caught.value), str(path))


def test_a_turned_brain_is_found(real_data: Path, tmp_path: Path, no_picture: None) -> None:
    """By the weights that are shipped, from further than the search alone can be sure of."""
    path = sorted((real_data / "neurite_oasis_2d").glob("*/slice_norm.nii.gz"))[5]
    image = nib.load(path)
    values = np.asarray(image.dataobj)[..., 0]
    square = np.pad(values, [((224 - n) // 2,) * 2 for n in values.shape])
    from scipy.ndimage import rotate

    nib.save(nib.Nifti1Image(square[..., None], image.affine), tmp_path / "fixed.nii.gz")
    moved = rotate(square, 130, reshape=False, order=1)
    nib.save(nib.Nifti1Image(moved[..., None], image.affine), tmp_path / "moving.nii.gz")
    for kind, least in (("network", 0.9), ("both", 0.97)):
        options = {"affine": kind, "use_network": False, "refinement_steps": 0}
        result = register(tmp_path / "fixed.nii.gz", tmp_path / "moving.nii.gz", **options)
        assert result.report["similarity"]["affine"]["correlation"] > least


def test_a_turned_volume_is_found(real_data: Path, tmp_path: Path, no_picture: None) -> None:
    """A whole head of the test part, about an axis that is none of its own, by the weights that are shipped."""
    names = json.loads((real_data / "ixi_2mm" / "split.json").read_text())["test"]
    fixed = real_data / "ixi_2mm" / "images" / f"{names[0]}.nii.gz"
    image = nib.load(fixed)
    middle = image.affine @ [*((np.array(image.shape) - 1) / 2), 1]
    plane = np.array([[0, -0.6, 0], [0.6, 0, -0.8], [0, 0.8, 0]])
    turn = np.eye(4)
    turn[:3, :3] = rotation_in(plane, np.radians(140))
    turn[:3, 3] = middle[:3] - turn[:3, :3] @ middle[:3]
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), turn @ image.affine), tmp_path / "moving.nii.gz")
    stage = affine_stage("network")
    pair = read_pair(str(fixed), str(tmp_path / "moving.nii.gz"))
    target, source = (prepare(each, pair.frame, PercentileScaling()) for each in (pair.fixed, pair.moving))
    found = pair.frame.in_space(stage(target, source, Deformation.none(target.grid)).affine, pair.moving.geometry)
    lps = np.diag([-1.0, -1, 1, 1])
    points = np.column_stack([40 * np.vstack([np.eye(3), -np.eye(3)]) + (lps @ middle)[:3], np.ones(6)])
    apart = points @ found.T - points @ (lps @ turn @ lps).T
    assert np.linalg.norm(apart, axis=1).max() < 8
