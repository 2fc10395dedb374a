"""Best response, response, clinical benefit and progression against the test cases of admiralonco (Apache-2.0)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from references import (
    Answered,
    Difference,
    Reference,
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
Visits = list[tuple[int, str]]

LEFT_OUT: Final = frozenset({"ND", "NA", None})
"""No assessment was made, or it has no response: no visit of ours."""

OUR_WORDS: Final = {"MISSING": "NE"}
ALL_BENEFIT: Final = ("CR", "PR", "SD", "NON-CR/NON-PD")
"""What counts as benefit where a call of derive_param_clinbenefit does not say: all but NE and PD."""

AFTER_PROGRESSION: Final = "the call gives no day of progression, so a visit after the PD counts there; never for us"


def visits_of(row: Row) -> Visits:
    """Return the visits that have a response, in days from the first dose, up to a progression that is given apart."""
    start, end = row["first_dose"], row["progression"]
    return [
        (day_from(start, when), response)
        for when, response in row["visits"]
        if response not in LEFT_OUT and (end is None or when <= end)
    ]


def best(visits: Visits, case: Case) -> Any:
    """Ask for the best response, confirmed where the case says how."""
    confirmation = rules.Confirmation(
        min_days=case.get("ref_confirm", 0), max_ne=case.get("max_nr_ne", 1), max_sd=int(case.get("accept_sd", False))
    )
    return rules.best_response(
        visits,
        sd_min_days=case.get("ref_start_window", 0),
        sd_strict=False,
        confirm="ref_confirm" in case,
        new_therapy_day=None,
        confirmation=confirmation,
    )


def answer_best_response(case: Case, row: Row) -> tuple[str, str]:
    found = best(visits_of(row), case)
    word, when = row["expected"]
    return say(OUR_WORDS.get(word, word), when), say(found.value, date_of(row["first_dose"], found.day))


def answer_yes_or_no(holds: Callable[[str, Case], bool]) -> Callable[[Case, Row], tuple[str, str]]:
    """Make the adapter of a question about the best response.

    The verdict is that of the whole course. The references date it by the first visit that makes it true: we ask after
    each visit what the best response is by then, and take the day of the first that does.
    """

    def answer(case: Case, row: Row) -> tuple[str, str]:
        visits = visits_of(row)
        by_then = [best(visits[:end], case) for end in range(1, len(visits) + 1)]
        since = next((found.day for found in by_then if holds(found.value, case)), None)
        verdict = holds(best(visits, case).value, case)
        assert verdict == (since is not None), "a response is not lost again"
        return say(*row["expected"]), say("Y" if verdict else "N", date_of(row["first_dose"], since))

    return answer


def is_response(best_response: str, _: Case) -> bool:
    return rules.objective_response(best_response)


def is_benefit(best_response: str, case: Case) -> bool:
    return rules.clinical_benefit(best_response, case.get("clinben_vals", ALL_BENEFIT))


def answer_visits_until_progression(_: Case, row: Row) -> tuple[str, str]:
    """Say which visits count: those where a CR, among nothing but NE and PD, would be the best response."""
    first = row["visits"][0][0]
    course = [(day_from(first, when), "PD" if response == "PD" else "NE") for when, response in row["visits"]]
    ours = [
        when
        for place, (when, _) in enumerate(row["visits"])
        if best([*course[:place], (course[place][0], "CR"), *course[place + 1 :]], {}).value == "CR"
    ]
    kept = [when for (when, _), is_kept in zip(row["visits"], row["expected"], strict=True) if is_kept]
    return say(*kept), say(*ours)


DIFFERENCES: Final[Mapping[str, tuple[Difference, ...]]] = {
    "derive_param_bor": (),
    "derive_param_confirmed_bor": (
        tell(
            "2", "7", "NE", "ND is no response: without another visit the best response is NE; ND as input is refused"
        ),
        tell("4", "9", "PD 2020-02-16", AFTER_PROGRESSION),
    ),
    "derive_param_clinbenefit": (tell("2", "06", "N", AFTER_PROGRESSION),),
    "derive_param_confirmed_resp": (tell("4", "1", "N", AFTER_PROGRESSION),),
    "derive_param_response": (tell("2", "3", "N", AFTER_PROGRESSION),),
    "filter_pd": (),
}

CUT: Final = (
    "Visits without a response (ND, NA) are left out, and so is what follows a progression that is given apart."
)
SINCE: Final = (
    "The day is that of the first visit that makes it true, found by asking after each visit; a single call gives the "
    "day of the best response."
)

REFERENCES: Final[tuple[Reference, ...]] = (
    read_reference(
        "derive_param_bor.json",
        "best_response",
        f"`best_response`, not confirmed, SD from day 28 (>=). {CUT} MISSING is NE without a day.",
        answer_best_response,
        DIFFERENCES["derive_param_bor"],
    ),
    read_reference(
        "derive_param_confirmed_bor.json",
        "best_response",
        f"`best_response`, confirmed as the call says, SD from day 28 (>=). {CUT} MISSING is NE without a day.",
        answer_best_response,
        DIFFERENCES["derive_param_confirmed_bor"],
    ),
    read_reference(
        "derive_param_clinbenefit.json",
        "clinical_benefit",
        f"`clinical_benefit` of `best_response`, SD from day 28 (>=). {CUT} {SINCE}",
        answer_yes_or_no(is_benefit),
        DIFFERENCES["derive_param_clinbenefit"],
    ),
    read_reference(
        "derive_param_confirmed_resp.json",
        "clinical_benefit",
        f"`objective_response` of `best_response`, confirmed as the call says. {CUT} {SINCE}",
        answer_yes_or_no(is_response),
        DIFFERENCES["derive_param_confirmed_resp"],
    ),
    read_reference(
        "derive_param_response.json",
        "clinical_benefit",
        f"`objective_response` of `best_response`, not confirmed. {CUT} {SINCE}",
        answer_yes_or_no(is_response),
        DIFFERENCES["derive_param_response"],
    ),
    read_reference(
        "filter_pd.json",
        "best_response",
        "`best_response`: a visit counts if a CR there, among nothing but NE and PD, would be the best response. The "
        "first progression is found in the visits, also where the call gives it apart.",
        answer_visits_until_progression,
        DIFFERENCES["filter_pd"],
    ),
)
ROWS: Final = {
    "derive_param_bor": 40,
    "derive_param_confirmed_bor": 27,
    "derive_param_clinbenefit": 14,
    "derive_param_confirmed_resp": 27,
    "derive_param_response": 8,
    "filter_pd": 12,
}


@pytest.mark.parametrize("answered", each_row(REFERENCES))
def test_row_is_equal_or_differs_as_told(answered: Answered):
    judge(answered)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_every_row_of_the_reference_is_there_and_no_difference_is_stale(reference: Reference):
    assert len(reference.answered) == ROWS[reference.name]
    assert untold(reference) == []


@pytest.mark.parametrize("word", ["ND", "NA", "MISSING"])
def test_word_that_is_no_response_is_refused(word: str):
    with pytest.raises(DataError, match=f'"{word}"'):
        best([(61, word)], {})
