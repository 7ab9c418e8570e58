"""What makes a run this run: the part of a configuration that can change its result, and nothing else.

A configuration is followed from the pieces that compute a result through all they refer to; what is not reached cannot
change it. Of what is reached, :data:`NEUTRAL` lists what does not count, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from monai.bundle import ConfigParser
from monai.bundle.reference_resolver import ReferenceResolver

from .running import running_config

Values = dict[str, str]

TRAINING = ("train#trainer", "companions", "network_def", "lr_scheduler", "max_gradient", "seeded", "seed")
NEUTRAL = {
    "bundle_root": "where the bundle lies",
    "cache_dir": "where files are kept that are made again from the same data",
    "output_dir": "where the results go",
    "dataset_dir": "where the data lie; their name counts",
    "cohort#_target_": "several processes open a data set in turn",
    "device": "the same but for rounding",
    "network": "the network on its device, whatever exchanges its gradients",
    "inferer#refinement": "an evaluation's: no training has one",
    "silent": "what is said, not what is done",
    "cache_rate": "memory for time",
    "train#dataset#cache_workers": "memory for time",
    "train#dataloader#num_workers": "memory for time",
    "batch_size": "pairs a step count: those of all processes",
    "train#sampler#num_replicas": "it counts in the pairs a step",
    "train#sampler#rank": "each process's own",
    "train#handlers": "what is said and kept of a training, and the schedule, which counts by itself",
    "identity": "this itself",
}
DIGITS = 6  # of a digest in a folder's name


def describe(config: Mapping[str, Any], roots: Iterable[str], neutral: Iterable[str] = NEUTRAL) -> Values:
    """All values that some pieces of a configuration depend on, by id.

    Args:
        config: a merged configuration, as files and command line gave it.
        roots: ids of the pieces, such as ``train#trainer``; those that are missing are passed over.
        neutral: ids that do not count, with everything below them.

    Returns:
        Id to text, sorted.
    """
    found: Values = {}
    waiting, seen, ignored = list(roots), set(), tuple(neutral)
    while waiting:
        start = waiting.pop().replace("::", "#")
        if start in seen:
            continue
        seen.add(start)
        for name, value in _leaves(_look_up(config, start), start):
            if not any(name == each or name.startswith(f"{each}#") for each in ignored):
                found[name] = ReferenceResolver.normalize_id(str(value))  # as it is once MONAI has read it
                waiting += ReferenceResolver.match_refs_pattern(str(value)) if isinstance(value, str) else []
    return dict(sorted(found.items()))


def _look_up(config: Any, name: str) -> Any:
    for key in name.split("#"):
        if isinstance(config, Mapping) and key in config:
            config = config[key]
        elif isinstance(config, list) and key.isdigit() and int(key) < len(config):
            config = config[int(key)]
        else:
            return {}
    return config


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Everything below ``name`` that is neither a mapping nor a list, with its id."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{name}#{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{name}#{index}")
    else:
        yield name, value


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of values, whatever their order."""
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def content_digest(path: str | Path | None) -> str | None:
    """SHA-256 of a file's bytes; ``None`` where there is no such file."""
    return sha256(Path(path).read_bytes()).hexdigest() if path and Path(path).is_file() else None


def difference(mine: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, str | None, str | None] | None:
    """The first value by which two identities differ: its id, mine, the other's; ``None`` if there is none."""
    names = [*mine, *(name for name in other if name not in mine)]
    return next(((n, mine.get(n), other.get(n)) for n in names if mine.get(n) != other.get(n)), None)


class TrainingIdentity:
    """The identity of the training that the running configuration describes.

    Args:
        dataset: name of the data set.
        config: the configuration; ``None`` for the one that is instantiating this.
    """

    def __init__(self, dataset: str, config: Mapping[str, Any] | None = None) -> None:
        self.dataset, self.config = dataset, running_config() if config is None else config

    @cached_property
    def values(self) -> Values:
        """Id to text of everything that counts."""
        weights = content_digest(self.config.get("initial_weights"))
        further = {"dataset": self.dataset, "weights to start from": str(weights)}
        return {**self._described(self.config), **further}

    @property
    def folder(self) -> str:
        """Name of the output folder: data, method, schedule, and a digest where settings differ from these files'.

        So a training with other settings never meets another's checkpoint by chance.
        """
        method, schedule = str(self.config.get("method", "method")), str(self.config.get("schedule", "default"))
        parts = [self.dataset, method] + ([schedule] if schedule != "default" else [])
        described = self._described(self.config)
        if described != self._described(self._as_filed(method, schedule)):
            parts.append(digest(described)[:DIGITS])
        return "_".join(parts)

    def _described(self, config: Mapping[str, Any]) -> Values:
        described = describe(config, TRAINING, [*NEUTRAL, *_without_effect(config)])
        return {**described, "pairs a step": str(_pairs_a_step(config))}

    def _as_filed(self, method: str, schedule: str) -> dict[str, Any]:
        """The configuration of train.yaml, the method's and the schedule's file, as far as the bundle has them."""
        folder = Path(str(self.config.get("bundle_root", "."))) / "configs"
        names = ("train.yaml", f"methods/{method}.yaml", f"schedules/{schedule}.yaml")
        files = [folder / name for name in names]
        return merged([file for file in files if file.is_file()])


def _pairs_a_step(config: Mapping[str, Any]) -> Any:
    """Of all processes that train: ``n`` of them with batch ``b`` train as one with batch ``n * b``."""
    shared = isinstance(_look_up(config, "train#sampler#num_replicas"), Mapping)  # as multi_gpu_train.yaml has it
    return int(_value(config, "batch_size")) * (idist.get_world_size() if shared else 1)


def _without_effect(config: Mapping[str, Any]) -> list[str]:
    """The number of epochs, where the rate is constant: more of them go on where fewer have ended."""
    rates = [_value(config, name) for name in ("learning_rate", "final_learning_rate")]
    return ["max_epochs"] if rates[0] == rates[1] else []


def _value(config: Mapping[str, Any], name: str) -> Any:
    value = config.get(name)
    return _value(config, value[1:]) if isinstance(value, str) and value.startswith("@") else value


def merged(files: Sequence[Path]) -> dict[str, Any]:
    """The configuration of files in this order, as ``monai.bundle run`` reads it."""
    parser = ConfigParser()
    parser.read_config([str(file) for file in files])
    config: dict[str, Any] = parser.config
    return config
