"""The verb that keeps the bundle's own files in step."""

from __future__ import annotations

from ..configuration import BUNDLE


def configure() -> None:
    """Write the method's lines anew into the configurations that hold a copy of them."""
    from ..configuration import write_copies

    for path in write_copies(BUNDLE / "configs"):
        print(f"written: {path}")
