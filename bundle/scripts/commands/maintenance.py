"""The verb that keeps copies of a method in step, in the bundle's own files or in a bundle of one method."""

from __future__ import annotations

from ..configuration import BUNDLE
from ..options import OptionError


def configure(method: str | None = None, *, output_dir: str | None = None) -> None:
    """Write the method's lines anew into the configurations that hold a copy of them; or a bundle of one method.

    Args:
        method: name of a file in configs/methods, such as brain_3d, to make a bundle for a server of
        output_dir: folder of that bundle, which is not there yet
    """
    from ..configuration import write_copies, write_single

    if (method is None) != (output_dir is None):
        raise OptionError("a bundle of one method needs both: configure METHOD --output_dir DIR.")
    if method is not None and output_dir is not None:
        write_single(method, output_dir)
        print(f"written: {output_dir}")
        return
    for path in write_copies(BUNDLE / "configs"):
        print(f"written: {path}")
