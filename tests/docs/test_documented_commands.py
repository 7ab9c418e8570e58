"""Every command of the README and of the bundle's documentation does what it says, as it is printed there.

They run one after the other in the bundle as it is shipped, as a reader would try them; the names that stand for a
reader's files are files here, and trainings are made short. Each has a process of its own, forked from one that has
imported the libraries; the workers of ``torchrun`` start from nothing.
"""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.data.hearts import write_hearts
from support import BUNDLE, run_command
from tools.build_zip import NAME, build_zip

ROOT = BUNDLE.parent
READERS = ["README.md", "bundle/docs/README.md"]
STARTS = ("make ", "python ", "torchrun ", "monailabel ", "cp ")
SHORT = {  # what makes a command short, by the words that it holds
    "training": "--max_epochs 1 --batch_size 4 --channels [4,4,4] --spatial_size -1 --val_interval 1",
    "evaluate.yaml": "--max_epochs 1 --batch_size 4 --channels [4,4,4] --spatial_size -1 --val_interval 1"
    " --num_figures 1 --refinement_steps 2",
    "multi_gpu_train.yaml": "--batch_size 2",
    "export.yaml": "--formats ['torchscript']",
    "scripts export": "--formats ['torchscript'] --spatial_size [24,20,16]",
    "run register": "--refinement_steps 2",
    "scripts register": "--refinement_steps 2",
}
ELSEWHERE = {  # commands that need what a test has not, and where they are tested
    "make": "the targets are compared below",
    "monailabel": "integration/test_label_server.py",
    "cp -r": "integration/test_label_server.py",
    "trt": "no machine with TensorRT was at hand, as the documentation says",
    "--tracking mlflow": "tests/sharing/test_tracking.py",
    "initial_weights": "tests/workflows/test_train_evaluate.py, with weights of a small network",
    "benchmarks": "their options are compared below",
}


def commands(document: str) -> list[str]:
    """The lines of a document's code blocks that are commands, continued ones joined."""
    text = (ROOT / document).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(\w*)\n(.*?)```", text, flags=re.DOTALL)
    shell = [block for language, block in blocks if language in ("", "sh")]
    lines = [line.split("     #")[0].strip() for block in shell for line in block.splitlines()]
    return [line for line in lines if line.startswith(STARTS)]


def documents() -> list[str]:
    return [*READERS, *(f"bundle/docs/{path.name}" for path in sorted((BUNDLE / "docs").glob("*.md")))]


def is_elsewhere(command: str) -> bool:
    return any(words in command for words in ELSEWHERE)


RUN = list(dict.fromkeys(line for document in READERS for line in commands(document) if not is_elsewhere(line)))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's folder, as the zip holds it."""
    folder = tmp_path_factory.mktemp("shipped")
    zipfile.ZipFile(build_zip(BUNDLE, folder)).extractall(folder)
    return folder / NAME


@pytest.fixture(scope="module")
def named(cohort_2d: Path, shipped: Path) -> dict[str, str]:
    """What the names in the documentation stand for."""
    images = sorted(cohort_2d.glob("*/slice_norm.nii.gz"))
    moving = shipped / "MOVING.nii.gz"
    moving.write_bytes(images[1].read_bytes())
    (shipped / "points.csv").write_text("x,y,z\n20,20,0\n25,30,0\n", encoding="utf-8")
    rows = ["fixed,moving,name", f"{images[0]},{images[2]},a", f"{images[0]},{images[3]},b"]
    (shipped / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    label = images[1].parent / "slice_seg24.nii.gz"
    hearts = write_hearts(cohort_2d.parent / "hearts", 1, (32, 32), 4)
    sequence, drawn = hearts / "heart000_4d.nii.gz", hearts / "heart000_frame01_gt.nii.gz"
    return {
        "SEQUENCE": str(sequence), "S": str(sequence), "L": str(drawn),
        "FIXED": str(images[0]), "F": str(images[0]), "MOVING": str(moving), "M": str(moving), "LABEL": str(label),
        "IMAGE": str(images[2]), "LANDMARKS": "points.csv", "P": "points.csv", "DIR": str(cohort_2d), "OUT": "OUT",
        "FOLDER": str(images[3].parent), "LIST": "pairs.csv", "*.nii.gz": "slice_norm.nii.gz",
        **dict.fromkeys(("T", "T1", "T2"), "OUT/MOVING_transform.h5"),
        "['T1','T2']": "['OUT/MOVING_transform.h5','OUT/MOVING_transform.h5']",
        "OUT/M_transform.h5": "OUT/MOVING_transform.h5",
        "OUT/M_inverse_field.nii.gz": "OUT/MOVING_inverse_field.nii.gz",
    }  # fmt: skip


def made_short(command: str) -> list[str]:
    """The words of a command and what makes it short, a repeated option once."""
    words = shlex.split(command)
    further = [option for words_in, options in SHORT.items() if words_in in command for option in options.split()]
    options = dict(zip(further[::2], further[1::2], strict=True))
    return words + [word for name, value in options.items() if name not in words for word in (name, value)]


@pytest.mark.parametrize("command", RUN)
def test_a_command_does_what_it_says(command: str, shipped: Path, named: dict[str, str]) -> None:
    names = {**named, "LABEL": named["L"]} if "register_sequence" in command else named
    words = [names.get(word, word) for word in made_short(command)]
    start = {"python": [sys.executable], "torchrun": [sys.executable, "-m", "torch.distributed.run"]}
    said = run_command([*start[words[0]], *words[1:]], shipped)
    assert said.returncode == 0, said.stderr[-2000:]
    assert "Traceback" not in said.stderr


def test_commands_are_found() -> None:
    assert len(RUN) >= 15
    assert all(any(words in line for line in map_of_all()) for words in ELSEWHERE)


def map_of_all() -> Sequence[str]:
    return [line for document in documents() for line in commands(document)]


def test_targets_of_make_exist() -> None:
    found = {word for line in map_of_all() if line.startswith("make ") for word in line.split()[1:2]}
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    assert {"run", "test"} <= found <= {line.split("\t")[0].strip() for line in helped.splitlines()}


@pytest.mark.parametrize("command", [line for line in map_of_all() if "benchmarks" in line])
def test_benchmarks_take_their_printed_options(command: str) -> None:
    words = shlex.split(command)
    try:
        module = importlib.import_module(words[words.index("-m") + 1])
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is of the benchmarks' own environment")
    options = words[words.index("-m") + 2 :]
    assert module.parse_arguments(options) is not None
