"""The random generators' state as plain values that a checkpoint can hold without pickled code."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


class RandomState:
    """State of Python's, NumPy's and PyTorch's global generators."""

    def state_dict(self) -> dict[str, Any]:
        """The three states, as tensors and numbers."""
        legacy: Any = np.random.get_state(legacy=True)
        _, keys, position, has_gauss, cached = legacy
        return {
            "python": random.getstate(),
            "numpy": (torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(cached)),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        random.setstate(state["python"])
        keys, position, has_gauss, cached = state["numpy"]
        np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, cached))
        torch.set_rng_state(state["torch"])
        if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])
