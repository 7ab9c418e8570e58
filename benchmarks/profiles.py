"""Where the time goes in one training step of the recipe, in one inference, and in one with optimisation on the pair.

    python -m benchmarks.profiles [--batch_size 8] [--size 160 192] [--rows 8]

Smooth random images that are there already; the second run of each is profiled. Prints a table a case: the operators
that took most of the processor's time, and what they were busy with.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from scripts.export.command import smooth_pairs
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import publish
from .setting import RECIPE, WEIGHTS, network_and_loss, registrar, shipped_refinement_steps
from .training_step import bundle_step


def profiled(run: Callable[[], Tensor], rows: int) -> str:
    """A table of the operators that took most time in one run, after one that warms up."""
    run()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        run()
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    shown = [
        [event.key.removeprefix("aten::"), event.count, milliseconds(event.self_cpu_time_total), share(event, total)]
        for event in events[:rows]
    ]
    rest = total - sum(event.self_cpu_time_total for event in events[:rows])
    shown += [["everything else", "", milliseconds(rest), f"{100 * rest / total:.0f}"]]
    shown += [["all", "", milliseconds(total), "100"]]
    return markdown_table(["operator", "calls", "ms", "%"], shown)


def milliseconds(microseconds: float) -> str:
    """As the tables show a time."""
    return f"{microseconds / 1000:.1f}"


def share(event: torch.autograd.profiler_util.FunctionEventAvg, total: float) -> str:
    """Of the whole, per cent."""
    return f"{100 * event.self_cpu_time_total / total:.0f}"


def cases(batch_size: int, size: Sequence[int]) -> dict[str, Callable[[], Tensor]]:
    """What is profiled, by its heading."""
    batch, steps = smooth_pairs(batch_size, size), shipped_refinement_steps()
    network, refined = registrar(WEIGHTS), registrar(WEIGHTS, steps)
    return {
        f"One training step of the recipe, batch {batch_size}": bundle_step(batch, *network_and_loss(RECIPE)),
        "One pair, the network": lambda: network(batch[:1]),
        f"One pair, the network and {steps} steps of optimisation": lambda: refined(batch[:1]),
    }


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--size", type=int, nargs="+", default=[160, 192])
    parser.add_argument("--rows", type=int, default=8, help="operators shown")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Profile and print."""
    options = parse_arguments(arguments)
    torch.manual_seed(0)
    found = {name: profiled(run, options.rows) for name, run in cases(options.batch_size, options.size).items()}
    tables = "\n".join(f"**{name}**\n\n{table}" for name, table in found.items())
    data = f"Smooth random images of {' x '.join(map(str, options.size))}, once warm."
    print(f"{tables}\n{data}")
    publish(options.docs, "profiles", arguments, data, tables)


if __name__ == "__main__":
    start(main)
