"""Everything global that a call could change: it is read before and after each, and put back."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch


def read_state() -> dict[str, Any]:
    """Everything global that a call could change."""
    return {
        "torch's chance": torch.get_rng_state().numpy().tobytes(),
        "numpy's chance": repr(np.random.get_state()),  # noqa: NPY002 - it is what is watched
        "Python's chance": random.getstate(),
        "default dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "folder": str(Path.cwd()),
        "environment": tuple(sorted(os.environ.items())),
        "numpy's errors": tuple(np.geterr().items()),
        "numpy's printing": repr(np.get_printoptions()),
        "default device": str(torch.get_default_device()),
        "anomaly detection": torch.is_anomaly_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "search path": tuple(sys.path),
        "Ctrl-C": repr(signal.getsignal(signal.SIGINT)),
        "settings of matplotlib": _plot_settings(),
        "running threads": _others(),
    }


def _plot_settings() -> tuple[Any, ...]:
    """The settings of matplotlib and the figures that pyplot holds, where it was imported."""
    plots, pyplot = (sys.modules.get(name) for name in ("matplotlib", "matplotlib.pyplot"))
    settings = repr(sorted(plots.rcParams.items(), key=str)) if plots else ""
    return settings, len(pyplot.get_fignums()) if pyplot else 0


def _others() -> int:
    """Count other threads, save those that end with the program; the last are given a moment."""
    for _ in range(20):
        alive = sum(not thread.daemon for thread in threading.enumerate())
        if alive <= 1:
            break
        time.sleep(0.002)
    return alive


def restore_state(state: Mapping[str, Any]) -> None:
    """Put back what can be put back of a state that was read."""
    torch.set_rng_state(torch.frombuffer(bytearray(state["torch's chance"]), dtype=torch.uint8))
    random.setstate(state["Python's chance"])
    torch.set_default_dtype(state["default dtype"])
    torch.set_grad_enabled(state["gradients"])
    torch.set_num_threads(state["threads"])
    os.chdir(state["folder"])
    os.environ.clear()
    os.environ.update(dict(state["environment"]))
