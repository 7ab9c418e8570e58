"""Physical space: where an image lies, in which orientation it is stored, how it is read, scaled and written.

From the ground up: ``orientation``, ``geometry``, ``frame`` (the space a pair is registered in), ``information``,
``headers`` and ``images`` (reading and refusing), ``dicom_cine``, ``time_axis``, ``sequences`` and ``sequence_labels``
(images at several times), ``intensity``, ``pair`` and ``prepared`` (what is compared), ``itk_images`` and
``itk_transforms``, ``writing``, ``points`` (landmark files), ``affine_masks``, ``affine_starts`` and ``affine_search``
(ITK). All but the last three import ITK, which takes seconds, when they are called.
"""

from .frame import Frame, Grid
from .geometry import Geometry
from .headers import is_image, stem_of
from .images import Image, read_image, read_label
from .intensity import BACKGROUND, Intensity, PercentileScaling, bright_box, is_cut_out
from .orientation import ORIENTATION, Turn
from .pair import Pair, pair_up, read_pair
from .prepared import Prepared, compared, crop, prepare, resample
from .sequence_labels import read_label_frame, read_label_series
from .sequences import ImageSequence, check_frame, read_sequence, read_sequence_grid
from .time_axis import has_time
from .writing import write_field_series, write_sequence

__all__ = [
    "BACKGROUND",
    "ORIENTATION",
    "Frame",
    "Geometry",
    "Grid",
    "Image",
    "ImageSequence",
    "Intensity",
    "Pair",
    "PercentileScaling",
    "Prepared",
    "Turn",
    "bright_box",
    "check_frame",
    "compared",
    "crop",
    "has_time",
    "is_cut_out",
    "is_image",
    "pair_up",
    "prepare",
    "read_image",
    "read_label",
    "read_label_frame",
    "read_label_series",
    "read_pair",
    "read_sequence",
    "read_sequence_grid",
    "resample",
    "stem_of",
    "write_field_series",
    "write_sequence",
]
