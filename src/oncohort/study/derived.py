"""The columns that a records study offers: what is derived, under which name, with which values, from what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from oncohort.clinical.units import UNITS
from oncohort.study.dictionary import Template, TemplateColumn
from oncohort.study.protocol import BaselineVariable, Protocol
from oncohort.study.schema_records import RuleName

ColumnContent: TypeAlias = Literal["number", "date", "partial-date", "text", "flag"]
YES_NO: Final = ("Y", "N")
ULN: Final = "ULN"


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """A column with one value a patient, which ``study.toml`` may name.

    Attributes
    ----------
    name : str
        In the columns of a rule, ``{id}`` stands for the id of the variable.
    kind : str
        A partial date is text and may only be asked for its presence; a flag is true or false.
    source : str
        Where it comes from, in one sentence.
    levels : tuple of str
        Every value it can have; empty where they cannot be listed.
    unit : str
        The unit its numbers are in.
    known : str
        Whether it is known on the index date, or only later.
    needs : str
        What the protocol must hold for it to be derived.
    quantity : str
        The quantity of `UNITS` it can be converted as, for display.
    """

    name: str
    kind: ColumnContent
    source: str
    levels: tuple[str, ...] = ()
    unit: str = ""
    known: Literal["baseline", "after-start"] = "baseline"
    needs: str = ""
    quantity: str = ""

    def units(self) -> tuple[str, ...]:
        """Return the units its values can be shown in."""
        return tuple(UNITS[self.quantity]) if self.quantity else (self.unit,) if self.unit else ()


_Column = DerivedColumn
_LATER: Final = "after-start"
_CAUSE: Final = "death.primary_cause"
_END_REASON: Final = "disposition.sorafenib_end_reason"

RULE_COLUMNS: Final[Mapping[RuleName, tuple[DerivedColumn, ...]]] = {
    "child_pugh": (
        _Column("{id}_score", "number", "Child-Pugh score of the five items in the window; empty if one is missing."),
        _Column("{id}_class", "text", "Child-Pugh class; also where missing items cannot change it.", ("A", "B", "C")),
    ),
    "bclc": (
        _Column("{id}", "text", "BCLC stage, from extent, ECOG and Child-Pugh class.", ("0", "A", "B", "C", "D")),
    ),
    "hcc_diagnosis_paper": (
        _Column("{id}", "text", "Diagnosis: AFP above 400 ng/mL and typical imaging, else histology.",
                ("HCC_CLINICAL", "HCC_HISTOLOGY", "BIOPSY_REQUIRED")),
    ),
    "hcc_diagnosis_easl_2001": (
        _Column("{id}", "text", "Diagnosis by the EASL conference of 2000.",
                ("HCC_NONINVASIVE_RADIOLOGICAL", "HCC_NONINVASIVE_COMBINED", "HCC_HISTOLOGY", "BIOPSY_REQUIRED",
                 "FOLLOW_UP_US_3M")),
    ),
    "albi": (
        _Column("{id}_score", "number", "ALBI score from bilirubin and albumin, not rounded."),
        _Column("{id}_grade", "text", "ALBI grade of the score that is not rounded.", ("1", "2", "3")),
    ),
    "meld": (_Column("{id}", "number", "MELD score from bilirubin, INR and creatinine, rounded."),),
}  # fmt: skip
"""For a rule of a baseline variable, the columns that it gives."""

ALWAYS: Final = (
    _Column("index", "date", "The index date named under [study]."),
    _Column("first_record", "date", "The first day of any record of the patient."),
    _Column("age", "number", "subjects.age; where it is empty, from subjects.birth_date to the index date.",
            unit="years"),
    _Column("treated", "flag", "Whether there is an index date."),
    _Column("eligibility", "text", "INCLUDED if all criteria are met, EXCLUDED if one failed, else UNDETERMINED.",
            ("INCLUDED", "EXCLUDED", "UNDETERMINED")),
    _Column("failed", "text", "The ids of all criteria that failed, with ; between."),
    _Column("missing_criteria", "text", "The ids of all criteria that cannot be judged, with ; between."),
    _Column("death_day", "number", "Day of death, counted from the index date.", unit="days", known=_LATER),
    _Column("death_cause", "text", f"{_CAUSE} of a patient who died.", known=_LATER),
    _Column("last_known_alive_day", "number", "The last day on which a record shows the patient alive.",
            unit="days", known=_LATER),
)  # fmt: skip

OF_RESPONSE: Final = tuple(
    replace(column, known=_LATER, needs="[response]")
    for column in (
        _Column("best_response", "text", "Best overall response by [response].",
                ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")),
        _Column("clinical_benefit", "text", "Whether the best response is one of response.clinical_benefit.", YES_NO),
        _Column("objective_response", "text", "Whether the best response is CR or PR.", YES_NO),
        _Column("progressed", "text", "Whether an assessment shows progression.", YES_NO),
        _Column("progression_day", "number", "Day of the first progression, counted from the index date.",
                unit="days"),
    )
)  # fmt: skip

OF_DRUG: Final = tuple(
    replace(column, known=_LATER, needs="[drug.NAME]")
    for column in (
        _Column("last_dose_day", "number", "Last day of the drug, counted from the index date.", unit="days"),
        _Column("treatment_days", "number", "Days from the first to the last day of the drug.", unit="days"),
        _Column("treatment_months", "number", "treatment_days divided by 30.4375.", unit="months"),
        _Column("dose_reduced", "text", "Whether the dose was ever below the level to start with.", YES_NO),
        _Column("dose_interrupted", "text", "Whether the drug was ever paused.", YES_NO),
        _Column("relative_dose_intensity", "number",
                "Taken dose as percent of the full dose on all days of treatment, pauses included.", unit="%"),
        _Column("stop_reason", "text", f"{_END_REASON}."),
    )
)  # fmt: skip

OF_EARLY_STOP: Final = tuple(
    replace(column, known=_LATER, needs="exposure.early_stop_weeks")
    for column in (
        _Column("early_stop", "text", "Whether the drug ended within exposure.early_stop_weeks.", YES_NO),
        _Column("early_stop_reason", "text", "The one of exposure.early_stop_reasons that ended it."),
    )
)

OF_BOTH: Final = (
    _Column("continued_past_progression", "text",
            "Y if the drug went on longer than grace_days after progression, N if it ended within them, NA without "
            "progression.",
            ("Y", "N", "N_STOPPED_BEFORE_PD", "NA"), known=_LATER, needs="[response] and [drug.NAME]"),
)  # fmt: skip

OF_PROCEDURES: Final = (
    _Column("n_{id}", "number", "How many of this procedure the patient had; its id in lower case.", known=_LATER,
            needs="[[procedure]]"),
)  # fmt: skip

OF_ARM: Final = (
    _Column("{column}", "text", "The first arm of [arm] whose numbers of procedures fit.", known=_LATER,
            needs="[arm]"),
)  # fmt: skip

USUAL_IDS: Final[Mapping[RuleName, str]] = {
    "child_pugh": "child_pugh",
    "bclc": "bclc",
    "hcc_diagnosis_paper": "diagnosis",
    "hcc_diagnosis_easl_2001": "diagnosis",
    "albi": "albi",
    "meld": "meld",
}
_LATER_TABLES: Final = frozenset({"disposition", "death"})
_LATER_COLUMNS: Final = frozenset({"last_sorafenib_date", "death_flag", "death_date"})
_CONTENT: Final[dict[str, ColumnContent]] = {
    "integer": "number", "number": "number", "date": "date", "partial-date": "partial-date"
}  # fmt: skip


def known_columns(protocol: Protocol, template: Template) -> dict[str, DerivedColumn]:
    """Return every column with one value a patient that this protocol may name, by its name.

    These are ``table.column`` of the tables with one row a patient, with the columns that the study added to them,
    the variables at baseline, and what is derived of the sections that the protocol has.
    """
    columns = {column.name: column for column in _of_template(template)}
    for column in (*_offered(protocol, template), *baseline_columns(protocol, template)):
        columns.setdefault(column.name, column)
    return columns


def baseline_columns(protocol: Protocol, template: Template) -> Iterator[DerivedColumn]:
    """Yield the columns of each variable at baseline; one that comes from where nothing is counts as a number."""
    for variable in protocol.baseline.variable if protocol.baseline else ():
        if variable.rule is not None:
            for column in RULE_COLUMNS[variable.rule]:
                yield replace(column, name=column.name.format(id=variable.id))
        elif variable.any_of is not None:
            yield DerivedColumn(variable.id, "text", "Y if one column is Y, N if all are N.", YES_NO)
        else:
            found = source_column(variable, template)
            yield found or DerivedColumn(variable.id, "number", "Not known where from.", unit=variable.unit)


def source_column(variable: BaselineVariable, template: Template) -> DerivedColumn | None:
    """Return the column of a variable that comes ``from`` dated rows, or None where there is no such column."""
    table, _, name = (variable.source or "").partition(".")
    if table == "labs":
        if name not in lab_tests(template):
            return None
        quantity = "" if variable.unit == ULN else name
        words = f"{variable.source} in the window, in {variable.unit}."
        return DerivedColumn(variable.id, "number", words, unit=variable.unit, quantity=quantity)
    found = template[table].find(name) if table in dated_tables(template) else None
    return None if found is None else replace(_as_derived(found), name=variable.id)


def lab_tests(template: Template) -> tuple[str, ...]:
    """Return the tests of the table labs."""
    test = template["labs"].find("test")
    return () if test is None else test.allowed


def dated_tables(template: Template) -> tuple[str, ...]:
    """Return the tables whose columns are measured again and again, labs apart."""
    return tuple(name for name in ("clinical_scores", "vitals") if name in template)


def row_columns(table: str, template: Template) -> dict[str, DerivedColumn]:
    """Return the columns of a table with several rows a patient, each as ``table.column``."""
    return {f"{table}.{c.name}": _as_derived(c) for c in template[table].collected() if c.name != "patient_id"}


def _of_template(template: Template) -> Iterator[DerivedColumn]:
    for table in template.values():
        if not table.repeats:
            yield from (_as_derived(column) for column in table.collected() if column.name != "patient_id")


def _as_derived(column: TemplateColumn) -> DerivedColumn:
    later = column.table in _LATER_TABLES or column.name in _LATER_COLUMNS
    kind = _CONTENT.get(column.kind, "text")
    return DerivedColumn(
        name=f"{column.table}.{column.name}",
        kind=kind,
        source=f"{column.table}.{column.name}",
        levels=column.allowed if kind == "text" else (),
        unit=column.unit,
        known=_LATER if later else "baseline",
        quantity="LENGTH" if column.unit == "mm" else "",
    )


def _offered(protocol: Protocol, template: Template) -> Iterator[DerivedColumn]:
    causes, ends = template["death"].find("primary_cause"), template["disposition"].find("sorafenib_end_reason")
    levels = {
        "death_cause": causes.allowed if causes else (),
        "stop_reason": ends.allowed if ends else (),
        "early_stop_reason": protocol.exposure.early_stop_reasons if protocol.exposure else (),
    }
    early = protocol.exposure is not None and protocol.exposure.early_stop_weeks is not None
    groups = (
        (True, ALWAYS),
        (protocol.response is not None, OF_RESPONSE),
        (bool(protocol.drug), OF_DRUG),
        (early, OF_EARLY_STOP),
        (protocol.response is not None and bool(protocol.drug), OF_BOTH),
    )
    for there, columns in groups:
        if there:
            yield from (replace(column, levels=levels.get(column.name, column.levels)) for column in columns)
    for procedure in protocol.procedure:
        yield from (replace(c, name=c.name.format(id=procedure.id.lower())) for c in OF_PROCEDURES)
    if protocol.arm is not None:
        arms = tuple(level.id for level in protocol.arm.levels)
        yield from (replace(c, name=protocol.arm.column, levels=arms) for c in OF_ARM)


def derived_csv() -> str:
    """Return the list of derived columns as CSV, with the names they have under the usual ids."""
    rows = [*ALWAYS]
    for rule, columns in RULE_COLUMNS.items():
        name = USUAL_IDS[rule]
        rows += [replace(c, name=c.name.format(id=name), needs=f'a variable with rule = "{rule}"') for c in columns]
    rows += [replace(c, name="arm", source=f"{c.source[:-1]}; its name is arm.column.") for c in OF_ARM]
    rows += [replace(c, name=c.name.format(id=name)) for c in OF_PROCEDURES for name in ("tace", "cryo")]
    rows += [*OF_RESPONSE, *OF_DRUG, *OF_EARLY_STOP, *OF_BOTH]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "kind", "levels", "unit", "known", "needs", "source"))
    writer.writerows((c.name, c.kind, ";".join(c.levels), c.unit, c.known, c.needs, c.source) for c in rows)
    return out.getvalue()
