"""A folder that appears complete or not at all: written beside its place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from oncohort.errors import OutputError

MANIFEST: Final = "manifest.json"
WRITTEN: Final = frozenset(
    {MANIFEST, "report.html", "report.docx", "results.csv", "curves.csv", "levels.csv", "published.csv", "verify.R"}
    | {"profiles.csv", "incidence.csv", "splines.csv", "tables", "figures", "private"}
)
"""What a run writes at the top of its folder."""


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield an empty sibling of ``out`` to write into; when the block ends well it takes the place of ``out``.

    An earlier run at ``out`` is replaced. If anything fails or the process is killed, ``out`` is as it was.

    Raises
    ------
    OutputError
        If ``out`` is a file, holds something that is not a run, or cannot be written.
    """
    refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sibling = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        sibling.chmod(0o755 & ~_umask())
        yield sibling
        _take_place(sibling, out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(sibling, ignore_errors=True)


def refuse_foreign(out: Path) -> None:
    """Raise OutputError if ``out`` is there and is neither empty nor an earlier run."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out}: is not a folder; a new folder or an earlier run was expected")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / MANIFEST).is_file():
        raise OutputError(f"{out}: holds files that are not a run ({MANIFEST} is missing); name another folder")
    foreign = sorted(path.name for path in out.iterdir() if path.name not in WRITTEN and not path.name.startswith("."))
    if foreign:
        raise OutputError(f"{out}: a new run would delete {foreign[0]}, which no run has written; move it elsewhere")


def refuse_around(out: Path, study: Path) -> None:
    """Raise OutputError if the study lies inside ``out``: the new run would take its place and delete it."""
    if study.resolve().is_relative_to(out.resolve()):
        raise OutputError(f"{out}: holds the study itself, which a run would replace; name another folder")


def _take_place(sibling: Path, out: Path) -> None:
    """Rename ``sibling`` to ``out``; an earlier run steps aside and comes back if the renaming fails or is stopped."""
    if not out.exists():
        sibling.rename(out)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent)) / out.name
    try:
        out.rename(aside)
        sibling.rename(out)
    finally:
        if not out.exists():
            aside.rename(out)
        shutil.rmtree(aside.parent, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
