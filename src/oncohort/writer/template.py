"""The data template as files to fill: a workbook for entry, CSV files, or a data dictionary for REDCap."""

from __future__ import annotations

import csv
import io
from typing import Literal, TypeAlias

from oncohort.study.dictionary import Template
from oncohort.study.redcap import REDCAP_COLUMNS, as_redcap_rows
from oncohort.writer.entry_workbook import entry_workbook
from oncohort.writer.results import as_csv

TemplateFormat: TypeAlias = Literal["xlsx", "csv", "redcap"]


def template_files(template: Template, kind: TemplateFormat) -> dict[str, bytes]:
    r"""Return the files of an empty study by their names from the study folder on.

    Parameters
    ----------
    template : mapping of name to TemplateTable
        The tables; derived columns are left out.
    kind : {"xlsx", "csv", "redcap"}
        ``data/records.xlsx``, one sheet a table; ``data/TABLE.csv``, the headers; or ``dictionary.csv``, which REDCap
        takes as the data dictionary of a project, and oncohort as the names of its fields.

    Examples
    --------
    >>> from oncohort.study.template_tables import TEMPLATE
    >>> template_files(TEMPLATE, "csv")["data/death.csv"].decode("utf-8-sig")
    'patient_id,primary_cause\r\n'
    """
    if kind == "csv":
        headers = {name: [column.name for column in table.collected()] for name, table in template.items()}
        return {f"data/{name}.csv": as_csv(header, []).encode("utf-8-sig") for name, header in headers.items()}
    if kind == "redcap":
        return {"dictionary.csv": _redcap_dictionary(template)}
    return {"data/records.xlsx": entry_workbook(template)}


def _redcap_dictionary(template: Template) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(REDCAP_COLUMNS)
    writer.writerows([row[name] for name in REDCAP_COLUMNS] for row in as_redcap_rows(template))
    return stream.getvalue().encode("utf-8-sig")
