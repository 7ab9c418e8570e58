"""The picture of a registration knows how the working grid lies in the body."""

from __future__ import annotations

import nibabel as nib
import numpy as np

from scripts.physical.orientation import CANONICAL, ORIENTATION


def test_the_letters_are_those_of_the_canonical_axes() -> None:
    """Row ``i`` is where array axis ``i`` points to, in LPS; nibabel counts in RAS."""
    affine = np.eye(4)
    affine[:3, :3] = np.diag([-1.0, -1.0, 1.0]) @ CANONICAL[3].T
    assert "".join(nib.aff2axcodes(affine)) == ORIENTATION[3]
