"""The CTCAE criteria for laboratory values, weight loss and diarrhea as data, in versions 3.0 and 5.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Source
from oncohort.errors import DataError

Version: TypeAlias = Literal["3.0", "5.0"]
LabTest: TypeAlias = Literal["BILI", "ALT", "AST", "PLAT", "WBC", "NEUT", "HGB", "CREAT"]
Limit: TypeAlias = Literal["lower_limit", "upper_limit", "baseline"]
Clause: TypeAlias = Literal["any", "normal", "abnormal"]
"""Which baseline a criterion is for; normal is a baseline at or below the upper limit of normal."""

VERSIONS: Final[tuple[Version, ...]] = ("3.0", "5.0")


def check_version(version: str) -> None:
    """Refuse a version of CTCAE that is not in the tables."""
    if version not in VERSIONS:
        raise DataError(f'"{version}" is no version of CTCAE here; {" or ".join(VERSIONS)} was expected')


LIMIT_LABELS: Final[Mapping[Limit, str]] = {"lower_limit": "LLN", "upper_limit": "ULN", "baseline": "baseline"}

LAB_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "BILI": ("total bilirubin", "umol/L"),
    "ALT": ("ALT", "U/L"),
    "AST": ("AST", "U/L"),
    "PLAT": ("platelets", "10^9/L"),
    "WBC": ("white blood cells", "10^9/L"),
    "NEUT": ("neutrophils", "10^9/L"),
    "HGB": ("hemoglobin", "g/L"),
    "CREAT": ("creatinine", "umol/L"),
}
"""Name and unit of each test; values and limits are in this unit."""


@dataclass(frozen=True, slots=True)
class LabBound:
    """What a value must pass for a grade: ``sign`` and ``times`` a limit, or an absolute value where ``of`` is None."""

    grade: int
    sign: Literal["<", ">", ">="]
    times: Fraction
    of: Limit | None


@dataclass(frozen=True, slots=True)
class LabCriterion:
    """The bounds of some tests; the highest grade with a bound that the value passes is its grade, else 0."""

    tests: tuple[LabTest, ...]
    versions: tuple[Version, ...]
    clause: Clause
    bounds: tuple[LabBound, ...]


def _above(of: Limit, *times: Number) -> tuple[LabBound, ...]:
    """Return the bounds of grade 1, 2, … for a value that must not rise."""
    return tuple(LabBound(grade, ">", exact(number), of) for grade, number in enumerate(times, 1))


def _below_lln_and(*values: Number) -> tuple[LabBound, ...]:
    """Return the bounds for a value that must not fall: grade 1 below the lower limit, grade 2, 3, … below values."""
    absolute = (LabBound(grade, "<", exact(value), None) for grade, value in enumerate(values, 2))
    return (LabBound(1, "<", Fraction(1), "lower_limit"), *absolute)


_ALT_ABNORMAL: Final = (LabBound(1, ">=", Fraction(3, 2), "baseline"), *_above("baseline", 1, 3, 5, 20)[1:])

LAB_CRITERIA: Final[tuple[LabCriterion, ...]] = (
    LabCriterion(("BILI",), ("3.0",), "any", _above("upper_limit", 1, 1.5, 3, 10)),
    LabCriterion(("BILI",), ("5.0",), "normal", _above("upper_limit", 1, 1.5, 3, 10)),
    LabCriterion(("BILI",), ("5.0",), "abnormal", _above("baseline", 1, 1.5, 3, 10)),
    LabCriterion(("ALT", "AST"), ("3.0",), "any", _above("upper_limit", 1, 2.5, 5, 20)),
    LabCriterion(("ALT", "AST"), ("5.0",), "normal", _above("upper_limit", 1, 3, 5, 20)),
    LabCriterion(("ALT", "AST"), ("5.0",), "abnormal", _ALT_ABNORMAL),
    LabCriterion(("PLAT",), VERSIONS, "any", _below_lln_and(75, 50, 25)),
    LabCriterion(("WBC",), VERSIONS, "any", _below_lln_and(3, 2, 1)),
    LabCriterion(("NEUT",), VERSIONS, "any", _below_lln_and(1.5, 1, 0.5)),
    LabCriterion(("HGB",), ("3.0",), "any", _below_lln_and(100, 80, 65)),
    LabCriterion(("HGB",), ("5.0",), "any", _below_lln_and(100, 80)),
    LabCriterion(("CREAT",), ("3.0",), "any", _above("upper_limit", 1, 1.5, 3, 6)),
    LabCriterion(
        ("CREAT",), ("5.0",), "any", (*_above("upper_limit", 1, 1.5, 3, 6), *_above("baseline", 1, 1.5, 3)[1:])
    ),
)
"""Every laboratory criterion; "<75 - 50" as printed means 50 <= value < 75, and absolute bounds do not ask for LLN."""

WEIGHT_LOSS_PERCENT: Final[Mapping[int, int]] = {1: 5, 2: 10, 3: 20}
"""Grade of weight loss → the least loss, in percent of the baseline weight; the same in both versions."""

STOOLS_PER_DAY: Final[Mapping[int, int]] = {2: 4, 3: 7}
"""Grade of diarrhea → the least number of stools a day above baseline; any increase below is grade 1."""

DiarrheaSign: TypeAlias = Literal[
    "iv_fluids_under_24h",
    "iv_fluids_24h_or_more",
    "incontinence",
    "hospitalization",
    "limits_instrumental_adl",
    "limits_self_care_adl",
    "life_threatening",
]

DIARRHEA_SIGNS: Final[Mapping[DiarrheaSign, Mapping[Version, int]]] = {
    "iv_fluids_under_24h": {"3.0": 2},
    "iv_fluids_24h_or_more": {"3.0": 3},
    "incontinence": {"3.0": 3},
    "hospitalization": {"3.0": 3, "5.0": 3},
    "limits_instrumental_adl": {"5.0": 2},
    "limits_self_care_adl": {"3.0": 3, "5.0": 3},
    "life_threatening": {"3.0": 4, "5.0": 4},
}
"""Sign → the grade that it alone makes, by version; a version that does not name the sign is absent."""

CTCAE_3: Final = "National Cancer Institute. Common Terminology Criteria for Adverse Events v3.0, 2003 (August 9, 2006)"
CTCAE_5: Final = "National Cancer Institute. Common Terminology Criteria for Adverse Events v5.0, November 27, 2017"

LAB_SOURCES: Final[tuple[Source, ...]] = (
    Source(
        "pharmaverse/admiral, data-raw/adlb_grading/ncictcaev5.json",
        "every test of version 5.0, text and code (anemia, ALT, AST, bilirubin, creatinine, counts)",
        "seen",
    ),
    Source("Trials 2006;7:14 (PMC1524981)", "Table 3: ALT, AST and creatinine of version 3.0", "seen"),
    Source(CTCAE_3, "Metabolic/laboratory: bilirubin; blood/bone marrow: hemoglobin and counts", "from knowledge"),
)


def in_words(bound: LabBound, unit: str) -> str:
    """Write a bound as the criteria tables do: ">1.5 x ULN", "<75 10^9/L".

    Examples
    --------
    >>> in_words(LabBound(2, ">", Fraction(3, 2), "upper_limit"), "U/L")
    '> 1.5 x ULN'
    """
    if bound.of is None:
        return f"{bound.sign} {in_decimals(bound.times)} {unit}"
    times = "" if bound.times == 1 else f"{in_decimals(bound.times)} x "
    return f"{bound.sign} {times}{LIMIT_LABELS[bound.of]}"


def grade_words(criterion: LabCriterion, grade: int) -> str:
    """Write the bounds of one grade; empty where values alone never make that grade."""
    unit = LAB_LABELS[criterion.tests[0]][1]
    return " or ".join(in_words(bound, unit) for bound in criterion.bounds if bound.grade == grade)


def lab_table() -> CriteriaTable:
    """Return the laboratory criteria as a table: the grade is the highest whose bound the value passes."""
    body = tuple(
        (
            ", ".join(LAB_LABELS[test][0] for test in row.tests),
            " and ".join(row.versions),
            row.clause,
            *(grade_words(row, grade) or "-" for grade in (1, 2, 3, 4)),
        )
        for row in LAB_CRITERIA
    )
    return CriteriaTable(
        "The grade is the highest whose bound the value passes, else 0",
        ("test", "CTCAE", "baseline", "grade 1", "grade 2", "grade 3", "grade 4"),
        body,
    )


def sign_words(sign: DiarrheaSign) -> str:
    """Write a sign of diarrhea for readers.

    Examples
    --------
    >>> sign_words("iv_fluids_24h_or_more"), sign_words("limits_self_care_adl")
    ('IV fluids 24 h or more', 'limits self care ADL')
    """
    words = {"iv": "IV", "adl": "ADL", "24h": "24 h"}
    return " ".join(words.get(word, word) for word in sign.split("_"))


def diarrhea_table() -> CriteriaTable:
    """Return what makes each grade of diarrhea as a table."""
    rows: list[tuple[str, ...]] = [("any increase in stools a day", "1", "1")]
    rows += [(f"{stools} or more stools a day above baseline", str(g), str(g)) for g, stools in STOOLS_PER_DAY.items()]
    for sign, grades in DIARRHEA_SIGNS.items():
        rows.append((sign_words(sign), *(str(grades.get(version, "-")) for version in VERSIONS)))
    return CriteriaTable(
        "Diarrhea: the grade is the highest that the stools or a sign makes", ("", "3.0", "5.0"), tuple(rows)
    )


def weight_table() -> CriteriaTable:
    """Return the cut-offs of weight loss as a table."""
    rows = tuple((str(grade), f">= {percent} % of baseline") for grade, percent in WEIGHT_LOSS_PERCENT.items())
    return CriteriaTable("Weight loss, versions 3.0 and 5.0", ("grade", "loss"), rows)
