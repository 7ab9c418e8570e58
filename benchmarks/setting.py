"""The one door to the bundle's configuration: which files are read, which keys are changed, what is built of them.

The benchmarks say ``changed(velocity=False)`` or ``loss_terms(mse=20)``; where that stands in the bundle's files, only
this module knows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from torch import Tensor, nn

from scripts.configuration.identity import TrainingIdentity
from scripts.data import Cohort, PairDataset
from scripts.engines import Refinement, load_weights
from scripts.errors import InputError
from scripts.losses import RegistrationLoss

from . import BUNDLE

WEIGHTS = BUNDLE / "models" / "model.pt"
RECIPE, PAPER, ANY_CONTRAST, ADVERSARIAL = "brain_2d", "paper", "any_contrast_2d", "adversarial"
HIPPOCAMPUS = "hippocampus"
AFFINE = "affine_2d"
VOLUMES, ANY_CONTRAST_VOLUMES = "brain_3d", "any_contrast_3d"  # the default method for volumes, and two contrasts'
OURS = "ours"  # the row of Table 1 whose network is the paper's own; RECIPE is the default method, others are files
ROWS = Path(__file__).parent / "rows"
# What a method is: the files on top of train.yaml, from configs/.
METHODS: dict[str, tuple[str, ...]] = {
    RECIPE: (),
    PAPER: ("methods/paper.yaml", "schedules/paper.yaml"),
    ANY_CONTRAST: (f"methods/{ANY_CONTRAST}.yaml",),
    ADVERSARIAL: (f"methods/{ADVERSARIAL}.yaml",),
    HIPPOCAMPUS: (f"methods/{HIPPOCAMPUS}.yaml",),
    AFFINE: (f"methods/{AFFINE}.yaml", "schedules/affine.yaml"),
    VOLUMES: (f"methods/{VOLUMES}.yaml",),
    ANY_CONTRAST_VOLUMES: (f"methods/{ANY_CONTRAST_VOLUMES}.yaml",),
}
ONE_AND_ANY = {2: (RECIPE, ANY_CONTRAST), 3: (VOLUMES, ANY_CONTRAST_VOLUMES)}  # for one contrast, and for any
SHIPPED = (RECIPE, PAPER, ANY_CONTRAST)  # of slices, with weights
TRAIN, EVALUATE = "train.yaml", "evaluate.yaml"
SHORT = "schedules/quick.yaml"  # a training of minutes, of any method

# The stages of an evaluation, as its tables name them; the first that there is comes before the network.
BEFORE, NETWORK, REFINED = ("affine", "unregistered"), "network", "refined"

# Our word for a value, and where it stands; a word that is not here stands at the top under its own name.
KEYS = {
    "network": "network_def",
    "backbone": "network_def#backbone",
    "velocity": "network_def#velocity",
    "half_resolution": "network_def#half_resolution",
    "output_level": "network_def#backbone#output_level",
    "trainer_handlers": "train#handlers",
    "validated": "validate#dataset#data",
    "validated_pairing": "validate#dataset#pairing",
    "validated_pairs": "validate#dataset#num_pairs",
    "schedule": "lr_scheduler",
}


def changed(**values: Any) -> dict[str, Any]:
    """Our words as overrides of the configuration."""
    return {KEYS.get(name, name): value for name, value in values.items()}


def read(*files: str, **values: Any) -> ConfigParser:
    """Files of ``configs/`` with values changed, in our words (:func:`changed`) or, with ``**``, by their keys."""
    parser = ConfigParser()
    parser.read_config([str(BUNDLE / "configs" / name) for name in files])
    parser.update({"bundle_root": str(BUNDLE), **changed(**values)})
    return parser


def training(method: str, **values: Any) -> ConfigParser:
    """The training of a method."""
    return read(TRAIN, *METHODS[method], **values)


def volume_pairs(method: str | None, **values: Any) -> PairDataset:
    """The pairs that a method for volumes is trained on; its name, the path of its file, or ``None``: the default."""
    name = VOLUMES if method is None else method
    file = str(Path(name).resolve()) if name.endswith(".yaml") else f"methods/{name}.yaml"
    pairs: PairDataset = read(TRAIN, file, **values).get_parsed_content("train#dataset")
    return pairs


@cache
def _recipe() -> ConfigParser:
    return training(RECIPE)


def recipes_own(name: str) -> Any:
    """What stands in the recipe's training under one of our words, not built yet."""
    return deepcopy(_recipe()[KEYS.get(name, name)])


def evaluation(method: str, **values: Any) -> ConfigParser:
    """The evaluation of a method; its ``num_pairs`` are those of random pairing."""
    return read(TRAIN, *METHODS[method], EVALUATE, **values)


def weights_of(method: str) -> Path:
    """The weights that are shipped for a method."""
    return Path(training(method).get_parsed_content("weights"))


def run_training(config: ConfigParser) -> dict[str, float]:
    """Train as ``python -m monai.bundle run training`` does; the measures of the last validation."""
    config.get_parsed_content("initialize")
    config.get_parsed_content("train#trainer").run()
    return dict(config.get_parsed_content("validate#evaluator").state.metrics)


def run_evaluation(config: ConfigParser) -> Path:
    """Evaluate; the folder of the tables."""
    config.get_parsed_content("initialize")
    config.get_parsed_content("validate#evaluator").run()
    return Path(config.get_parsed_content("report_dir"))


@dataclass(frozen=True)
class PairChoice:
    """Which pairs of a data set are measured.

    Attributes:
        dataset_dir, atlas, affine, spatial_size, labels: as the bundle's; no size: the method's.
        part: of the subjects: ``validation``, ``test`` or ``all``.
        pairing: ``random``, ``atlas`` or ``consecutive``.
        num_pairs: of random pairing.
        first: leave out the subjects whose names come before it.
        method: whose pairs they are: it says of how many dimensions, and what is done with the images.
    """

    dataset_dir: str
    atlas: str | None = None
    affine: bool = False
    spatial_size: int | Sequence[int] | None = -1
    labels: str | Sequence[int] = "auto"
    part: str = "test"
    pairing: str = "random"
    num_pairs: int = 100
    first: str = ""
    method: str = RECIPE

    def subjects(self) -> str:
        """The configuration's expression for them; no one is registered to himself."""
        atlas_too = " + [@cohort.atlas]" if self.pairing == "random" else ""
        everyone = f"@cohort.training + @cohort.validation + @cohort.test{atlas_too}"
        chosen = everyone if self.part == "all" else f"@cohort.{self.part}"
        return f"$[each for each in {chosen} if each['subject'] >= {self.first!r}]" if self.first else f"${chosen}"


def choose_pairs(choice: PairChoice) -> tuple[PairDataset, list[int]]:
    """The bundle's own seeded pairs of a data set, and the labels that are evaluated."""
    names = ("dataset_dir", "atlas", "affine", "labels", "pairing")
    values = {name: getattr(choice, name) for name in names}
    if choice.spatial_size is not None:
        values["spatial_size"] = choice.spatial_size
    count = {"num_pairs": choice.num_pairs} if choice.pairing == "random" else {}
    config = evaluation(choice.method, validated=choice.subjects(), **values, **count)
    return config.get_parsed_content("validate#dataset"), config.get_parsed_content("cohort").labels


def cohort_and_batch(overlays: Sequence[str], **values: Any) -> tuple[Cohort, int]:
    """The subjects of a training with what all rows of Table 1 share, and the pairs of a batch."""
    config = read(*_in_configs(row_files(OURS, overlays)), **values)
    return config.get_parsed_content("cohort"), int(config.get_parsed_content("batch_size"))


def network_of(files: Sequence[str], spatial_dims: int) -> nn.Module:
    """The network of a row of :func:`row_files`, on the processor."""
    config = read(*_in_configs(files), device="cpu", spatial_dims=spatial_dims)
    network: nn.Module = config.get_parsed_content("network_def")
    return network


def network_and_loss(method: str) -> tuple[nn.Module, nn.Module]:
    """Network and loss of a method's training, on the processor."""
    config = training(method, device="cpu")
    return config.get_parsed_content("network_def"), config.get_parsed_content("loss")


def shipped_refinement_steps(method: str = RECIPE) -> int:
    """Steps of optimisation on the pair that a method takes."""
    return int(evaluation(method).get_parsed_content("refinement_steps"))


def registrar(
    weights: str | Path, refinement_steps: int = 0, method: str = RECIPE, **values: Any
) -> Callable[[Tensor], Tensor]:
    """A method's network with weights, on the processor: a pair ``(B, 2, *S)`` in, its field ``(B, D, *S)`` out.

    ``values`` are further ones to change, in our words, such as ``passes``.
    """
    config = evaluation(method, device="cpu", refinement_steps=refinement_steps, **values)
    network, inferer = config.get_parsed_content("network_def"), config.get_parsed_content("validate#inferer")
    load_weights(str(weights), network)
    network.eval()

    def register(pair: Tensor) -> Tensor:
        with torch.no_grad():
            ddf: Tensor = inferer(pair, network)["ddf"]
        return ddf

    return register


def refiner(loss: RegistrationLoss, steps: int) -> Callable[[Tensor, Tensor], Tensor]:
    """``f(pair, ddf) -> ddf``: steps of optimisation on the pair, with a loss of one's own."""
    return Refinement(loss, steps)


def loss_of(
    images: Mapping[str, tuple[float, nn.Module]], field: Mapping[str, tuple[float, nn.Module]]
) -> RegistrationLoss:
    """A loss of named terms, each with its weight: those that compare images, and those of the field."""
    return RegistrationLoss(**_terms(images, field))


def loss_terms(**weights: float | None) -> dict[str, Any]:
    """The recipe's loss with other weights of its terms ``lncc, mse, diffusion, folding``; ``None`` leaves one out."""
    loss = recipes_own("loss")
    for name, weight in weights.items():
        if weight is None:
            del loss[name]
        else:
            loss[name]["weight"] = weight
    return {"loss": loss}


def with_loss(
    images: Mapping[str, tuple[float, dict[str, Any]]], field: Mapping[str, tuple[float, dict[str, Any]]]
) -> dict[str, Any]:
    """Overrides: a loss of named terms, each with its weight and its definition, as :func:`loss_of` has them built."""
    return {"loss": {"_target_": "scripts.losses.RegistrationLoss", **_terms(images, field)}}


def with_similarity(images: Mapping[str, tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    """Overrides: the recipe's loss with other terms that compare images, and its own of the field."""
    field = {name: term for name, term in recipes_own("loss").items() if isinstance(term, dict) and "of" in term}
    return {"loss": {"_target_": "scripts.losses.RegistrationLoss", **_terms(images, {}), **field}}


def _terms(images: Mapping[str, tuple[float, Any]], field: Mapping[str, tuple[float, Any]]) -> dict[str, Any]:
    kinds = (("images", images), ("ddf", field))
    return {n: {"weight": weight, "of": of, "loss": loss} for of, terms in kinds for n, (weight, loss) in terms.items()}


BASES = {"vxm2_wide": ("vxm2",)}  # rows that change what other rows say


def row_files(row: str, overlays: Sequence[str]) -> list[str]:
    """The files of a row of Table 1: the paper's training, what all rows share, and the row's own network.

    Args:
        row: ``ours``, the paper's own network; an overlay in ``benchmarks/rows``; or ``brain_2d``, the default method.
        overlays: that all rows share, relative to the bundle.

    Raises:
        InputError: if there is no such file.
    """
    method = METHODS[RECIPE if row == RECIPE else PAPER]
    own = [] if row in (OURS, RECIPE) else [str(ROWS / f"{name}.yaml") for name in (*BASES.get(row, ()), row)]
    files = [*(f"configs/{name}" for name in (TRAIN, *method)), *overlays, *own]
    for name in files:
        if not (BUNDLE / name).is_file():
            raise InputError(f"{BUNDLE / name} does not exist; name a row after an overlay in {ROWS}.")
    return files


def _in_configs(files: Sequence[str]) -> list[str]:
    return [name.removeprefix("configs/") for name in files]


def identity(files: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a training of these files and values from another one."""
    config = read(*_in_configs(files), **values).config
    return dict(TrainingIdentity(Path(str(config["dataset_dir"])).name, config).values)


def bundle_command(verb: str, files: Sequence[str], **values: Any) -> list[str]:
    """``python -m monai.bundle run``, for a process that stands in the bundle: ``training`` or ``evaluation``."""
    named = [verb] if verb == "training" else []
    files = [*files] if verb == "training" else [*files, f"configs/{EVALUATE}"]
    arguments = [text for name, value in changed(**values).items() for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "monai.bundle", "run", *named, "--config_file", str(files), *arguments]
