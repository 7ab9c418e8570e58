"""Training steps per second: ours against the ``voxelmorph`` package, in one run, taking turns.

    python benchmarks/steps.py [--batch_size 8] [--size 160 192] [--rounds 7]

One step is forward, loss, backward and Adam on one batch of random images that is there already. "Package's backbone"
puts the package's own U-Net under our integration, warp, loss and inferer. "Package's shape" is our U-Net without short
connections or attention, with the package's channels, levels, integration and loss: the same convolutions but for the
package's last one of kernel 1, and upsampling by nearest neighbour, as in VoxelMorph's papers, where the package
interpolates. Prints a table: median over the rounds, and the ratios to the package's fastest step of the same precision
and of any. "Tuned" is the package with what all our rows have around it: channels last, a fused Adam and, in bfloat16,
autocast.
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
from scripts.networks import DenseUNet, RegistrationModel  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402

PACKAGE = "voxelmorph package"
PRECISIONS = ("float32", "bfloat16")
LEVELS = 6  # five and the lowest, all of the package's 16 channels


class PackageBackbone(nn.Module):
    """The package's U-Net and flow layer, as a backbone of ours."""

    def __init__(self) -> None:
        super().__init__()
        package = build().model
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
    peer = build()
    optimizer = torch.optim.Adam(peer.parameters(), fused=tuned)
    layout = torch.channels_last if tuned else torch.contiguous_format
    moving, fixed = (image.contiguous(memory_format=layout) for image in batch.chunk(2, 1))

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            loss = loss_of(peer, moving, fixed)
        loss.backward()
        optimizer.step()
        return loss

    return step


def contestants(batch: Tensor) -> dict[tuple[str, str], Step]:
    """Every row of the table, by name and precision."""
    plain = RegistrationLoss(nn.MSELoss(), ForwardDiffusion(), SIGMA)
    steps = {(f"{PACKAGE}, as installed", "float32"): package_step(batch, "float32", tuned=False)}
    for precision in PRECISIONS:
        backbone = RegistrationModel(PackageBackbone(), velocity=True, integration_steps=5)
        ours = {
            "package's backbone, the rest ours": (backbone, plain),
            "package's shape, our code": (package_shape(), plain),
            "package's shape, integrated at half resolution": (package_shape(half_resolution=True), plain),
            "dense network, paper's method": network_and_loss(),
            "dense network, our recipe": network_and_loss(RECIPE),
        }
        steps[f"{PACKAGE}, tuned", precision] = package_step(batch, precision, tuned=True)
        steps.update({(name, precision): bundle_step(batch, *pieces, precision) for name, pieces in ours.items()})
    return steps


def report(medians: dict[tuple[str, str], float]) -> str:
    """Table of the times, each beside the package's."""
    package = {key: value for key, value in medians.items() if key[0].startswith(PACKAGE)}
    best = min(package.values())
    same = {precision: min(v for k, v in package.items() if k[1] == precision) for precision in PRECISIONS}
    rows = [
        [name, precision, f"{value:.3f}", f"{1 / value:.2f}", f"{same[precision] / value:.2f}", f"{best / value:.2f}"]
        for (name, precision), value in medians.items()
    ]
    heads = ["Step", "precision", "seconds", "steps a second", "speed to the package's, same precision", "to its best"]
    return markdown_table(heads, rows)


def main() -> None:
    """Take turns and print the table."""
    parser = step_options(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(0)
    steps = contestants(torch.rand(options.batch_size, 2, *options.size))
    print(report(median_seconds(steps, options.rounds)))
    print(f"batch {options.batch_size}, {options.size}, {torch.get_num_threads()} threads, median of {options.rounds}")
    networks = {
        "package": build(),
        "package's shape": package_shape(),
        "paper's": network_and_loss()[0],
        "recipe's": network_and_loss(RECIPE)[0],
    }
    counts = (f"{name} {sum(p.numel() for p in network.parameters()):,}" for name, network in networks.items())
    print(f"parameters: {', '.join(counts)}")


if __name__ == "__main__":
    main()
