"""What the benchmarks share: the bundle's configuration, its pairs and its shipped network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser
from torch import nn

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
WEIGHTS = BUNDLE / "models" / "model.pt"
SETTINGS = "settings.json"
CONFIGS = ("train.yaml", "variants/recipe.yaml", "evaluate.yaml")


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Mark a folder of results as made with ``settings``, so that no others are taken for them.

    Raises:
        InputError: if it holds results made with other settings.
    """
    from scripts.errors import InputError  # the bundle's folder is on the path by now
    from scripts.files import write_text_atomic

    path, mine = folder / SETTINGS, json.dumps(settings, indent=2) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != mine:
        raise InputError(f"{path} is of a run with other settings; choose another output_dir or remove the folder.")
    write_text_atomic(path, mine)


def parse(overrides: dict[str, Any], configs: tuple[str, ...] = CONFIGS) -> ConfigParser:
    """The bundle's configuration with values changed."""
    parser = ConfigParser()
    parser.read_config([str(BUNDLE / "configs" / name) for name in configs])
    parser.update({"bundle_root": str(BUNDLE), **overrides})
    return parser


def pretrained(weights: str | Path, overrides: dict[str, Any]) -> tuple[nn.Module, Any]:
    """The recipe's network with weights, on the processor, and the inferer that runs it."""
    from scripts.engines import load_weights  # the bundle's folder is on the path by now

    parser = parse({**overrides, "device": "cpu"})
    network, inferer = parser.get_parsed_content("network_def"), parser.get_parsed_content("inferer")
    load_weights(str(weights), network)
    return network.eval(), inferer
