"""Files as no program should write them, and a few that are sound: what every option that takes a text is given."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk
import torch

from support import BUNDLE, Harm

SIZE = (24, 28)
UNIT = np.eye(4)


def disc(x: float = 11, y: float = 13, size: tuple[int, ...] = SIZE) -> np.ndarray:
    """A blurred disc or ball, brightest where its shading is."""
    index = np.indices(size).astype(float)
    middle = np.reshape((x, y, 8)[: len(size)], (-1, *[1] * len(size)))
    radius = np.linalg.norm(index - middle, axis=0)
    return (100 / (1 + np.exp(np.minimum(radius - 7, 50))) * (1 + 0.3 * np.sin(index[0] / 2))).astype(np.float32)


def write_files(folder: Path) -> None:
    """Write all of them into a folder."""
    folder.mkdir(parents=True)
    for write in (_sound, _stored, _spoilt_nifti, _other_formats, _no_files, _transforms, _points, _lists, _weights):
        write(folder)


def _save(path: Path, array: np.ndarray, affine: np.ndarray = UNIT) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def _sound(folder: Path) -> None:
    _save(folder / "fixed.nii.gz", disc())
    _save(folder / "moving.nii.gz", disc(13, 12))
    _save(folder / "label.nii.gz", (disc() > 50).astype(np.uint8))
    _save(folder / "volume.nii.gz", disc(size=(16, 18, 14)))
    for part in ("image", "label"):
        shutil.copy(BUNDLE / "models" / f"atlas_{part}.nii.gz", folder / f"brain_{part}.nii.gz")


def _stored(folder: Path) -> None:
    """Sound images, stored as few are."""
    turned = np.array([[0.0, -1, 0, 23], [1, 0, 0, -4], [0, 0, 1, 0], [0, 0, 0, 1]])
    _save(folder / "turned.nii.gz", disc(), turned)
    _save(folder / "flat.nii.gz", disc()[..., None])
    _save(folder / "coarse.nii.gz", disc()[::2, ::2], np.diag([2.0, 2, 1, 1]))
    nib.save(nib.Nifti2Image(disc(), UNIT), folder / "nifti2.nii.gz")
    scaled = nib.Nifti1Image(disc().astype(np.int16), UNIT)
    scaled.header.set_slope_inter(0.01, -7)
    nib.save(scaled, folder / "scaled.nii.gz")
    _save(folder / "a b #1 $x@%.nii.gz", disc())
    _save(folder / "line\nbreak.nii.gz", disc())
    _save(folder / "Größe-脳.nii.gz", disc())
    _save(folder / "-dash.nii.gz", disc())
    _save(folder / "UPPER.NII.GZ", disc())
    _save(folder / os.fsdecode(b"Gr\xf6\xdfe.nii.gz"), disc())
    _save(folder / "label_float.nii.gz", (disc() > 50).astype(np.float32))
    big = nib.Nifti1Header(endianness=">")
    nib.save(nib.Nifti1Image(disc().astype(">f4"), UNIT, big), folder / "big_endian.nii.gz")
    forms = nib.Nifti1Image(disc(), turned)
    forms.set_qform(np.diag([-1.0, 1, 1, 1]), 1)
    nib.save(forms, folder / "two_forms.nii.gz")
    left = sitk.GetImageFromArray(disc().T)
    left.SetDirection([-1.0, 0, 0, 1])
    left.SetOrigin([23.0, 0])
    sitk.WriteImage(left, str(folder / "left_handed.nrrd"), True)
    sitk.WriteImage(sitk.Compose([left] * 3), str(folder / "colours.nrrd"), True)
    for suffix in ("nrrd", "mha", "nhdr", "mhd", "vtk", "png", "tif"):
        image = sitk.GetImageFromArray(disc().T)
        sitk.WriteImage(sitk.Cast(image, sitk.sitkUInt8) if suffix == "png" else image, str(folder / f"as.{suffix}"))


def _spoilt_nifti(folder: Path) -> None:
    one = disc()
    one[5, 5] = np.nan
    arrays: dict[str, Any] = {
        "nan_voxel": one,
        "nan": np.where(disc() > 90, np.nan, disc()),
        "infinite": np.where(disc() > 90, np.inf, disc()),
        "huge_values": disc().astype(np.float64) * 1e300,
        "tiny_values": disc().astype(np.float64) * 1e-300,
        "constant": np.full(SIZE, 7.0),
        "one_bright": (np.indices(SIZE).sum(axis=0) == 20).astype(np.float32),
        "complex": disc().astype(np.complex64),
        "coloured": np.zeros(SIZE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]),
        "in_time": disc()[..., None, None].repeat(5, axis=-1),
        "vectors": disc()[..., None, None, None].repeat(2, axis=-1),
        "point": np.ones((1, 1, 1)),
        "row": disc()[:1],
        "tiny": disc()[9:13, 9:13],
        "thin": disc()[..., None].repeat(2, axis=-1),
        "long": disc(size=(9, 2000)),
        "negative": disc() - 1000,
        "unsigned_64": disc().astype(np.uint64) * 2**56,
        "id_2_60": (disc() > 50).astype(np.int64) * 2**60,
        "fractions": disc() / 3,
    }
    for name, array in arrays.items():
        nib.save(nib.Nifti1Image(array, UNIT, dtype=array.dtype), folder / f"{name}.nii.gz")
    headers: dict[str, dict[str, Any]] = {
        "spacing_0": {"pixdim": [1, 1, 0, 1, 1, 1, 1, 1]},
        "spacing_negative": {"pixdim": [1, 1, -2, 1, 1, 1, 1, 1]},
        "spacing_nan": {"pixdim": [1, 1, np.nan, 1, 1, 1, 1, 1]},
        "spacing_huge": {"pixdim": [1, 1e30, 1e30, 1, 1, 1, 1, 1], "srow_x": [1e30, 0, 0, 0]},
        "singular": {"srow_y": [0, 0, 0, 0]},
        "sheared": {"srow_y": [0.5, 1, 0, 0]},
        "affine_nan": {"srow_x": [1, 0, 0, np.nan]},
        "far": {"srow_x": [1, 0, 0, 1e6]},
        "through_plane": {"srow_x": [0, 0, 1, 0], "srow_z": [1, 0, 0, 0]},
        "no_codes": {"sform_code": 0},
        "dim_huge": {"dim": [3, 32767, 32767, 32767, 1, 1, 1, 1]},
        "dim_negative": {"dim": [2, -24, 28, 1, 1, 1, 1, 1]},
        "dim_0": {"dim": [2, 0, 28, 1, 1, 1, 1, 1]},
        "dims_9": {"dim": [9, 24, 28, 1, 1, 1, 1, 1]},
        "dims_0": {"dim": [0, 24, 28, 1, 1, 1, 1, 1]},
        "bits": {"datatype": 1, "bitpix": 1},
        "type_unknown": {"datatype": 4711},
        "type_128": {"datatype": 1536, "bitpix": 128},
        "offset_huge": {"vox_offset": 1e9},
        "offset_negative": {"vox_offset": -1},
        "offset_nan": {"vox_offset": np.nan},
        "slope_nan": {"scl_slope": np.nan, "scl_inter": np.nan},
        "slope_infinite": {"scl_slope": np.inf},
        "slope_0": {"scl_slope": 0, "scl_inter": 0},
        "magic": {"magic": b"oops"},
        "magic_pair": {"magic": b"ni1"},
        "length": {"sizeof_hdr": 540},
    }
    for name, fields in headers.items():
        block = nib.Nifti1Image(disc(), UNIT).header.copy()
        block["vox_offset"], block["sform_code"] = 352, 1
        block["srow_x"], block["srow_y"], block["srow_z"] = UNIT[:3]
        for field, value in fields.items():
            block[field] = value
        (folder / f"{name}.nii").write_bytes(block.binaryblock + bytes(4) + disc().tobytes(order="F"))
    whole = (folder / "fixed.nii.gz").read_bytes()
    inside = gzip.decompress(whole)
    contents = {
        "text.nii.gz": b"this is text",
        "empty.nii.gz": b"",
        "empty.nii": b"",
        "cut.nii.gz": whole[: len(whole) // 2],
        "cut_inside.nii.gz": gzip.compress(inside[: len(inside) // 2]),
        "cut_header.nii": inside[:200],
        "twice.nii.gz": gzip.compress(whole),
        "checksum.nii.gz": whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:],
        "behind.nii.gz": whole + b"this is text",
        "plain.nii.gz": inside,
        "zipped.nii": whole,
        "random.nii.gz": gzip.compress(np.random.default_rng(0).bytes(3000)),
        "zeros.nii": bytes(3000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _other_formats(folder: Path) -> None:
    mha, nrrd = (folder / "as.mha").read_bytes(), (folder / "as.nrrd").read_bytes()
    changes = {
        "cut.mha": mha[: len(mha) // 2],
        "cut.nrrd": nrrd[: len(nrrd) // 2],
        "huge.mha": mha.replace(b"DimSize = 24 28", b"DimSize = 99999 99999"),
        "huge.nrrd": nrrd.replace(b"sizes: 24 28", b"sizes: 9999999 99999"),
        "overflow.mha": mha.replace(b"DimSize = 24 28", b"DimSize = 4294967296 4294967296"),
        "size_0.mha": mha.replace(b"DimSize = 24 28", b"DimSize = 0 28"),
        "size_negative.mha": mha.replace(b"DimSize = 24 28", b"DimSize = -24 28"),
        "spacing_nan.mha": mha.replace(b"ElementSpacing = 1 1", b"ElementSpacing = nan 1"),
        "direction_0.mha": mha.replace(b"TransformMatrix = 1 0 0 1", b"TransformMatrix = 0 0 0 0"),
        "no_data.mhd": mha.split(b"ElementDataFile")[0] + b"ElementDataFile = nowhere.raw\n",
        "itself.mhd": mha.split(b"ElementDataFile")[0] + b"ElementDataFile = itself.mhd\n",
        "outside.nhdr": nrrd.split(b"\n\n")[0] + b"\ndata file: /dev/zero\n\n",
        "text.mha": b"this is text",
        "text.nrrd": b"NRRD0004\nthis is text\n\n",
        "text.dcm": b"this is text",
        "text.png": b"this is text",
        "no_suffix": b"this is text",
    }
    for name, content in changes.items():
        (folder / name).write_bytes(content)


def _no_files(folder: Path) -> None:
    """Folders, pipes, devices, links that lead nowhere."""
    (folder / "empty_folder").mkdir()
    (folder / "folder.nii.gz").mkdir()
    (folder / "folder.h5").mkdir()
    (folder / "folder_of_text").mkdir()
    (folder / "folder_of_text" / "text.nii.gz").write_bytes(b"this is text")
    for suffix in ("nii.gz", "mha", "h5", "csv", "json", "pt", "yaml"):
        os.mkfifo(folder / f"pipe.{suffix}")
    links = {"zero.nii.gz": "/dev/zero", "zero.csv": "/dev/zero", "zero.pt": "/dev/zero", "null.nii.gz": "/dev/null"}
    links |= {"loop.nii.gz": "loop.nii.gz", "nowhere.nii.gz": "not/here", "full.nii.gz": "/dev/full"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    shut = _save(folder / "no_permission.nii.gz", disc())
    shut.chmod(0)


def _transforms(folder: Path) -> None:
    shift = sitk.TranslationTransform(2, [2.0, -1.0])
    sitk.WriteTransform(shift, str(folder / "shift.h5"))
    sitk.WriteTransform(sitk.AffineTransform(3), str(folder / "affine_3d.tfm"))
    sitk.WriteTransform(sitk.CompositeTransform(2), str(folder / "composite.h5"))
    text = (folder / "affine_3d.tfm").read_text()
    lines = {
        "nan.tfm": text.replace("Parameters: 1 0", "Parameters: nan 0"),
        "huge.tfm": text.replace("Parameters: 1 0", "Parameters: 1e300 0"),
        "singular.tfm": text.replace("1 0 0 0 1 0 0 0 1", "0 0 0 0 0 0 0 0 0"),
        "few.tfm": text.replace("Parameters: 1 0 0 0 1 0", "Parameters: 1"),
        "class.tfm": text.replace("AffineTransform", "MagicTransform"),
        "text.tfm": "this is text",
        "text.h5": "this is text",
        "empty.tfm": "",
        "text.mat": "this is text",
    }
    for name, content in lines.items():
        (folder / name).write_text(content)
    whole = (folder / "shift.h5").read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    field = np.zeros((*SIZE, 1, 1, 2), np.float32)
    field[..., 0] = 2 * np.sin(np.indices(SIZE)[0] / 4)[..., None, None]
    fields = {"field": field, "field_nan": field * np.nan, "field_huge": field + 1e30}
    fields["field_3"] = field.repeat(2, 4)[..., :3]
    for name, vectors in fields.items():
        image = nib.Nifti1Image(vectors, UNIT)
        image.header.set_intent("vector")
        nib.save(image, folder / f"{name}.nii.gz")


def _points(folder: Path) -> None:
    markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [{"position": [-10.0, -12.0, 0.0]}]}
    texts = {
        "points.csv": "name,x,y\na,-10,-12\nb,-14.5,-9\n",
        "points_3d.csv": "x,y,z\n-10,-12,0\n",
        "points_head.csv": "x,y\n",
        "points_nan.csv": "x,y\nnan,1\n",
        "points_huge.csv": "x,y\n1e300,1\n",
        "points_comma.csv": "x,y\n-10,5,-12,5\n",
        "points_text.csv": "x,y\nhere,there\n",
        "points_columns.csv": "a,b\n1,2\n",
        "points_semicolon.csv": "x;y\n1;2\n",
        "points_short.csv": "x,y\n1\n",
        "empty.csv": "",
        "points.mrk.json": json.dumps({"markups": [markup]}),
        "points_none.mrk.json": json.dumps({"markups": []}),
        "points_null.mrk.json": json.dumps({"markups": [{**markup, "controlPoints": [{"position": None}]}]}),
        "points_list.json": "[1, 2]",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    (folder / "utf16.csv").write_bytes("x,y\n1,2\n".encode("utf-16"))


def _lists(folder: Path) -> None:
    texts = {
        "pairs.csv": "fixed,moving\nfixed.nii.gz,moving.nii.gz\n",
        "pairs_bad.csv": "fixed,moving\ntext.nii.gz,moving.nii.gz\n",
        "pairs.json": json.dumps([{"fixed": "fixed.nii.gz", "moving": "turned.nii.gz", "name": "x"}]),
        "pairs_names.json": json.dumps([{"fixed": "fixed.nii.gz", "moving": "moving.nii.gz", "name": "../x"}]),
        "pairs_numbers.json": json.dumps([{"fixed": 1, "moving": None}]),
        "pairs_label.json": json.dumps([{"fixed": "fixed.nii.gz", "moving": "moving.nii.gz", "moving_label": 3}]),
        "list.json": "[]",
        "object.json": "{}",
        "number.json": "1",
        "text.json": "this is text",
        "nan.json": "[NaN]",
        "data.json": json.dumps({"training": [{"image": "fixed.nii.gz"}] * 3}),
        "data_kinds.json": json.dumps({"training": [{"image": 3}], "test": {}}),
        "split.json": json.dumps({"training": ["nobody"], "validation": [], "test": []}),
        "split_kinds.json": json.dumps({"training": [1, None], "test": [[]]}),
        "empty.yaml": "",
        "text.yaml": "this is text",
        "list.yaml": "[1, 2]",
        "broken.yaml": "a: [1",
        "tag.yaml": "method: !!python/object/apply:os.system ['touch harmed']",
        "method.yaml": "method: mine\nrefinement_steps: many\n",
        "method_less.yaml": "smoothness: 1\n",
        "kinds.yaml": "method: mine\nchannels: 3\nspatial_dims: two\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "binary.json").write_bytes(bytes(range(256)))
    (folder / "binary.yaml").write_bytes(bytes(range(256)))


def _weights(folder: Path) -> None:
    network = small_network()
    state = network.state_dict()
    torch.save(state, folder / "weights.pt")
    torch.save({name: value * float("nan") for name, value in state.items()}, folder / "weights_nan.pt")
    torch.save({name: value.flatten() for name, value in state.items()}, folder / "weights_flat.pt")
    torch.save(dict.fromkeys(state, "text"), folder / "weights_text.pt")
    torch.save(torch.zeros(3), folder / "tensor.pt")
    torch.save([], folder / "list.pt")
    whole = (folder / "weights.pt").read_bytes()
    (folder / "cut.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "text.pt").write_bytes(b"this is text")
    (folder / "empty.pt").write_bytes(b"")
    (folder / "harm.pt").write_bytes(pickle.dumps(Harm(Path("harmed"))))


def small_network() -> torch.nn.Module:
    """As the options of the fuzz's trainings describe it, from a fixed seed."""
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(str(BUNDLE / "configs" / "train.yaml"))
    parser.update({"bundle_root": str(BUNDLE), "channels": [4, 4, 4]})
    torch.manual_seed(0)
    network: torch.nn.Module = parser.get_parsed_content("network_def")
    return network
