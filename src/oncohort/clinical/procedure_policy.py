"""What a protocol says about TACE and cryoablation, as data: limits, doses, arms, contraindications."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from oncohort.clinical.exact import Number, exact, in_decimals
from oncohort.clinical.rule import Seen

Sign: TypeAlias = Literal["<", "<=", ">", ">="]

_COMPARE: Final[dict[Sign, Callable[[Fraction, Fraction], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound with its strictness: ``Limit("<", 50)`` is not met by 50."""

    sign: Sign
    value: Number


@dataclass(frozen=True, slots=True)
class Span:
    """A range whose two ends belong to it; one value where they are equal."""

    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class Expected:
    """A value expected of every session: of which rule, under which column of the records, in which unit and range."""

    rule: str
    item: str
    column: str
    unit: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedurePolicy:
    """What a protocol asks of one procedure; None where it asks nothing.

    Attributes
    ----------
    procedure : str
        TACE or CRYO, as the records name it.
    maximum : int
        Sessions at most.
    burden_percent : Limit or None
        Share of the liver that the tumor may take for a patient to be eligible.
    interval_days : Span or None
        Days between two sessions.
    stop_lipiodol_percent : Limit or None
        Share of the tumor occupied by iodized oil that ends the course.
    ct_days : Span or None
        Days after a session in which the CT of one month is made.
    expected : tuple of Expected
        Doses, times and temperatures of a session.
    debulk_percent : Limit or None
        Share of a tumor to be ablated where it cannot be ablated whole.
    guidance : str or None
        Imaging under which the session is done.
    """

    procedure: Literal["TACE", "CRYO"]
    maximum: int
    burden_percent: Limit | None
    interval_days: Span | None
    stop_lipiodol_percent: Limit | None
    ct_days: Span | None
    expected: tuple[Expected, ...]
    debulk_percent: Limit | None
    guidance: str | None


TACE_2010: Final = ProcedurePolicy(
    procedure="TACE",
    maximum=3,
    burden_percent=Limit("<", 50),
    interval_days=Span(28, 42),
    stop_lipiodol_percent=Limit(">", 75),
    ct_days=Span(21, 42),
    expected=(
        Expected("TACE-AGENTS", "cisplatin", "cisplatin_mg", "mg", Span(40, 40)),
        Expected("TACE-AGENTS", "5-fluorouracil", "fu_mg", "mg", Span(1000, 1000)),
        Expected("TACE-AGENTS", "doxorubicin infused", "doxorubicin_infused_mg", "mg", Span(20, 20)),
        Expected("TACE-AGENTS", "doxorubicin in oil", "doxorubicin_lipiodol_mg", "mg", Span(10, 10)),
        Expected("TACE-OIL", "lipiodol", "lipiodol_ml", "mL", Span(10, 20)),
    ),
    debulk_percent=None,
    guidance=None,
)
"""TACE of the reproduced paper (2008 to 2010)."""

CRYO_2010: Final = ProcedurePolicy(
    procedure="CRYO",
    maximum=3,
    burden_percent=None,
    interval_days=None,
    stop_lipiodol_percent=None,
    ct_days=None,
    expected=(
        Expected("CRYO-CYCLE", "freeze1", "freeze1_min", "min", Span(20, 20)),
        Expected("CRYO-CYCLE", "thaw1", "thaw1_min", "min", Span(10, 10)),
        Expected("CRYO-CYCLE", "freeze2", "freeze2_min", "min", Span(15, 15)),
        Expected("CRYO-TEMP", "temp", "min_temp_c", "C", Span(-137, -133)),
        Expected("CRYO-TEMP", "cooldown", "time_to_temp_min", "min", Span(0, 1)),
    ),
    debulk_percent=Limit(">", 50),
    guidance="US",
)
"""Argon-helium cryoablation of the reproduced paper (2008 to 2010)."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One treatment as it was given: its label, and whether TACE and cryoablation were done at least once."""

    label: str
    tace: bool
    cryo: bool


ARMS_2010: Final = (
    Arm("SORAFENIB", tace=False, cryo=False),
    Arm("SORAFENIB+TACE", tace=True, cryo=False),
    Arm("SORAFENIB+TACE+CRYO", tace=True, cryo=True),
    Arm("SORAFENIB+CRYO (no arm in paper)", tace=False, cryo=True),
)


@dataclass(frozen=True, slots=True)
class Contraindication:
    """One entry of a list that sites may replace. Lists are reported; no patient is excluded by them."""

    procedure: Literal["TACE", "CRYO"]
    kind: Literal["absolute", "relative", "suggested"]
    condition: str
    seen: Seen


CONTRAINDICATIONS: Final = (
    Contraindication("TACE", "absolute", "Child-Pugh B8 or worse", "seen"),
    Contraindication("TACE", "absolute", "massive replacement of both lobes", "seen"),
    Contraindication("TACE", "absolute", "severely reduced portal flow", "seen"),
    Contraindication("TACE", "absolute", "technical obstacle to the arteries", "seen"),
    Contraindication("TACE", "relative", "renal failure: creatinine >= 2 mg/dL or clearance < 30 mL/min", "seen"),
    Contraindication("TACE", "relative", "severe cardiopulmonary disease", "seen"),
    Contraindication("TACE", "relative", "tumor >= 10 cm", "seen"),
    Contraindication("TACE", "relative", "untreated high-risk varices", "seen"),
    Contraindication("TACE", "relative", "bile duct occlusion", "seen"),
    Contraindication("CRYO", "suggested", "platelets < 40 to 50 x 10^9/L", "from knowledge"),
    Contraindication("CRYO", "suggested", "INR > 1.5 to 1.6, not corrected", "from knowledge"),
    Contraindication("CRYO", "suggested", "refractory ascites", "from knowledge"),
    Contraindication("CRYO", "suggested", "Child-Pugh C", "from knowledge"),
    Contraindication("CRYO", "suggested", "ECOG performance status > 2", "from knowledge"),
    Contraindication("CRYO", "suggested", "tumor at hilum or bowel without protection", "from knowledge"),
)


def meets(value: Number, limit: Limit) -> bool:
    """Say whether a measured number meets a limit, exactly.

    Examples
    --------
    >>> meets(49.9, Limit("<", 50)), meets(50, Limit("<", 50))
    (True, False)
    """
    return _COMPARE[limit.sign](exact(value), exact(limit.value))


def lies_in(value: Number, span: Span) -> bool:
    """Say whether a measured number lies in a range, exactly.

    Examples
    --------
    >>> lies_in(42, Span(28, 42)), lies_in(42.1, Span(28, 42))
    (True, False)
    """
    return exact(span.low) <= exact(value) <= exact(span.high)


def limit_text(limit: Limit) -> str:
    """Write a limit of percents.

    Examples
    --------
    >>> limit_text(Limit("<", 50))
    '< 50%'
    """
    return f"{limit.sign} {in_decimals(limit.value)}%"


def span_text(span: Span, unit: str) -> str:
    """Write a range with its unit.

    Examples
    --------
    >>> span_text(Span(28, 42), "days"), span_text(Span(40, 40), "mg")
    ('28 to 42 days', '40 mg')
    """
    if exact(span.low) == exact(span.high):
        return f"{in_decimals(span.low)} {unit}"
    return f"{in_decimals(span.low)} to {in_decimals(span.high)} {unit}"
