"""Files with any header, size and type: a result that is finite and where the fixed image is, or one sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, get_args

import nibabel as nib
import numpy as np
import pytest

from phantom import rotation, with_field
from scripts.errors import InputError
from scripts.options import File
from scripts.physical.headers import read_geometry
from scripts.registration import register_files

hypothesis: Any = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.usefixtures("no_picture")

TYPES = [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64,
         np.complex64]  # fmt: skip
META_TYPES = ["UCHAR", "CHAR", "SHORT", "USHORT", "INT", "UINT", "LONG_LONG", "ULONG_LONG", "FLOAT", "DOUBLE", "FLOAT"]
SUFFIXES = [".nii", ".nii.gz", ".mha", ".nrrd"]
ODD = st.sampled_from([0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf")])

sizes = st.lists(st.integers(1, 24), min_size=1, max_size=4) | st.lists(st.integers(8, 24), min_size=2, max_size=3)
sane_matrices = st.builds(
    lambda angles, spacing, order: (rotation(*angles) * spacing)[:, order],
    st.tuples(*[st.floats(-180, 180)] * 3) | st.just((0.0, 0.0, 0.0)),
    st.lists(st.floats(0.05, 2.5), min_size=3, max_size=3),
    st.permutations(range(3)),
)
mad_matrices = st.lists(st.floats(-3, 3) | ODD, min_size=9, max_size=9).map(lambda v: np.reshape(v, (3, 3)))
origins = st.lists(st.floats(-30, 30), min_size=3, max_size=3) | st.lists(ODD, min_size=3, max_size=3)


@st.composite
def images(draw: Any) -> dict[str, Any]:
    """What a file is made of."""
    return {
        "size": draw(sizes),
        "matrix": draw(sane_matrices | sane_matrices | mad_matrices),
        "origin": np.array(draw(origins)),
        "type": draw(st.sampled_from(TYPES)),
        "suffix": draw(st.sampled_from(SUFFIXES)),
        "pixdim": draw(st.none() | st.lists(ODD | st.floats(0.1, 5), min_size=3, max_size=3)),
        "seed": draw(st.integers(0, 2**16)),
        "constant": draw(st.sampled_from([False] * 9 + [True])),
    }


def written(path: Path, image: dict[str, Any]) -> str:
    """A file of an image; by the bare numbers, so that no library puts them right."""
    values = np.random.default_rng(image["seed"]).random(image["size"]) * (0 if image["constant"] else 100)
    path = path.with_name(path.name + image["suffix"])
    with np.errstate(all="ignore"):
        make = {".mha": meta_file, ".nrrd": nrrd_file}.get(image["suffix"], nifti_file)
        content = make(values.astype(image["type"]), image)
    with nib.openers.ImageOpener(path, "wb") as stream:
        stream.write(content)
    return str(path)


def nifti_file(values: np.ndarray, image: dict[str, Any]) -> bytes:
    header = nib.Nifti1Image(values, np.eye(4), dtype=values.dtype).header.copy()
    header["sform_code"], header["vox_offset"] = 1, 352
    rows = np.column_stack([image["matrix"], image["origin"]])
    header["srow_x"], header["srow_y"], header["srow_z"] = rows.astype(np.float32)
    header["pixdim"][1:4] = image["pixdim"] or np.linalg.norm(image["matrix"], axis=0)
    return header.binaryblock + bytes(4) + values.tobytes(order="F")


def axes_of(image: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions in columns, spacing and origin, for as many axes as the image has; a fourth is time."""
    dims, lengths = len(image["size"]), np.linalg.norm(image["matrix"], axis=0)
    directions, spacing, origin = np.eye(4), np.ones(4), np.zeros(4)
    directions[:3, :3], spacing[:3], origin[:3] = image["matrix"] / lengths, image["pixdim"] or lengths, image["origin"]
    return directions[:dims, :dims], spacing[:dims], origin[:dims]


def text_of(numbers: np.ndarray, sign: str = " ") -> str:
    return sign.join(f"{x:.9g}" for x in numbers)


def meta_file(values: np.ndarray, image: dict[str, Any]) -> bytes:
    directions, spacing, origin = axes_of(image)
    lines = {
        "ObjectType": "Image",
        "NDims": values.ndim,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "TransformMatrix": text_of(directions.T.ravel()),
        "Offset": text_of(origin),
        "ElementSpacing": text_of(spacing),
        "DimSize": text_of(np.array(values.shape)),
        "ElementNumberOfChannels": 2 if np.iscomplexobj(values) else 1,
        "ElementType": f"MET_{META_TYPES[TYPES.index(image['type'])]}",
        "ElementDataFile": "LOCAL",
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items()).encode() + values.tobytes(order="F")


def nrrd_file(values: np.ndarray, image: dict[str, Any]) -> bytes:
    directions, spacing, origin = axes_of(image)
    parts = [2] if np.iscomplexobj(values) else []
    lines = {
        "type": "float" if parts else values.dtype.name.replace("float64", "double").replace("float32", "float"),
        "dimension": len(parts) + values.ndim,
        "space dimension": values.ndim,
        "sizes": text_of(np.array([*parts, *values.shape])),
        "space directions": " ".join(
            ["none"] * len(parts) + [f"({text_of(axis, ',')})" for axis in (directions * spacing).T]
        ),
        "kinds": " ".join(["complex"] * len(parts) + ["domain"] * values.ndim),
        "endian": "little",
        "encoding": "raw",
        "space origin": f"({text_of(origin, ',')})",
    }
    header = "NRRD0004\n" + "".join(f"{name}: {value}\n" for name, value in lines.items()) + "\n"
    return header.encode() + values.tobytes(order="F")


@st.composite
def sound_pairs(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two images of one dimension that nothing is wrong with, around one point."""
    dims = draw(st.integers(2, 3))
    thin = dims == 2 and draw(st.booleans())  # a slice stored as a volume
    pair = []
    for _ in range(2):
        angles = draw(st.tuples(*[st.floats(-15, 15)] * 3)) if dims == 3 else (0.0, 0.0, draw(st.floats(-180, 180)))
        spacing = draw(st.lists(st.floats(0.3, 2.5), min_size=3, max_size=3))
        matrix = rotation(*angles) * spacing * draw(st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3))
        matrix = matrix[:, draw(st.permutations(range(3)))] if dims == 3 else matrix * [1, 1, np.sign(matrix[2, 2])]
        size = draw(st.lists(st.integers(4, 24), min_size=dims, max_size=dims)) + [1] * thin
        middle = np.pad(np.array(size) - 1.0, (0, 3 - len(size))) / 2
        image = draw(images())
        real = np.float32 if image["type"] is np.complex64 else image["type"]
        changes = {"size": size, "matrix": matrix, "origin": -matrix @ middle, "type": real}
        pair.append({**image, **changes, "pixdim": None, "constant": False})
    return pair[0], pair[1]


@given(pair=sound_pairs(), affine=st.booleans())
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_sound_files_are_registered(pair: tuple[dict[str, Any], dict[str, Any]], affine: bool) -> None:
    """Not one of them is refused."""
    with tempfile.TemporaryDirectory() as name:
        check(Path(name), *pair, affine=affine)


@given(fixed=images(), moving=images())
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_two_files(fixed: dict[str, Any], moving: dict[str, Any]) -> None:
    """Whatever is not registered is refused in a sentence, and nothing else happens."""
    with tempfile.TemporaryDirectory() as name, np.errstate(all="ignore"):
        try:
            check(Path(name), fixed, moving)
        except InputError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
            assert not (Path(name) / "out").exists()


def check(folder: Path, fixed: dict[str, Any], moving: dict[str, Any], affine: bool = False) -> None:
    """Register two files; what comes out is finite and lies where the fixed image lies."""
    paths = {"fixed": written(folder / "fixed", fixed), "moving": written(folder / "moving", moving)}
    registration = with_field(spacing=2.0 if affine else None, affine=affine)
    register_files(registration, str(folder / "out"), **paths, files=get_args(File))
    (path,) = (folder / "out").glob("moving_warped.*")
    assert read_geometry(str(path)).same_as(read_geometry(paths["fixed"]))
    assert np.isfinite(nib.load(folder / "out" / "moving_field.nii.gz").get_fdata()).all()
