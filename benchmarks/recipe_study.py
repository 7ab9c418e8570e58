"""What every part of the recipe is worth: short trainings, each with one part changed.

    python benchmarks/recipe_study.py --dataset_dir DIR --output_dir outputs/recipe_study [--epochs 20]
    python benchmarks/recipe_study.py --dataset_dir DIR --output_dir outputs/recipe_end --weights bundle/models/model.pt

Every row is the recipe with one thing changed, trained for the same number of epochs from the same seed and measured on
the same seeded pairs of validation subjects, by the network alone. Then all rows take turns at training steps on one
batch that is there already, so that their times can be compared; augmentation and averaging are not in them. A row
whose result is in ``output_dir`` is not trained again. With ``--weights`` every row goes on from them, at half the
recipe's rate: what a part is still worth at the end of a training. The network looks once (``passes: 1``) unless the
row says otherwise. Prints the table of bundle/docs/recipe.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bundle")]

from benchmarks.setting import claim, parse  # noqa: E402
from benchmarks.training_step import bundle_step, median_seconds  # noqa: E402
from scripts.files import write_text_atomic  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402

CONFIGS = ("train.yaml", "variants/recipe.yaml")
BATCH, SIZE = 8, (160, 192)
LATE_RATE = 5e-4
RECIPE = "the recipe"
# The weights that were best with MSE in loss_study.py: those of LNCC would leave nothing but the identity.
MSE_LOSS: dict[str, Any] = {
    "loss#similarity": {"_target_": "torch.nn.MSELoss"},
    "loss#regularisation#weights": [1, 2500],
    "sigma": 0.04,
}
BASE = parse({}, CONFIGS)
PAIR = ["moving", "fixed"]


def around_the_loss(target: str, **changed: Any) -> dict[str, Any]:
    """The recipe's loss in another one that sees the network."""
    wrapped = {"_target_": f"benchmarks.candidates.{target}", "loss": "@plain_loss", "network": "@network_def"}
    return {"plain_loss": BASE["loss"], "loss": wrapped, **changed}


def augmented(*transforms: dict[str, Any]) -> dict[str, Any]:
    """Transforms of a pair, then the recipe's mirroring."""
    together = [*transforms, BASE["train#dataset#augment"]]
    return {"train#dataset#augment": {"_target_": "Compose", "transforms": together}}


def averaged(momentum: float) -> dict[str, Any]:
    """A running average of the weights; at the end of the shortest study less than 1 part in 8000 is of the first."""
    handler = {"_target_": "benchmarks.candidates.AveragedWeights", "network": "@network_def", "momentum": momentum}
    handlers = [*BASE["train#handlers"], handler]
    return {"train#handlers": handlers, "resume": False}  # no checkpoint has the average


def synthetic(prob: float) -> dict[str, Any]:
    """Images made from the label maps."""
    return augmented({"_target_": "benchmarks.candidates.RandSyntheticContrastd", "keys": PAIR, "prob": prob})


CONSTANT_RATE = {"final_learning_rate": "@learning_rate"}
CANDIDATES: dict[str, dict[str, Any]] = {
    RECIPE: {},
    "the recipe, another seed": {"seed": 1},
    "a displacement, no velocity": {"network_def#velocity": False},
    "full resolution": {"network_def#half_resolution": False, "network_def#backbone#output_level": 0},
    "the paper's channels": {"channels": [16, 32, 32, 32, 32]},
    "channels 16, 24, 48, 64, 96": {"channels": [16, 24, 48, 64, 96]},
    "no attention": {"attention": False},
    "no dense connections": {"dense": False},
    "MSE alone": MSE_LOSS,
    "no folding penalty": {"loss#regularisation#weights": [1, 0]},
    "every pair with the atlas": {"pairing": "atlas"},
    "no mirroring": {"train#dataset#augment": None},
    "affine augmentation": augmented(
        {
            "_target_": "RandAffined",
            "keys": ["moving"],
            "prob": 0.5,
            "rotate_range": 0.05,
            "scale_range": 0.05,
            "translate_range": 3,
        }
    ),
    "elastic augmentation": augmented(
        {"_target_": "Rand2DElasticd", "keys": ["moving"], "prob": 0.5, "spacing": [32, 32], "magnitude_range": [0, 2]}
    ),
    "intensity augmentation": augmented(
        {"_target_": "RandAdjustContrastd", "keys": PAIR, "prob": 0.5, "gamma": [0.7, 1.5]},
        {"_target_": "RandGaussianNoised", "keys": PAIR, "prob": 0.5, "std": 0.03},
    ),
    "synthetic contrasts, half": synthetic(0.5),
    "synthetic contrasts alone": synthetic(1.0),
    "symmetric loss": around_the_loss("SymmetricLoss", **{"network_def#_target_": "benchmarks.candidates.TwoWayModel"}),
    "deep supervision": around_the_loss(
        "DeepSupervision", **{"network_def#backbone#_target_": "benchmarks.candidates.DeeplySupervised"}
    ),
    "a constant rate": CONSTANT_RATE,
    "one cycle": {
        "lr_scheduler": {
            "_target_": "torch.optim.lr_scheduler.OneCycleLR",
            "optimizer": "@optimizer",
            "max_lr": "@learning_rate",
            "total_steps": "@max_epochs",
        }
    },
    "averaged weights": averaged(0.03),
    "averaged weights, a constant rate": {**averaged(0.03), **CONSTANT_RATE},
    "half the diffusion": {"sigma": 0.75, "loss#regularisation#weights": [1, 200]},
    "two passes": {"passes": 2},
}


def row_config(changed: dict[str, Any], options: argparse.Namespace, folder: Path) -> Any:
    """The configuration of one row."""
    shared = {
        "dataset_dir": options.dataset_dir,
        "max_epochs": options.epochs,
        "val_interval": options.epochs,
        "output_dir": str(folder),
        "silent": True,
        "device": "cpu",
        "validate#dataset#pairing": "random",
        "validate#dataset#num_pairs": options.num_pairs,
    }
    if options.weights:
        shared.update(initial_weights=options.weights, learning_rate=LATE_RATE)
    return parse({**shared, **changed}, CONFIGS)


def train(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Validation of one row after its training, from ``output_dir`` where it is there."""
    folder = Path(options.output_dir) / name.replace(" ", "_").replace(",", "").replace("'", "")
    path = folder / "result.json"
    if not path.is_file():
        parser = row_config(CANDIDATES[name], options, folder)
        torch.manual_seed(parser["seed"])
        parser.get_parsed_content("train#trainer").run()
        state = parser.get_parsed_content("validate#evaluator").state
        write_text_atomic(path, json.dumps({key: float(state.metrics[key]) for key in ("dice", "folding")}))
    result: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return result


def seconds_a_step(options: argparse.Namespace) -> dict[str, float]:
    """Of every row, all taking turns."""
    batch = torch.rand(BATCH, 2, *SIZE)
    steps = {}
    for name in options.rows:
        parser = row_config(CANDIDATES[name], options, Path(options.output_dir))
        network, loss = parser.get_parsed_content("network_def"), parser.get_parsed_content("loss")
        steps[name] = bundle_step(batch, network, loss)
    return median_seconds(steps)


def main() -> None:
    """Train what is missing, take times, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_dir", default="synthetic")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--num_pairs", type=int, default=48)
    parser.add_argument("--weights", help="of the recipe's network, to go on from")
    parser.add_argument("--rows", nargs="+", choices=CANDIDATES, default=list(CANDIDATES), help="besides the recipe")
    options = parser.parse_args()
    options.rows = list(dict.fromkeys([RECIPE, *options.rows]))
    claim(Path(options.output_dir), {k: getattr(options, k) for k in ("dataset_dir", "epochs", "num_pairs", "weights")})
    results = {}
    for name in options.rows:
        results[name] = train(name, options)
        print(name, results[name], flush=True)
    seconds = seconds_a_step(options)
    unit = seconds[RECIPE]
    rows = [
        [
            name,
            f"{found['dice']:.4f}",
            f"{found['dice'] - results[RECIPE]['dice']:+.4f}",
            f"{100 * found['folding']:.4f}",
            f"{seconds[name]:.3f}",
            f"{seconds[name] / unit:.2f}",
        ]
        for name, found in results.items()
    ]
    print(markdown_table(["Row", "Dice", "difference", "folded, %", "seconds a step", "relative to the recipe"], rows))
    print(f"{options.epochs} epochs, {options.num_pairs} validation pairs, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
