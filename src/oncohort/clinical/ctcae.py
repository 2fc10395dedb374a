"""Grades of adverse events by CTCAE: laboratory values, weight loss, diarrhea, and which grades a term can have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from typing import Final

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.ctcae_data import (
    DIARRHEA_SIGNS,
    STOOLS_PER_DAY,
    WEIGHT_LOSS_PERCENT,
    DiarrheaSign,
    Version,
    check_version,
    diarrhea_table,
    sign_words,
    weight_table,
)
from oncohort.clinical.ctcae_lab import LAB_RULE, grade_lab, is_lab_emergent
from oncohort.clinical.ctcae_term_data import TERM_SOURCES, TERMS, ClinicalTerm, term_table
from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import Rule
from oncohort.errors import DataError

__all__ = [
    "RULES",
    "TERMS",
    "grade_diarrhea",
    "grade_lab",
    "grade_weight_loss",
    "is_lab_emergent",
    "is_possible_grade",
    "max_grade",
    "term_of",
]


def grade_weight_loss(baseline_kg: Number | None, current_kg: Number | None, *, version: Version) -> Answer[int]:
    """Grade weight loss by CTCAE, from the weights alone.

    The loss is in percent of the baseline weight, and a loss on a cut-off has the higher grade. Nutritional support
    and tube feeding, which the criteria also name, are not judged.

    Parameters
    ----------
    baseline_kg, current_kg : number or None
        Body weight before the first dose and now, in kg, above 0.
    version : {"3.0", "5.0"}
        Of CTCAE; both have the same cut-offs.

    Returns
    -------
    Answer of int
        0 to 3; weight loss has no grade 4.

    Raises
    ------
    DataError
        If a weight is not positive, or the version is unknown.

    Examples
    --------
    >>> grade_weight_loss(60, 57, version="3.0").why
    'weight 57 kg is 5 % below 60 kg: grade 1 from 5 %'
    """
    check_version(version)
    weights = {"baseline_kg": baseline_kg, "current_kg": current_kg}
    for name, weight in weights.items():
        if weight is not None and exact(weight) <= 0:
            raise DataError(f"{name}: {in_decimals(weight)} was given; a weight above 0 kg was expected")
    if baseline_kg is None or current_kg is None:
        missing = [name for name, weight in weights.items() if weight is None]
        return undetermined(missing, (0, *WEIGHT_LOSS_PERCENT))
    before, now = exact(baseline_kg), exact(current_kg)
    percent = 100 * (before - now) / before
    grade = _reached(percent, WEIGHT_LOSS_PERCENT)
    change = f"{in_decimals(abs(percent))} % {'below' if percent >= 0 else 'above'} {in_decimals(before)} kg"
    bound = f"grade {grade} from {WEIGHT_LOSS_PERCENT[grade]} %" if grade else f"no loss of {WEIGHT_LOSS_PERCENT[1]} %"
    return decided(grade, f"weight {in_decimals(now)} kg is {change}: {bound}")


def grade_diarrhea(
    increase_per_day: Number | None, *, signs: Iterable[DiarrheaSign] | None, version: Version
) -> Answer[int]:
    """Grade diarrhea by CTCAE: the highest grade that the stools or a sign makes.

    Parameters
    ----------
    increase_per_day : number or None
        Stools a day above the patient's usual number; 0 or less is no diarrhea. Means between 6 and 7 are grade 2.
    signs : iterable of str, or None
        What else was found: "iv_fluids_under_24h", "iv_fluids_24h_or_more", "incontinence", "hospitalization",
        "limits_instrumental_adl", "limits_self_care_adl", "life_threatening". Empty: none of them. None: not known.
    version : {"3.0", "5.0"}
        Of CTCAE; version 5.0 does not grade by intravenous fluids or incontinence.

    Returns
    -------
    Answer of int
        0 to 4.

    Raises
    ------
    DataError
        If a sign or the version is unknown.

    Examples
    --------
    >>> grade_diarrhea(2, signs=["iv_fluids_under_24h"], version="3.0").why
    'diarrhea: IV fluids under 24 h is grade 2'
    >>> grade_diarrhea(2, signs=["iv_fluids_under_24h"], version="5.0").why
    'diarrhea: 2 stools a day above baseline is grade 1'
    >>> grade_diarrhea(5, signs=None, version="5.0").possible
    (2, 3, 4)
    """
    check_version(version)
    found = None if signs is None else tuple(signs)
    for sign in found or ():
        if sign not in DIARRHEA_SIGNS:
            raise DataError(f'"{sign}" is no sign of diarrhea; one of {", ".join(DIARRHEA_SIGNS)} was expected')
    by_sign = {sign: grades.get(version, 0) for sign, grades in DIARRHEA_SIGNS.items()}
    reasons = [(by_sign[sign], sign_words(sign)) for sign in found or ()]
    by_stools = list(range(max(STOOLS_PER_DAY) + 1))
    if increase_per_day is not None:
        stools = exact(increase_per_day)
        by_stools = [max(1, _reached(stools, STOOLS_PER_DAY)) if stools > 0 else 0]
        reasons.append((by_stools[0], f"{in_decimals(stools)} stools a day above baseline"))
    from_signs = [0, *by_sign.values()] if found is None else [max((by_sign[sign] for sign in found), default=0)]
    possible = sorted({max(pair) for pair in product(by_stools, from_signs)})
    given = {"increase_per_day": increase_per_day, "signs": found}
    missing = [name for name, known in given.items() if known is None]
    if len(possible) > 1:
        return undetermined(missing, possible)
    return decided(possible[0], f"diarrhea: {max(reasons)[1]} is grade {possible[0]}", missing)


def term_of(text: str) -> str | None:
    """Return the id of the clinical term that a text names, or None for a free text that no list knows.

    Case, hyphens and blanks do not matter; American and British spellings and usual abbreviations are known.

    Examples
    --------
    >>> term_of("hand foot skin reaction"), term_of("Diarrhoea"), term_of("hiccups")
    ('HAND-FOOT SKIN REACTION', 'DIARRHEA', None)
    """
    term = _TERM_OF.get(_spelling(text))
    return None if term is None else term.id


def max_grade(term: str, version: Version) -> int | None:
    """Return the highest grade that a clinical term can have, 5 where the term allows death.

    Parameters
    ----------
    term : str
        An id of `TERMS` or another spelling of it.
    version : {"3.0", "5.0"}
        Of CTCAE.

    Returns
    -------
    int or None
        2 to 5; None for a free text that no list knows.

    Raises
    ------
    DataError
        If the version is unknown.

    Examples
    --------
    >>> max_grade("HFSR", "3.0"), max_grade("alopecia", "3.0"), max_grade("DIARRHEA", "3.0")
    (3, 2, 5)
    """
    check_version(version)
    known = _TERM_OF.get(_spelling(term))
    return None if known is None else max(_grades_of(known, version))


def is_possible_grade(term: str, grade: int | None, version: Version) -> Answer[bool]:
    """Say whether a recorded grade exists: a grade 4 of hand-foot skin reaction, for one, does not.

    Parameters
    ----------
    term : str
        An id of `TERMS`, another spelling of it, or a free text.
    grade : int or None
        As recorded; adverse events have grades 1 to 5.
    version : {"3.0", "5.0"}
        Of CTCAE.

    Returns
    -------
    Answer of bool
        Undetermined for grades 1 to 5 of a free text that no list knows, and for a missing grade.

    Raises
    ------
    DataError
        If the version is unknown.

    Examples
    --------
    >>> is_possible_grade("HFSR", 4, "3.0").why
    'HAND-FOOT SKIN REACTION has grades 1, 2, 3 in CTCAE 3.0, not 4'
    >>> is_possible_grade("LIVER TOXICITY", 5, "3.0").value
    True
    """
    check_version(version)
    if grade is None:
        return undetermined(["grade"], (False, True))
    if grade not in range(1, 6):
        return decided(value=False, why=f"grade {grade} is not one of 1 to 5")
    known = _TERM_OF.get(_spelling(term))
    if known is None:
        return undetermined(["term"], (False, True), f'"{term}" is not in the list of terms: its grades are not known')
    grades = _grades_of(known, version)
    possible = grade in grades
    listed = ", ".join(map(str, grades))
    return decided(possible, f"{known.id} has grades {listed} in CTCAE {version}{'' if possible else f', not {grade}'}")


def _reached(amount: Fraction, least: Mapping[int, int]) -> int:
    """Return the highest grade whose least amount is reached, or 0."""
    return max((grade for grade, bound in least.items() if amount >= bound), default=0)


def _spelling(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().upper()


_TERM_OF: Final = {_spelling(name): term for term in TERMS for name in (term.id, *term.aliases)}


def _grades_of(term: ClinicalTerm, version: Version) -> list[int]:
    """Return the grades that a term has, in order."""
    grades = [grade for grade, words in enumerate(term.grades[version].words, 1) if words]
    return [*grades, 5] if term.grades[version].fatal else grades


RULES: Final[tuple[Rule, ...]] = (
    LAB_RULE,
    Rule(
        id="ctcae_terms",
        title="CTCAE grades of clinical terms",
        question="Which grades can an adverse event have, and which grade has weight loss or diarrhea?",
        functions=("max_grade", "is_possible_grade", "grade_weight_loss", "grade_diarrhea"),
        sources=TERM_SOURCES,
        criteria=(term_table("3.0"), term_table("5.0"), weight_table(), diarrhea_table()),
        doubts=(
            (
                "The paper gives no version of its toxicity criteria; alopecia, diarrhea, hemorrhage and liver "
                "dysfunction of version 3.0 and most clinical terms of version 5.0 are written from knowledge."
            ),
            "Hand-foot skin reaction of version 5.0 is written from a table of version 4.03.",
            (
                "Whether death is a grade of a term is from knowledge, except for hypertension of version 3.0 and "
                "diarrhea, anemia and counts of version 5.0."
            ),
            (
                "Hand-foot skin reaction, alopecia and weight loss have no grade 4, so a recorded grade 4 is an "
                'error, and "grade 3-4" can only be grade 3 there.'
            ),
            (
                "The paper counts hemorrhage among hematological toxicities; in version 3.0 its category is "
                "hemorrhage/bleeding, not blood/bone marrow."
            ),
            (
                "The paper's liver toxicity is elevated bilirubin, a laboratory term that has no grade 5 of its "
                "own; grade 5 is allowed because ten of its patients with grade 3-4 died of liver failure."
            ),
            (
                "Version 5.0 has a term for each site of bleeding; hemorrhage without a site is read as "
                "gastrointestinal with the words of version 3.0, and bleeding of esophageal varices has no grade "
                "1 there."
            ),
            (
                "Of version 5.0 for diarrhea, one copy that was looked up lists incontinence as grade 3 and "
                "another does not; it is not a sign of version 5.0 here."
            ),
            (
                "Version 3.0 speaks of interference with ADL without saying which; only limits of self-care count "
                "as grade 3."
            ),
            (
                'The criteria print "4-6" and ">=7" stools, so that a mean between 6 and 7 is in neither; it is '
                "grade 2 here."
            ),
            "Grades of weight loss also name nutritional support and tube feeding; the weights alone are judged.",
        ),
        vectors=("ctcae_weight", "ctcae_diarrhea"),
    ),
)
