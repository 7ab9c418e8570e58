"""Unsupervised deformable registration: the Python behind the bundle's configs.

The rooms, from the ground up; imports point down only.

================= ====================================================================================
``errors``        the exception for bad input: one sentence, no traceback needed
``files``         files that are complete or absent
``options``       one typed check for every option: annotations are options
``progress``      a sign of life for what takes long
``voxels``        what an image or label map may hold
``spatial``       grids, warping, integration, Jacobians: tensors in, tensors out
``networks``      channel attention, densely connected U-Net, the registration model
``losses``        named, weighted terms: similarity and regularisation
``metrics``       Dice per label, folding
``configuration`` what a run was given: options checked, files, methods, identity, the whole of it
``physical``      where images lie: geometry, headers, files, scaling, ITK transforms, the affine search
``transforms``    MONAI dictionary transforms that read and check a subject
``data``          finding and splitting subjects, pairs, the affine stage, the cohort
``reports``       tables, figures and pages from saved results (the only matplotlib)
``engines``       the Ignite glue: batches, inferers, checkpoints, handlers
``registration``  one pair of a user's files: register, warp, measure
``export``        the network for other programs: TorchScript, ONNX
``commands``      what a user types: ``python -m scripts VERB``
``__main__``      which calls them
================= ====================================================================================
"""

from .errors import report_as_sentence

report_as_sentence()
