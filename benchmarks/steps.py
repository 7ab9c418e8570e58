"""Training steps per second: ours against the ``voxelmorph`` package, in one run, taking turns.

    python benchmarks/steps.py [--batch_size 8] [--size 160 192] [--rounds 7]

One step is forward, loss, backward and Adam on one batch of random images that is there already. "Package's shape" puts
the package's own backbone under our integration, warp, losses and precision switches, so that the networks are equal to
the last convolution. Prints a table: median over the rounds, and the ratio to the package at its best.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bundle")]

from benchmarks.training_step import RECIPE, Step, bundle_step, median_seconds, network_and_loss, step_options  # noqa: E402
from benchmarks.voxelmorph_peer import SIGMA, build, loss_of  # noqa: E402
from scripts.losses import ForwardDiffusion, RegistrationLoss  # noqa: E402
from scripts.networks import RegistrationModel  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402


class PackageBackbone(nn.Module):
    """The package's U-Net and flow layer, as a backbone of ours."""

    def __init__(self) -> None:
        super().__init__()
        package = build().model
        self.layers = nn.Sequential(package.model, package.flow_layer)

    def forward(self, pair: Tensor) -> Tensor:
        """Velocity ``(B, D, *S)`` of a pair ``(B, 2, *S)``."""
        return self.layers(pair)


def package_step(batch: Tensor, low_precision: bool) -> Step:
    """The package's own model and losses; optionally under autocast and channels last."""
    peer = build()
    optimizer = torch.optim.Adam(peer.parameters())
    layout = torch.channels_last if low_precision else torch.contiguous_format
    moving, fixed = (image.contiguous(memory_format=layout) for image in batch.chunk(2, 1))

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=low_precision):
            loss = loss_of(peer, moving, fixed)
        loss.backward()
        optimizer.step()
        return loss

    return step


def contestants(batch: Tensor) -> dict[str, Step]:
    """Every row of the table."""
    package_loss = RegistrationLoss(nn.MSELoss(), ForwardDiffusion(), SIGMA)
    steps = {}
    for low, name in ((False, "float32"), (True, "bfloat16, channels last")):
        same_shape = RegistrationModel(PackageBackbone(), velocity=True, integration_steps=5)
        steps[f"voxelmorph package, {name}"] = package_step(batch, low)
        steps[f"package's shape, our code, {name}"] = bundle_step(batch, same_shape, package_loss, low)
        steps[f"dense network, paper's method, {name}"] = bundle_step(batch, *network_and_loss(), low)
        steps[f"dense network, our recipe, {name}"] = bundle_step(batch, *network_and_loss(RECIPE), low)
    return steps


def main() -> None:
    """Take turns and print the table."""
    parser = step_options(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(0)
    steps = contestants(torch.rand(options.batch_size, 2, *options.size))
    medians = median_seconds(steps, options.rounds)
    best = min(value for name, value in medians.items() if name.startswith("voxelmorph"))
    rows = [[name, f"{value:.3f}", f"{1 / value:.2f}", f"{best / value:.2f}"] for name, value in medians.items()]
    print(markdown_table(["Step", "seconds", "steps a second", "of the package's best"], rows))
    print(f"batch {options.batch_size}, {options.size}, {torch.get_num_threads()} threads, median of {options.rounds}")
    networks = {"package": build(), "paper's": network_and_loss()[0], "recipe's": network_and_loss(RECIPE)[0]}
    counts = (f"{name} {sum(p.numel() for p in network.parameters()):,}" for name, network in networks.items())
    print(f"parameters: {', '.join(counts)}")


if __name__ == "__main__":
    main()
