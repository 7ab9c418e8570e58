"""A bundle of one method in a folder of its own: servers load ``configs/inference.yaml`` and ``models/model.pt`` alone.

So the bundle as it is serves its default method, that of slices; :func:`write_single` makes one that serves another.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, cannot_write
from ..files import atomic_folder, is_file, is_there
from ..options import OptionError
from .files import BUNDLE, CONFIGS, read_config
from .methods import BLOCK, method_file, with_method

SERVED, WEIGHTS, METADATA = "inference.yaml", "model.pt", "metadata.json"
OF_THE_DEFAULT = ("eval_metrics", "data_source")  # metadata that are not true of another method
FILES = ("weights", "atlas_image", "atlas_label")  # options of a method
KEPT = ("LICENSE", "scripts", f"configs/{METADATA}", "configs/logging.conf", "docs/data_license.txt")


def write_single(method: str, output_dir: str) -> None:
    """Write a bundle whose inference is by ``method`` and that can do nothing else.

    Args:
        method: name of a file in ``configs/methods``, one with an atlas whose labels are named beside it:
            ``ATLAS_label.nii.gz`` in ``ATLAS_labels.txt``, a line ``ID NAME`` each.
        output_dir: a folder that is not there yet.

    Raises:
        OptionError: if there is no such method, or it cannot segment.
        InputError: if the folder is there, or cannot be written.
    """
    if is_there(output_dir):
        raise InputError(f"{output_dir} exists; name a folder that does not, such as {output_dir}_{method}.")
    config = read_config(CONFIGS / "methods" / method_file(CONFIGS, method).name)
    files = [_model_file(config, key) for key in FILES]
    names = files[-1].with_name(files[-1].name.replace("_label.nii.gz", "_labels.txt"))
    if not all(map(is_file, (*files, names))):
        raise OptionError(
            f"method {method!r} has no atlas with a list of its labels' names, as a server needs one; brain_3d "
            "has, and the bundle itself serves brain_2d."
        )
    try:
        with atomic_folder(output_dir) as folder:
            _copy(KEPT, folder)
            _configure(folder / "configs", config, read_names(names))
            (folder / "models").mkdir()
            shutil.copyfile(files[0], folder / "models" / WEIGHTS)
            for path in (*files[1:], names):
                shutil.copyfile(path, folder / "models" / path.name)
    except OSError as error:
        raise cannot_write(error, output_dir) from error


def read_names(path: Path) -> dict[str, str]:
    """Label id to name, from lines ``ID NAME``; lines that begin with ``#`` are comments."""
    lines = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return {words[0]: words[1].strip() for words in lines if len(words) == 2}


def _model_file(config: Mapping[str, Any], key: str) -> Path:
    """The file in ``models`` that an option of a method names, as in ``$@bundle_root + '/models/NAME'``."""
    return BUNDLE / "models" / str(config.get(key)).rpartition("/")[2].rstrip("'")


def _copy(names: tuple[str, ...], folder: Path) -> None:
    for name in names:
        source, target = BUNDLE / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(source, target)


def _configure(configs: Path, config: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """The configuration with the method's lines, its weights under the name that servers look for, and the metadata."""
    text = (CONFIGS / SERVED).read_text(encoding="utf-8")
    name, weights = config["method"], _model_file(config, "weights").name
    marked = BLOCK.sub(lambda block: block[0].replace(f"methods/{block['name']}.yaml", f"methods/{name}.yaml"), text)
    served = with_method(marked, CONFIGS).replace(f"/models/{weights}", f"/models/{WEIGHTS}")
    (configs / SERVED).write_text(served, encoding="utf-8")
    metadata = json.loads((CONFIGS / METADATA).read_text(encoding="utf-8"))
    (configs / METADATA).write_text(json.dumps(_described(metadata, config, names), indent=2), encoding="utf-8")


def _described(metadata: dict[str, Any], config: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of a bundle, told of another method."""
    described = {key: value for key, value in metadata.items() if key not in OF_THE_DEFAULT}
    described["description"] = (
        f"Registers an image to an atlas by the method {config['method']} and carries the atlas's {len(names)} labels "
        "back onto it, on the image's own grid."
    )
    size, data = list(config["spatial_size"]), described["network_data_format"]
    for part in (data["inputs"]["image"], data["outputs"]["pred"]):
        part["spatial_shape"] = size
    data["outputs"]["pred"] |= {"num_channels": len(size), "channel_def": {"0": "background", **names}}
    return described
