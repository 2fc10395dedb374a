"""A new study folder: the spreadsheet copied in, and a ``study.toml`` that asks for what cannot be seen."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oncohort.errors import OutputError
from oncohort.intake.draft import draft_study
from oncohort.intake.read import read_table
from oncohort.intake.study import PROTOCOL_FILE
from oncohort.study.parse import CHOOSE
from oncohort.study.protocol import TableFile


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A folder that was made: its protocol, and how many choices in it are still open."""

    protocol_file: Path
    n_open: int


def scaffold_study(folder: Path, source: Path, sheet: str | None) -> Scaffold:
    """Make ``folder`` with a copy of ``source`` under ``data/`` and a drafted ``study.toml``.

    Raises
    ------
    DataError
        If the spreadsheet cannot be read.
    OutputError
        If ``folder`` is there already and holds anything, or cannot be written.
    """
    _refuse_filled(folder)
    name = f"data/{source.name}"
    spec = TableFile(file=name, patient_id="", sheet=sheet)
    raw = read_table(source, spec, name=source.name)
    text = draft_study(raw, spec, title=folder.resolve().name.replace("-", " ").replace("_", " ").capitalize())
    with _whole(folder) as draft:
        (draft / "data").mkdir()
        shutil.copyfile(source, draft / name)
        (draft / PROTOCOL_FILE).write_text(text, encoding="utf-8", newline="\n")
    return Scaffold(folder / PROTOCOL_FILE, text.count(f'"{CHOOSE}"'))


def copy_study(source: Path, folder: Path, more: Iterable[tuple[str, bytes]] = ()) -> Scaffold:
    """Make ``folder`` as a copy of the study at ``source``, writable by its new owner.

    ``more`` are further files: their names from the study folder on, and what they hold.
    """
    _refuse_filled(folder)
    with _whole(folder) as draft:
        for file in source.rglob("*"):
            if file.is_file():
                (draft / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, draft / file.relative_to(source))
        for name, content in more:
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
    return Scaffold(folder / PROTOCOL_FILE, (folder / PROTOCOL_FILE).read_text(encoding="utf-8").count(f'"{CHOOSE}"'))


def _refuse_filled(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: is there already; a new or empty folder was expected")


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside ``folder`` that takes its place when all is written."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
            draft = Path(made) / "study"
            draft.mkdir()
            yield draft
            if folder.exists():
                folder.rmdir()
            draft.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from error
