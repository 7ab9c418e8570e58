"""Images without labels, as a user names them, and going through them whatever some hold."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import IterableDataset

from ..errors import InputError, find_input_error
from ..files import is_file, is_folder, is_there, not_a_file
from ..physical import is_image

logger = logging.getLogger(__name__)


def find_images(paths: str | Sequence[str], pattern: str | None, output_dir: str | None = None) -> list[str]:
    """The images that ``paths`` are or that lie in them, those of a folder sorted.

    Args:
        paths: a file, a folder of images or of one DICOM series, or several.
        pattern: of the files to take from folders; ``None``: every image, by its suffix, and every DICOM series.
        output_dir: where a label map of each is to be written.

    Raises:
        InputError: if there is none, one does not exist or holds no such file, the pattern is none, or two label maps
            would have one name or one that of an image.
    """
    found: list[str] = []
    for path in map(Path, [paths] if isinstance(paths, str) else paths):
        try:
            inside = _images_of(path, pattern)
        except (ValueError, NotImplementedError) as error:
            raise InputError(f"{pattern!r} is no pattern of files in a folder; give one such as *.nii.gz.") from error
        if not inside:
            missing = f"has no file {pattern or 'of an image'}" if is_folder(path) else not_a_file(path)
            raise InputError(f"{path} {missing}; name image files, or a folder of them and a pattern of their names.")
        found += inside
    if not found:
        raise InputError("no image is named; name image files, or a folder of them and a pattern of their names.")
    _check_results(found, output_dir)
    return found


def _check_results(images: Sequence[str], output_dir: str | None) -> None:
    """Refuse images whose label maps would be written over each other or over one of them."""
    results = [f"{_stem(path)}_seg" for path in images]
    name, count = Counter(results).most_common(1)[0]
    if count > 1:
        raise InputError(f"{count} images would be written as {name}; segment them into folders of their own.")
    for path in (Path(output_dir or ".") / f"{name}.nii.gz" for name in results):
        if output_dir and is_there(path) and any(path.samefile(image) for image in images):
            raise InputError(f"{path} is an image to segment and a result has its name; choose another --output_dir.")


def _stem(path: str) -> str:
    """The name that MONAI gives the result of a file or folder."""
    name = Path(path)
    return Path(name.stem).stem if name.suffix == ".gz" else name.stem


def _images_of(path: Path, pattern: str | None) -> list[str]:
    if not is_folder(path):
        return [str(path)] * is_file(path)
    if pattern is not None:
        return sorted(map(str, path.glob(pattern)))
    return [str(path)] if is_image(path) else sorted(str(each) for each in path.iterdir() if is_image(each))


class ImageStream(IterableDataset[Any]):
    """Images one after the other; what cannot be used is told and passed over, the rest comes.

    Args:
        data: records of ``image``, a path.
        transform: of a record.
    """

    def __init__(self, data: Sequence[Mapping[str, str]], transform: Callable[[Mapping[str, str]], Any]) -> None:
        self.data, self.transform = list(data), transform

    def __iter__(self) -> Iterator[Any]:
        """The transformed records.

        Raises:
            InputError: at the end, if images failed: which, and why.
        """
        failed: list[str] = []
        for record in self.data:
            try:
                ready = self.transform(record)
            except Exception as error:  # whatever is wrong with one image, the others are done
                known = find_input_error(error)
                if known is None:
                    raise
                failed.append(str(known))
                logger.error("%s", known)
                continue
            yield ready
        if len(failed) == 1 == len(self.data):
            raise InputError(failed[0])
        if failed:
            reasons = "; ".join(reason.rstrip(".") for reason in failed)
            raise InputError(f"{len(failed)} of {len(self.data)} images failed, the others are done: {reasons}.")
