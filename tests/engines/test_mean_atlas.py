"""The mean atlas lies between its subjects, in shape and in intensity."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from torch import Tensor

from scripts.engines import MeanAtlas
from scripts.spatial import identity_grid, warp

SIZES = [(32, 30), (20, 22, 24)]


def ball(size: tuple[int, ...], shift: float) -> Tensor:
    """A soft ball, moved along axis 0."""
    grid = identity_grid(size)
    centre = torch.tensor([n / 2 for n in size]).view(-1, *[1] * len(size))
    centre[0] += shift
    return torch.sigmoid(6 - (grid - centre).square().sum(0).sqrt())[None, None]


@pytest.mark.parametrize("size", SIZES)
def test_mean_shape_is_between_the_subjects(size: tuple[int, ...], tmp_path: Path) -> None:
    affine = np.diag([1, 2, 1, 1.0])
    dims = len(size)

    def preprocessing(record: object) -> dict[str, MetaTensor]:
        image = ball(size, 0.0)[0]
        return {"image": MetaTensor(image, affine=affine), "label": MetaTensor((image > 0.5).int() * 7, affine=affine)}

    atlas = MeanAtlas(str(tmp_path / "i.nii.gz"), str(tmp_path / "l.nii.gz"), {"subject": "r"}, preprocessing)
    engine = SimpleNamespace(add_event_handler=lambda *_: None)
    atlas.attach(engine)  # type: ignore[arg-type]
    ddf = torch.zeros(1, dims, *size)
    ddf[:, 0] = 4.0  # one more subject, four voxels further along axis 0
    moving = ball(size, 4.0)
    target = {"moving_label": (moving > 0.5).int() * 7}
    engine.state = SimpleNamespace(output={"pred": {"ddf": ddf, "warped": warp(moving, ddf)}, "label": target})
    atlas.add(engine)  # type: ignore[arg-type]
    atlas.write()

    image, label = nib.load(tmp_path / "i.nii.gz"), nib.load(tmp_path / "l.nii.gz")
    assert image.shape == (*size, *(1,) * (3 - dims))
    np.testing.assert_allclose(image.affine, affine)
    expected = ball(size, 2.0)[0, 0].numpy()
    inner = (slice(3, -3),) * dims
    np.testing.assert_allclose(np.asarray(image.dataobj).reshape(size)[inner], expected[inner], atol=0.03)
    found = np.asarray(label.dataobj).reshape(size)
    assert set(np.unique(found)) == {0, 7}
    np.testing.assert_array_equal(found[inner] == 7, expected[inner] > 0.5)
