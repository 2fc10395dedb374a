"""Draft a ``study.toml`` from a spreadsheet: what can be seen is filled in, what cannot says CHOOSE."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from oncohort.intake.candidates import Candidate, Outcome, Reading, examine, has_levels
from oncohort.intake.labelled import Labels
from oncohort.intake.look import time_unit_in, unit_in_header
from oncohort.intake.read import RawTable
from oncohort.intake.toml_text import Line, aligned, in_comment, toml_list, toml_scalar, toml_string
from oncohort.study.parse import CHOOSE
from oncohort.study.profiles import SUMMARY
from oncohort.study.protocol import TableFile
from oncohort.study.text import format_plain

_OPEN: Final = toml_string(CHOOSE)
_WORDS: Final = '"…"'
_OPEN_LIST: Final = toml_list([_OPEN])
_MANY: Final = 12
_WIDTH: Final = 100
_PER_PARAMETER: Final = 10


def draft_study(raw: RawTable, spec: TableFile, title: str) -> str:
    """Write the ``study.toml`` of a new study on one spreadsheet.

    Columns are taken for times, events and factors by their names and values. Units, event codes
    and the profile are never guessed: they say CHOOSE, and a study with that word does not run.

    Parameters
    ----------
    raw : RawTable
        The spreadsheet as text.
    spec : TableFile
        Where it lies, from the study folder on, and what was told to read it; its patient_id is not looked at.
    title : str
        The title of the study.

    Returns
    -------
    str
        TOML, whatever the headers hold.

    Examples
    --------
    >>> import polars as pl
    >>> from oncohort.study.records import Source
    >>> frame = pl.DataFrame({"Number": ["1", "2", "3"], "OS": ["4", "9", "12"], "Death": ["1", "0", "1"]})
    >>> raw = RawTable(frame, (2, 3, 4), Source("p.csv", "", 3, 3, ()), (".",))
    >>> spec = TableFile(file="p.csv", patient_id="")
    >>> [line for line in draft_study(raw, spec, "A study").splitlines() if "event.values" in line]
    ['event.values = ["CHOOSE"]  # the codes that mean that the event happened: 0 in 1 patient, 1 in 2']
    """
    reading = examine(raw)
    ids = _slugs([c.name for c in reading.factors], "factor")
    factors = dict(zip(ids, reading.factors, strict=True))
    endpoints = _endpoint_ids(reading.outcomes) or ["OS"]
    parts = [
        _head(title),
        _records(raw, reading, spec),
        *_endpoints(reading, endpoints, raw.labels),
        *_factors(factors, reading, raw.labels),
        *_tables(factors, endpoints),
        *([_model(factors, endpoints[0], reading)] if factors else []),
        *_figures(endpoints, model=bool(factors)),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(title: str) -> list[str]:
    return [
        "# The protocol of this study. Put a value for every CHOOSE; the study runs when none is left.",
        "# Lines that begin with # are remarks. Correct whatever was taken wrongly from the spreadsheet.",
        "",
        "[study]",
        *aligned(
            [
                Line("title", toml_string(title), "the title of the report"),
                Line("profile", _OPEN, " or ".join(f'"{name}"' for name in SUMMARY) + ":"),
            ]
        ),
        *(f'#   "{name}": {said}' for name, said in SUMMARY.items()),
    ]


def _records(raw: RawTable, reading: Reading, spec: TableFile) -> list[str]:
    rows, columns = raw.frame.shape
    notes = [f"# {rows} rows, {columns} columns" + "".join(f"; {in_comment(a)}" for a in raw.source.assumed)]
    if len(reading.patient_id) == 1:
        column = reading.patient_id[0]
        said = "another value in every row" if column.is_distinct() else "one distinct value a row is expected"
        own_id = Line("patient_id", toml_string(column.name), said)
    else:
        own_id = Line("patient_id", _OPEN, f"the column that names each patient once{_of(reading.patient_id)}")
    lines = [Line("file", toml_string(spec.file)), own_id]
    told = {"sheet": spec.sheet, "encoding": spec.encoding, "delimiter": spec.delimiter, "decimal": spec.decimal}
    lines += [Line(key, toml_string(value)) for key, value in told.items() if value is not None]
    lines += [Line("header_rows", str(spec.header_rows))] if spec.header_rows > 1 else []
    every = (*reading.numbers, *reading.factors, *reading.events, *reading.dates)
    words = sorted({word for column in every for word in column.missing_words})
    if words:
        lines.append(Line("missing", toml_list(map(toml_string, words)), "words found for no value"))
    return [*notes, "[records.patients]", *aligned([*lines, *_date_format(reading)])]


def _date_format(reading: Reading) -> list[Line]:
    """Say how dates are written, unless all are ISO."""
    dates = [column for column in reading.dates if "Y-M-D" not in column.date_formats]
    if not dates:
        return []
    fits = [f for f in dates[0].date_formats if all(f in column.date_formats for column in dates)]
    off = bool(reading.outcomes)
    value = toml_string(fits[0]) if len(fits) == 1 else _WORDS if off else _OPEN
    choices = " or ".join(f'"{f}"' for f in fits) or "the date columns are written in different ways"
    return [Line("date_format", value, choices, off=off)]


def _endpoints(reading: Reading, ids: list[str], labels: Labels) -> list[list[str]]:
    notes = ["# Endpoints: the time from the start to the event or to the last follow-up."]
    if not reading.outcomes:
        block = _dated_endpoint(reading) if len(reading.dates) > 1 else _open_endpoint(reading)
        return [[*notes, "[[endpoint]]", *aligned(block)]]
    blocks = [
        ["[[endpoint]]", *aligned(_endpoint(name, outcome, reading, labels))]
        for name, outcome in zip(ids, reading.outcomes, strict=True)
    ]
    blocks[0] = [*notes, *blocks[0]]
    if len(reading.dates) > 1:
        instead = "# An endpoint can come from dates instead of time and event:"
        blocks.append([instead, *aligned([Line(x.key, _WORDS, x.comment, off=True) for x in _dates(reading)])])
    return blocks


def _endpoint(name: str, outcome: Outcome, reading: Reading, labels: Labels) -> list[Line]:
    time, event = outcome.time, outcome.event
    label = Line("label", toml_string(outcome.label))
    if not outcome.label:
        label = Line("label", _OPEN, "words for the report, such as Overall survival")
    named = time_unit_in(time.name)
    told = "as the header says; " if named else "days, weeks, months or years; "
    unit = Line("time.unit", toml_string(named) if named else _OPEN, f"{told}the column runs from {_range(time)}")
    if event is None:
        events = [
            Line("event.column", _OPEN, f"the column that says whether the event happened{_of(reading.events)}"),
            Line("event.values", _OPEN_LIST, "the codes that mean that the event happened"),
        ]
    else:
        events = _event(event, labels.codes.get(event.name, {}))
    return [
        Line("id", toml_string(name)),
        label,
        Line("time.column", toml_string(time.name)),
        unit,
        *events,
        Line("measured_from", _WORDS, "for the methods paragraph, such as: resection", off=True),
        Line("measured_to", _WORDS, "such as: death from any cause", off=True),
        Line("censored_at", _WORDS, "such as: the last follow-up", off=True),
    ]


def _event(event: Candidate, words: Mapping[str, str]) -> list[Line]:
    codes = f"the codes that mean that the event happened: {_counts(event, words)}"
    lines = [Line("event.column", toml_string(event.name)), Line("event.values", _OPEN_LIST, codes)]
    if len(event.counts) > 2:
        lines.append(Line("event.censored", _OPEN_LIST, "the codes that mean that it had not happened"))
    return lines


def _open_endpoint(reading: Reading) -> list[Line]:
    return [
        Line("id", toml_string("OS")),
        Line("label", toml_string("Overall survival")),
        Line("time.column", _OPEN, f"the column with the time{_of(reading.numbers)}"),
        Line("time.unit", _OPEN, "days, weeks, months or years"),
        Line("event.column", _OPEN, f"the column that says whether the event happened{_of(reading.events)}"),
        Line("event.values", _OPEN_LIST, "the codes that mean that the event happened"),
    ]


def _dated_endpoint(reading: Reading) -> list[Line]:
    return [Line("id", toml_string("OS")), Line("label", toml_string("Overall survival")), *_dates(reading)]


def _dates(reading: Reading) -> list[Line]:
    return [
        Line("start", _OPEN, f"the date from which time is counted{_of(reading.dates)}"),
        Line("stop", _OPEN, "the date of the event, empty where it did not happen"),
        Line("last_known_alive", _OPEN, "the last day the patient was known to be without it"),
    ]


def _factors(factors: dict[str, Candidate], reading: Reading, labels: Labels) -> list[list[str]]:
    blocks = [["[[factor]]", *aligned(_factor(name, column, labels))] for name, column in factors.items()]
    notes = [
        "# Factors: what is known of each patient at the start. Delete those that became known later.",
        "# The first level is the reference of a model; change their order to change it.",
    ]
    if any(_are_bare_codes(column) and column.name not in labels.codes for column in factors.values()):
        notes.append("# Levels that are bare codes: give the codes their words in label.")
    left_out = [f"#   {in_comment(column.name)}: {reason}" for column, reason in reading.left_out]
    if left_out:
        notes += ["# Columns left out:", *left_out]
    if blocks:
        blocks[0] = [*notes, "", *blocks[0]]
        return blocks
    return [[*notes, "# No column suits as a factor."]]


def _factor(name: str, column: Candidate, labels: Labels) -> list[Line]:
    header = labels.columns.get(column.name, column.name)
    words = labels.codes.get(column.name, {})
    label, unit = unit_in_header(header)
    levels = has_levels(column)
    if levels or "=" in unit:
        label, unit = header, ""
    missing = f"; missing in {_patients(column.n_missing)}" if column.n_missing else ""
    odd = f"; {column.n_odd} cell(s) hold no number" if column.n_odd else ""
    if _are_bare_codes(column):
        face = Line("levels", _tables_of_codes(column, words), missing.removeprefix("; "))
    elif levels:
        face = Line("levels", toml_list(map(toml_scalar, _ordered(column))), f"{_counts(column)}{missing}")
    else:
        face = Line("split", '"median"', f"or a number; the column runs from {_range(column)}{missing}{odd}")
    return [
        Line("id", toml_string(name)),
        Line("column", toml_string(column.name)),
        Line("label", toml_string(label)),
        *([Line("unit", toml_string(unit))] if unit else []),
        face,
    ]


def _are_bare_codes(column: Candidate) -> bool:
    return has_levels(column) and all(toml_scalar(code) == code for code in column.counts)


def _tables_of_codes(column: Candidate, words: Mapping[str, str]) -> str:
    """Write each level on its own line, with its label (to be worded, where the file has none) and its count."""
    tables = [
        (
            f"{{ id = {toml_string(code)}, label = {toml_string(words.get(code, code))}, value = {code} }},",
            column.counts[code],
        )
        for code in _ordered(column)
    ]
    width = max(len(table) for table, _ in tables)
    return "\n".join(["[", *(f"    {table:<{width}}  # {_patients(count)}" for table, count in tables), "]"])


def _tables(factors: dict[str, Candidate], endpoints: list[str]) -> list[list[str]]:
    if not factors:
        return []
    names = toml_list(map(toml_string, factors))
    return [
        [
            "# Table 1 describes the patients.",
            "[[table]]",
            *aligned([Line("kind", '"characteristics"'), Line("factors", names)]),
        ],
        [
            "# Table 2 has a row for each level: patients, events, median and log-rank test of each endpoint.",
            "[[table]]",
            *aligned(
                [
                    Line("kind", '"univariable"'),
                    Line("endpoints", toml_list(map(toml_string, endpoints))),
                    Line("factors", names),
                ]
            ),
        ],
    ]


def _model(factors: dict[str, Candidate], endpoint: str, reading: Reading) -> list[str]:
    offered = [_with_parameters(name, column) for name, column in factors.items()]
    return [
        "# The multivariable model. Choose its factors by what is known of the disease, not by Table 2.",
        "# About ten events for each parameter are a common rule (Peduzzi 1995). A factor with levels takes",
        "# one parameter for each level but the first, any other factor one.",
        *_allowed(reading.outcomes[0].event if reading.outcomes else None),
        "# For a model of another endpoint, copy this block and change id, endpoint and factors.",
        "# Factors that can stand here, with their parameters where they are more than one:",
        *_wrapped(", ".join(offered), "#   "),
        "[[model]]",
        *aligned(
            [
                Line("id", toml_string(_model_id(endpoint))),
                Line("endpoint", toml_string(endpoint)),
                Line("factors", _OPEN_LIST, "ids of the factors above, each in quotation marks"),
            ]
        ),
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _with_parameters(name: str, column: Candidate) -> str:
    parameters = len(column.counts) - 1 if has_levels(column) else 1
    return f"{name} ({parameters})" if parameters > 1 else name


def _allowed(event: Candidate | None) -> list[str]:
    """Say how many parameters the events allow under each reading of the event codes, which are not known."""
    if event is None:
        return ["# Divide the number of events by ten."]
    each = [f"{event.counts[code] // _PER_PARAMETER} if {in_comment(code)} is the event" for code in _ordered(event)]
    said = f"Parameters that the events allow: {', '.join(each)}; fewer where patients lack a factor."
    return _wrapped(said, "# ")


def _model_id(endpoint: str) -> str:
    return f"cox_{endpoint.lower()}"


def _figures(endpoints: list[str], *, model: bool) -> list[list[str]]:
    curves = ", ".join(f"{{ endpoint = {toml_string(endpoint)} }}" for endpoint in endpoints)
    figures = [["[[figure]]", *aligned([Line("id", toml_string("survival")), Line("curves", f"[{curves}]")])]]
    if model:
        forest = Line("forest", toml_string(_model_id(endpoints[0])))
        figures.append(["[[figure]]", *aligned([Line("id", toml_string("forest")), forest])])
    return figures


def _endpoint_ids(outcomes: Iterable[Outcome]) -> list[str]:
    return _slugs([outcome.id or outcome.time.name for outcome in outcomes], "endpoint")


def _slugs(names: list[str], otherwise: str) -> list[str]:
    """Return an ASCII id for each name, all distinct."""
    slugs: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = unicodedata.normalize("NFKD", unit_in_header(name)[0]).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
        slug = slug if slug.isupper() and otherwise == "endpoint" else slug.lower()
        slug = slug if slug[:1].isalpha() else f"{otherwise}{number}"
        while slug in slugs:
            slug += "_2"
        slugs.append(slug)
    return slugs


def _ordered(column: Candidate) -> list[str]:
    """Return the codes in their natural order: by their first number where all have one, "<" before the rest."""
    numbers = {code: re.search(r"[0-9]+(\.[0-9]+)?", code) for code in column.counts}
    if column.kind == "number":
        return sorted(column.counts, key=float)
    return sorted(
        column.counts,
        key=lambda code: (
            float(found[0]) if (found := numbers[code]) and all(numbers.values()) else 0.0,
            code[0] not in "<≤",
            code,
        ),
    )


def _counts(column: Candidate, words: Mapping[str, str] | None = None) -> str:
    first, *rest = _ordered(column)
    named = {code: f"{code} ({word})" for code, word in (words or {}).items()}
    said = [f"{in_comment(named.get(code, code))} in {column.counts[code]}" for code in rest]
    return ", ".join([f"{in_comment(named.get(first, first))} in {_patients(column.counts[first])}", *said])


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"


def _range(column: Candidate) -> str:
    return f"{format_plain(column.numbers[0])} to {format_plain(column.numbers[-1])}"


def _of(columns: tuple[Candidate, ...]) -> str:
    """Name the columns that a choice is between."""
    if not columns:
        return ""
    more = ", …" if len(columns) > _MANY else ""
    return f": {', '.join(in_comment(column.name) for column in columns[:_MANY])}{more}"
