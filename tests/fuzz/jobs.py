"""The commands that are given odd input: every verb, and every configuration through ``monai.bundle run``.

What a job takes is read from the verbs' own signatures and files; only the values of a small and sound run, which the
odd ones take the places of, stand here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oracles
from scripts.commands import running
from scripts.commands.main import VERBS
from scripts.configuration import config_files, read_options
from scripts.configuration.kinds import kind_of
from support import BUNDLE, bundle_command

Given = dict[str, str]
Check = Callable[[Path, Given], None]

ALIGNED = {"affine": "false", "use_network": "false", "refinement_steps": "1", "fine_steps": "0", "device": "cpu"}
SMALL = {
    "dataset_dir": "in/cohort", "cache_dir": "../cache", "channels": "[4,4,4]", "spatial_size": "-1", "batch_size": "2",
    "max_epochs": "1", "val_interval": "1", "refinement_steps": "0", "device": "cpu", "output_dir": "out",
}  # fmt: skip
SOUND: dict[str, Given] = {
    "register": {"fixed": "in/fixed.nii.gz", "moving": "in/moving.nii.gz", "output_dir": "out", **ALIGNED},
    "warp": {"transform": "in/shift.h5", "fixed": "in/fixed.nii.gz", "moving": "in/moving.nii.gz", "output_dir": "out"},
    "jacobian": {"transform": "in/field.nii.gz", "output_dir": "out"},
    "points": {"transform": "in/shift.h5", "landmarks": "in/points.csv", "output_dir": "out"},
    "compose": {"transforms": "['in/shift.h5','in/field.nii.gz']", "output_dir": "out"},
    "invert": {"transform": "in/field.nii.gz", "output_dir": "out"},
    "register_sequence": {
        "sequence": "in/in_time.nii.gz",
        "use_network": "false",
        "refinement_steps": "1",
        "device": "cpu",
        "output_dir": "out",
    },
    "segment": {"images": "in/brain_image.nii.gz", "refinement_steps": "0", "device": "cpu", "output_dir": "out"},
    "train": SMALL,
    "evaluate": {**SMALL, "ckpt_path": "in/weights.pt", "num_figures": "0"},
    "export": {"formats": "['torchscript']", "device": "cpu", "output_dir": "out"},
    "configure": {},
}
CHECKS: dict[str, Check] = {name: getattr(oracles, f"check_{name}", lambda folder, given: None) for name in SOUND}


@dataclass(frozen=True)
class Job:
    """A command, its options and what a sound run of it is given.

    Attributes:
        name: for people.
        kinds: option to kind, all that the command takes.
        sound: option to text.
        command: from option to text to the words.
        check: raises AssertionError where what it has written is wrong.
        expressions: whether text that begins as expressions do is plain text.
    """

    name: str
    kinds: dict[str, Any]
    sound: Given
    command: Callable[[Given], Sequence[str]]
    check: Check
    expressions: bool


def words_of(given: Given) -> list[str]:
    return [f"--{name}={value}" for name, value in given.items()]


def of_verb(name: str) -> Job:
    """``python -m scripts VERB``."""
    kinds = {option.name: option.kind for option in VERBS[name].options.values()}
    start = [sys.executable, "-m", "scripts", name]
    return Job(name, kinds, SOUND[name], lambda given: [*start, *words_of(given)], CHECKS[name], True)


def of_bundle(name: str, run_id: str, files: Sequence[str], verb: str, **changed: str | None) -> Job:
    """``python -m monai.bundle run``; what the verb takes of its configuration, or all of it where it has none."""
    has_files = bool(VERBS[verb].files)
    kinds = {each.name: each.kind for each in VERBS[verb].options.values()}
    if has_files:
        config = read_options(config_files(*files))
        kinds = {name: kind_of(name, config) for name in config}
    sound = {key: value for key, value in {**SOUND[verb], **changed}.items() if value is not None}
    command = bundle_command(files, run_id)
    return Job(name, kinds, sound, lambda given: [*command, *words_of(given)], CHECKS[verb], False)


def all_jobs() -> dict[str, Job]:
    """Name to job."""
    jobs = [of_verb(name) for name in VERBS]
    jobs += [of_bundle(f"run {name}", name, ["register.yaml"], name) for name in running.VERBS]
    images = {"images": None, "dataset_dir": "in", "image_pattern": "brain_image.nii.gz"}
    jobs += [
        of_bundle("run training", "training", VERBS["train"].files, "train"),
        of_bundle("run evaluation", "run", VERBS["evaluate"].files, "evaluate"),
        of_bundle("run inference", "run", VERBS["segment"].files, "segment", **images),
    ]
    return {job.name: job for job in jobs}


__all__ = ["BUNDLE", "Given", "Job", "all_jobs"]
