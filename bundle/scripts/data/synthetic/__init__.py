"""The embedded cohort: brains that nobody has, so that the bundle runs before any data is downloaded.

One construction for slices and volumes: a shared anatomy of implicit shapes in millimetres (``atlas_geometry``,
``shapes``, ``anatomy``), of which each subject has a variant (``traits``) seen through an affine map and a
diffeomorphism (``deform``) and through a scanner (``appearance``). The slice is the coronal section of the volume's
anatomy through its middle; what it does not cut (``volume_geometry``) belongs to volumes alone.
The folder with its marker (``generated``) and the noise (``noise``) lie beside this package: hearts have them too.
"""

from .write import NUM_SUBJECTS, SIZES, write_cohort

__all__ = ["NUM_SUBJECTS", "SIZES", "write_cohort"]
