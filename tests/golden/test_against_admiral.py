"""Durations, partial dates, treatment-emergent events and times to an event against the test cases of admiral."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final, get_type_hints

import pytest
from references import (
    NO_FUNCTION,
    Answered,
    Difference,
    Reference,
    as_date,
    date_of,
    day_from,
    each_row,
    judge,
    read_reference,
    say,
    tell,
    untold,
)

from oncohort import rules
from oncohort.errors import DataError

Case = Mapping[str, Any]
Row = Mapping[str, Any]

UNITS: Final[Mapping[str, Callable[[int], float | Fraction]]] = {
    "days": Fraction,
    "weeks": lambda days: Fraction(days, 7),
    "months": rules.months,
    "years": lambda days: rules.months(days) / 12,
}
"""What stands for a unit of the reference; a smaller one than a day does not exist here, and the days are given."""


def answer_duration(_: Case, row: Row) -> tuple[str, str]:
    start, end = date.fromisoformat(row["start"][:10]), date.fromisoformat(row["end"][:10])
    unit = row["unit"] if row["unit"] in UNITS else "days"
    ours = UNITS[unit](rules.duration(start, end, add_one=row["add_one"]))
    expected = row["expected"]
    if isinstance(expected, str):  # the reference only says that both ways to count agree
        expected = UNITS[unit]((end - start).days)
    decimals = len(str(expected).partition(".")[2]) if isinstance(expected, float) else 4
    return f"{float(round(expected, decimals)):.12g} {row['unit']}", f"{float(round(ours, decimals)):.12g} {unit}"


def answer_date(case: Case, row: Row) -> tuple[str, str]:
    """Complete a date; what is no date for us is refused, and then its ISO form, if it has one, is completed."""
    text = row["dtc"]
    when, *flag = row["expected"]
    there = as_text(when, flag[0] if flag else None)
    try:
        found = completed(text, case, row)
        return there, as_text(found.date, found.flag if flag else None)
    except DataError:
        iso = text.partition("T")[0].rstrip("-")
        if iso == text:
            return there, "refused"
        found = completed(iso, case, row)
        return there, f"refused ({iso}: {as_text(found.date, found.flag)})"


def as_text(when: object, flag: str | None) -> str:
    return say(when or "no date", f"flag {flag}" if flag else None)


def completed(text: str | None, case: Case, row: Row) -> Any:
    """Complete a date by the function that takes the end of the month, and the bounds, of the call."""
    not_before = [bound for bound in map(as_date, row.get("min_dates", ())) if bound is not None]
    not_after = [bound for bound in map(as_date, row.get("max_dates", ())) if bound is not None]
    if case["highest"] == "n":
        return rules.first_dose_date(text)
    if case["imputation"] == "last":
        return rules.impute_assessment(text, None, None, min(not_after)) if not_after else rules.impute_ae_end(text)
    if not_before:
        return rules.impute_death(text, max(not_before), min(not_after, default=None))
    return rules.impute_ae_start(text, None)


NO_END: Final = 100_000
"""Days after the last dose that no event of the cases reaches: a window without an end."""


def answer_emergent(case: Case, row: Row) -> tuple[str, str]:
    """Ask whether an event starts in the window, or, where the call looks at grades, whether it worsens in it."""
    first = row["first_dose"]
    origin = first or row["start"] or row["end"]
    start, end, last = (
        None if day is None else day_from(origin, day) for day in map(row.get, ("start", "end", "last_dose"))
    )
    window = rules.TreatmentWindow(
        first_dose_day=None if first is None else 0,
        last_dose_day=last,
        window_days=NO_END if case["end_window"] is None else case["end_window"],
    )
    answers = [
        rules.is_treatment_emergent(
            start,
            end,
            window=window,
            grade=row["grade"],
            baseline_grade=row["baseline_grade"],
            worse_than_baseline=worse,
        ).value
        for worse in ((False, True) if case["worsening"] is True else (False,))
    ]
    ours = "Y" if True in answers else "open" if None in answers else "no"
    return row["expected"] or "no", ours


OUR_WORDS: Final = {
    "LAST KNOWN ALIVE DATE": "LAST KNOWN ALIVE",
    "LAST TUMOR ASSESSMENT": "LAST ADEQUATE ASSESSMENT",
    "LAST ASSESSMENT": "LAST ADEQUATE ASSESSMENT",
    "NO ASSESSMENTS": "NO POST-BASELINE ASSESSMENT",
    "NEW DRUG": "NEW ANTICANCER THERAPY",
    "END OF STUDY": "DATA CUTOFF",
    "WORSENING": "PD",
    "IMPROVEMENT": "PD",
}
WHEN_FOLLOWED: Final = rules.PfsRule("WHEN_FOLLOWED", "last_follow_up", None, "censor", "recorded")
WHEN_ASSESSED: Final = (rules.PFS_RULES["NO_MISSED"], rules.PFS_RULES["FDA_A"])
CHANGE_IS_EVENT: Final[Mapping[str, Callable[[int], bool]]] = {
    "17": lambda change: change <= -10,
    "18": lambda change: change >= 10,
}


def answer_time(case: Case, row: Row) -> tuple[str, str]:
    """Say a time: what happened, or of a censored time what happened on its day; both where both are told."""
    if isinstance(row["expected"], str):
        return row["expected"], NO_FUNCTION
    when, cnsr, *words = row["expected"]
    there = time_text(when, cnsr == 0, [OUR_WORDS.get(word, word) for word in words])
    if case["event"] == "adverse event":
        return there, NO_FUNCTION
    ours = {
        time_text(
            date_of(row["start"], end.day),
            end.event,
            [end.description, end.censor_date] if len(words) == 2 else [end.censor_date or end.description],
        )
        for end in times(case, row)
    }
    return there, " or ".join(sorted(ours))


def time_text(when: object, is_event: bool | None, words: Iterable[str | None]) -> str:
    return f"{when} {'event' if is_event else 'censored'}: {', '.join(word for word in words if word)}"


def times(case: Case, row: Row) -> Iterable[rules.TimeToEvent]:
    """Ask under each rule that censors as the call does."""
    if case["event"] == "death":
        return [rules.overall_survival(since(row, "death"), since(row, "last_known_alive"), None)]
    visits = row.get("visits") or [
        (when, "NE" if change is None else "PD" if CHANGE_IS_EVENT[case["case"]](change) else "SD")
        for when, change in row.get("changes", ())
    ]
    history = rules.PfsHistory(
        tuple(rules.Assessment(day_from(row["start"], when), word) for when, word in visits if when >= row["start"]),
        death_day=since(row, "death"),
        last_follow_up_day=None,
        new_therapy_day=since(row, "new_drug"),
        cutoff_day=since(row, "end_of_study"),
        has_baseline=True,
    )
    named = (WHEN_FOLLOWED,) if case["case"] == "18" else WHEN_ASSESSED
    return [rules.progression_free_survival(history, rule) for rule in named]


def since(row: Row, key: str) -> int | None:
    when = row.get(key)
    return None if when is None else day_from(row["start"], when)


NO_SUCH_TIME: Final = "we have no time to an adverse event: our times end with progression or death"
NOT_TRUNCATED: Final = "a month is 30.4375 days, a year 12 of them, and the decimals stay"
NO_CLOCK: Final = "no unit is smaller than a day; both times lie on one day"
NO_CALENDAR: Final = "months and years of the calendar are never used"
NO_YEAR: Final = "a year without its month is a date that cannot be used"
NOT_ISO: Final = "dashes for what is not known are refused; the ISO form gives what the reference gives"
NO_START: Final = "without a start it may have begun out of the window, so it is left open"
NO_DOSE: Final = "without a first dose it is left open; there the flag is empty"
IN_GROUP: Final = "we join no records to groups: each that starts in the window counts, also one no worse than before"

DIFFERENCES: Final[Mapping[str, tuple[Difference, ...]]] = {
    "compute_duration": (
        tell("2", "1", "18 days", "dates have no time of day: days are whole"),
        tell("3 4", "1", "35.4661 years", NOT_TRUNCATED),
        tell("5 6", "1", "425.5934 months", NOT_TRUNCATED),
        tell("9 10 11 12 13 14", "1", "0 days", NO_CLOCK),
        tell("16a", "1", "0.9528 months", NO_CALENDAR),
        tell("16b", "1", "1.0021 years", NO_CALENDAR),
    ),
    "derive_vars_dt": (
        tell("2a 2b 4 5 6 7 19", "2019", "no date", NO_YEAR),
        tell("18", "2019", "no date flag Y", NO_YEAR),
        tell("31", "2020", "no date flag Y", NO_YEAR),
        tell("17", "2019, 2019-02", "no date flag Y", "no date there either; our flag Y says that it cannot be used"),
        tell("1 2a 2b 3 4 5 6 7", "--07-18", "refused", "a text without a year is no date, whatever its bounds"),
        tell("1 2a 2b 3 4 5 6 7 16 17 18 19", "2019---07", "refused", "a day without its month is no date"),
        tell("11", "empty, 2019/07/18", "refused", "what is no date is refused with a sentence; there it is left out"),
        tell("1", "2019-07--", "refused (2019-07: no date flag Y)", NOT_ISO),
        tell("2a 2b", "2019-07--", "refused (2019-07: 2019-07-01 flag D)", NOT_ISO),
        tell("3 4", "2019-07--", "refused (2019-07: 2019-07-31 flag D)", NOT_ISO),
        tell("6", "2019-07--", "refused (2019-07: 2019-07-06 flag D)", NOT_ISO),
        tell("29", "2019-02--", "refused (2019-02: 2019-02-28 flag D)", NOT_ISO),
        tell("29", "2020-02--", "refused (2020-02: 2020-02-29 flag D)", NOT_ISO),
        tell(
            "5", "2019-07--", "refused (2019-07: 2019-07-01 flag D)", "refused, and no rule takes the middle of a month"
        ),
        tell(
            "7",
            "2019-07--",
            "refused (2019-07: no date flag CONFLICT)",
            "refused, and a bound before the month is a conflict; there such a bound is passed over",
        ),
        tell(
            "16 17 18 19",
            "2019-07-18T15:25:40",
            "refused (2019-07-18: 2019-07-18)",
            "a time of day is refused where a date is expected; the date alone gives the same",
        ),
        tell("20 22 25 26 27", "null with bounds", "no date", "a date that is not there is never made out of others"),
    ),
    "derive_var_trtemfl": (
        tell("1", "9, 12, 14", "open", NO_START),
        tell("2 4", "9, 14", "open", NO_START),
        tell("3 5", "11, 14, 16", "open", NO_START),
        tell("1 2 4", "15, 16, 17", "open", NO_DOSE),
        tell("3 5", "17, 18, 19", "open", NO_DOSE),
        tell("3 5", "4", "Y", IN_GROUP),
        tell("4", "7", "Y", "the last day of the window counts as a whole; there it ends at the hour of the last dose"),
    ),
    "derive_param_tte": (
        tell("5 12", "01 Flu, 02 Flu, 01 Cough, 02 Cough", NO_FUNCTION, NO_SUCH_TIME),
        tell("11", "01, 02, 03", NO_FUNCTION, NO_SUCH_TIME),
        tell("16", "all", NO_FUNCTION, NO_SUCH_TIME),
        tell(
            "17",
            "01",
            "2021-02-03 censored: LAST ADEQUATE ASSESSMENT, LAST ADEQUATE ASSESSMENT",
            "day and censoring are equal; we name no cutoff where the time ends at an assessment before it",
        ),
    ),
}

REFERENCES: Final[tuple[Reference, ...]] = (
    read_reference(
        "compute_duration.json",
        "study_days",
        "`duration` between the dates, then `months`; a year is 12 months, a week 7 days. Where the reference only "
        "says that two ways agree (17), the days are counted by the calendar.",
        answer_duration,
        DIFFERENCES["compute_duration"],
    ),
    read_reference(
        "derive_vars_dt.json",
        "partial_dates",
        "`first_dose_date` where nothing is imputed, `impute_ae_start` and `impute_ae_end` for the first and the last "
        "day, `impute_death` and `impute_assessment` where there are bounds. Test 30 has no date.",
        answer_date,
        DIFFERENCES["derive_vars_dt"],
    ),
    read_reference(
        "derive_var_trtemfl.json",
        "treatment_emergent",
        "`is_treatment_emergent` in whole days; where the call looks at grades, an event counts if it starts in the "
        "window or worsens in it.",
        answer_emergent,
        DIFFERENCES["derive_var_trtemfl"],
    ),
    read_reference(
        "derive_param_tte.json",
        "progression_free_survival",
        "`overall_survival` (1) and `progression_free_survival` in whole days: under NO_MISSED and FDA_A alike (2, 3, "
        "17), and under a rule that censors when last followed (18). Day 0 is the start of the call, and visits before "
        "it are left out. The change that ends the time (17, 18) stands for PD, the end of the study for the cutoff.",
        answer_time,
        DIFFERENCES["derive_param_tte"],
    ),
)
ROWS: Final = {"compute_duration": 20, "derive_vars_dt": 78, "derive_var_trtemfl": 108, "derive_param_tte": 28}


@pytest.mark.parametrize("answered", each_row(REFERENCES))
def test_row_is_equal_or_differs_as_told(answered: Answered):
    judge(answered)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_every_row_of_the_reference_is_there_and_no_difference_is_stale(reference: Reference):
    assert len(reference.answered) == ROWS[reference.name]
    assert untold(reference) == []


def test_there_is_no_other_time_to_an_event():
    functions = {name for name in rules.__all__ if inspect.isfunction(getattr(rules, name))}
    times_to_event = {n for n in functions if get_type_hints(getattr(rules, n)).get("return") is rules.TimeToEvent}
    assert times_to_event == {"overall_survival", "progression_free_survival", "time_to_progression"}
