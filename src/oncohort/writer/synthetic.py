"""A synthetic cohort as a study folder that says of itself, in every file, that it is synthetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from oncohort.errors import OutputError
from oncohort.simulate.cohort import SITE, Synthetic
from oncohort.simulate.outline_table import PREFIX, write_outlines
from oncohort.simulate.rows import Cell
from oncohort.simulate.study_text import DATA, as_synthetic
from oncohort.study.protocol import Protocol
from oncohort.study.template_tables import TEMPLATE
from oncohort.study.words import plural
from oncohort.writer.folder import whole_folder
from oncohort.writer.results import as_csv

TRUTH: Final = ("patient_id", "rule", "day", "verdict", "reason")
"""The columns of ``truth.csv``."""
OUTLINES: Final = "outlines.csv"
_MARK: Final = "# SYNTHETIC: no real patient is in this study; see SYNTHETIC.md.\n"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a synthetic cohort is made of.

    Attributes
    ----------
    study, margins : str
        The texts of the protocol and of the margins.
    outlines : bytes or None
        The file of outlines that the margins name, as it is; None where the patients were drawn.
    outlines_name : str
        The name it has, or gets.
    published : mapping of str to bytes
        The file of published numbers that the protocol names, by its name, as it is.
    seed : int
        Of all random numbers.
    command : str
        How it is made again.
    """

    study: str
    margins: str
    outlines: bytes | None
    outlines_name: str
    published: Mapping[str, bytes]
    seed: int
    command: str


def write_synthetic(cohort: Synthetic, protocol: Protocol, recipe: Recipe, out: Path) -> None:
    """Write the study folder of a synthetic cohort, whole or not at all; the same cohort gives the same bytes.

    Raises
    ------
    OutputError
        If there is anything at ``out``, or it cannot be written.
    """
    refuse_filled(out)
    files = synthetic_files(cohort, protocol, recipe)
    with whole_folder(out) as folder:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


def refuse_filled(out: Path) -> None:
    """Raise OutputError if there is a file at ``out``, or a folder that holds anything."""
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise OutputError(f"{out}: is there already; a new or empty folder was expected")


def synthetic_files(cohort: Synthetic, protocol: Protocol, recipe: Recipe) -> dict[str, bytes]:
    """Return the files of a synthetic cohort by their names from the study folder on."""
    terms = sorted({term for o in cohort.outlines if o.course for term in o.course.worst_grades})
    header, *rows = write_outlines(cohort.outlines, {term: term for term in terms}, protocol)
    drawn = as_csv(header, rows).encode()
    truth = ((p.patient_id, p.rule, p.day, p.verdict, p.reason) for p in cohort.planted)
    return {
        "SYNTHETIC.md": _what_it_is(cohort, recipe).encode(),
        "study.toml": _marked(as_synthetic(recipe.study, "study.toml", cohort.cases)).encode(),
        "margins.toml": _marked(recipe.margins).encode(),
        recipe.outlines_name: drawn if recipe.outlines is None else recipe.outlines,
        "truth.csv": _table(TRUTH, truth),
        **recipe.published,
        **{f"{DATA}/{name}.csv": content for name, content in _data(cohort).items()},
    }


def _data(cohort: Synthetic) -> dict[str, bytes]:
    """Return the tables that have rows, with the collected columns of the template, as CSV."""
    found: dict[str, bytes] = {}
    for name, rows in cohort.tables.items():
        columns = [column.name for column in TEMPLATE[name].collected()]
        if rows:
            found[name] = _table(columns, ([row.get(column) for column in columns] for row in rows))
    return found


def _table(columns: Sequence[str], rows: Iterable[Iterable[Cell | None]]) -> bytes:
    return as_csv(columns, ([_cell(value) for value in row] for row in rows)).encode()


def _cell(value: Cell | None) -> str:
    """Write a cell as the template wants it: a date as YYYY-MM-DD, a number with the digits it has."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _marked(text: str) -> str:
    return text if text.startswith(_MARK) else _MARK + text


def _what_it_is(cohort: Synthetic, recipe: Recipe) -> str:
    treated = sum(outline.course is not None for outline in cohort.outlines)
    told = "given one by one" if recipe.outlines is not None else "drawn"
    return f"""# Synthetic data

The {plural(len(cohort.outlines), "patient")} of this study ({treated} of them treated) do not exist. Their records were
made by a program, so that what is derived from them has the margins told in `margins.toml`. Nothing can be learned
from them about patients or treatments.

| file | holds |
|---|---|
| `study.toml` | the protocol, marked `synthetic = true`: every page of a report says so |
| `data/` | the records; each `patient_id` begins with `{PREFIX}`, each `site_id` is `{SITE}` |
| `margins.toml` | the counts and medians that were asked for |
| `{recipe.outlines_name}` | what each treated patient shall turn out to be ({told}) |
| `truth.csv` | the deviations that the records hold: what an audit must find, and nothing else |

{_of_cases(cohort)}Seed {recipe.seed}. Made by:

    {recipe.command}
"""


def _of_cases(cohort: Synthetic) -> str:
    if not cohort.cases:
        return ""
    words = ", ".join(f"{after} for {before}" for before, after in cohort.cases.items())
    return f"In figures of single patients stand: {words}.\n\n"
