"""What a server's client is told of an image that cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from monai.transforms import Compose

from scripts.errors import InputError, find_input_error
from scripts.transforms import AnsweringCompose
from support import BUNDLE, parse


class HTTPException(Exception):
    """As Starlette's: the one exception whose text is answered."""

    def __init__(self, status_code: int, detail: str) -> None:
        self.status_code, self.detail = status_code, detail


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has imported Starlette."""
    module = ModuleType("starlette.exceptions")
    module.HTTPException = HTTPException  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "starlette.exceptions", module)


def refuse(path: Any) -> Any:
    raise InputError(f"{path} cannot be read as an image; choose another.")


def test_a_client_is_answered_with_the_sentence(served: None) -> None:
    sentence = "a.nii.gz cannot be read as an image; choose another."
    with pytest.raises(HTTPException) as caught:
        AnsweringCompose([Compose([refuse])])("a.nii.gz")
    assert (caught.value.status_code, caught.value.detail) == (422, sentence)
    assert isinstance(find_input_error(caught.value), InputError)


def test_errors_of_the_program_stay_as_they_are(served: None) -> None:
    with pytest.raises(RuntimeError) as caught:
        AnsweringCompose([lambda value: value / 0])(1)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_without_a_server_it_is_a_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "starlette.exceptions", raising=False)
    with pytest.raises(RuntimeError) as caught:
        AnsweringCompose([refuse])("a.nii.gz")
    assert isinstance(find_input_error(caught.value), InputError)
    assert AnsweringCompose([lambda value: value + 1])(1) == 2


def test_images_are_prepared_by_it() -> None:
    parser = parse(BUNDLE, "inference.yaml")
    assert parser["image_preprocessing"]["_target_"] == "scripts.transforms.AnsweringCompose"
    assert parser["preprocessing"]["transforms"][0] == "@image_preprocessing"  # what a server calls by itself


def test_nothing_is_imported_once_an_image_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MONAI Label makes the bundle's pieces and lets go of its package, for another bundle's, before it calls them."""
    atlas = BUNDLE / "models" / "atlas_image.nii.gz"
    values = {"dataset_dir": str(atlas), "output_dir": str(tmp_path), "refinement_steps": 0}
    evaluator = parse(BUNDLE, "inference.yaml", bundle_root=str(BUNDLE), **values).get_parsed_content("evaluator")
    for name in [name for name in sys.modules if name.partition(".")[0] == "scripts"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path) != BUNDLE])
    evaluator.run()
    assert (tmp_path / "atlas_image_seg.nii.gz").is_file()
