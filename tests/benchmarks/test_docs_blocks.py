"""Tables in the documentation: written between their markers, and nowhere else."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from benchmarks import BUNDLE, ROOT
from benchmarks.docs import blocks, command_of, machine, publish, replace_block
from scripts.errors import InputError
from support import assert_one_sentence

DOCUMENT = """# Title

before

<!-- benchmark: peers -->
old
<!-- /benchmark -->

between

<!-- benchmark: peers-other -->
kept
<!-- /benchmark -->

after
"""
DOCS = sorted((BUNDLE / "docs").glob("*.md"))
PUBLISHED = [(path.name, name) for path in DOCS for name in blocks(path.read_text(encoding="utf-8"))]


def test_only_what_is_between_the_markers_changes() -> None:
    new = replace_block(DOCUMENT, "peers", "new\n\\1")
    assert new == DOCUMENT.replace("old", "new\n\\1")
    assert blocks(new) == {"peers": "new\n\\1\n", "peers-other": "kept\n"}
    assert replace_block(new, "peers", "old") == DOCUMENT


def test_a_block_tells_command_data_and_machine(tmp_path: Path) -> None:
    path = tmp_path / "peers.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    arguments = [
        "--dataset_dir",
        "/far/away/oasis",
        "--docs",
        str(path),
        "--methods",
        "ours, network",
        f"--docs={path}",
    ]
    publish(str(path), "peers", arguments, "Three pairs.", "| a |\n| --- |\n")
    written = blocks(path.read_text(encoding="utf-8"))
    assert written["peers"] == (
        "```sh\npython -m benchmarks.peers --dataset_dir oasis --methods 'ours, network'\n```\n\n"
        f"Three pairs. Machine: {machine()}.\n\n| a |\n| --- |\n"
    )
    publish(f"{path}#peers-other", "peers", [], "Two pairs.", "table", "another one")
    again = blocks(path.read_text(encoding="utf-8"))
    assert again["peers"] == written["peers"]
    assert (
        again["peers-other"] == "```sh\npython -m benchmarks.peers\n```\n\nTwo pairs. Machine: another one.\n\ntable\n"
    )


def test_without_the_option_nothing_is_written() -> None:
    publish(None, "peers", [], "", "")


def test_paths_of_the_repository_are_told_from_its_root() -> None:
    assert command_of("peers", [str(ROOT / "bundle" / "models" / "model.pt"), "/elsewhere/data"]) == (
        "python -m benchmarks.peers bundle/models/model.pt data"
    )


@pytest.mark.parametrize("block", ["steps", "twice"])
def test_a_document_without_one_such_block_is_refused(block: str, tmp_path: Path) -> None:
    path = tmp_path / "peers.md"
    twice = "<!-- benchmark: twice -->\n<!-- /benchmark -->\n"
    path.write_text(DOCUMENT + 2 * twice, encoding="utf-8")
    with pytest.raises(InputError) as error:
        publish(f"{path}#{block}", "peers", [], "", "")
    assert_one_sentence(str(error.value), str(path))
    assert f"<!-- benchmark: {block} -->" in str(error.value)
    assert path.read_text(encoding="utf-8") == DOCUMENT + 2 * twice


def test_a_document_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.md does not exist"):
        publish(str(tmp_path / "none.md"), "peers", [], "", "")


def test_every_benchmark_has_its_table_in_the_docs() -> None:
    names = {name.partition("-")[0] for _, name in PUBLISHED}
    assert names == {
        "adversarial",
        "affine_study",
        "budgets",
        "capture",
        "contrast",
        "cut_images",
        "imports",
        "loss_study",
        "masks",
        "peers",
        "profiles",
        "results",
        "segmentation",
        "sequences",
        "steps",
        "table1",
        "two_contrasts",
        "verdict",
        "volume_study",
        "volumes",
    }


@pytest.mark.parametrize(("document", "name"), PUBLISHED)
def test_what_the_docs_print_is_what_the_command_takes(
    document: str, name: str, request: pytest.FixtureRequest
) -> None:
    """The block's command is that of the benchmark whose name the block has, and its options exist."""
    block = blocks((BUNDLE / "docs" / document).read_text(encoding="utf-8"))[name]
    found = re.match(r"```sh\npython -m benchmarks\.(\w+) ?(.*)\n```\n\n((?:.+\n)+)\n", block)
    assert found is not None
    assert found[1] == name.partition("-")[0]
    assert "Machine:" in found[3] or found[1] == "imports"
    if found[1] == "steps":
        request.getfixturevalue("stand_in_package")
    module = importlib.import_module(f"benchmarks.{found[1]}")
    assert vars(module.parse_arguments(shlex.split(found[2])))["docs"] is None
