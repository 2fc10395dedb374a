"""Response at one visit: of the non-target lesions, and overall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from oncohort.clinical.answer import Answer, decided
from oncohort.clinical.lesion_records import Measurement, Reading, size_mm
from oncohort.clinical.response_criteria import (
    AASLD_SHARP,
    ADMIRALONCO,
    CRITERIA,
    LENCIONI_2010,
    NON_TARGET_COLUMNS,
    OVERALL_MATRIX,
    RECIST_2009,
    TRACKER,
    ResponseCriteria,
    differences,
    one_of,
)
from oncohort.clinical.rule import CriteriaTable, Rule

_ON: Final = "NON-CR/NON-PD"


def non_target_response(readings: Sequence[Reading], *, criteria: ResponseCriteria) -> Answer[str]:
    """Say the response of the non-target lesions at one visit: PD, NE, CR, NON-CR/NON-PD, or NA where there are none.

    One lesion that progressed decides. Otherwise one lesion that was not assessed makes the response NE, also where
    another persists. A lesion that a reader calls PRESENT persists, unless it is said not to enhance.

    Parameters
    ----------
    readings : sequence of Reading
        Each non-target lesion with its site and what this visit says of it (None: not assessed), in any order.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`: below which short axis a node is normal.

    Returns
    -------
    Answer of str
        The response, the lesions that decided, and in ``missing`` those not assessed.

    Raises
    ------
    DataError
        If a measurement is of another lesion: a `Reading` refuses it when it is made.

    Examples
    --------
    >>> from oncohort.clinical.lesion_records import Lesion
    >>> from oncohort.clinical.response_criteria import MRECIST_2010, site_named
    >>> thrombus = Lesion("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS")
    >>> site = site_named(MRECIST_2010, "vein thrombus")
    >>> scan = Measurement("NT01", 57, "PRESENT", aphe="Y")
    >>> answer = non_target_response([Reading(thrombus, site, scan)], criteria=MRECIST_2010)
    >>> answer.value, answer.why
    ('NON-CR/NON-PD', 'NT01 persists')

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60.
    """
    if not readings:
        return decided("NA", "no non-target lesion at baseline")
    states: dict[str, list[str]] = {"PD": [], "NE": [], _ON: [], "CR": []}
    for reading in sorted(readings, key=lambda reading: reading.lesion.lesion_id):
        state, words = _state(reading, criteria)
        states[state].append(f"{reading.lesion.lesion_id} {words}")
    value = next(state for state, lesions in states.items() if lesions)
    return decided(value, ", ".join(states[value]), states["NE"])


def _state(reading: Reading, criteria: ResponseCriteria) -> tuple[str, str]:
    """Return the response of one non-target lesion, and why."""
    row, site = reading.measurement, reading.site
    if row is None or row.status == "NE":
        return "NE", "not assessed"
    if row.status == "PROGRESSED":
        if site.progression_needs_cytology and row.cytology != "POS":
            return _ON, "grew without positive cytology"
        return "PD", "progressed unequivocally"
    gone = row.status == "ABSENT" or _is_gone(reading, row, criteria)
    if gone is None:
        return "NE", f"recorded as {row.status} without {'size' if site.gone == 'small' else 'enhancement'}"
    words = {"no enhancement": "does not enhance", "absent": "is absent", "small": "is below the size of disease"}
    return ("CR", words[site.gone]) if gone else (_ON, "persists")


def _is_gone(reading: Reading, row: Measurement, criteria: ResponseCriteria) -> bool | None:
    """Return whether a lesion that was assessed is gone in the sense of its site; None where that is not recorded."""
    seen = row.status in {"PRESENT", "TOO_SMALL"}
    if reading.site.gone == "small":
        size = size_mm(row, "short_axis_mm", criteria)
        return (False if seen else None) if size is None else size < criteria.normal_node_below_mm
    if reading.site.gone == "absent":
        return size_mm(row, "longest_mm", criteria) == 0
    viable = None if row.viable_mm is None else size_mm(row, "viable_mm", criteria)
    if viable or row.aphe == "Y":
        return False
    if viable == 0 or row.aphe == "N":
        return True
    return False if seen else None


def overall_response(target: str, non_target: str, new_lesion: str) -> str:
    """Return the overall response of a visit; a new lesion is progression whatever the rest.

    Parameters
    ----------
    target : {"CR", "PR", "SD", "PD", "NE", "NA"}
        Response of the target lesions; NA where there was none at baseline.
    non_target : {"CR", "NON-CR/NON-PD", "PD", "NE", "NA"}
        Response of the non-target lesions; NA where there was none at baseline.
    new_lesion : {"Y", "N"}
        Whether there is a new lesion that counts.

    Returns
    -------
    str
        CR, PR, SD, NON-CR/NON-PD, PD or NE.

    Raises
    ------
    DataError
        If a word is none of these.

    Examples
    --------
    >>> overall_response("CR", "NON-CR/NON-PD", "N"), overall_response("CR", "CR", "Y")
    ('PR', 'PD')

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60. Eisenhauer EA et al. Eur J Cancer 2009;45:228-247.
    """
    row = OVERALL_MATRIX[one_of(target, tuple(OVERALL_MATRIX), "target response")]
    column = NON_TARGET_COLUMNS.index(one_of(non_target, NON_TARGET_COLUMNS, "non-target response"))
    return "PD" if one_of(new_lesion, ("Y", "N"), "new lesion") == "Y" else row[column]


def _with_cytology() -> str:
    names = [
        criteria.id for criteria in CRITERIA.values() for site in criteria.sites if site.progression_needs_cytology
    ]
    return f"effusion or ascites only with positive cytology in {', '.join(names)}"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="non_target_response",
        title="Response of the non-target lesions",
        question="What is the response of the non-target lesions at one visit?",
        functions=("non_target_response",),
        sources=(LENCIONI_2010, RECIST_2009, AASLD_SHARP),
        criteria=(
            CriteriaTable(
                "The first that holds",
                ("response", "criterion"),
                (
                    ("PD", f"a lesion progressed unequivocally; {_with_cytology()}"),
                    ("NE", "a lesion was not assessed"),
                    (_ON, "a lesion persists"),
                    ("CR", "all lesions are gone (see target lesions: gone when)"),
                ),
            ),
        ),
        doubts=(
            "The page of mRECIST on non-targets was not read again; it prints IR/SD for NON-CR/NON-PD.",
            (
                "mRECIST asks that no non-target enhances. Lesions outside the liver, which it measures whole, must be "
                "absent here, as in RECIST 1.1."
            ),
            (
                "A liver lesion that never enhanced is gone by the words of mRECIST from the start; the setting "
                "atypical_as_recist reads it whole instead."
            ),
            "In mRECIST an effusion that grows with negative, missing or no cytology persists.",
        ),
    ),
    Rule(
        id="overall_response",
        title="Overall response of a visit",
        question="What is the overall response of a visit, from targets, non-targets and new lesions?",
        functions=("overall_response", "assess_course"),
        sources=(LENCIONI_2010, RECIST_2009, TRACKER, ADMIRALONCO),
        criteria=(
            CriteriaTable(
                "Without a new lesion (rows targets, columns non-targets; NA: none at baseline). With one: PD",
                ("target", *NON_TARGET_COLUMNS),
                tuple((target, *row) for target, row in OVERALL_MATRIX.items()),
            ),
            differences(),
        ),
        doubts=(
            (
                "The cells without NE are those of mRECIST, those with NE of RECIST 1.1, both from knowledge; a public "
                "program has the same cells."
            ),
            (
                "Of two rows of one lesion on one day the worse counts, sign by sign, as no record says which rows "
                "belong to one scan."
            ),
            (
                "Where arterial phase is required and none is recorded for a day, targets and non-targets of that "
                "visit are NE; a new lesion counts all the same."
            ),
            (
                "Each lesion's baseline is its last assessed scan in the window before the first dose, so that chest "
                "and liver may have been scanned on different days."
            ),
            "Once a new lesion counts, every later visit is PD; progression by targets does not mark the later visits.",
            (
                "A part split off is summed with its lesion; a lesion that merged is no longer measured for itself, "
                "and its host carries its size."
            ),
        ),
        vectors=("mrecist_overall",),
    ),
)
