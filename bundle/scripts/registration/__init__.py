"""Registering any two images a user has, and handing back a transform that other software takes.

From the ground up: ``geometry`` (where a grid lies), ``headers`` and ``images`` (reading and refusing), ``pair``,
``prepare`` (onto one grid), ``affine``, ``deformation`` (what is found, as a map of points), ``itk_files``
(transforms and fields in ITK's formats), ``results``, ``apply`` (warp, jacobian), ``point_files`` and ``points``
(landmarks), ``measures``, ``outcome`` (all that a user gets), ``pipeline`` (one pair), ``batch`` (the command), ``api``
(the function).
"""

from .api import register
from .apply import jacobian, warp
from .batch import register_files
from .pipeline import Registration
from .points import carry_points
from .results import Result

__all__ = ["Registration", "Result", "carry_points", "jacobian", "register", "register_files", "warp"]
