"""The drawing of the imports: the rooms of ``bundle/scripts`` floor by floor, and the files of one room.

    python -m benchmarks.imports [--room registration]

A floor is one above the highest that it imports; what imports nothing of the folder stands on floor 0.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scripts.errors import InputError

from . import BUNDLE
from .command import command_line, start
from .docs import publish

Arrows = Mapping[str, set[str]]
LEGEND = "A floor, what stands on it, what that imports; a floor is one above the highest that it imports."


def modules_imported(path: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """What a file imports, anywhere in it, as parts of full names; ``root`` is the folder of the outermost package."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((*module, alias.name) for alias in node.names)


def arrows_within(folder: Path, root: Path) -> dict[str, set[str]]:
    """What each thing in a package, a file or a folder, imports of the others."""
    prefix, files = folder.relative_to(root).parts, sorted(folder.rglob("*.py"))
    entries = {path: path.relative_to(folder).parts[0].removesuffix(".py") for path in files}
    arrows: dict[str, set[str]] = {name: set() for name in entries.values() if name != "__init__"}
    for path, name in entries.items():
        for module in modules_imported(path, root):
            if name in arrows and module[: len(prefix)] == prefix and len(module) > len(prefix):
                arrows[name] |= {module[len(prefix)]} & (arrows.keys() - {name})
    return arrows


def floors_of(arrows: Arrows) -> dict[str, int]:
    """Floor of each thing.

    Raises:
        InputError: if the arrows go in a circle.
    """
    floors: dict[str, int] = {}
    while left := arrows.keys() - floors.keys():
        ready = {name for name in left if arrows[name] <= floors.keys()}
        if not ready:
            raise InputError(f"the imports of {', '.join(sorted(left))} go in a circle; turn one of them round.")
        floors.update({name: max((floors[other] + 1 for other in arrows[name]), default=0) for name in ready})
    return floors


def drawing(title: str, arrows: Arrows) -> str:
    """A line a thing, the highest floor first: its floor, its name and what it imports."""
    floors = floors_of(arrows)
    width = max(len(name) for name in arrows)
    lines = [
        f"{floors[name]:2}  {name:{width}}  {', '.join(sorted(arrows[name]))}".rstrip()
        for name in sorted(arrows, key=lambda name: (-floors[name], name))
    ]
    return "\n".join([f"{title}: {len(arrows)} on {max(floors.values()) + 1} floors", *lines]) + "\n"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--room", default="registration", help="whose files are drawn too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Print both drawings."""
    options, scripts = parse_arguments(arguments), BUNDLE / "scripts"
    folders = (scripts, scripts / options.room)
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder} does not exist; --room takes a folder of {scripts}.")
    text = "\n".join(drawing(folder.name, arrows_within(folder, BUNDLE)) for folder in folders)
    print(text)
    publish(options.docs, "imports", arguments, LEGEND, f"```text\n{text}```", where="")


if __name__ == "__main__":
    start(main)
