"""What kind of value each option of the configuration files takes.

The value that stands in the file says it, as far as it can; what it cannot say (bounds, choices, what may stand for
``null``) is said here once, for every file that has the option.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..options import (
    Bound,
    Count,
    NotNegative,
    Number,
    Pairing,
    Positive,
    Precision,
    Share,
    at_least,
    at_most,
    longer_than,
)


def is_device_here(name: str) -> bool:
    """Whether torch can compute on the device ``name``."""
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError):  # the latter of a torch without CUDA
        return False
    return name != "meta"


MADE = ("$", "@", "%")  # at its beginning they make text an expression, a reference, a line of another file


def is_expression(text: str) -> bool:
    """Whether text of a configuration is an expression, a reference or a macro: a sign and what it is of."""
    return len(text) > 1 and text.startswith(MADE)


def is_made(value: Any) -> bool:
    """Whether a value of a configuration is a component, an expression, or a list of these."""
    if isinstance(value, list):
        return bool(value) and all(map(is_made, value))
    return "_target_" in value if isinstance(value, dict) else isinstance(value, str) and is_expression(value)


Component = Annotated[Any, Bound("that a configuration makes: a component or an expression", is_made)]
Components = Annotated[list[Component], longer_than(0)]

Device = Annotated[str, Bound("that names a device of this machine, such as cpu or cuda:0", is_device_here)]
Size = Annotated[int, Bound("of at least 1, or -1 for the image's own", lambda size: size == -1 or size >= 1)]
Seed = Annotated[int, at_least(0), at_most(2**32 - 1)]
SubjectKey = Literal["image", "label", "unaligned_image", "unaligned_label"]

KINDS: dict[str, Any] = {
    "augment": Component | None,
    "atlas": str | None,
    "atlas_image": str | None,
    "atlas_label": str | None,
    "batch_size": Count,
    "cache_dir": str,
    "cache_rate": Share,
    "channels": Annotated[list[Count], longer_than(1)],
    "ckpt_path": str,
    "dataset_dir": str,
    "device": Device,
    "evaluation_pairing": Pairing,
    "final_learning_rate": NotNegative,
    "finalize": list[Component],
    "fine_steps": Number,
    "formats": list[Literal["torchscript", "onnx"]],
    "initial_weights": str | None,
    "kept_epochs": list[Count],
    "labels": Literal["auto", "table", "common", "any"] | list[int],
    "learning_rate": NotNegative,
    "max_epochs": Count,
    "max_gradient": Positive | None,
    "num_figures": Number,
    "num_pairs": Count | None,
    "output_dir": str,
    "pairing": Pairing,
    "passes": Count,
    "precision": Precision,
    "refinement": Component | None,
    "refinement_smoothness": NotNegative,
    "refinement_steps": Number,
    "report_dir": str,
    "saved_pairs": list[str],
    "seed": Seed,
    "smoothness": NotNegative,
    "spacing": Positive | None,
    "spatial_dims": Literal[2, 3],
    "spatial_size": list[Size],
    "split_file": str | None,
    "split_seed": Seed,
    "subject_keys": Annotated[list[SubjectKey], Bound("with image in it", lambda keys: "image" in keys)],
    "synthetic_size": list[Count] | None,
    "synthetic_subjects": Count | None,
    "val_interval": Count,
    "weights": str,
}


def kind_of(name: str, config: Mapping[str, Any]) -> Any:
    """The kind of an option ``name`` of ``config``; ``Any`` where nothing says it."""
    default = config[name]
    if name in KINDS:
        return KINDS[name] | Component if isinstance(default, dict) else KINDS[name]
    if isinstance(default, list) and is_made(default):
        return Components
    if isinstance(default, dict) and not is_made(default):
        return _group_like(default)
    kind = kind_like(default, config)
    return Component if kind is Any and default is not None else kind


def _group_like(default: Mapping[str, Any]) -> Any:
    """The kind of pieces under one name, such as ``train``: the same pieces."""
    words = f"that holds {', '.join(default)}"
    return Annotated[Any, Bound(words, lambda value: isinstance(value, dict) and set(default) <= set(value))]


def kind_like(default: Any, config: Mapping[str, Any]) -> Any:
    """The kind of which ``default`` is, itself or what it refers to; ``Any`` of ``null`` and of what is made."""
    if isinstance(default, str):
        if default.startswith("@") and default[1:] in config:
            return kind_of(default[1:], config)
        return Any if is_expression(default) else str
    if isinstance(default, list) and default:
        kinds = {kind_like(each, config) for each in default}
        kind = kinds.pop()
        return list if kinds or kind is Any or isinstance(default[0], list) else list[kind]  # type: ignore[valid-type]
    return type(default) if isinstance(default, bool | int | float | list) else Any
