"""Pairs of two contrasts, of which the truth is known: the fixed image recoloured, the labels as they were.

    python -m benchmarks.contrast --dataset_dir DIR --output_dir outputs/contrast

The same seeded pairs of test subjects for every method and every recolouring of the fixed image: as it is; inverted; a
curve that makes grey matter brightest; and every label given the mean intensity of another one, drawn for each pair.
None of these is what the methods for any contrast were trained on. Volumes (``--spatial_dims 3``) are aligned to one of
them before. A method whose results are in ``output_dir`` is not run again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.reports import markdown_table

from . import methods
from .claims import claim, kept, result_file
from .command import command_line, start
from .docs import machine, publish
from .measuring import measure_pair
from .setting import ONE_AND_ANY, PairChoice, choose_pairs, shipped_refinement_steps, weights_of

FREE = ("output_dir", "methods", "docs")


def as_it_is(image: Tensor, label: Tensor, rng: np.random.Generator) -> Tensor:
    """The image ``(1, *S)`` itself."""
    return image


def inverted(image: Tensor, label: Tensor, rng: np.random.Generator) -> Tensor:
    """White black; the background stays."""
    return torch.where(image > 0, 1 - image, image)


def folded_over(image: Tensor, label: Tensor, rng: np.random.Generator) -> Tensor:
    """What is of medium intensity becomes brightest, white as dark as black."""
    return 4 * image * (1 - image)


def exchanged(image: Tensor, label: Tensor, rng: np.random.Generator) -> Tensor:
    """Every label takes the mean intensity of another one and keeps its texture."""
    ids = [int(each) for each in torch.unique(label) if each]
    means = {each: float(image[label == each].mean()) for each in ids}
    levels = dict(zip(ids, rng.permutation(list(means.values())), strict=True))
    found = image.clone()
    for each in ids:
        inside = label == each
        found[inside] = (image[inside] - means[each] + levels[each]).clamp(0, 1).float()
    return found


CONTRASTS: dict[str, Callable[[Tensor, Tensor, np.random.Generator], Tensor]] = {
    "as it is": as_it_is,
    "inverted": inverted,
    "grey brightest": folded_over,
    "labels exchanged": exchanged,
}


def _bundle(method: str, refined: bool) -> methods.Register:
    steps = shipped_refinement_steps(method) if refined else 0
    return methods.bundle_network(weights_of(method), steps, method=method)


def methods_of(dims: int) -> dict[str, Callable[[], methods.Register]]:
    """What is compared on slices, or on volumes, by the name of its row."""
    ours = {
        f"{method}, {'refined' if refined else 'network'}": partial(_bundle, method, refined)
        for method in ONE_AND_ANY[dims]
        for refined in (False, True)
    }
    return {
        "unregistered": methods.unregistered,
        **ours,
        "ANTs SyN, mutual information": partial(methods.ants_syn, "mattes"),
        "elastix, mutual information": methods.elastix_bspline,
        **({"ConvexAdam, MIND": methods.convex_adam} if dims == 3 else {}),
    }


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing, then write the table."""
    options = parse_arguments(arguments)
    folder = Path(options.output_dir)
    claim(folder, {name: value for name, value in vars(options).items() if name not in FREE})
    wanted = methods.chosen(methods_of(options.spatial_dims), options.methods)
    results = {name: result_of(make, name, options) for name, make in wanted.items()}
    table = table_of(results)
    data = f"{options.num_pairs} random pairs of test subjects of {Path(options.dataset_dir).name}; Dice ± deviation."
    print(f"{table}\n{data}")
    publish(options.docs, "contrast", arguments, data, table, machine())


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, default=40)
    parser.add_argument("--spatial_dims", type=int, choices=[2, 3], default=2)
    parser.add_argument("--methods", nargs="+", help="rows of the table; default: all")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def result_of(
    make: Callable[[], methods.Register], name: str, options: argparse.Namespace
) -> dict[str, list[dict[str, float]]]:
    """A method's measures of every pair by contrast: what the folder holds, else what is measured now."""

    def measured() -> dict[str, list[dict[str, float]]]:
        choice = PairChoice(options.dataset_dir, num_pairs=options.num_pairs)
        if options.spatial_dims == 3:
            choice = replace(choice, method=ONE_AND_ANY[3][0], affine=True, spatial_size=None)
        pairs, ids = choose_pairs(choice)
        register = make()
        return {
            contrast: [measure_pair(register, recoloured(pairs[k], recolour, k), ids) for k in range(len(pairs))]
            for contrast, recolour in CONTRASTS.items()
        }

    found: dict[str, list[dict[str, float]]] = kept(result_file(Path(options.output_dir), name), measured)
    return found


def recoloured(pair: Mapping[str, Any], recolour: Callable[..., Tensor], seed: int) -> dict[str, Any]:
    """The pair with its fixed image in another contrast."""
    rng = np.random.default_rng(seed)
    return {**pair, "fixed": recolour(pair["fixed"], pair["fixed_label"], rng)}


def table_of(results: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> str:
    """A row a method: Dice by contrast, and the folds of all."""
    rows = []
    for name, by_contrast in results.items():
        dice = {contrast: [row["dice"] for row in rows_] for contrast, rows_ in by_contrast.items()}
        folded = np.mean([row["folded"] for rows_ in by_contrast.values() for row in rows_])
        rows.append([name, *(f"{np.mean(d):.4f} ± {np.std(d):.4f}" for d in dice.values()), f"{100 * folded:.4f}"])
    return markdown_table(["Method", *CONTRASTS, "folded, %"], rows)


if __name__ == "__main__":
    start(main)
