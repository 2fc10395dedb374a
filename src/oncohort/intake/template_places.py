"""Where the tables of a records study lie: files of their names, sheets of their names, or where the protocol says."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oncohort.errors import DataError
from oncohort.intake.convert import near_names, plain_name
from oncohort.intake.read import ENDINGS, inside_study, read_bytes
from oncohort.intake.workbook import shown_sheets
from oncohort.study.dictionary import Template
from oncohort.study.findings import Finding
from oncohort.study.protocol import TemplateFile

_WORKBOOKS: Final = (".xlsx", ".xlsm")
_NOT_TABLES: Final = frozenset({"readme", "lists"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table may lie: a file, or a sheet of one; ``name`` is what messages call it."""

    path: Path
    name: str
    spec: TemplateFile


def find_places(
    folder: Path, template: Template, specs: Mapping[str, TemplateFile], *, data: str
) -> tuple[dict[str, list[Place]], list[Finding]]:
    """Return every place where a table may lie, and what is no table's.

    A table is looked for where ``specs`` gives its file, and else in ``data``: in a file of its name, and in the
    sheet of its name (or of the name ``specs`` gives) of the one workbook that bears the name of no table. Case, blanks
    and underscores of names play no part; hidden files and hidden sheets are passed over.

    Returns
    -------
    dict of str to list of Place
        A table that lies nowhere is left out.
    list of Finding
        TABLE-UNKNOWN (note).

    Raises
    ------
    DataError
        There is no such folder, several workbooks bear the name of no table, or no workbook has a sheet that the
        protocol names.
    """
    inside, data = inside_study(folder, data)
    if not inside.is_dir():
        raise DataError(f"{data}: there is no such folder; the folder with the tables of the template was expected")
    places = {name: [Place(*inside_study(folder, s.file), s)] for name, s in specs.items() if s.file is not None}
    told = {(place.path, place.spec.sheet) for [place] in places.values()}
    free = {name: specs.get(name, TemplateFile()) for name in template if name not in places}
    by_file = {_key(name): name for name in free}
    findings: list[Finding] = []
    books: list[Path] = []
    for path in _files(inside):
        name = by_file.get(_key(path.stem))
        if name is not None:
            places.setdefault(name, []).append(Place(path, posixpath.join(data, path.name), free[name]))
        elif (path, None) in told:
            continue
        elif path.suffix.lower() in _WORKBOOKS:
            books.append(path)
        else:
            findings.append(_unread(posixpath.join(data, path.name), path.stem, free))
    told_books = {path for path, _ in told}
    books = [path for path in books if path not in told_books] or books
    if len(books) > 1:
        listed = ", ".join(path.name for path in books)
        raise DataError(f"{data}: several workbooks bear the name of no table ({listed}); one was expected at most")
    by_sheet = {_key(spec.sheet or name): name for name, spec in free.items()}
    for place, title in _sheets(books, data):
        name = by_sheet.get(_key(title))
        if name is not None:
            spec = free[name].model_copy(update={"sheet": title})
            places.setdefault(name, []).append(Place(place.path, f"{place.name}, sheet {title}", spec))
        elif (place.path, title) not in told:
            findings.append(_unread(f"{place.name}, sheet {title}", title, free))
    _require_sheets(free, places, data)
    return places, findings


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that may be tables; those that spreadsheet programs hide beside an open one are none."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and not path.name.startswith((".", "~")) and path.is_file():
            yield path


def _sheets(books: list[Path], data: str) -> Iterator[tuple[Place, str]]:
    """Yield the place of each workbook with the title of every sheet that may be a table."""
    for path in books:
        name = posixpath.join(data, path.name)
        for title in shown_sheets(read_bytes(path, name), name):
            if _key(title) not in _NOT_TABLES:
                yield Place(path, name, TemplateFile()), title


def _key(name: str) -> str:
    return plain_name(name).replace(" ", "")


def _unread(place: str, title: str, free: Mapping[str, TemplateFile]) -> Finding:
    sentence = f"bears the name of no table that is looked for here, so it is not read{near_names(title, free)}"
    return Finding("note", "TABLE-UNKNOWN", sentence, file=place)


def _require_sheets(free: Mapping[str, TemplateFile], places: Mapping[str, list[Place]], data: str) -> None:
    for name, spec in free.items():
        if spec.sheet is not None and name not in places:
            raise DataError(f'{data}: no workbook has the sheet "{spec.sheet}" that study.toml names for {name}')
