"""What every benchmark keeps beside its figures, and where."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import torch


def record(name: str, report: dict[str, Any]) -> None:
    """Print a report with facts about the machine and write it to ``bench/results``."""
    machine = {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    text = json.dumps({**report, "machine": machine}, indent=1)
    path = Path(__file__).parent / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    print(text)
