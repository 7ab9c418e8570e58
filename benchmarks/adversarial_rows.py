"""The trainings of the adversarial study: what is registered to what, and by which similarity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from monai.bundle import ConfigParser
from torch import Tensor

from .contrast import folded_over
from .setting import ADVERSARIAL, RECIPE, changed, evaluation, training, with_similarity

ONE, TWO = "T1 to T1", "T1 to grey brightest"
GIVEN, LEARNED, BOTH, SHAPE = "LNCC + MSE", "learned", "learned + LNCC + MSE", "MIND"
# Which similarities a task is trained with; the first is what the others are compared with.
TASKS = {ONE: (GIVEN, LEARNED, BOTH), TWO: (GIVEN, LEARNED, BOTH, SHAPE)}
BLENDED = "companions#adversary#aligned"
TRUE_CONTRAST = "fixed_anatomy"  # the fixed image before it was recoloured
ONE_PASS = changed(passes=1)  # of every row, as of the method ``adversarial``
MIND = {"mind": (10, {"_target_": "scripts.losses.MINDLoss", "distance": 2})}


def grey_brightest(image: Tensor) -> Tensor:
    """What is of medium intensity becomes brightest, as in :mod:`benchmarks.contrast`."""
    return folded_over(image, image, np.random.default_rng(0))


def recolouring(*before: str) -> dict[str, Any]:
    """A transform of pairs, behind others: the fixed image in another contrast, and as it was beside it."""
    curve = {"_target_": f"{__name__}.grey_brightest", "_mode_": "callable"}
    copy = {"_target_": "CopyItemsd", "keys": "fixed", "names": TRUE_CONTRAST}
    recolour = {"_target_": "Lambdad", "keys": "fixed", "func": curve}
    return {"_target_": "Compose", "transforms": [*before, copy, recolour]}


def task_values(task: str) -> dict[str, Any]:
    """Overrides of a task's data, of a training and of an evaluation."""
    if task == ONE:
        return {}
    return {"train#dataset#augment": recolouring("@augment"), "validate#dataset#augment": recolouring()}


def similarity_values(task: str, similarity: str) -> dict[str, Any]:
    """Overrides of a similarity, on top of the method that :func:`method_of` names."""
    if similarity == SHAPE:
        return with_similarity(MIND)
    alone = {"loss#lncc#weight": 0, "loss#mse#weight": 0} if similarity == LEARNED else {}
    aligned = {BLENDED: TRUE_CONTRAST} if similarity in (LEARNED, BOTH) and task == TWO else {}
    return {**alone, **aligned}


def method_of(similarity: str) -> str:
    """The method whose file is trained."""
    return ADVERSARIAL if similarity in (LEARNED, BOTH) else RECIPE


def training_of(task: str, similarity: str, **values: Any) -> ConfigParser:
    """The training of a row; ``values`` in the words of :mod:`benchmarks.setting`."""
    rows = {**task_values(task), **similarity_values(task, similarity), **ONE_PASS, **changed(**values)}
    return training(method_of(similarity), **rows)


def evaluation_of(task: str, **values: Any) -> ConfigParser:
    """The evaluation of a row by the network alone; every similarity has the same network."""
    rows: Mapping[str, Any] = {k: v for k, v in task_values(task).items() if k.startswith("validate")}
    return evaluation(RECIPE, **{**rows, **ONE_PASS, **changed(refinement_steps=0, num_figures=0, **values)})
