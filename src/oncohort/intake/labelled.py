"""Files of SPSS, Stata and SAS: typed columns to text, with the labels of columns and of codes."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final

import polars as pl

from oncohort.errors import DataError
from oncohort.intake.parquet import as_text
from oncohort.intake.trial import survives
from oncohort.study.text import format_plain

PROGRAMS: Final[dict[str, str]] = {".sav": "SPSS", ".zsav": "SPSS", ".dta": "Stata", ".xpt": "SAS transport"}
"""The program that writes files of an ending."""

_TRIAL: Final = "import io, sys, pyreadstat; pyreadstat.{}(io.BytesIO(sys.stdin.buffer.read()), output_format='polars')"
_READERS: Final = {".sav": "read_sav", ".zsav": "read_sav", ".dta": "read_dta", ".xpt": "read_xport"}


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file says of its columns besides their names.

    ``columns`` has the label of a column, ``codes`` for a column the label of each of its codes. The cells of a table
    hold the codes: a protocol names them, and the words beside them are for its reader.
    """

    columns: dict[str, str] = field(default_factory=dict[str, str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


def read_labelled(content: bytes, ending: str, name: str) -> tuple[pl.DataFrame, Labels, list[str]]:
    """Return the table as text, its labels, and what was assumed: values declared missing are empty cells.

    Parameters
    ----------
    content : bytes
        The whole file.
    ending : str
        .sav, .zsav, .dta or .xpt.
    name : str
        What messages call the file.

    Raises
    ------
    DataError
        The file is damaged or of another kind, or the library that reads it (extra ``stats``) is not installed.

    References
    ----------
    pyreadstat, which binds Evan Miller's ReadStat.
    """
    if find_spec("pyreadstat") is None:
        raise DataError(
            f'{name}: files of {PROGRAMS[ending]} need the extra "stats": pip install "oncohort[stats]"; '
            "or save the table as .csv or .xlsx"
        )
    if not survives(_TRIAL.format(_READERS[ending]), content):
        raise DataError(f"{name}: is no file of {PROGRAMS[ending]}, or is damaged")
    import pyreadstat  # noqa: PLC0415 an extra, loaded where such a file is read

    read: Any = getattr(pyreadstat, _READERS[ending])
    frame, about = read(io.BytesIO(content), output_format="polars")
    labels = Labels(
        {column: label.strip() for column, label in about.column_names_to_labels.items() if label and label.strip()},
        {
            column: {_code(code): str(label).strip() for code, label in codes.items()}
            for column, codes in about.variable_value_labels.items()
        },
    )
    return as_text(frame, name), labels, _assumed(about, labels)


def _code(code: object) -> str:
    return format_plain(float(code)).replace("−", "-") if isinstance(code, int | float) else str(code)


def _assumed(about: Any, labels: Labels) -> list[str]:
    assumed = [f"labels of the codes of {len(labels.codes)} column(s)"] if labels.codes else []
    if about.missing_ranges or about.missing_user_values:
        assumed.append("values declared missing are empty cells")
    return assumed
