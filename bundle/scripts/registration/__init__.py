"""Registering any two images a user has, and handing back a transform that other software takes.

From the ground up: ``method`` (what a registration is made of), ``deformation`` (what is found, as a map of points),
``working_grid``, ``measures``, ``verdict`` (whether to believe a result) and ``output`` (names and folder of what is
written); ``stages`` (affine, network, refined), ``results`` (all that a user gets), ``configured`` (methods from their
files), ``affine_network`` (affine maps by one), ``apply`` (warp, jacobian), ``points`` (landmarks), ``field_files`` (a
field made of saved transforms), ``compose`` and ``invert``; ``pipeline`` (one pair); ``batch`` (the command) and
``api`` (the function). Of sequences:
``motion``, ``sequence``, ``sequence_result``, ``sequence_writers`` and ``sequence_files``, in the same order.
"""

from .affine_network import affine_stage
from .api import configured, register
from .apply import jacobian, warp
from .batch import register_files
from .compose import compose
from .configured import ConfiguredMethods
from .invert import invert
from .method import Method
from .motion import Motion
from .output import FILES
from .pipeline import Registration
from .points import carry_points
from .results import Result
from .sequence import SequenceRegistration
from .sequence_files import register_frames, register_sequence_files
from .sequence_result import SequenceResult
from .stages import AffineStage, NetworkStage, RefinementStage, chosen_stages

__all__ = [
    "FILES",
    "AffineStage",
    "ConfiguredMethods",
    "Method",
    "Motion",
    "NetworkStage",
    "RefinementStage",
    "Registration",
    "Result",
    "SequenceRegistration",
    "SequenceResult",
    "affine_stage",
    "carry_points",
    "chosen_stages",
    "compose",
    "configured",
    "invert",
    "jacobian",
    "register",
    "register_files",
    "register_frames",
    "register_sequence_files",
    "warp",
]
