"""Whether the study drug was continued past progression."""

from __future__ import annotations

from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.study_days import refuse_negative

CONTINUATION: Final[dict[str, tuple[str, str]]] = {
    "NA": ("no progression", ""),
    "N_STOPPED_BEFORE_PD": ("the last dose was given before progression", "last dose < PD"),
    "N": ("the last dose was given at progression or within the days of grace", "PD <= last dose <= PD + grace"),
    "Y": ("the drug was continued past progression", "last dose > PD + grace"),
}
"""Each answer with its meaning and its criterion."""


def continued_past_progression(pd_day: int | None, last_dose_day: int | None, *, grace_days: int) -> Answer[str]:
    """Say whether the study drug was taken for longer than the days of grace after progression.

    A last dose on the last day of grace is not continued. Who continued is known only when the days of grace are
    over: survival from the first dose by this answer is biased by guaranteed time; count from PD + grace.

    Parameters
    ----------
    pd_day : int or None
        Day of the first progression, from 0, the first dose; None where there was none.
    last_dose_day : int or None
        Day of the last dose; None where it is not known.
    grace_days : int
        Days after progression in which a dose is the way out, not a continuation; from 0.

    Returns
    -------
    Answer of str
        Y, N, N_STOPPED_BEFORE_PD, or NA without progression; undetermined without the last dose.

    Raises
    ------
    DataError
        If a day is negative.

    Examples
    --------
    >>> [continued_past_progression(100, day, grace_days=14).value for day in (80, 114, 115)]
    ['N_STOPPED_BEFORE_PD', 'N', 'Y']
    >>> continued_past_progression(100, 115, grace_days=14).why
    'last dose on day 115, 15 days after progression on day 100 (> 14)'
    """
    refuse_negative(pd_day=pd_day, last_dose_day=last_dose_day, grace_days=grace_days)
    if pd_day is None:
        return decided("NA", CONTINUATION["NA"][0])
    if last_dose_day is None:
        return undetermined(["last_dose_day"], [answer for answer in CONTINUATION if answer != "NA"])
    after = last_dose_day - pd_day
    if after < 0:
        return decided("N_STOPPED_BEFORE_PD", f"last dose on day {last_dose_day}, before progression on day {pd_day}")
    sign = "<=" if after <= grace_days else ">"
    why = f"last dose on day {last_dose_day}, {after} days after progression on day {pd_day} ({sign} {grace_days})"
    return decided("N" if after <= grace_days else "Y", why)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="beyond_progression",
        title="Continued past progression",
        question="Was the study drug continued past progression?",
        functions=("continued_past_progression",),
        sources=(Source("The reproduced paper (sorafenib in advanced HBV-related HCC)", "Results, survival", "paper"),),
        criteria=(
            CriteriaTable(
                "PD: day of the first progression",
                ("answer", "meaning", "criterion"),
                tuple((answer, meaning, criterion) for answer, (meaning, criterion) in CONTINUATION.items()),
            ),
        ),
        doubts=(
            (
                "The paper does not say how long after progression a dose counts as continued: the days of grace are a "
                "choice of the study (14 in its profile)."
            ),
            (
                "The paper compares survival from the first dose by this answer, which is known only after "
                "progression: who continued had to live that long (guarantee-time bias). Its comparison is "
                "descriptive; survival from progression plus grace, or continuation as a time-dependent factor, are "
                "not biased in this way."
            ),
            (
                "The paper continued the drug in patients of good clinical status who wished it, and defines no "
                "threshold of good status: continuation may be performance status in disguise."
            ),
        ),
        vectors=("continued_past_pd",),
    ),
)
