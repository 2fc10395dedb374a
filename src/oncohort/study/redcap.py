"""The template as a REDCap data dictionary, and a REDCap data dictionary as changes of the template.

A data dictionary has the 18 columns of `REDCAP_COLUMNS`, one row a field. `as_redcap_rows` writes one that REDCap
takes; each field says in its annotation which column of the template it is: ``@ONCOHORT labs.date``. A study that
keeps its own as ``dictionary.csv`` beside ``study.toml`` may in this way

* rename: a field with that annotation is read under its own name, and under the template's;
* narrow: the choices of a field leave only these values of an enum, minimum and maximum narrow a range, and a field
  that REDCap requires becomes required. A choice ``1, M`` also says that the code 1 stands for M;
* add: a field without annotation, in a form with the name of a table, is a further column of that table (or, under the
  name of a column, that column).

It cannot widen: a value that the template does not know is refused, and so is a field that is there twice. Fields of
other forms are not looked at.
Branching logic, section headers and the look of the form play no part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from oncohort.errors import DataError
from oncohort.study.dictionary import ColumnKind, Template, TemplateColumn, TemplateTable, spelling
from oncohort.study.text import format_plain
from oncohort.study.words import did_you_mean

NAME: Final = "Variable / Field Name"
FORM: Final = "Form Name"
TYPE: Final = "Field Type"
LABEL: Final = "Field Label"
CHOICES: Final = "Choices, Calculations, OR Slider Labels"
NOTE: Final = "Field Note"
VALIDATION: Final = "Text Validation Type OR Show Slider Number"
MINIMUM: Final = "Text Validation Min"
MAXIMUM: Final = "Text Validation Max"
IDENTIFIER: Final = "Identifier?"
REQUIRED: Final = "Required Field?"
ANNOTATION: Final = "Field Annotation"
REDCAP_COLUMNS: Final = (
    NAME, FORM, "Section Header", TYPE, LABEL, CHOICES, NOTE, VALIDATION, MINIMUM, MAXIMUM, IDENTIFIER,
    "Branching Logic (Show field only if...)", REQUIRED, "Custom Alignment", "Question Number (surveys only)",
    "Matrix Group Name", "Matrix Ranking?", ANNOTATION,
)  # fmt: skip
"""The columns of a REDCap data dictionary, in its order."""

_TAG: Final = re.compile(r"@ONCOHORT[\s=:]+(\w+)\.(\w+)")
_SIGNS: Final = {"=": "eq", "<": "lt", ">": "gt"}
_VALIDATIONS: Final[dict[ColumnKind, str]] = {"date": "date_ymd", "integer": "integer", "number": "number"}
_WITH_CHOICES: Final = frozenset({"radio", "dropdown"})
_YES_OR_NO: Final = frozenset({"yesno", "truefalse"})
_MADE: Final = frozenset({"row", "anchor", "treated", "cutoff", "death", "after_death", "after_cutoff", "place"})
"""Columns that derivations set beside those of a table."""

_MADE_OF_DATES: Final = ("_day", "_flag")
_DATED: Final = frozenset({"date", "partial-date"})
_NAMES_A_PERSON: Final = frozenset({"patient_id", "birth_date"})

Row = Mapping[str, str | None]


def as_redcap_rows(template: Template) -> list[dict[str, str]]:
    """Return the collected columns of the template as the rows of a REDCap data dictionary.

    A field name stands once in a project, so a name that is not only one column's gets the table before it
    (``labs_date``); ``patient_id``, the record id, stands first and once.

    Examples
    --------
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> rows = as_redcap_rows(TEMPLATE)
    >>> [row["Field Annotation"] for row in rows if row["Variable / Field Name"] == "labs_date"]
    ['@ONCOHORT labs.date']
    """
    once = [column for table in template.values() for column in table.collected() if not _is_repeated_id(column)]
    times = Counter(column.name for column in once)
    longer = {f"{column.table}_{column.name}" for column in once}
    short = {name for name in times if times[name] == 1 and name not in longer}
    return [_as_row(column, "" if column.name in short else f"{column.table}_") for column in once]


def _is_repeated_id(column: TemplateColumn) -> bool:
    return column.name == "patient_id" and column.table != "subjects"


def _as_row(column: TemplateColumn, prefix: str) -> dict[str, str]:
    bounded = column.kind in {"integer", "number"} and not column.allowed
    low, high = column.low, column.high
    filled = {
        NAME: f"{prefix}{column.name}",
        FORM: column.table,
        TYPE: "dropdown" if column.allowed else "text",
        LABEL: column.help,
        CHOICES: " | ".join(f"{_code(value)}, {value}" for value in column.allowed),
        NOTE: column.unit,
        VALIDATION: "" if column.allowed else _VALIDATIONS.get(column.kind, ""),
        MINIMUM: format_plain(low) if bounded and low is not None else "",
        MAXIMUM: format_plain(high) if bounded and high is not None else "",
        IDENTIFIER: "y" if column.name in _NAMES_A_PERSON else "",
        REQUIRED: "y" if column.required == "yes" else "",
        ANNOTATION: f"@ONCOHORT {column.table}.{column.name}",
    }
    return {name: filled.get(name, "") for name in REDCAP_COLUMNS}


def _code(value: str) -> str:
    """Return a code that REDCap takes for a value: letters, digits and underscores."""
    return _SIGNS.get(value) or re.sub(r"\W+", "_", value)


def apply_redcap_rows(template: Template, rows: Iterable[Row], *, name: str) -> dict[str, TemplateTable]:
    """Return the template as a data dictionary changes it.

    Parameters
    ----------
    template : mapping of name to TemplateTable
        The tables to change.
    rows : iterable of mapping
        The fields; keys are REDCap's column names.
    name : str
        What messages call the file.

    Raises
    ------
    DataError
        A column of a data dictionary is missing, a field is there twice, an annotation names no column of the template,
        a field allows what the template does not, or a new column has a name that cannot be. One line a problem.

    Examples
    --------
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> row = dict.fromkeys(REDCAP_COLUMNS, "") | {
    ...     NAME: "gender", FORM: "admission", TYPE: "radio", CHOICES: "1, M | 2, F",
    ...     ANNOTATION: "@ONCOHORT subjects.sex",
    ... }
    >>> sex = apply_redcap_rows(TEMPLATE, [row], name="dictionary.csv")["subjects"].find("sex")
    >>> sex.aliases, sex.allowed, sex.codes
    (('gender',), ('M', 'F'), (('1', 'M'), ('2', 'F')))
    """
    tables = dict(template)
    problems: list[str] = []
    read: set[str] = set()
    for row in rows:
        lacking = [column for column in REDCAP_COLUMNS if column not in row]
        if lacking:
            raise DataError(
                f'{name}: has no column "{lacking[0]}"; the 18 columns of a REDCap dictionary were expected'
            )
        try:
            changed = _changed(tables, row)
        except DataError as error:
            problems.append(f'{name}, field "{row[NAME]}": {error}')
            continue
        field = row[NAME] or ""
        if changed and field in read:
            problems.append(f'{name}, field "{field}": is there twice; a field of REDCap stands once in a project')
            continue
        if changed:
            read.add(field)
        for column in changed:
            tables[column.table] = _with(tables[column.table], column)
    if problems:
        raise DataError("\n".join(problems))
    return tables


def _with(table: TemplateTable, column: TemplateColumn) -> TemplateTable:
    """Return a table with a column in the place of the one of its name, or at the end."""
    if table.find(column.name) is None:
        return replace(table, columns=(*table.columns, column))
    return replace(table, columns=tuple(column if old.name == column.name else old for old in table.columns))


def _changed(tables: Template, row: Row) -> list[TemplateColumn]:
    """Return the columns that a field changes or adds; the record id is one column in every table."""
    field = row[NAME] or ""
    column = _meant(tables, row)
    if column is None:
        form = row[FORM] or ""
        return [_new(tables[form], field, row)] if form in tables else []
    column = _narrowed(column, row)
    if column.name != field:
        column = replace(column, aliases=(*column.aliases, field))
    if (column.table, column.name) != ("subjects", "patient_id"):
        return [column]
    everywhere = [old for table in tables.values() if (old := table.find("patient_id")) is not None]
    return [replace(old, aliases=tuple(dict.fromkeys((*old.aliases, *column.aliases)))) for old in everywhere]


def _meant(tables: Template, row: Row) -> TemplateColumn | None:
    """Return the column a field stands for: the one its annotation names, or that of its form and name."""
    tag = _TAG.search(row[ANNOTATION] or "")
    if tag is None:
        table = tables.get(row[FORM] or "")
        return None if table is None else table.find(row[NAME] or "")
    table = tables.get(tag[1])
    if table is None:
        raise DataError(f'the template has no table "{tag[1]}".{did_you_mean(tag[1], tables)}')
    column = table.find(tag[2])
    if column is None:
        names = [column.name for column in table.columns]
        raise DataError(f'the table {tag[1]} has no column "{tag[2]}".{did_you_mean(tag[2], names)}')
    return column


def _new(table: TemplateTable, field: str, row: Row) -> TemplateColumn:
    choices = _choices(row)
    kind = "enum" if choices else _kind(row[VALIDATION] or "")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", field):
        raise DataError("a new column needs a name of lower case letters, digits and underscores")
    made = {f"{column.name}{end}" for column in table.columns if column.kind in _DATED for end in _MADE_OF_DATES}
    if field in _MADE | made:
        raise DataError("derivations make a column of this name; another name was expected")
    return TemplateColumn(
        field, "yes" if row[REQUIRED] == "y" else "no", kind, row[LABEL] or field, row[NOTE] or "",
        allowed=tuple(label for _, label in choices), codes=tuple(choices),
        low=_bound(row, MINIMUM, kind), high=_bound(row, MAXIMUM, kind), table=table.name, added=True,
    )  # fmt: skip


def _kind(validation: str) -> ColumnKind:
    """Return what a text field holds: date_dmy, number_2dp and their like are known by their first word."""
    for kind in _VALIDATIONS:
        if validation.startswith(kind):
            return kind
    return "text"


def _narrowed(column: TemplateColumn, row: Row) -> TemplateColumn:
    """Return a column with fewer values, a narrower range, or a cell that must be filled."""
    codes = tuple((code, _value_of(column, code, label)) for code, label in _choices(row))
    if codes:
        chosen = {value for _, value in codes}
        allowed = tuple(value for value in column.allowed if value in chosen) or tuple(dict(codes).values())
        column = replace(column, allowed=allowed, codes=codes)
    lows = [bound for bound in (column.low, _bound(row, MINIMUM, column.kind)) if bound is not None]
    highs = [bound for bound in (column.high, _bound(row, MAXIMUM, column.kind)) if bound is not None]
    required = "yes" if column.required == "no" and row[REQUIRED] == "y" else column.required
    return replace(column, low=max(lows, default=None), high=min(highs, default=None), required=required)


def _value_of(column: TemplateColumn, code: str, label: str) -> str:
    """Return the value of the template that a choice stands for: that of its label or, failing that, of its code."""
    known = {spelling(value): value for value in column.allowed}
    for word in (label, code):
        if spelling(word) in known:
            return known[spelling(word)]
    if column.kind in {"integer", "number"} and not known and re.fullmatch(r"-?\d+(\.\d+)?", code):
        return code
    raise DataError(
        f'the choice "{code}, {label}" is no value of {column.table}.{column.name}; '
        f"as label or code one of {'; '.join(known.values()) or 'its numbers'} was expected"
    )


def _choices(row: Row) -> list[tuple[str, str]]:
    """Return code and label of every choice; only lists have them (a calculation stands in the same cell)."""
    kind = (row[TYPE] or "").strip()
    if kind in _YES_OR_NO:
        return [("1", "Y"), ("0", "N")]
    if kind not in _WITH_CHOICES:
        return []
    parts = [part.partition(",") for part in (row[CHOICES] or "").split("|") if part.strip()]
    return [(code.strip(), label.strip() or code.strip()) for code, _, label in parts]


def _bound(row: Row, name: str, kind: ColumnKind) -> float | None:
    """Return the smallest or largest value of a field; bounds of dates play no part."""
    text = (row[name] or "").strip()
    if not text or kind not in {"integer", "number"}:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f'"{text}" in "{name}" is no number; a bound was expected') from error
