"""Whether scans were made when the protocol has them due; a scan between them is no violation unless it says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from oncohort.clinical.procedure_deviations import Verdict
from oncohort.derive.judgment import Judgment, RuleFamily
from oncohort.derive.patient_course import Days, PatientCourse, Row, possible_days
from oncohort.derive.protocol_policies import ProtocolRule
from oncohort.study.protocol import Imaging

SCAN_WINDOW: Final = "SCAN-WINDOW"
_TABLE: Final = "lesion_measurements"


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan: the days it may have been made on, whether its modality is allowed, and the first row that tells it."""

    days: Days
    allowed: bool | None
    row: int


@dataclass(frozen=True, slots=True)
class ScanVisit:
    """A scheduled scan: its number from 1, the day it is due, and the first and last day of its window."""

    number: int
    due: int
    opens: int
    closes: int


def scan_rule(imaging: Imaging) -> ProtocolRule:
    """Return the rule of the schedule with its words.

    Examples
    --------
    >>> monthly = Imaging(
    ...     every_days=28, window_days=3, modality=("CT",), baseline_within_days=28, unscheduled="used"
    ... )
    >>> scan_rule(monthly).text
    'CT every 28 days, at most 3 days off'
    """
    words = f"{' or '.join(imaging.modality)} every {imaging.every_days} days, at most {imaging.window_days} days off"
    return ProtocolRule(SCAN_WINDOW, words, "[imaging]")


def scan_family(imaging: Imaging) -> RuleFamily:
    """Return the rule of the schedule; each scan that was due is an occasion.

    Scan k is due on day k × every_days from the first dose, if its window closes before death and before the first
    progression, and not after the last day known of. It is kept by a scan in its window, and late if the first one
    comes before the next window opens. Of a partial date every day it may mean is looked at.
    """
    rule = scan_rule(imaging)
    return RuleFamily({rule.id: rule}, partial(_judge_scans, imaging=imaging))


def scan_visits(imaging: Imaging, last_day: int) -> Iterator[ScanVisit]:
    """Yield the scheduled scans that are due until a day."""
    for number in range(1, last_day // imaging.every_days + 1):
        due = number * imaging.every_days
        yield ScanVisit(number, due, due - imaging.window_days, due + imaging.window_days)


def scans_of(course: PatientCourse, imaging: Imaging) -> list[Scan]:
    """Return the scans after the first dose, one a date, in their order."""
    rows: dict[str, list[Row]] = {}
    for row in course.tables.get(_TABLE, ()):
        if row["scan_date"] is not None:
            rows.setdefault(row["scan_date"], []).append(row)
    scans = [_scan(when, own, course, imaging) for when, own in rows.items()]
    return sorted((scan for scan in scans if scan.days.first > 0), key=lambda scan: (scan.days.first, scan.days.last))


def in_window(scan: Scan, visit: ScanVisit) -> bool | None:
    """Return whether a scan lies in the window of a scheduled one; None where its date or modality does not say."""
    if scan.days.last < visit.opens or scan.days.first > visit.closes or scan.allowed is False:
        return False
    inside = scan.days.first >= visit.opens and scan.days.last <= visit.closes
    return True if inside and scan.allowed else None


def _scan(when: str, rows: Sequence[Row], course: PatientCourse, imaging: Imaging) -> Scan:
    days = possible_days(when, course.anchor)
    assert days is not None
    modalities = {row["modality"] for row in rows}
    allowed = True if modalities & set(imaging.modality) else None if None in modalities else False
    return Scan(days, allowed, min(row["row"] for row in rows))


def _judge_scans(course: PatientCourse, *, imaging: Imaging) -> Iterator[Judgment]:
    if _TABLE not in course.tables:
        yield Judgment(SCAN_WINDOW, "not assessable", None, None, None, None, f"no table {_TABLE}")
        return
    progression, known_to = course.progression_day, course.known_to_day - course.died
    last_due = known_to if progression is None else min(known_to, progression - 1)
    wanted = [scan for scan in scans_of(course, imaging) if progression is None or scan.days.first <= progression]
    used: set[int] = set()
    for visit in scan_visits(imaging, course.known_to_day + imaging.window_days):
        judgment = _judge_visit(visit, wanted, imaging)
        if visit.closes <= last_due or judgment.verdict == "kept":
            used.add(judgment.row or 0)
            yield judgment
    if imaging.unscheduled == "deviation":
        for scan in wanted:
            if scan.row not in used and scan.days.first == scan.days.last:
                said = f"scan on day {scan.days.first}, not scheduled"
                yield Judgment(SCAN_WINDOW, "broken", _TABLE, scan.row, scan.days.first, None, said)


def _judge_visit(visit: ScanVisit, scans: Sequence[Scan], imaging: Imaging) -> Judgment:
    answers = {scan.row: in_window(scan, visit) for scan in scans}
    inside = [scan for scan in scans if answers[scan.row]]
    perhaps = [scan for scan in scans if answers[scan.row] is None]
    after = [scan for scan in scans if scan.allowed and scan.days.first > visit.closes]
    window = f"due on day {visit.due} ({visit.opens} to {visit.closes})"

    def say(verdict: Verdict, scan: Scan | None, value: str, *, timed: bool) -> Judgment:
        late = max(0, scan.days.first - visit.due) if scan and timed and scan.days.first == scan.days.last else None
        row = scan.row if scan else None
        return Judgment(SCAN_WINDOW, verdict, _TABLE, row, visit.due, late, f"{value}, {window}")

    if inside:
        scan = min(inside, key=lambda scan: abs(scan.days.first - visit.due))
        return say("kept", scan, f"scan on {_when(scan)}", timed=True)
    if perhaps:
        return say("not assessable", perhaps[0], f"scan on {_when(perhaps[0])}", timed=False)
    if after and after[0].days.last < visit.opens + imaging.every_days:
        return say("broken", after[0], f"scan on {_when(after[0])}", timed=True)
    return say("broken", None, "no scan", timed=False)


def _when(scan: Scan) -> str:
    first, last = scan.days.first, scan.days.last
    day = f"day {first}" if first == last else f"a day from {first} to {last}"
    return day if scan.allowed is not None else f"{day}, modality not recorded"
