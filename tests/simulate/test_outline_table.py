"""Outlines as a table: read back as they were written, and every cell that cannot be is told."""

from pathlib import Path

import pytest

from oncohort.errors import DataError
from oncohort.simulate.draw import draw_outlines
from oncohort.simulate.outline_table import read_outlines, write_outlines
from oncohort.simulate.parse_margins import parse_margins
from oncohort.study.parse import parse_protocol
from oncohort.study.template_tables import TEMPLATE

HERE = Path(__file__).parent / "two_arms"
PROTOCOL = parse_protocol((HERE / "study.toml").read_text(encoding="utf-8"), "study.toml", template=TEMPLATE)
MARGINS = parse_margins((HERE / "margins.toml").read_text(encoding="utf-8"), "margins.toml", PROTOCOL)
OUTLINES = draw_outlines(MARGINS, PROTOCOL, 1, "margins.toml")
TERMS = {"diarrhea": "DIARRHEA", "fatigue": "FATIGUE", "hand_foot": "HAND-FOOT SKIN REACTION"}
TABLE = write_outlines(OUTLINES, TERMS, PROTOCOL)


def read(rows, terms=TERMS):
    return read_outlines(rows[0], rows[1:], "outlines.csv", terms, PROTOCOL)


def changed(column, cell, row=1):
    rows = [list(cells) for cells in TABLE]
    rows[row][rows[0].index(column)] = cell
    return rows


def test_treated_patients_are_read_back_as_they_were_written():
    assert read(TABLE) == tuple(outline for outline in OUTLINES if outline.course is not None)


def test_columns_may_stand_in_any_order_and_an_empty_grade_is_none():
    rows = [row[::-1] for row in changed("diarrhea", "")]
    first = read(rows)[0]
    assert first.course is not None
    assert "DIARRHEA" not in first.course.worst_grades


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("patient_id", "007", "an id that begins with SYN-"),
        ("sex", "male", "one of M, F"),
        ("age", "17", "a whole number from 18 to 110"),
        ("age", "5O", "a whole number from 18 to 110"),
        ("start", "2015-02-30", "a date as YYYY-MM-DD"),
        ("start", "20150201", "a date as YYYY-MM-DD"),
        ("ecog", "5", "a whole number from 0 to 4"),
        ("differentiation", "LOW", "one of MODERATE, POOR, WELL, (empty)"),
        ("max_diam_mm", "0", "a number from 1"),
        ("max_diam_mm", "inf", "a number from 1"),
        ("metastases", "lung;brain", "some of lung, adrenal, bone with ; between, or empty"),
        ("metastases", "lung;lung", "some of lung, adrenal, bone with ; between, or empty"),
        ("arm", "tace", "one of drug, both"),
        ("died", "1", "Y or N"),
        ("death_cause", "stroke", "one of (empty), TUMOUR PROGRESSION/METASTASIS"),
        ("best", "SD>8wk", "one of CR, PR, SD, SD_SHORT, PD, NE"),
        ("continued", "yes", "Y, N, or empty without progression"),
        ("early_stop", "rash", "one of (empty)"),
        ("fatigue", "6", "a whole number from 0 to 5"),
        ("os_days", "-3", "a whole number from 1 to 36500"),
    ],
)
def test_a_cell_that_cannot_be_is_told_with_row_column_and_value(column, cell, expected):
    with pytest.raises(DataError) as told:
        read(changed(column, cell))
    assert f'outlines.csv, row 2, column "{column}": "{cell}" cannot be; {expected}' in str(told.value)


def test_an_id_that_stands_twice_is_told_with_both_rows():
    with pytest.raises(DataError, match=r'outlines.csv, row 3, column "patient_id": "SYN-001" is that of row 2 too'):
        read(changed("patient_id", "SYN-001", row=2))


def test_an_unknown_column_is_told_with_the_nearest_one():
    rows = [[*TABLE[0], "tretment_days"], *([*row, "1"] for row in TABLE[1:])]
    with pytest.raises(DataError, match=r'there is no column "tretment_days".*Did you mean "treatment_days"\?'):
        read(rows)


def test_missing_columns_are_told_together():
    rows = [row[2:] for row in TABLE]
    with pytest.raises(DataError, match=r'the columns "patient_id", "sex" are missing'):
        read(rows)


def test_a_row_with_too_few_cells_is_told():
    with pytest.raises(DataError, match=r"outlines.csv, row 2: has 3 cells; 29 were expected, as in the header"):
        read([TABLE[0], TABLE[1][:3]])


def test_a_table_without_patients_is_refused():
    with pytest.raises(DataError, match=r"outlines.csv: holds no patient"):
        read(TABLE[:1])


def test_of_many_mistakes_the_first_forty_are_told():
    rows = [
        TABLE[0],
        *([*row[:1], "x", *row[2:]] for row in TABLE[1:]),
        *([f"SYN-9{k}", *TABLE[1][1:-1], "9"] for k in range(5)),
    ]
    with pytest.raises(DataError) as told:
        read(rows)
    lines = str(told.value).splitlines()
    assert len(lines) == 41
    assert lines[-1] == "outlines.csv: 5 more"
