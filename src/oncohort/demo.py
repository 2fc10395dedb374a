"""The study that comes with oncohort, as a folder to look at and to run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final, Literal, TypeAlias

DemoName: TypeAlias = Literal["sorafenib"]
NAMES: Final[tuple[DemoName, ...]] = ("sorafenib",)


@contextmanager
def demo_study(name: DemoName) -> Iterator[Path]:
    """Yield the folder of a bundled study, to be read and not written.

    Examples
    --------
    >>> with demo_study("sorafenib") as folder:
    ...     sorted(path.name for path in folder.iterdir())
    ['data', 'study.toml']
    """
    with as_file(files("oncohort") / "demos" / name) as folder:
        yield folder


def copy_demo(name: DemoName, to: Path) -> None:
    """Write a bundled study into a new folder."""
    with demo_study(name) as folder:
        shutil.copytree(folder, to)
