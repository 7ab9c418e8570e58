"""The rules of the house, read from the source: imports point down, and everything public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "bundle" / "scripts"

# A room may import rooms of the floors below its own; rooms of one floor do not know each other.
FLOORS = [
    {"errors", "files", "progress"},
    {"voxels", "spatial", "options"},
    {"networks", "losses", "metrics", "configuration"},
    {"transforms", "data", "reports"},
    {"engines"},
    {"registration", "export"},
    {"commands"},
    {"__main__"},
]
DRAWS = {"reports"}  # the only room with matplotlib
LONGEST = 300

FILES = sorted(SCRIPTS.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SCRIPTS)))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def room_of(path: Path) -> str:
    """The folder, or file, just below ``scripts``; empty for the package's own ``__init__``."""
    first = path.relative_to(SCRIPTS).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def floor_of(room: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    package = ("scripts", *path.relative_to(SCRIPTS).parent.parts)
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = [*base, *([node.module] if node.module else [])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imported(path))
    return {name[1] for name in names if name[0] == "scripts" and len(name) > 1} - {room_of(path)}


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(path) for path in FILES} - {""}
    assert rooms - set.union(*FLOORS) == set()
    assert {"spatial", "networks", "losses", "metrics", "transforms", "data", "reports", "engines"} <= rooms


@each_file
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if not room:
        assert rooms_imported(path) <= {"errors"}
        return
    for other in rooms_imported(path):
        assert other in set.union(*FLOORS), f"{other} has no floor"
        assert floor_of(other) < floor_of(room), f"{room} imports {other}, which is not below it"


@each_file
def test_imports_within_the_package_are_relative(path: Path) -> None:
    """The bundle's folder is no installed package: MONAI puts it on the path only when it runs a config."""
    absolute = [
        name
        for node in ast.walk(parse(path))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        if name.split(".")[0] == "scripts"
    ]
    assert absolute == []


@each_file
def test_only_reports_draw(path: Path) -> None:
    draws = any(name.split(".")[0] == "matplotlib" for name in imported(path))
    assert not draws or room_of(path) in DRAWS


@pytest.mark.parametrize("room", ["spatial", "networks", "losses", "metrics"])
def test_tensor_rooms_know_nothing_of_files_and_engines(room: str) -> None:
    for path in (path for path in FILES if room_of(path) == room):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"ignite", "nibabel", "itk", "pathlib", "json", "matplotlib"}, path
        assert "files" not in rooms_imported(path), path


def public_definitions(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Classes, functions and methods whose names do not begin with an underscore, those inside functions left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield f"{name}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node, f"{name}{node.name}.")


@each_file
def test_everything_public_says_what_it_is(path: Path) -> None:
    tree = parse(path)
    silent = [] if ast.get_docstring(tree) else ["the module"]
    silent += [
        name
        for name, node in public_definitions(tree)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
    ]
    assert silent == []


@each_file
def test_what_a_package_exports_exists(path: Path) -> None:
    """``__all__`` is sorted and names what the file imports or defines."""
    tree = parse(path)
    lists = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
    ]
    for exported in lists:
        known = {alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names}
        known |= {name for name, _ in public_definitions(tree)}
        assert set(exported) <= known
        assert len(exported) == len(set(exported))


@each_file
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_map_names_every_room() -> None:
    text = ast.get_docstring(parse(SCRIPTS / "__init__.py")) or ""
    missing = [room for room in sorted({room_of(path) for path in FILES} - {""}) if f"``{room}``" not in text]
    assert missing == []


def test_a_room_above_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules can fail: a made-up file of ``spatial`` that breaks them."""
    source = "from ..engines import x\nfrom . import warp\nimport scripts.data.pairs\n"
    path = SCRIPTS / "spatial" / "made_up.py"
    tree = ast.parse(source)
    monkeypatch.setattr(f"{__name__}.parse", lambda _: tree)
    assert rooms_imported(path) == {"engines", "data"}
    with pytest.raises(AssertionError, match="spatial imports"):
        test_imports_point_down(path)
    with pytest.raises(AssertionError):
        test_everything_public_says_what_it_is(path)
