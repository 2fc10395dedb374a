"""The compiled kernel, optional: where it cannot be compiled, the NumPy kernel does the same work.

All else stands in pyproject.toml.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup

KERNEL = Path("kernel")
UNIX = sys.platform != "win32"

setup(
    ext_modules=[
        Extension(
            "oncohort.stats._compiled",
            sources=sorted(str(file) for file in KERNEL.glob("*.c")),
            depends=[str(KERNEL / "kernel.h")],
            extra_compile_args=["-std=gnu11", "-O3", "-Wno-psabi"] if UNIX else [],
            libraries=["m"] if UNIX else [],
            py_limited_api=True,
            optional=True,
        )
    ]
)
