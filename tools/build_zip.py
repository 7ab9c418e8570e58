"""Pack the bundle as the model zoo ships one: ``dist/brain_mr_registration_v<version>.zip``.

The version is that of ``configs/metadata.json``. The zip holds one folder of the bundle's name. Times and permissions
are fixed, so that the same files give the same bytes and the same checksum.

    python tools/build_zip.py [--bundle bundle] [--output_dir dist]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bundle"))

from scripts.files import atomic_path  # noqa: E402

NAME = "brain_mr_registration"
SHIPPED = ("LICENSE", "configs", "docs", "models", "scripts")  # what else lies in a bundle's folder it made for itself
WHEN = (2022, 5, 30, 0, 0, 0)  # the zoo's own
PERMISSIONS = 0o644 << 16


def shipped_files(bundle: Path) -> Iterator[Path]:
    """Files of a bundle that are shipped, relative to it, in order; hidden files and compiled Python are not."""
    for top in SHIPPED:
        path = bundle / top
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            relative = file.relative_to(bundle)
            if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in relative.parts):
                yield relative


def read_version(bundle: Path) -> str:
    """Version of a bundle.

    Raises:
        ValueError: if its changelog does not tell what is new in it.
    """
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    version: str = metadata["version"]
    if version not in metadata["changelog"]:
        raise ValueError(f"{bundle / 'configs' / 'metadata.json'}: version {version} has no line in the changelog.")
    return version


def build_zip(bundle: Path, output_dir: Path) -> Path:
    """Write the zip; the file is complete or absent."""
    target = output_dir / f"{NAME}_v{read_version(bundle)}.zip"
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for relative in shipped_files(bundle):
            entry = zipfile.ZipInfo(f"{NAME}/{relative.as_posix()}", WHEN)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, PERMISSIONS
            archive.writestr(entry, (bundle / relative).read_bytes(), compresslevel=9)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "bundle")
    parser.add_argument("--output_dir", type=Path, default=ROOT / "dist")
    arguments = parser.parse_args()
    path = build_zip(arguments.bundle, arguments.output_dir)
    print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB, sha1 {hashlib.sha1(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
