"""The verbs do what they say: small images and a small cohort, in this process."""

from __future__ import annotations

from pathlib import Path

import monai.bundle
import nibabel as nib
import numpy as np
import pytest
import torch

from scripts.commands import main
from scripts.commands.workflows import images_to_segment
from scripts.errors import InputError
from support import BUNDLE, assert_one_sentence

MODELS = BUNDLE / "models"
SMALL = {"channels": "[4,4,4]", "batch_size": 2, "max_epochs": 1, "val_interval": 1, "device": "cpu", "seed": 5}


def words_of(**options: object) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two blurred discs, one a little to the side, and their label maps."""
    folder = tmp_path_factory.mktemp("discs")
    x, y = np.meshgrid(np.arange(48.0), np.arange(40.0), indexing="ij")
    paths = {}
    for name, centre in (("fixed", 22), ("moving", 25)):
        radius = np.hypot(x - centre, y - 20)
        for key, values in ((name, 100 / (1 + np.exp(radius - 12))), (f"{name}_label", (radius < 12).astype(np.uint8))):
            paths[key] = str(folder / f"{key}.nii.gz")
            nib.save(nib.Nifti1Image(values.astype(np.float32 if key == name else np.uint8), np.eye(4)), paths[key])
    return paths


def test_register_then_warp_jacobian_and_points(discs: dict[str, str], tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    quick = words_of(use_network=False, refinement_steps=2)
    assert main(["register", discs["fixed"], discs["moving"], "-o", out, *quick]) == 0
    transform = f"{out}/moving_transform.h5"
    label = words_of(fixed=discs["fixed"], moving_label=discs["moving_label"], output_dir=out)
    assert main(["warp", transform, *label]) == 0
    carried = nib.load(f"{out}/moving_label_warped.nii.gz").get_fdata()
    fixed, moving = (nib.load(discs[key]).get_fdata() for key in ("fixed_label", "moving_label"))
    assert (carried != fixed).sum() < 0.5 * (moving != fixed).sum()
    assert main(["jacobian", transform, "-o", out]) == 0
    assert np.isfinite(nib.load(f"{out}/moving_transform_jacobian.nii.gz").get_fdata()).all()
    landmarks = tmp_path / "points.csv"
    landmarks.write_text("x,y\n-22,-20\n", encoding="utf-8")
    assert main(["points", transform, str(landmarks), "-o", out]) == 0
    (point,) = np.loadtxt(f"{out}/points_points.csv", delimiter=",", skiprows=1, ndmin=2)[:, -2:]
    assert abs(point[0] + 25) < 1.5


def test_segment_images(tmp_path: Path) -> None:
    """The atlas by itself: its own labels, but for what the network moves."""
    image = tmp_path / "a #1.nii.gz"
    image.write_bytes((MODELS / "atlas_image.nii.gz").read_bytes())
    options = words_of(refinement_steps=0, precision="float32", device="cpu", output_dir=tmp_path / "out #2")
    assert main(["segment", str(image), *options]) == 0
    found = nib.load(tmp_path / "out #2" / "a #1_seg.nii.gz").get_fdata().squeeze()
    expected = nib.load(MODELS / "atlas_label.nii.gz").get_fdata().squeeze()
    assert found.shape == expected.shape and (found == expected).mean() > 0.95


def test_a_broken_image_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "broken.nii.gz"
    image.write_bytes((MODELS / "atlas_image.nii.gz").read_bytes()[:3000])
    assert main(["segment", str(image), "-o", str(tmp_path / "out"), "--device", "cpu"]) == 1
    out, err = capfd.readouterr()
    assert err.startswith(f"error: {image} ") and "Traceback" not in out + err


def test_images_are_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    files = [tmp_path / "folder" / name for name in ("b.nii.gz", "a.nii.gz", "notes.txt")] + [tmp_path / "c.nii"]
    for file in files:
        file.touch()
    found = images_to_segment([str(tmp_path / "c.nii"), str(tmp_path / "folder")], "*.nii.gz")
    assert [Path(each).name for each in found] == ["c.nii", "a.nii.gz", "b.nii.gz"]
    twice = [str(tmp_path / "c.nii"), str(tmp_path / "folder" / "c.nii.gz")]
    Path(twice[1]).touch()
    for paths, words in (
        ([], "no image is named"),
        (["/nowhere"], "/nowhere does not exist"),
        ([str(tmp_path / "folder")], "has no file"),
        (twice, "2 images would be written as c_seg;"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            images_to_segment(paths, "*.nii.gz" if len(paths) > 1 else "*.mha")
        assert_one_sentence(str(caught.value))


def test_train_is_what_the_bundle_runs(cohort_2d: Path, tmp_path: Path) -> None:
    """The same weights to the last bit; then an evaluation that takes them."""
    verb, bundle = tmp_path / "verb", tmp_path / "bundle"
    size = {**SMALL, "spatial_size": "[48,56]", "cache_dir": tmp_path / "cache"}
    assert main(["train", str(cohort_2d), *words_of(**size, output_dir=verb)]) == 0
    given = {name: str(value) if isinstance(value, Path) else value for name, value in size.items()}
    monai.bundle.run(
        "training",
        config_file=str(BUNDLE / "configs" / "train.yaml"),
        bundle_root=str(BUNDLE),
        dataset_dir=str(cohort_2d),
        output_dir=str(bundle),
        **given,
    )
    first, second = (torch.load(folder / "model.pt", weights_only=True) for folder in (verb, bundle))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    quick = words_of(**size, output_dir=verb, refinement_steps=0, num_figures=0)
    assert main(["evaluate", str(cohort_2d), *quick]) == 0
    assert list(verb.glob("evaluation_*/pairs.csv"))
