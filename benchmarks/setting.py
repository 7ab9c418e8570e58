"""What the benchmarks share: the bundle's configuration and its pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
CONFIGS = ("train.yaml", "variants/recipe.yaml", "evaluate.yaml")


def parse(overrides: dict[str, Any], configs: tuple[str, ...] = CONFIGS) -> ConfigParser:
    """The bundle's configuration with values changed."""
    parser = ConfigParser()
    parser.read_config([str(BUNDLE / "configs" / name) for name in configs])
    parser.update({"bundle_root": str(BUNDLE), **overrides})
    return parser
