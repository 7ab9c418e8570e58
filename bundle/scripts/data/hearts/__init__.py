"""The embedded cohort of beating hearts: sequences of images with labels in every frame and the true motion.

Two ventricles in a thorax (``traits``, ``walls``, ``anatomy``, ``thorax``), whose wall keeps its volume as it shortens,
thickens and twists, while breathing moves them (``cycle``, ``contraction``, ``motion``), seen through a scanner
(``appearance``). One construction for a stack of short-axis slices and for a volume: the stack is a grid with planes
far apart through which nothing moves. Every frame is the anatomy at the points where its voxels were in the first
frame, so image, labels and motion agree.
"""

from .write import NUM_FRAMES, NUM_SUBJECTS, SIZES, write_hearts

__all__ = ["NUM_FRAMES", "NUM_SUBJECTS", "SIZES", "write_hearts"]
