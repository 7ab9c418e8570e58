"""MONAI Label's stock ``monaibundle`` app serves the bundle: a real server, and clients that send images over HTTP.

Run by ``make label``, which sets up an environment with ``requirements-label.txt``; no part of ``make test``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from tools.build_zip import NAME, ROOT, build_zip

APP = Path(sys.prefix) / "monailabel" / "sample-apps" / "monaibundle"
VOLUMES = f"{NAME}_3d"  # the bundle of volumes: the server asks every bundle for one network and one list of labels
THALAMI = ((59, 26), (60, 7))  # right and left: id in the atlas of volumes, in the cohort
REAL = "REGISTRATION_DATA"
PATIENCE = 180  # seconds until the server is there
ANSWER = 1800  # seconds for an image: a volume takes a core a minute, which a busy machine has not
ADDRESS = "127.0.0.1"


@dataclass
class Server:
    """Where the server answers, and what it said."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def infer(self, image: Path, output: str = "image", model: str = NAME) -> bytes:
        """Send an image as a form, as 3D Slicer's plug-in does."""
        boundary = uuid.uuid4().hex
        params = json.dumps({"device": "cpu"})
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="params"\r\n\r\n{params}\r\n',
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{image.name}"\r\n\r\n',
        ]
        body = "".join(parts).encode() + image.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{self.url}/infer/{model}?output={output}", body, headers)
        with urllib.request.urlopen(request, timeout=ANSWER) as answer:
            content: bytes = answer.read()
        return content


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(server: Server) -> None:
    for _ in range(PATIENCE):
        assert server.process.poll() is None, server.log.read_text()[-3000:]
        try:
            server.get("/info/")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
    raise AssertionError(f"no answer in {PATIENCE} s: {server.log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stock app with the shipped zip under ``model/``, and beside it the bundle of volumes that this one writes."""
    folder = tmp_path_factory.mktemp("label")
    shutil.copytree(APP, folder / "app")
    with zipfile.ZipFile(build_zip(ROOT / "bundle", folder / "dist")) as archive:
        archive.extractall(folder / "app" / "model")
    served = str(folder / "app" / "model" / VOLUMES)
    made = [sys.executable, "-m", "scripts", "configure", "brain_3d", "--output_dir", served]
    subprocess.run(made, cwd=folder / "app" / "model" / NAME, check=True)
    (folder / "studies").mkdir()
    port = free_port()
    command = [sys.executable, "-m", "monailabel.main", "start_server", "--host", ADDRESS, "--port", str(port)]
    command += ["--app", str(folder / "app"), "--studies", str(folder / "studies")]
    for pair in (("models", f"{NAME},{VOLUMES}"), ("zoo_source", "ngc"), ("sam2", "false")):
        command += ["--conf", *pair]
    log = folder / "server.log"
    environment = {**os.environ, "HOME": str(folder)}  # its sessions stay out of the user's home
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    running = Server(f"http://{ADDRESS}:{port}", log, process)
    try:
        wait_until_it_answers(running)
        yield running
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Image and label folders of synthetic subjects on the atlas's grid."""
    sys.path.insert(0, str(ROOT / "bundle"))
    from scripts.data.synthetic import write_cohort

    cohort = write_cohort(tmp_path_factory.mktemp("cohort") / "slices", 2, (160, 192), 0)
    return sorted(path.parent for path in Path(cohort).glob("*/slice_norm.nii.gz"))


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of synthetic subjects of three axes, voxels of 2.5 mm."""
    sys.path.insert(0, str(ROOT / "bundle"))
    from scripts.data.synthetic import write_cohort

    cohort = write_cohort(tmp_path_factory.mktemp("cohort") / "volumes", 2, (64, 64, 80), 0)
    return sorted(path.parent for path in Path(cohort).glob("*/aligned_norm.nii.gz"))


def segment(server: Server, image: Path, folder: Path, model: str = NAME) -> nib.Nifti1Image:
    path = folder / "answer.nii.gz"
    path.write_bytes(server.infer(image, model=model))
    return nib.load(path)


def labels_on_own_grid(server: Server, image: Path, folder: Path, model: str = NAME) -> np.ndarray:
    """The label ids of the answer, which lies on the image's grid and holds no ids but those that it may."""
    answer, sent = segment(server, image, folder, model), nib.load(image)
    assert answer.shape == sent.shape
    np.testing.assert_allclose(answer.affine, sent.affine, atol=1e-4)
    found = np.asarray(answer.dataobj)
    assert set(np.unique(found)) <= {0, *server.get("/info/")["models"][model]["labels"].values()}
    return found


def mean_dice(found: np.ndarray, label: Path) -> float:
    """Mean over the ids of the file ``label``."""
    known = np.asarray(nib.load(label).dataobj)
    common = [k for k in np.unique(known) if k > 0]
    scores = [2 * ((found == k) & (known == k)).sum() / ((found == k).sum() + (known == k).sum()) for k in common]
    return float(np.mean(scores))


def check_segmentation(server: Server, image: Path, label: Path, folder: Path, dice: float) -> None:
    """The answer lies on the image's grid, holds known ids, and agrees with ``label``."""
    assert mean_dice(labels_on_own_grid(server, image, folder), label) > dice


def store_otherwise(path: Path, target: Path) -> Path:
    """A volume with its axes in another order, one of them turned round, with another margin, off centre."""
    image = nib.load(path).as_reoriented(np.array([[2, 1], [0, -1], [1, 1]]))
    margin = ((3, 0), (0, 5), (1, 2))
    affine = image.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ [before for before, _ in margin] + np.array([30, -20, 10])
    nib.save(nib.Nifti1Image(np.pad(np.asarray(image.dataobj), margin), affine), target)
    return target


def channel_def() -> dict[str, str]:
    metadata = json.loads((ROOT / "bundle" / "configs" / "metadata.json").read_text())
    named: dict[str, str] = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
    return named


def test_server_lists_the_bundle_and_its_labels(server: Server) -> None:
    model = server.get("/info/")["models"][NAME]
    assert (model["type"], model["dimension"]) == ("segmentation", 2)
    wanted = {name.lower(): int(label) for label, name in channel_def().items() if name != "background"}
    assert model["labels"] == wanted
    assert len(wanted) == 24


def test_server_lists_the_volumes_and_their_labels(server: Server) -> None:
    model = server.get("/info/")["models"][VOLUMES]
    assert (model["type"], model["dimension"]) == ("segmentation", 3)
    atlas = np.asarray(nib.load(ROOT / "bundle" / "models" / "atlas_3d_label.nii.gz").dataobj)
    assert sorted(model["labels"].values()) == [int(k) for k in np.unique(atlas) if k > 0]
    assert (model["labels"]["hippocampus_r"], len(model["labels"])) == (47, 148)


def test_two_images_come_back_segmented(server: Server, subjects: list[Path], tmp_path: Path) -> None:
    for subject in subjects:
        check_segmentation(server, subject / "slice_norm.nii.gz", subject / "slice_seg24.nii.gz", tmp_path, 0.4)


def test_image_on_another_grid_keeps_it(server: Server, subjects: list[Path], tmp_path: Path) -> None:
    """Rows stored as columns and the other way round, other pixels, off centre; the header says so."""
    for name in ("slice_norm", "slice_seg24"):
        image = nib.load(subjects[0] / f"{name}.nii.gz").as_reoriented(np.array([[1, -1], [0, 1], [2, 1]]))
        stored = np.pad(np.asarray(image.dataobj), ((7, 0), (0, 11), (0, 0)))
        nib.save(nib.Nifti1Image(stored, image.affine @ np.diag([0.9, 1.1, 2, 1])), tmp_path / f"{name}.nii.gz")
    check_segmentation(server, tmp_path / "slice_norm.nii.gz", tmp_path / "slice_seg24.nii.gz", tmp_path, 0.4)


def test_answer_names_its_labels(server: Server, subjects: list[Path]) -> None:
    answer = json.loads(server.infer(subjects[0] / "slice_norm.nii.gz", "json"))
    assert answer["label_names"]["left-thalamus"] == 5


def test_bad_image_is_answered_with_a_sentence_and_the_server_goes_on(
    server: Server, subjects: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "text.nii.gz").write_text("no image")
    empty = nib.Nifti1Image(np.zeros((160, 192, 1), np.float32), np.eye(4))
    nib.save(empty, tmp_path / "constant.nii.gz")
    for name, words in (("text", "cannot be read as an image"), ("constant", "is constant")):
        with pytest.raises(urllib.error.HTTPError, match="422") as caught:
            server.infer(tmp_path / f"{name}.nii.gz")
        sentence = json.load(caught.value)["detail"]
        assert words in sentence and sentence.endswith(".")
        assert server.process.poll() is None
    check_segmentation(server, subjects[1] / "slice_norm.nii.gz", subjects[1] / "slice_seg24.nii.gz", tmp_path, 0.4)


def check_parcellation(server: Server, image: Path, label: Path, folder: Path) -> None:
    """The atlas has other labels than the cohort, but the brain is where it is, and so are both its thalami."""
    found, known = labels_on_own_grid(server, image, folder, VOLUMES), np.asarray(nib.load(label).dataobj)
    assert len(np.unique(found)) > 140
    for seen, drawn, least in ((found > 0, known > 0, 0.8), *((found == a, known == c, 0.3) for a, c in THALAMI)):
        overlap = 2 * (seen & drawn).sum() / (seen.sum() + drawn.sum())
        assert overlap > least


def test_volumes_come_back_parcellated_and_slices_between(
    server: Server, subjects: list[Path], volumes: list[Path], tmp_path: Path
) -> None:
    """However they are stored. Each bundle has a package ``scripts``; one must not answer for the other."""
    image, label = "aligned_norm.nii.gz", "aligned_seg35.nii.gz"
    check_parcellation(server, volumes[0] / image, volumes[0] / label, tmp_path)
    check_segmentation(server, subjects[0] / "slice_norm.nii.gz", subjects[0] / "slice_seg24.nii.gz", tmp_path, 0.4)
    stored = [store_otherwise(volumes[1] / name, tmp_path / name) for name in (image, label)]
    check_parcellation(server, *stored, tmp_path)


@pytest.mark.parametrize("model, dims", [(NAME, "3-D"), (VOLUMES, "2-D")])
def test_image_of_other_dimensions_is_answered_with_a_sentence(
    server: Server, subjects: list[Path], volumes: list[Path], model: str, dims: str
) -> None:
    image = volumes[0] / "aligned_norm.nii.gz" if model == NAME else subjects[0] / "slice_norm.nii.gz"
    with pytest.raises(urllib.error.HTTPError, match="422") as caught:
        server.infer(image, model=model)
    assert f"choose a method for {dims} images" in json.load(caught.value)["detail"]


def test_real_head_comes_back_parcellated(server: Server, tmp_path: Path) -> None:
    """A whole head as it was scanned, its axes stored as posterior, superior, right."""
    folder = real_data() / "ixi_2mm"
    name = json.loads((folder / "split.json").read_text())["test"][0]
    found = labels_on_own_grid(server, folder / "images" / f"{name}.nii.gz", tmp_path, VOLUMES)
    score = mean_dice(found, folder / "labels" / f"{name}.nii.gz")
    assert score > 0.5


def real_data() -> Path:
    folder = os.environ.get(REAL)
    if not folder:
        pytest.skip(f"{REAL} is not set; it names the folder of real images")
    return Path(folder)


def test_real_images_come_back_segmented(server: Server, tmp_path: Path) -> None:
    folder = real_data() / "neurite_oasis_2d"
    names = json.loads((folder / "split.json").read_text())["test"][:2]
    for name in names:
        subject = folder / name
        check_segmentation(server, subject / "slice_norm.nii.gz", subject / "slice_seg24.nii.gz", tmp_path, 0.6)
