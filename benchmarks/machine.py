"""What the figures were measured on and with."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from oncohort.stats import kernel

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def describe_machine() -> dict[str, str]:
    """Return machine, threads, load and versions without those of other programs, each as words."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    threads = [f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ]
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "load average at the start": load(),
        "threads": f"{blas['name']} {blas['version']}, "
        + (", ".join(threads) if threads else f"its default: up to {os.cpu_count()} threads"),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": version("scipy"),
        "Polars": version("polars"),
        "oncohort": f"{version('oncohort')}, {kernel.name()} kernel",
    }


def load() -> str:
    """Return the mean number of running processes over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
