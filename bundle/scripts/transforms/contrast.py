"""Images of any contrast, made of one: what a network must see that is to look at shape alone.

Where there are label maps, every label gets an intensity of its own, as in SynthMorph (Hoffmann et al., TMI 2022,
doi 10.1109/TMI.2021.3116879), but keeps the texture of the image; without, the image's own intensities are the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Randomizable
from monai.transforms.utils_morphological_ops import dilate, erode
from monai.utils import ensure_tuple
from torch import Tensor


class RandContrastd(Randomizable, MapTransform):
    """A random contrast for every image: a random curve of its intensities, then a random intensity for every label.

    Args:
        keys: images ``(1, *S)`` in [0, 1], background 0. Each gets a contrast of its own.
        label_keys: their label maps; a record may lack them.
        knots: of the curve, which is straight between them, rises or falls, and leaves the background 0.
        label_prob: of taking intensities by label, where there are labels.
        prob: of changing an image at all.
    """

    def __init__(
        self,
        keys: KeysCollection,
        label_keys: KeysCollection | None = None,
        knots: int = 6,
        label_prob: float = 0.5,
        prob: float = 1.0,
    ) -> None:
        MapTransform.__init__(self, keys)
        self.label_keys = [None] * len(self.keys) if label_keys is None else list(ensure_tuple(label_keys))
        if len(self.label_keys) != len(self.keys):
            raise ValueError(f"there must be as many label_keys as keys, got {self.label_keys} and {self.keys}")
        self.knots, self.label_prob, self.prob = knots, label_prob, prob

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The record with recoloured images."""
        record = dict(data)
        for key, label_key in zip(self.keys, self.label_keys, strict=True):
            if self.R.uniform() >= self.prob:
                continue
            image = torch.as_tensor(record[key])
            coloured = self._curve(image)
            if label_key in record and self.R.uniform() < self.label_prob:
                coloured = self._by_label(image, coloured, torch.as_tensor(record[label_key]))
            record[key] = coloured
        return record

    def _curve(self, image: Tensor) -> Tensor:
        places = np.concatenate([[0], np.sort(self.R.uniform(0, 1, self.knots - 2)), [1]])
        heights = np.concatenate([[0], self.R.uniform(0, 1, self.knots - 1)])
        return torch.from_numpy(np.interp(image.numpy(), places, heights).astype(np.float32))

    def _by_label(self, image: Tensor, coloured: Tensor, label: Tensor) -> Tensor:
        """A level for every label, and around it the image's own texture, as it is or inverted, stronger or weaker."""
        ids, where = torch.unique(label, return_inverse=True)
        levels, slopes = self.R.uniform(0, 1, len(ids)), self.R.uniform(-1, 1, len(ids))
        counts = torch.bincount(where.flatten(), minlength=len(ids))
        means = torch.bincount(where.flatten(), weights=image.flatten(), minlength=len(ids)) / counts.clamp_min(1)
        level, slope, mean = (torch.as_tensor(each, dtype=torch.float32)[where] for each in (levels, slopes, means))
        return torch.where(label == 0, coloured, (level + slope * (image - mean)).clamp(0, 1))


class RandStripd(Randomizable, MapTransform):
    """All images of a record show what has a label and what is next to it alone, or all are left whole.

    Args:
        keys: images ``(1, *S)``.
        label_keys: their label maps; a record without them is left as it is.
        prob: of stripping a record.
        margin: voxels around the labels; gaps of twice as much are filled.
    """

    def __init__(self, keys: KeysCollection, label_keys: KeysCollection, prob: float = 0.5, margin: int = 2) -> None:
        MapTransform.__init__(self, keys)
        self.label_keys, self.prob, self.margin = ensure_tuple(label_keys), prob, margin

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The record with images that are 0 away from the labels."""
        record = dict(data)
        if self.R.uniform() < self.prob and all(key in record for key in self.label_keys):
            for key, label_key in zip(self.keys, self.label_keys, strict=True):
                inside = self._around(torch.as_tensor(record[label_key]) > 0)
                record[key] = torch.where(inside, torch.as_tensor(record[key]), 0)
        return record

    def _around(self, mask: Tensor) -> Tensor:
        """``mask`` ``(1, *S)`` grown by twice the margin and shrunk by half of that."""
        grown = dilate(mask[None].float(), 4 * self.margin + 1)
        return torch.as_tensor(erode(grown, 2 * self.margin + 1))[0] > 0


class RandCutd(Randomizable, MapTransform):
    """A random band along one side of an image is not seen, as in a scan of part of a head.

    Args:
        keys: images ``(C, *S)``, cut independently.
        prob: of cutting an image.
        most: share of the axis that is cut at most.
    """

    def __init__(self, keys: KeysCollection, prob: float = 0.2, most: float = 0.3) -> None:
        MapTransform.__init__(self, keys)
        self.prob, self.most = prob, most

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The record with images of which a part is 0."""
        record = dict(data)
        for key in self.keys:
            if self.R.uniform() < self.prob:
                image = torch.as_tensor(record[key]).clone()
                axis = 1 + self.R.randint(image.ndim - 1)
                width = int(self.R.uniform(0, self.most) * image.shape[axis])
                image.narrow(axis, self.R.choice([0, image.shape[axis] - width]), width).zero_()
                record[key] = image
        return record


class RandEachd(Randomizable, MapTransform):
    """An array transform for every image, drawn anew for each; MONAI's dictionary transforms draw once for all keys.

    Args:
        keys: images.
        transform: such as a ``Compose`` of random array transforms.
    """

    def __init__(self, keys: KeysCollection, transform: Callable[[Any], Any]) -> None:
        MapTransform.__init__(self, keys)
        self.transform = transform

    def set_random_state(self, seed: int | None = None, state: np.random.RandomState | None = None) -> RandEachd:
        """Of the transform as well."""
        super().set_random_state(seed, state)
        if isinstance(self.transform, Randomizable):
            self.transform.set_random_state(seed=self.R.randint(2**31))
        return self

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The record with each image transformed."""
        record = dict(data)
        for key in self.keys:
            record[key] = self.transform(record[key])
        return record
