"""Training steps per second: ours against the ``voxelmorph`` package, in one run, taking turns.

    python -m benchmarks.steps [--batch_size 8] [--size 160 192] [--rounds 7]

One step is forward, loss, backward and Adam on one batch of random images that is there already. "Package's backbone"
puts the package's own U-Net under our integration, warp, loss and inferer. "Package's shape" is our U-Net without short
connections or attention, with the package's channels, levels, integration and loss: the same convolutions but for the
package's last one of kernel 1, and upsampling by nearest neighbour, as in VoxelMorph's papers, where the package
interpolates. Prints a table: median over the rounds, and the ratios to the package's fastest step of the same precision
and of any. "Tuned" is the package with what all our rows have around it: channels last, a fused Adam and, in bfloat16,
autocast.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from scripts.losses import ForwardDiffusion
from scripts.networks import DenseUNet, RegistrationModel
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import publish
from .setting import PAPER, RECIPE, loss_of, network_and_loss
from .training_step import Step, add_batch_options, bundle_step, describe_batch, median_seconds
from .voxelmorph_model import SIGMA, FieldLoss, ImageLoss, PackageModel

PACKAGE = "voxelmorph package"
PRECISIONS = ("float32", "bfloat16")
LEVELS = 6  # five and the lowest, all of the package's 16 channels
RowName = tuple[str, str]  # what is timed, and its precision


class PackageBackbone(nn.Module):
    """The package's U-Net and flow layer, as a backbone of ours."""

    def __init__(self) -> None:
        super().__init__()
        package = PackageModel().model
        self.layers = nn.Sequential(package.model, package.flow_layer)

    def forward(self, pair: Tensor) -> Tensor:
        """Velocity ``(B, D, *S)`` of a pair ``(B, 2, *S)``."""
        return self.layers(pair)


def package_shape(half_resolution: bool = False) -> nn.Module:
    """Our network with what the package's has; see the top of the file."""
    backbone = DenseUNet(channels=(16,) * LEVELS, dense=False, attention=False)
    return RegistrationModel(backbone, velocity=True, integration_steps=5, half_resolution=half_resolution)


def package_step(batch: Tensor, precision: str, tuned: bool) -> Step:
    """The package's own model and losses; ``tuned``: with what our steps have, channels last and a fused Adam."""
    model, loss = PackageModel(), loss_of({"mse": (1, ImageLoss())}, {"diffusion": (SIGMA, FieldLoss())})
    optimizer = torch.optim.Adam(model.parameters(), fused=tuned)
    layout = torch.channels_last if tuned else torch.contiguous_format
    pair, target = batch.contiguous(memory_format=layout), {"fixed": batch[:, 1:].contiguous(memory_format=layout)}

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            value: Tensor = loss(model.register(pair), target)
        value.backward()
        optimizer.step()
        return value

    return step


def contestants(batch: Tensor) -> dict[RowName, Step]:
    """Every row of the table, by name and precision."""
    plain = loss_of({"mse": (1, nn.MSELoss())}, {"diffusion": (SIGMA, ForwardDiffusion())})
    steps = {(f"{PACKAGE}, as installed", "float32"): package_step(batch, "float32", tuned=False)}
    for precision in PRECISIONS:
        backbone = RegistrationModel(PackageBackbone(), velocity=True, integration_steps=5)
        ours = {
            "package's backbone, the rest ours": (backbone, plain),
            "package's shape, our code": (package_shape(), plain),
            "package's shape, integrated at half resolution": (package_shape(half_resolution=True), plain),
            "dense network, paper's method": network_and_loss(PAPER),
            "dense network, our recipe": network_and_loss(RECIPE),
        }
        steps[f"{PACKAGE}, tuned", precision] = package_step(batch, precision, tuned=True)
        steps.update({(name, precision): bundle_step(batch, *pieces, precision) for name, pieces in ours.items()})
    return steps


def table_of(medians: Mapping[RowName, float]) -> str:
    """A row a step: its time, and its speed beside the package's fastest of the same precision and of any."""
    package = {key: value for key, value in medians.items() if key[0].startswith(PACKAGE)}
    best = min(package.values())
    same = {precision: min(v for k, v in package.items() if k[1] == precision) for precision in PRECISIONS}
    rows = [
        [name, precision, f"{value:.3f}", f"{1 / value:.2f}", f"{same[precision] / value:.2f}", f"{best / value:.2f}"]
        for (name, precision), value in medians.items()
    ]
    heads = ["Step", "precision", "seconds", "steps a second", "speed to the package's, same precision", "to its best"]
    return markdown_table(heads, rows)


def parameter_counts() -> str:
    """How large the networks are, in words."""
    networks = {
        "the package's": PackageModel(),
        "its shape": package_shape(),
        "the paper's": network_and_loss(PAPER)[0],
        "our recipe's": network_and_loss(RECIPE)[0],
    }
    counts = (f"{name} {sum(p.numel() for p in network.parameters()):,}" for name, network in networks.items())
    return f"Parameters: {', '.join(counts)}."


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    add_batch_options(parser)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Take turns and print the table."""
    options = parse_arguments(arguments)
    torch.manual_seed(0)
    steps = contestants(torch.rand(options.batch_size, 2, *options.size))
    table = table_of(median_seconds(steps, options.rounds))
    data = f"Random images, {describe_batch(options.batch_size, options.size, options.rounds)}. {parameter_counts()}"
    print(f"{table}\n{data}")
    publish(options.docs, "steps", arguments, data, table)


if __name__ == "__main__":
    start(main)
