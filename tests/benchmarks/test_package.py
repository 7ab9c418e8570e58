"""The benchmarks as a package: found from the root, apart from what a user downloads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import BUNDLE, ROOT
from benchmarks.claims import claim
from benchmarks.imports import arrows_within, drawing, floors_of
from benchmarks.profiles import profiled
from benchmarks.setting import changed
from scripts.errors import InputError

FILES = sorted((ROOT / "benchmarks").rglob("*.py"))
DOOR = {"setting.py"}  # the one file that reads the bundle's configuration
FOR_ITSELF = {"report_as_sentence"}  # what the package calls when it is imported


def test_one_place_puts_the_bundle_on_the_path() -> None:
    assert [path.name for path in FILES if "sys.path" in path.read_text(encoding="utf-8")] == ["__init__.py"]


def test_one_file_reads_the_bundles_configuration() -> None:
    """No other knows where a file of ``configs/`` lies or how it is read."""
    readers = {
        path.name for path in FILES if re.search(r"read_config|load_config_file", path.read_text(encoding="utf-8"))
    }
    assert readers <= DOOR


def test_commands_run_from_the_root() -> None:
    command = [sys.executable, "-m", "benchmarks.imports", "--room", "no_such_room"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "no_such_room does not exist" in done.stderr
    assert done.stdout == ""


def test_what_a_user_downloads_does_not_know_the_benchmarks() -> None:
    shipped = [
        path
        for part in ("scripts", "configs")
        for path in (BUNDLE / part).rglob("*")
        if path.suffix in (".py", ".yaml")
    ]
    assert [path for path in shipped if "benchmark" in path.read_text(encoding="utf-8").lower()] == []


def test_what_a_user_downloads_has_nothing_that_only_we_use() -> None:
    """Every public function and class of ``scripts`` is used, or exported and documented, in the bundle itself."""
    sources = {path: path.read_text(encoding="utf-8") for path in (BUNDLE / "scripts").rglob("*.py")}
    others = [
        p.read_text(encoding="utf-8")
        for part in ("configs", "docs")
        for p in (BUNDLE / part).rglob("*")
        if p.suffix in (".yaml", ".json", ".md")
    ]
    unused = []
    for path, text in sources.items():
        elsewhere = [t for other, t in sources.items() if other.name != "__init__.py" and other != path] + others
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                word = re.compile(rf"\b{node.name}\b")
                if len(word.findall(text)) == 1 and not any(word.search(other) for other in elsewhere):
                    unused.append(node.name)
    assert set(unused) <= FOR_ITSELF


def test_our_words_become_keys_and_keys_stay() -> None:
    values = changed(velocity=False, seed=3, **changed(velocity=True, validated=None))
    assert values == {"network_def#velocity": True, "seed": 3, "validate#dataset#data": None}


def test_a_folder_belongs_to_one_run(tmp_path: Path) -> None:
    claim(tmp_path, {"steps": 3, "rows": ["a"]})
    claim(tmp_path, {"steps": 3, "rows": ["a"]})
    with pytest.raises(InputError, match="other settings"):
        claim(tmp_path, {"steps": 4, "rows": ["a"]})
    assert '"steps": 3' in (tmp_path / "settings.json").read_text()


def test_drawing_of_made_up_imports(tmp_path: Path) -> None:
    room = tmp_path / "house" / "room"
    (room / "deep").mkdir(parents=True)
    sources = {
        "__init__.py": "from .top import x\n",
        "ground.py": "import os\nfrom ..street import y\n",
        "deep/__init__.py": "",
        "deep/inner.py": "from ..ground import z\n",
        "top.py": "from . import deep\n\ndef late():\n    from house.room.ground import z\n",
    }
    for name, text in sources.items():
        (room / name).write_text(text)
    arrows = arrows_within(room, tmp_path)
    assert arrows == {"ground": set(), "deep": {"ground"}, "top": {"deep", "ground"}}
    assert drawing("room", arrows) == "room: 3 on 3 floors\n 2  top     deep, ground\n 1  deep    ground\n 0  ground\n"


def test_registration_stands_on_four_floors() -> None:
    floors = floors_of(arrows_within(BUNDLE / "scripts" / "registration", BUNDLE))
    assert len(floors) >= 10 and max(floors.values()) + 1 <= 4


def test_a_circle_is_named() -> None:
    with pytest.raises(InputError, match=r"a, b go in a circle"):
        floors_of({"a": {"b"}, "b": {"a", "c"}, "c": set()})


def test_a_profile_adds_up() -> None:
    """The operators that are shown, the rest and the whole."""
    import torch

    image = torch.rand(1, 8, 32, 32)
    table = profiled(lambda: torch.nn.functional.conv2d(image, torch.rand(8, 8, 3, 3)).relu(), 2)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    assert len(rows) == 4 and [row[0] for row in rows[2:]] == ["everything else", "all"]
    assert sum(float(row[2]) for row in rows[:3]) == pytest.approx(float(rows[3][2]), abs=0.2)
