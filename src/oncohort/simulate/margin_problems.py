"""What margins cannot be: numbers that do not add up, and names that the protocol does not declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from oncohort.clinical.ctcae import is_possible_grade
from oncohort.simulate.margins import GradeCounts, Margins, Spread
from oncohort.study.problems import Problem, unknown
from oncohort.study.protocol import Protocol
from oncohort.study.rules_in_force import ctcae_version
from oncohort.study.template_tables import TEMPLATE
from oncohort.study.toml_lines import Path

WHOLE: Final = ("sex", "ecog", "n_tumours", "pvt", "child_pugh_class")
"""Categories that every treated patient has."""
PARTIAL: Final = ("differentiation", "metastases")
"""Categories that a treated patient may lack."""
SPREADS: Final = ("age", "max_diam_mm", "platelets_10e9_per_l", "afp_ng_per_ml")


def find_margin_problems(margins: Margins, protocol: Protocol) -> Iterator[Problem]:
    """Yield every contradiction of the margins in themselves and with the protocol, with its place."""
    n = margins.n_treated()
    if n is None and margins.patients.file is None:
        yield ("patients", "treated"), "is missing: a number, or the patients by [arm], or a file of outlines"
    if n == 0 and not sum(margins.n_excluded().values()):
        yield ("patients", "treated"), "is 0, and nobody is excluded; at least one patient was expected"
    yield from _of_file(margins)
    yield from _of_flow(margins, protocol, n)
    yield from _of_arms(margins, protocol, n)
    yield from _of_spreads(margins)
    yield from _of_deaths(margins)
    yield from _of_treatment(margins, protocol)
    yield from _of_events(margins, protocol, n)
    yield from _of_calendar(margins)
    if n is not None:
        yield from _of_baseline(margins, n)
        yield from _of_survival(margins, n)


def _of_file(margins: Margins) -> Iterator[Problem]:
    name = margins.patients.file
    if name is not None and (not re.fullmatch(r"[\w. -]+\.csv", name) or name == "truth.csv"):
        yield ("patients", "file"), f'"{name}" cannot be; the name of a CSV file beside this one was expected'
    if name is None and margins.patients.adverse_events:
        yield ("patients", "adverse_events"), "names columns of a file, but patients.file is missing"


def _of_flow(margins: Margins, protocol: Protocol, n: int | None) -> Iterator[Problem]:
    reasons = dict(zip(protocol.flow.reason_ids(), protocol.flow.reason, strict=True))
    for name, given in margins.excluded.items():
        if name not in reasons:
            yield ("excluded", name), unknown("reason of the flow", name, reasons)
        elif isinstance(given, Mapping):
            parts = [column.partition(".")[2] for column in reasons[name].split]
            yield from (
                (("excluded", name, part), unknown("part of this reason", part, parts))
                for part in given
                if part not in parts
            )
    screened = margins.patients.screened
    if n is not None and screened is not None:
        total = n + sum(margins.n_excluded().values())
        if screened != total:
            yield (("patients", "screened"), f"{screened} were screened, but {total} are treated or excluded")


def _of_arms(margins: Margins, protocol: Protocol, n: int | None) -> Iterator[Problem]:
    arms = [level.id for level in protocol.arm.levels] if protocol.arm else []
    for name in margins.arm or {}:
        if name not in arms:
            yield ("arm", name), unknown("arm", name, arms)
    yield from _adds_up(("arm",), margins.arm, n)
    for name, counts in (margins.response or {}).items():
        if name != "all" and name not in arms:
            yield ("response", name), unknown("arm", name, ["all", *arms])
            continue
        whole = n if name == "all" else margins.arm.get(name) if margins.arm else None
        yield from _adds_up(("response", name), counts, whole)
    by_arm = [counts for name, counts in (margins.response or {}).items() if name != "all"]
    if by_arm and (margins.arm is None or len(by_arm) < len(margins.arm)):
        yield ("response",), "is told of some arms only; every arm of [arm], or [response.all], was expected"


def _adds_up(place: Path, counts: Mapping[Any, int] | None, n: int | None) -> Iterator[Problem]:
    if counts is not None and n is not None and sum(counts.values()) != n:
        yield place, f"the counts add up to {sum(counts.values())}; {n} patients were expected"


def _at_most(place: Path, count: int | None, most: int | None, whose: str) -> Iterator[Problem]:
    if count is not None and most is not None and count > most:
        yield place, f"{count} is more than the {most} {whose}"


def _of_baseline(margins: Margins, n: int) -> Iterator[Problem]:
    for name in WHOLE:
        yield from _adds_up(("baseline", name), getattr(margins.baseline, name), n)
    for name in PARTIAL:
        counts: Mapping[str, int] | None = getattr(margins.baseline, name)
        yield from _at_most(("baseline", name), sum((counts or {}).values()), n, "treated patients")
    classes = margins.baseline.hbv_dna
    if classes is not None:
        yield from _adds_up(("baseline", "hbv_dna"), {str(k): part.n for k, part in enumerate(classes)}, n)
        for k, part in enumerate(classes):
            if part.below is not None and part.below <= part.low:
                sentence = f"a class from {part.low} below {part.below} is empty; a greater bound was expected"
                yield ("baseline", "hbv_dna", k, "below"), sentence


def _of_spreads(margins: Margins) -> Iterator[Problem]:
    places: dict[Path, Spread | None] = {
        **{("baseline", name): getattr(margins.baseline, name) for name in SPREADS},
        ("survival", "follow_up_months"): margins.survival.follow_up_months,
        ("treatment", "months"): margins.treatment.months,
    }
    for place, spread in places.items():
        if spread is None:
            continue
        if spread.min is not None and spread.min > spread.median:
            yield (*place, "min"), f"{spread.min} is above the median {spread.median}"
        if spread.max is not None and spread.max < spread.median:
            yield (*place, "max"), f"{spread.max} is below the median {spread.median}"
    age = margins.baseline.age
    if age is not None and age.min is not None and age.min < 18:
        yield ("baseline", "age", "min"), f"{age.min} is no age of the template; a number from 18 to 110 was expected"


def _of_survival(margins: Margins, n: int) -> Iterator[Problem]:
    of = margins.survival
    yield from _at_most(("survival", "deaths"), of.deaths, n, "treated patients")
    yield from _at_most(("survival", "progressed"), of.progressed, n, "treated patients")
    if of.os_months is not None and of.pfs_months is not None and of.pfs_months > of.os_months:
        yield ("survival", "pfs_months"), f"{of.pfs_months} is above the median overall survival {of.os_months}"
    follow = of.follow_up_months
    if follow is not None and of.os_months is not None and of.os_months < follow.median:
        yield (
            ("survival", "follow_up_months", "median"),
            f"{follow.median} is above the median overall survival {of.os_months}, which no follow-up can give",
        )
    for name, counts in (margins.response or {}).items():
        bad = counts.get("PD", 0) + counts.get("SD_SHORT", 0)
        yield from _at_most(("response", name), bad, of.progressed, "patients who progressed (PD and SD_SHORT have)")


def _of_deaths(margins: Margins) -> Iterator[Problem]:
    cause = TEMPLATE["death"].find("primary_cause")
    causes = cause.allowed if cause else ()
    for name in margins.death or {}:
        if name not in causes:
            yield ("death", name), unknown("cause of death", name, causes)
    deaths = margins.survival.deaths
    if margins.death is not None and deaths is not None and sum(margins.death.values()) != deaths:
        yield ("death",), f"the counts add up to {sum(margins.death.values())}; {deaths} deaths were expected"


def _of_treatment(margins: Margins, protocol: Protocol) -> Iterator[Problem]:
    n, given = margins.n_treated(), margins.treatment
    reasons = protocol.exposure.early_stop_reasons if protocol.exposure else ()
    for name in given.early_stop or {}:
        if name not in reasons:
            yield ("treatment", "early_stop", name), unknown("reason of early stops", name, reasons)
    yield from _at_most(("treatment", "dose_reduced"), given.dose_reduced, n, "treated patients")
    stops = sum((given.early_stop or {}).values())
    yield from _at_most(("treatment", "early_stop"), stops, n, "treated patients")
    progressed = margins.survival.progressed
    yield from _at_most(("treatment", "continued"), given.continued, progressed, "patients who progressed")


def _of_events(margins: Margins, protocol: Protocol, n: int | None) -> Iterator[Problem]:
    version = ctcae_version(protocol) if protocol.safety else None
    for term, counts in (margins.adverse_event or {}).items():
        place = ("adverse_event", term)
        yield from _at_most((*place, "any"), counts.get("any"), n, "treated patients")
        graded = {int(grade): count for grade, count in counts.items() if grade != "any"}
        for grade, count in graded.items():
            answer = is_possible_grade(term, grade, version) if version else None
            if count and answer and answer.value is False:
                yield (*place, str(grade)), answer.why
        yield from _of_grades(place, counts, graded)


def _of_grades(place: Path, counts: GradeCounts, graded: Mapping[int, int]) -> Iterator[Problem]:
    total, told = counts.get("any"), sum(graded.values())
    if total is None:
        return
    yield from _at_most(place, told, total, "patients with this adverse event (any)")
    if told < total and {1, 2} <= graded.keys():
        yield place, f"the grades add up to {told}; {total} patients (any) were expected"


def _of_calendar(margins: Margins) -> Iterator[Problem]:
    days = {name: getattr(margins.time, name) for name in ("first", "last", "cutoff")}
    known = [(name, day) for name, day in days.items() if day is not None]
    for (before, early), (after, late) in pairwise(known):
        if early > late:
            yield ("time", after), f"{late} lies before {before}, {early}"
