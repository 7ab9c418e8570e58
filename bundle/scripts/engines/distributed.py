"""Several processes, on one machine or several, through Ignite; ``torchrun`` starts them.

Everything here also holds for a single process, which then shares with nobody.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from datetime import timedelta
from itertools import zip_longest
from typing import Any, TypeVar

import ignite.distributed as idist
import torch
from torch import nn

from ..data import Cohort, open_cohort

T = TypeVar("T")
PATIENCE = timedelta(hours=2)  # the first process may align a whole data set while the others wait


def join_processes() -> torch.device:
    """Meet the other processes that ``torchrun`` started, once; the device of this one.

    NCCL where there are CUDA devices, one a process, else Gloo. All processes but the first only log warnings.
    """
    if idist.backend() is None:
        idist.initialize("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
        logging.getLogger().setLevel(logging.INFO if is_first() else logging.WARNING)
    return idist.device()


@contextmanager
def processes_together() -> Iterator[None]:
    """Within the block, the processes that ``torchrun`` started, if it did, have met; they part behind it."""
    started = idist.backend() is None and int(os.environ.get("WORLD_SIZE", "1")) > 1
    if started:
        join_processes()
    try:
        yield
    finally:
        if started:
            leave_processes()


def leave_processes() -> None:
    """Part from the other processes."""
    idist.finalize()


def is_first() -> bool:
    """Whether this process is the one that writes and reports."""
    return bool(idist.get_rank() == 0)


def is_silent() -> bool:
    """The contrary of :func:`is_first`, for the ``_disabled_`` of handlers that report; joins the others first."""
    join_processes()
    return not is_first()


def process_count() -> int:
    """Number of processes; joins them first."""
    join_processes()
    return int(idist.get_world_size())


def process_rank() -> int:
    """Number of this process, from 0; joins the others first."""
    join_processes()
    return int(idist.get_rank())


def open_cohort_in_turn(**options: Any) -> Cohort:
    """:func:`scripts.data.open_cohort`, by the first process of every machine before the others.

    What is made once and cached, the embedded cohort and the affine stage, is so made by one process.
    """
    join_processes()
    with idist.one_rank_first(local=True):
        return open_cohort(**options)


def distribute(network: nn.Module, device: torch.device) -> nn.Module:
    """The network on its device, its gradients averaged over the processes."""
    model: nn.Module = idist.auto_model(network.to(device))
    return model


def shared_indices(dataset: Sized) -> list[int]:
    """Which items are this process's: every n-th, so that each is one process's; all of them where they are too few.

    An engine needs an item at least. A mean over all processes is that of one process either way.
    """
    rank, count = idist.get_rank(), idist.get_world_size()
    everything = range(len(dataset))
    return list(everything if len(dataset) < count else everything[rank::count])


def shared_out(items: Sequence[T]) -> list[T]:
    """This process's items: every n-th, so that each is one process's; none where there are too few."""
    return list(items)[idist.get_rank() :: idist.get_world_size()]


def gather_all(mine: Mapping[str, T]) -> dict[str, T]:
    """What all processes hold, together."""
    parts = [dict(mine)] if idist.get_world_size() == 1 else idist.all_gather(dict(mine))
    return {key: value for part in parts for key, value in part.items()}


def wait_for_others() -> None:
    """Until every process has come here."""
    idist.barrier()


def gather_in_order(mine: Sequence[T], total: int) -> list[T]:
    """What the processes found for their :func:`shared_indices`, in the order of one process.

    Args:
        mine: of this process, one result an index, in order.
        total: number of items that were shared.
    """
    parts: list[list[T]] = [list(mine)] if idist.get_world_size() == 1 else idist.all_gather(list(mine))
    if total < len(parts):
        return parts[0]
    rows = zip_longest(*([(item,) for item in part] for part in parts), fillvalue=())
    return [item for row in rows for held in row for item in held]
