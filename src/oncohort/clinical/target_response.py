"""Response of the target lesions at one visit, by their sum of diameters: exact at every bound."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Final

from oncohort.clinical.answer import Answer, decided
from oncohort.clinical.exact import Number, exact, exact_or_none, in_decimals
from oncohort.clinical.response_criteria import (
    ADMIRALONCO,
    CRITERIA,
    LENCIONI_2010,
    RECIST_2009,
    TRACKER,
    ResponseCriteria,
)
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError


def target_response(
    baseline: Sequence[Number | None],
    earlier_sums: Sequence[Number],
    current: Sequence[Number | None],
    *,
    criteria: ResponseCriteria,
    nodes: Collection[int],
    abs_pd_mm: Number,
    hold: bool,
) -> Answer[str]:
    """Say the response of the target lesions at one visit: CR, PD, PR or SD in this order, NE, or NA without targets.

    Progression is judged against the nadir, the smallest sum so far, baseline included; partial response against
    baseline. All that is measured is compared exactly: 30.0 % is 30 %. A visit at which a target was not measured is
    NE, unless the measured part alone is progression already. Growth from a nadir of 0 is always progression.

    Parameters
    ----------
    baseline : sequence of number or None
        The diameter of each target at baseline, mm; None where it was not measured.
    earlier_sums : sequence of number
        The sums of the earlier visits at which all targets were measured, mm, in order of time; without baseline.
    current : sequence of number or None
        The diameter of each target at this visit, mm, in the order of ``baseline``; None where it was not measured.
    criteria : ResponseCriteria
        `MRECIST_2010` or `RECIST_1_1`: the percents, and below which short axis a node is normal.
    nodes : collection of int
        Which places of ``baseline`` are lymph nodes (short axis), from 0.
    abs_pd_mm : number
        Growth above the nadir that progression needs besides its percent, mm; 0 for none. ``criteria.abs_pd_mm`` is
        the published value.
    hold : bool
        Whether a partial response is held until progression. It changes PR and SD of single visits only.

    Returns
    -------
    Answer of str
        The response, with the sums that decided.

    Raises
    ------
    DataError
        If the sequences differ in length, or a length is negative or no finite number.

    Examples
    --------
    >>> from oncohort.clinical.response_criteria import MRECIST_2010 as criteria
    >>> target_response([60, 40], [], [40, 30], criteria=criteria, nodes=(), abs_pd_mm=0, hold=False).why
    'sum 70 mm ≤ 70 % of baseline 100 mm'
    >>> answer = target_response([60, 40], [50], [30, 30], criteria=criteria, nodes=(), abs_pd_mm=0, hold=False)
    >>> answer.value, answer.why
    ('PD', 'sum 60 mm ≥ 120 % of nadir 50 mm')

    References
    ----------
    Lencioni R, Llovet JM. Semin Liver Dis 2010;30:52-60. Eisenhauer EA et al. Eur J Cancer 2009;45:228-247.
    """
    if len(baseline) != len(current):
        raise DataError(f"{len(baseline)} targets at baseline and {len(current)} at the visit; as many were expected")
    at_baseline, now = [_length(value) for value in baseline], [_length(value) for value in current]
    sums = [_length(value) or Fraction(0) for value in earlier_sums]
    if not baseline:
        return decided("NA", "no target lesion at baseline")
    unknown = [f"target {i} at baseline" for i, value in enumerate(at_baseline, 1) if value is None]
    if unknown:
        return decided("NE", f"{', '.join(unknown)} not measured", unknown)
    base = _total(at_baseline)
    nadir = min(base, *sums) if sums else base
    lacking = [f"target {i}" for i, value in enumerate(now, 1) if value is None]
    if lacking:
        return _in_part(_total(now), nadir, lacking, criteria=criteria, abs_pd_mm=exact(abs_pd_mm))
    if all(_is_gone(value, node=i in nodes, criteria=criteria) for i, value in enumerate(now)):
        small = f", nodes below {criteria.normal_node_below_mm} mm" if nodes else ""
        return decided("CR", f"no tumor left in any target{small}")
    total = _total(now)
    verdict, why = _by_sum(total, base, nadir, criteria=criteria, abs_pd_mm=exact(abs_pd_mm))
    if verdict == "SD" and hold and _is_held(base, sums, criteria=criteria, abs_pd_mm=exact(abs_pd_mm)):
        return decided("PR", f"partial response held until progression; {why}")
    return decided(verdict, why)


def _length(value: Number | None) -> Fraction | None:
    length = exact_or_none(value)
    if length is not None and length < 0:
        raise DataError(f"a diameter is {in_decimals(length)} mm; a length from 0 mm was expected")
    return length


def _total(values: Sequence[Fraction | None]) -> Fraction:
    return sum((value for value in values if value is not None), Fraction(0))


def _is_gone(value: Fraction | None, *, node: bool, criteria: ResponseCriteria) -> bool:
    return value is not None and (value < criteria.normal_node_below_mm if node else value == 0)


def _is_progression(total: Fraction, nadir: Fraction, criteria: ResponseCriteria, abs_pd_mm: Fraction) -> bool:
    if nadir == 0:
        return total > 0
    return 100 * total >= (100 + criteria.pd_percent) * nadir and total - nadir >= abs_pd_mm


def _is_partial(total: Fraction, base: Fraction, criteria: ResponseCriteria) -> bool:
    return 100 * total <= (100 - criteria.pr_percent) * base


def _in_part(
    part: Fraction, nadir: Fraction, lacking: Sequence[str], *, criteria: ResponseCriteria, abs_pd_mm: Fraction
) -> Answer[str]:
    if not _is_progression(part, nadir, criteria, abs_pd_mm):
        return decided("NE", f"{', '.join(lacking)} not measured", lacking)
    why = f"the measured targets alone: {_above_nadir(part, nadir, criteria, abs_pd_mm)}"
    return decided("PD", why, lacking)


def _above_nadir(total: Fraction, nadir: Fraction, criteria: ResponseCriteria, abs_pd_mm: Fraction) -> str:
    if nadir == 0:
        return f"sum {in_decimals(total)} mm after a nadir of 0 mm"
    percent = f"sum {in_decimals(total)} mm ≥ {100 + criteria.pd_percent} % of nadir {in_decimals(nadir)} mm"
    growth = f" and {in_decimals(total - nadir)} mm ≥ {in_decimals(abs_pd_mm)} mm above it" if abs_pd_mm else ""
    return percent + growth


def _by_sum(
    total: Fraction, base: Fraction, nadir: Fraction, *, criteria: ResponseCriteria, abs_pd_mm: Fraction
) -> tuple[str, str]:
    if _is_progression(total, nadir, criteria, abs_pd_mm):
        return "PD", _above_nadir(total, nadir, criteria, abs_pd_mm)
    bound = f"{100 - criteria.pr_percent} % of baseline {in_decimals(base)} mm"
    if _is_partial(total, base, criteria):
        return "PR", f"sum {in_decimals(total)} mm ≤ {bound}"
    if _is_progression(total, nadir, criteria, Fraction(0)):
        few = f"only {in_decimals(total - nadir)} mm above nadir {in_decimals(nadir)} mm"
        return "SD", f"sum {in_decimals(total)} mm > {bound}, {few} (< {in_decimals(abs_pd_mm)} mm)"
    below = f"< {100 + criteria.pd_percent} % of nadir {in_decimals(nadir)} mm"
    return "SD", f"sum {in_decimals(total)} mm > {bound} and {below}"


def _is_held(base: Fraction, sums: Sequence[Fraction], *, criteria: ResponseCriteria, abs_pd_mm: Fraction) -> bool:
    """Return whether a partial response, or better, was reached at an earlier visit and no progression since."""
    held, nadir = False, base
    for total in sums:
        verdict, _ = _by_sum(total, base, nadir, criteria=criteria, abs_pd_mm=abs_pd_mm)
        held = verdict == "PR" or (held and verdict != "PD")
        nadir = min(nadir, total)
    return held


def _table(criteria: ResponseCriteria) -> CriteriaTable:
    high, low = 100 + criteria.pd_percent, 100 - criteria.pr_percent
    growth = f" and ≥ {criteria.abs_pd_mm} mm above it" if criteria.abs_pd_mm else ""
    body = (
        ("NE", "a target was not measured, and the measured part alone is no progression"),
        ("CR", f"all targets gone; target nodes < {criteria.normal_node_below_mm} mm short axis"),
        ("PD", f"sum ≥ {high} % of the nadir{growth}; any growth from a nadir of 0 mm"),
        ("PR", f"sum ≤ {low} % of the baseline sum"),
        ("SD", "otherwise"),
    )
    return CriteriaTable(f"{criteria.id}, the first that holds", ("response", "criterion"), body)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="target_response",
        title="Response of the target lesions",
        question="What is the response of the target lesions at one visit?",
        functions=("target_response",),
        sources=(
            Source("Korean J Radiol 2022, PMC9747269", "Table 11, definitions of mRECIST", "seen"),
            Source("recist.eortc.org", "frequently asked questions, managing PR", "seen"),
            ADMIRALONCO,
            TRACKER,
            Source("guangboyu/hcc-mrecist-reliability", "two-time-point rule and its results", "seen"),
            LENCIONI_2010,
            RECIST_2009,
        ),
        criteria=tuple(_table(criteria) for criteria in CRITERIA.values()),
        doubts=(
            (
                "The least growth in mm belongs to RECIST 1.1; mRECIST prints none, some programs use one for both, "
                "and others name it and do not apply it (abs_pd_mm, no default)."
            ),
            (
                "A sum that rises above the bound of PR without progression is SD as printed; EORTC and RECIST-tracker "
                "hold PR until progression (hold, no default). The best unconfirmed response is the same either way."
            ),
            (
                "That measured targets alone may show progression while others are not measured follows from the sum "
                "being larger still; the criteria print only NE."
            ),
            (
                "Where criteria name 5 mm of least growth, growth from a nadir of 0 mm is progression at any size "
                "here: a lesion that comes back."
            ),
            (
                "mRECIST prints 20 mm for nodes at the porta hepatis as malignant and does not say when they are "
                "normal; below 10 mm here, as other nodes."
            ),
            (
                "Programs differ: some compare with baseline instead of the nadir, some never call a relapse from 0 mm "
                "progression, some take one percent change for both bounds, some call CR before looking at new "
                "lesions."
            ),
            (
                "The published reader categories of 105 patients (TCIA HCC-TACE-Seg) are all reproduced with and "
                "without 5 mm of least growth by a public program of the same rule; that data set does not tell them "
                "apart."
            ),
        ),
        vectors=("mrecist_target",),
    ),
)
