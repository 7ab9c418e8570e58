"""Comparisons and studies of the bundle, each one command from the repository's root: ``python -m benchmarks.NAME``.

==================  ====================================================================================
``results``         the bundle's methods with the weights that are shipped: Dice at every stage
``peers``           our network against ITK, elastix, ANTs and the ``voxelmorph`` package on the same pairs
``voxelmorph_peer`` trains the package's model on the bundle's own pairs, by the bundle's own trainer
``table1``          Table 1 of the paper and an ablation: every row trained under one protocol
``budgets``         the same networks by budget: Dice over steps, and over the folding it is bought with
``loss_study``      which loss registers best, without any network
``recipe_study``    what every part of the recipe is worth: short trainings with one part changed
``steps``           training steps a second, ours against the ``voxelmorph`` package
``verdict``         how often a result that is wrong is doubted, and one that is right
``volumes``         the methods for volumes, stage by stage, beside ANTs, elastix, ConvexAdam and ``voxelmorph``
``volume_study``    what the parts of the network for volumes are worth: trainings of equal time
``segmentation``    the atlas of volumes carried onto subjects
``sequences``       the recurrent network on beating hearts, beside peers
``contrast``        pairs of two contrasts that are made, so that labels tell what is right
``two_contrasts``   T1 to T2 of whole heads
``capture``         how far an image may be turned, shifted or scaled for its affine map to be found
``affine_study``    which head finds affine maps: trainings of equal time
``profiles``        where the time goes
``imports``         the rooms of ``bundle/scripts`` and the arrows between them
==================  ====================================================================================

``setting`` is the one door to the bundle's configuration, ``docs`` writes a benchmark's table into the documentation,
``reports`` holds tables and figures that only comparisons need. ``--docs FILE`` is an option of every command.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "bundle"

if str(BUNDLE) not in sys.path:  # where the package ``scripts`` is; the one place of the benchmarks that says so
    sys.path.insert(0, str(BUNDLE))
