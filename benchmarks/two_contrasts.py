"""Whole heads of two contrasts as they were scanned: T1 of one subject to T2 of another, or of itself deformed.

    python -m benchmarks.two_contrasts --dataset_dir DIR --output_dir outputs/two_contrasts

``DIR/t1/NAME`` and ``DIR/t2/NAME``, or ``DIR/NAME_T1.nii.gz`` and ``DIR/NAME_T2.nii.gz``, are two images of a subject
that lie on each other. A T1 is registered to another subject's T2, and compared with the T1 that lies under it: their
correlation inside the head. And a T1 is registered to its own T2 that was deformed by a known smooth field: endpoint
error inside the head, millimetres. Both with the affine stage of each program. Of a single subject there is only the
second. ``--fixed FLAIR`` takes another contrast in place of T2. A method whose results are in ``output_dir`` is not
run again.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch

from scripts.errors import InputError
from scripts.physical import PercentileScaling, read_image
from scripts.reports import markdown_table
from scripts.spatial import smooth, warp

from . import methods
from .claims import claim, kept, result_file
from .command import command_line, start
from .docs import machine, publish
from .setting import ONE_AND_ANY

FREE = ("output_dir", "methods", "docs")
AMPLITUDE, SIGMA = 10.0, 12.0  # of the known field: largest displacement and smoothness, voxels
INSIDE = 0.1  # of the scaled intensity


@dataclass(frozen=True)
class Case:
    """A moving T1, a fixed T2, the T1 under the fixed T2, and where its points came from, if that is known."""

    moving: Path
    fixed: Path
    under: np.ndarray
    truth: np.ndarray | None


Register = Callable[[Path, Path], np.ndarray]  # of two files; the displacement (D, *S) on the fixed one, voxels


def bundle(method: str, refined: bool) -> Register:
    """The ``register`` command's own pipeline."""
    from scripts.registration import configured

    registration = configured(method, quality="default" if refined else "fast", device="cpu")

    def register(moving: Path, fixed: Path) -> np.ndarray:
        result = registration(str(fixed), str(moving))
        return in_voxels(result.fields.whole, fixed)

    return register


def in_voxels(vectors: np.ndarray, fixed: Path) -> np.ndarray:
    """Vectors of physical space (LPS, mm) as a displacement in voxels of the file."""
    geometry = read_image(str(fixed)).geometry
    inverse = np.linalg.inv(geometry.matrix)
    return np.tensordot(inverse, vectors, axes=1).astype(np.float32)


def on_arrays(register: methods.Register) -> Register:
    """A program of :mod:`benchmarks.methods`, which takes arrays."""
    scaling = PercentileScaling()
    return lambda moving, fixed: register(*(scaling(read_image(str(each)).values) for each in (moving, fixed)))


def methods_of(dims: int) -> dict[str, Callable[[], Register]]:
    """What is compared on slices, or on volumes, by the name of its row."""
    one, other = ONE_AND_ANY[dims]
    return {
        "unregistered": lambda: on_arrays(methods.unregistered()),
        one: lambda: bundle(one, True),
        f"{other}, network": lambda: bundle(other, False),
        f"{other}, refined": lambda: bundle(other, True),
        "ANTs SyN, mutual information": lambda: on_arrays(methods.ants_syn("mattes")),
        "elastix, mutual information": lambda: on_arrays(methods.elastix_bspline()),
        **({"ConvexAdam, MIND": lambda: on_arrays(methods.convex_adam())} if dims == 3 else {}),
    }


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing, then write the table."""
    options = parse_arguments(arguments)
    folder = Path(options.output_dir)
    claim(folder, {name: value for name, value in vars(options).items() if name not in FREE})
    subjects = subjects_of(Path(options.dataset_dir), options.fixed)
    with tempfile.TemporaryDirectory() as made:
        cases = cases_of(subjects, options.num_pairs, Path(made))
        wanted = methods.chosen(methods_of(read_image(str(subjects[0][0])).values.ndim), options.methods)
        results = {name: result_of(make, name, cases, folder) for name, make in wanted.items()}
    table = table_of(results, options.fixed)
    deformed = f"{options.num_pairs} of a subject with itself, deformed by up to {AMPLITUDE:g} voxels"
    others = f"{options.num_pairs} random pairs of different subjects and " if "another subject" in cases else ""
    data = f"{others}{deformed}, of {Path(options.dataset_dir).name}, T1 to {options.fixed}."
    print(f"{table}\n{data}")
    publish(options.docs, "two_contrasts", arguments, data, table, machine())


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, default=20)
    parser.add_argument("--fixed", default="T2", help="contrast of the fixed images: T2, FLAIR, ...")
    parser.add_argument("--methods", nargs="+", help="rows of the table; default: all")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def subjects_of(folder: Path, fixed: str) -> list[tuple[Path, Path]]:
    """T1 and the fixed contrast of every subject, by name.

    Raises:
        InputError: if there is none.
    """
    if (folder / "t1").is_dir():
        found = [(path, folder / fixed.lower() / path.name) for path in sorted((folder / "t1").iterdir())]
    else:
        found = [(path, Path(str(path).replace("_T1", f"_{fixed}"))) for path in sorted(folder.glob("*_T1*"))]
    both = [pair for pair in found if pair[1].is_file()]
    if not both:
        raise InputError(f"{folder} has no subject with T1 and {fixed}: t1/NAME and {fixed.lower()}/NAME, say.")
    return both


def cases_of(subjects: Sequence[tuple[Path, Path]], count: int, made: Path) -> dict[str, list[Case]]:
    """The same cases for every method: of different subjects, where there are some, and of one."""
    draw = random.Random(0)
    if len(subjects) == 1:
        return {"itself, deformed": [itself_deformed(*subjects[0], k, made) for k in range(count)]}
    pairs = [draw.sample(subjects, 2) for _ in range(count)]
    return {
        "another subject": [Case(a[0], b[1], read_image(str(b[0])).values, None) for a, b in pairs],
        "itself, deformed": [itself_deformed(*a, k, made) for k, (a, _) in enumerate(pairs)],
    }


def itself_deformed(moving: Path, fixed: Path, seed: int, made: Path) -> Case:
    """A subject whose fixed contrast is seen through a known field, with the T1 under it."""
    files = nib.load(moving), nib.load(fixed)
    field = known_field(files[0].shape, seed)
    seen = [warp(torch.from_numpy(each.get_fdata(dtype=np.float32))[None, None], field)[0, 0].numpy() for each in files]
    path = made / f"{seed}_{fixed.name}"
    nib.save(nib.Nifti1Image(seen[1], files[1].affine, files[1].header), path)
    return Case(moving, path, seen[0], field[0].numpy())


def known_field(size: Sequence[int], seed: int) -> torch.Tensor:
    """A smooth random displacement ``(1, D, *S)``, voxels, whose longest vector is :data:`AMPLITUDE`."""
    noise = torch.randn(1, len(size), *size, generator=torch.Generator().manual_seed(seed))
    field = smooth(noise, SIGMA)
    return field * (AMPLITUDE / field.square().sum(1).sqrt().max())


def result_of(
    make: Callable[[], Register], name: str, cases: Mapping[str, Sequence[Case]], folder: Path
) -> dict[str, list[float]]:
    """A method's measures by kind of case: what the folder holds, else what is measured now."""

    def measured() -> dict[str, list[float]]:
        register = make()
        return {kind: [measure(register, case) for case in some] for kind, some in cases.items()}

    found: dict[str, list[float]] = kept(result_file(folder, name), measured)
    return found


def measure(register: Register, case: Case) -> float:
    """Correlation with the T1 that lies there; where the field is known, its endpoint error, mm."""
    ddf = register(case.moving, case.fixed)
    scaled = PercentileScaling()(case.under)
    inside = scaled > INSIDE
    if case.truth is not None:
        spacing = read_image(str(case.fixed)).geometry.spacing.reshape(-1, *[1] * case.under.ndim)
        return float(np.sqrt((((ddf - case.truth) * spacing) ** 2).sum(0))[inside].mean())
    moving = PercentileScaling()(read_image(str(case.moving)).values)
    warped = warp(torch.from_numpy(moving)[None, None], torch.from_numpy(ddf)[None])[0, 0].numpy()
    return float(np.corrcoef(warped[inside], scaled[inside])[0, 1])


def table_of(results: Mapping[str, Mapping[str, Sequence[float]]], fixed: str) -> str:
    """A row a method."""
    rows = [
        [name, *(f"{np.mean(values):.4f} ± {np.std(values):.4f}" for values in by_kind.values())]
        for name, by_kind in results.items()
    ]
    header = {"another subject": f"correlation with the T1 under the {fixed}", "itself, deformed": "endpoint error, mm"}
    return markdown_table(["Method", *(header[kind] for kind in next(iter(results.values())))], rows)


if __name__ == "__main__":
    start(main)
