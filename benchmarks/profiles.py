"""Where the time goes in one training step of the recipe, in one inference, and in one with optimisation on the pair.

    python benchmarks/profiles.py [--batch_size 8] [--size 160 192] [--rows 8]

Smooth random images that are there already; the second run of each is profiled. Prints a table a case: the operators
that took most of the processor's time, and what they were busy with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bundle")]

from benchmarks.setting import WEIGHTS, parse, pretrained  # noqa: E402
from benchmarks.training_step import RECIPE, bundle_step, network_and_loss, step_options  # noqa: E402
from scripts.export.command import smooth_pairs  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402


def inference(pair: Tensor, steps: int) -> Callable[[], Tensor]:
    """The shipped network on one pair, then ``steps`` of optimisation."""
    network, inferer = pretrained(WEIGHTS, {"refinement_steps": steps})
    return torch.no_grad()(lambda: inferer(pair, network)["ddf"])  # type: ignore[no-any-return]


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


def main() -> None:
    """Profile and print."""
    parser = step_options(__doc__)
    parser.add_argument("--rows", type=int, default=8)
    options = parser.parse_args()
    torch.manual_seed(0)
    batch = smooth_pairs(options.batch_size, 2, options.size)
    network, loss = network_and_loss(RECIPE)
    refining = int(parse({}).get_parsed_content("refinement_steps"))
    cases = {
        f"One training step of the recipe, batch {options.batch_size}": bundle_step(batch, network, loss),
        "One pair, the network": inference(batch[:1], 0),
        f"One pair, the network and {refining} steps of optimisation": inference(batch[:1], refining),
    }
    for name, run in cases.items():
        print(f"{name}\n\n{profiled(run, options.rows)}")
    print(f"{options.size}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
