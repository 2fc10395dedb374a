"""Lesions and their measurements as records, and how the criteria read each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from oncohort.clinical.exact import Number, exact, exact_or_none, in_decimals
from oncohort.clinical.response_criteria import Diameter, ResponseCriteria, ResponseSettings, Site, one_of
from oncohort.errors import DataError

ROLES: Final = ("TARGET", "NON-TARGET", "NEW")
KINDS: Final = ("NODULE", "INFILTRATIVE", "THROMBUS", "NODE", "EFFUSION", "OTHER")
ORGANS: Final = (
    "LIVER",
    "PORTAL VEIN",
    "PORTAL VEIN, LEFT BRANCH",
    "PORTAL VEIN, RIGHT BRANCH",
    "HEPATIC VEIN",
    "INFERIOR VENA CAVA",
    "LUNG",
    "ADRENAL GLAND",
    "BONE",
    "LYMPH NODE",
    "PORTA HEPATIS LYMPH NODE",
    "OTHER",
)
STATUSES: Final = ("NE", "ABSENT", "TOO_SMALL", "MEASURED", "PRESENT", "PROGRESSED")
"""What a reader says of a lesion at a scan; the later, the worse."""

_YES_NO: Final = ("Y", "N", "U")
_CYTOLOGY: Final = ("POS", "NEG", "ND")
_WORST_SIGNS: Final = ("N", "NEG", "ND", "U", None, "Y", "POS")


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion as the template's table ``lesions`` describes it; None where a value is missing.

    ``first_seen_day`` counts from the first dose (day 0); ``split_from`` and ``merged_into`` name the lesion that
    this one was a part of, or became a part of.
    """

    lesion_id: str
    role: str
    organ: str
    kind: str
    well_delineated: str | None = None
    previously_treated: str | None = None
    first_seen_day: int | None = None
    split_from: str | None = None
    merged_into: str | None = None

    def __post_init__(self) -> None:
        _check_words(
            f"lesion {self.lesion_id}",
            (
                ("role", self.role, ROLES),
                ("organ", self.organ, ORGANS),
                ("kind", self.kind, KINDS),
                ("well_delineated", self.well_delineated, _YES_NO),
                ("previously_treated", self.previously_treated, _YES_NO),
            ),
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """A lesion at one scan, as the template's table ``lesion_measurements``; None where a value is missing.

    ``day`` counts from the first dose (day 0, negative before it); lengths are mm from 0.
    """

    lesion_id: str
    day: int
    status: str
    longest_mm: Number | None = None
    viable_mm: Number | None = None
    short_axis_mm: Number | None = None
    aphe: str | None = None
    washout: str | None = None
    cytology: str | None = None
    arterial_phase: str | None = None

    def __post_init__(self) -> None:
        what = f"lesion {self.lesion_id} on day {self.day}"
        _check_words(
            what,
            (
                ("status", self.status, STATUSES),
                ("aphe", self.aphe, _YES_NO),
                ("washout", self.washout, _YES_NO),
                ("cytology", self.cytology, _CYTOLOGY),
                ("arterial_phase", self.arterial_phase, _YES_NO),
            ),
        )
        for name, value in (("longest_mm", self.longest_mm), ("short_axis_mm", self.short_axis_mm)):
            _check_length(value, f"{what}: {name}")
        _check_length(self.viable_mm, f"{what}: viable_mm")
        if (
            self.longest_mm is not None
            and self.viable_mm is not None
            and exact(self.viable_mm) > exact(self.longest_mm)
        ):
            raise DataError(
                f"{what}: viable_mm {in_decimals(self.viable_mm)} is larger than longest_mm "
                f"{in_decimals(self.longest_mm)}; a part of the lesion was expected"
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """How a lesion is read throughout its course, and what is known of it at one scan (None: not assessed)."""

    lesion: Lesion
    site: Site
    measurement: Measurement | None

    def __post_init__(self) -> None:
        refuse_other_lesion(self.lesion, self.measurement)


def refuse_other_lesion(lesion: Lesion, measurement: Measurement | None) -> None:
    """Raise DataError if a measurement is of another lesion."""
    if measurement is not None and measurement.lesion_id != lesion.lesion_id:
        raise DataError(f'a measurement of lesion "{measurement.lesion_id}" was given for lesion "{lesion.lesion_id}"')


def _check_words(what: str, words: Iterable[tuple[str, str | None, tuple[str, ...]]]) -> None:
    for name, word, allowed in words:
        if word is not None:
            one_of(word, allowed, f"{what}: {name}")


def _check_length(value: Number | None, what: str) -> None:
    if value is not None and exact(value) < 0:
        raise DataError(f"{what} is {in_decimals(value)}; a length from 0 mm was expected")


def worst_of(rows: Sequence[Measurement]) -> Measurement:
    """Return the worst that two or more rows of one lesion on one day say: what is seen outweighs what is not.

    Examples
    --------
    >>> ct = Measurement("T01", 56, "MEASURED", viable_mm=30, aphe="Y")
    >>> mri = Measurement("T01", 56, "MEASURED", viable_mm=34, aphe="Y")
    >>> worst_of([ct, mri]).viable_mm
    34
    """

    def largest(values: Iterable[Number | None]) -> Number | None:
        return max((value for value in values if value is not None), key=exact, default=None)

    def sign(values: Iterable[str | None]) -> str | None:
        return max(values, key=_WORST_SIGNS.index)

    if len(rows) == 1:
        return rows[0]
    return Measurement(
        lesion_id=rows[0].lesion_id,
        day=rows[0].day,
        status=max((row.status for row in rows), key=STATUSES.index),
        longest_mm=largest(row.longest_mm for row in rows),
        viable_mm=largest(row.viable_mm for row in rows),
        short_axis_mm=largest(row.short_axis_mm for row in rows),
        aphe=sign(row.aphe for row in rows),
        washout=sign(row.washout for row in rows),
        cytology=sign(row.cytology for row in rows),
        arterial_phase=sign(row.arterial_phase for row in rows),
    )


def site_of(
    lesion: Lesion, baseline: Measurement | None, criteria: ResponseCriteria, settings: ResponseSettings
) -> Site:
    """Return how a lesion is read throughout its course; only a liver nodule's reading depends on its baseline."""
    site = next(
        site
        for site in criteria.sites
        for kind, organ in site.matches
        if kind in {None, lesion.kind} and organ in {None, lesion.organ}
    )
    if not site.needs_enhancement:
        return site
    atypical = lesion.well_delineated == "N" or (baseline is not None and baseline.aphe == "N")
    with_lipiodol = settings.lipiodol_viable and lesion.previously_treated == "Y"
    return criteria.whole_liver_lesion if with_lipiodol or (settings.atypical_as_recist and atypical) else site


def size_mm(measurement: Measurement | None, diameter: Diameter, criteria: ResponseCriteria) -> Fraction | None:
    """Return a lesion's size in mm: 0 where it is absent or does not enhance, None where it was not measured."""
    if measurement is None or measurement.status == "NE":
        return None
    value = exact_or_none(getattr(measurement, diameter))
    if measurement.status == "ABSENT" or (value is None and diameter == "viable_mm" and measurement.aphe == "N"):
        return Fraction(0)
    return Fraction(criteria.too_small_mm) if value is None and measurement.status == "TOO_SMALL" else value
