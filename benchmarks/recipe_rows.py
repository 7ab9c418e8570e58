"""The rows of the recipe's study: what each changes, as overrides of the bundle's configuration."""

from __future__ import annotations

from typing import Any

from .setting import changed, loss_terms, recipes_own

RECIPE = "the recipe"
PAIR = ["moving", "fixed"]


def rows() -> dict[str, dict[str, Any]]:
    """Every row by its name; the first is the recipe itself."""
    return {
        RECIPE: {},
        "the recipe, another seed": changed(seed=1),
        **of_the_network(),
        **of_the_loss(),
        **of_the_pairs(),
        **of_the_schedule(),
        "two passes": changed(passes=2),
    }


def of_the_network() -> dict[str, dict[str, Any]]:
    """What the network is and gives."""
    return {
        "a displacement, no velocity": changed(velocity=False),
        "full resolution": changed(half_resolution=False, output_level=0),
        "the paper's channels": changed(channels=[16, 32, 32, 32, 32]),
        "channels 16, 24, 48, 64, 96": changed(channels=[16, 24, 48, 64, 96]),
        "no attention": changed(attention=False),
        "no dense connections": changed(dense=False),
    }


def of_the_loss() -> dict[str, dict[str, Any]]:
    """Terms, weights, and losses that judge more than the network's field."""
    deep = {"_target_": "benchmarks.candidates.DeeplySupervised", "backbone": recipes_own("backbone")}
    return {
        # The weights that were best with MSE in loss_study: those of LNCC would leave nothing but the identity.
        "MSE alone": loss_terms(lncc=None, mse=1, diffusion=0.04, folding=100),
        "no folding penalty": loss_terms(folding=None),
        "half the diffusion": loss_terms(diffusion=0.75),
        "symmetric loss": around_the_loss("SymmetricLoss"),
        "deep supervision": {**around_the_loss("DeepSupervision"), **changed(backbone=deep)},
    }


def around_the_loss(target: str) -> dict[str, Any]:
    """The recipe's loss in another one that sees the network."""
    wrapped = {"_target_": f"benchmarks.candidates.{target}", "loss": "@plain_loss", "network": "@network_def"}
    return changed(plain_loss=recipes_own("loss"), loss=wrapped)


def of_the_pairs() -> dict[str, dict[str, Any]]:
    """Which pairs are drawn, and how they are varied."""
    moved = {"keys": ["moving"], "prob": 0.5}
    both = {"keys": PAIR, "prob": 0.5}
    affine = {"rotate_range": 0.05, "scale_range": 0.05, "translate_range": 3}
    return {
        "every pair with the atlas": changed(pairing="atlas"),
        "no mirroring": changed(augment=None),
        "affine augmentation": augmented({"_target_": "RandAffined", **moved, **affine}),
        "elastic augmentation": augmented(
            {"_target_": "Rand2DElasticd", **moved, "spacing": [32, 32], "magnitude_range": [0, 2]}
        ),
        "intensity augmentation": augmented(
            {"_target_": "RandAdjustContrastd", **both, "gamma": [0.7, 1.5]},
            {"_target_": "RandGaussianNoised", **both, "std": 0.03},
        ),
        "synthetic contrasts, half": synthetic(0.5),
        "synthetic contrasts alone": synthetic(1.0),
    }


def augmented(*transforms: dict[str, Any]) -> dict[str, Any]:
    """Transforms of a pair, then the recipe's mirroring."""
    together = [*transforms, recipes_own("augment")]
    return changed(augment={"_target_": "Compose", "transforms": together})


def synthetic(prob: float) -> dict[str, Any]:
    """Images made from the label maps."""
    return augmented({"_target_": "benchmarks.candidates.RandSyntheticContrastd", "keys": PAIR, "prob": prob})


def of_the_schedule() -> dict[str, dict[str, Any]]:
    """The rate over the training, and an average of the weights."""
    constant = changed(final_learning_rate="@learning_rate")
    cycle = {"optimizer": "@optimizer", "max_lr": "@learning_rate", "total_steps": "@max_epochs"}
    return {
        "a constant rate": constant,
        "one cycle": changed(schedule={"_target_": "torch.optim.lr_scheduler.OneCycleLR", **cycle}),
        "averaged weights": averaged(0.03),
        "averaged weights, a constant rate": {**averaged(0.03), **constant},
    }


def averaged(momentum: float) -> dict[str, Any]:
    """A running average of the weights; at the end of the shortest study less than 1 part in 8000 is of the first."""
    handler = {"_target_": "benchmarks.candidates.AveragedWeights", "network": "@network_def", "momentum": momentum}
    handlers = [*recipes_own("trainer_handlers"), handler]
    return changed(trainer_handlers=handlers, resume=False)  # no checkpoint has the average
