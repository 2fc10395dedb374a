"""What a protocol says of the study as a whole: its names, its files, its privacy."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from oncohort.study.profiles import ProfileName
from oncohort.study.schema_shared import Section, TimeUnit


class Ethics(Section):
    """Words for the methods paragraph."""

    approval: str = Field(default="", description="who approved the study")
    consent: str = Field(default="", description="how patients consented")


class Accrual(Section):
    """The days between which patients entered a records study."""

    first: date = Field(description="first day of accrual")
    last: date = Field(description="last day of accrual")


class Index(Section):
    """Time zero of a records study."""

    date: str = Field(description="the column with the day from which time is counted: table.column")
    drug: str | None = Field(default=None, description="the drug whose first dose it is; a name under [drug]")


class Study(Section):
    """What the study is, and whether it is a records study."""

    title: str = Field(description="title of the report")
    profile: ProfileName = Field(description="every choice the field disagrees about")
    beside: ProfileName | None = Field(
        default=None, description="another profile under which everything is computed a second time, beside the first"
    )
    design: str = Field(default="", description="words for subtitle and methods: retrospective cohort study")
    setting: str = Field(default="", description="words for subtitle and methods: one liver center")
    synthetic: bool = Field(default=False, description="true prints 'synthetic data' on every page")
    report_unit: TimeUnit | None = Field(default=None, description="unit of survival times in the report")
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="P below it is called significant"
    )
    ethics: Ethics = Field(default=Ethics(), description="approval and consent, for the methods paragraph")
    records: str | None = Field(
        default=None, description="the folder with the tables of the template; makes the study a records study"
    )
    preset: str | None = Field(
        default=None, description="a set of sections that the study starts from; its own keys win over it"
    )
    accrual: Accrual | None = Field(default=None, description="first and last day of accrual (records study)")
    cutoff: date | str | None = Field(
        default=None, description="the day after which nothing is counted: a date or table.column (records study)"
    )
    index: Index | None = Field(default=None, description="time zero (records study)")
    add_one_day: StrictBool | None = Field(
        default=None, description="true counts the first day too: end - start + 1 (records study)"
    )


class FileFormat(Section):
    """How a file is written; what is not said is detected, and what was assumed is told."""

    sheet: str | None = Field(default=None, description="sheet of a workbook")
    header_rows: Annotated[int, Field(ge=1, le=5)] = Field(default=1, description="rows of the header")
    missing: tuple[str, ...] = Field(default=(), description="cells that mean 'no value' in every column")
    encoding: Literal["utf-8", "gb18030"] | None = Field(default=None, description="encoding of a text file")
    delimiter: Literal[",", ";", "\t"] | None = Field(default=None, description="what parts the cells of a text file")
    decimal: Literal[".", ","] | None = Field(default=None, description="the decimal mark")
    date_format: Literal["Y-M-D", "D.M.Y", "D/M/Y", "M/D/Y", "Y/M/D"] = Field(
        default="Y-M-D", description="order of day, month and year; ISO dates are read under any"
    )


class TableFile(FileFormat, Section):
    """Where the one table of a table study lies, and how it is written."""

    file: str = Field(description="path from the study folder on")
    patient_id: str = Field(description="the column that names each patient once")


class TemplateFile(FileFormat, Section):
    """Where a table of the template lies in a records study, if not under its own name, and how it is written."""

    file: str | None = Field(default=None, description="path from the study folder on; else the table's name")
    rename: dict[str, str] = Field(
        default={}, description="for a column of the template, the name that it has in the file"
    )


class RecordTables(Section):
    """``patients`` of a table study, or any of the template's tables of a records study."""

    patients: TableFile | None = Field(default=None, description="the one table of a table study")
    subjects: TemplateFile | None = Field(default=None, description="one row a patient: sex, age, first dose, death")
    screening: TemplateFile | None = Field(default=None, description="one row a patient and recorded criterion")
    baseline_disease: TemplateFile | None = Field(default=None, description="one row a patient: the disease at start")
    labs: TemplateFile | None = Field(default=None, description="one row a laboratory value")
    clinical_scores: TemplateFile | None = Field(default=None, description="one row a visit: ECOG, ascites …")
    vitals: TemplateFile | None = Field(default=None, description="one row a visit: weight, blood pressure …")
    exposure: TemplateFile | None = Field(default=None, description="one row a period of one dose")
    procedures: TemplateFile | None = Field(default=None, description="one row a local therapy")
    lesions: TemplateFile | None = Field(default=None, description="one row a lesion")
    lesion_measurements: TemplateFile | None = Field(default=None, description="one row a lesion and scan")
    response: TemplateFile | None = Field(default=None, description="one row an assessment as entered")
    adverse_events: TemplateFile | None = Field(default=None, description="one row an adverse event")
    other_therapy: TemplateFile | None = Field(default=None, description="one row another anticancer therapy")
    disposition: TemplateFile | None = Field(default=None, description="one row a patient: why the drug ended")
    death: TemplateFile | None = Field(default=None, description="one row a death: its cause")
    followup: TemplateFile | None = Field(default=None, description="one row a contact: alive, dead or lost")

    def template_files(self) -> dict[str, TemplateFile]:
        """Return what is said of each table of the template, for those of which anything is said."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name != "patients"}
        return {name: file for name, file in given.items() if file is not None}


class Checks(Section):
    """When a run stops."""

    stop_at: Literal["fatal", "error", "warning"] = Field(
        default="fatal", description="a run stops at a finding of the data as grave as that"
    )


class Privacy(Section):
    """What outputs outside ``private/`` may show of single patients and small groups."""

    patient_labels: Literal["hidden", "number", "id"] = Field(
        default="hidden", description="what names a patient in figures, findings and the report"
    )
    min_cell: Annotated[int, Field(ge=0)] = Field(default=0, description="counts below it are masked")


class ReportSettings(Section):
    """How numbers of the report are written."""

    ratio_digits: Annotated[int, Field(ge=1, le=6)] | None = Field(default=None, description="decimals of ratios")


class Published(Section):
    """The numbers of a publication to compare with."""

    file: str = Field(description="a TOML file in the study folder with the published numbers")
