"""The studies that come with oncohort: one to look at and to run, and a blank one of each kind to fill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, TypeAlias

DemoName: TypeAlias = Literal["sorafenib", "sorafenib_table", "blank", "blank_records"]


@contextmanager
def demo_study(name: DemoName) -> Iterator[Path]:
    """Yield the folder of a bundled study, to be read and not written.

    "sorafenib" is the study of a published paper from synthetic dated records, "sorafenib_table" the same patients with
    one row each, "blank" and "blank_records" are to be filled.

    Examples
    --------
    >>> with demo_study("sorafenib_table") as folder:
    ...     sorted(path.name for path in folder.iterdir())
    ['data', 'study.toml']
    """
    with as_file(files("oncohort") / "demos" / name) as folder:
        yield folder
