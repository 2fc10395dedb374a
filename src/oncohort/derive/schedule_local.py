"""The next session of local therapy by the written protocol, and the next scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from oncohort.clinical.procedure_decisions import CryoCourse, TaceCourse, next_cryo, next_tace
from oncohort.clinical.procedure_policy import meets
from oncohort.derive.adherence_local import sessions_of, tace_session
from oncohort.derive.adherence_scans import in_window, scan_rule, scan_visits, scans_of
from oncohort.derive.advice import UNDETERMINED, Advised, Ground
from oncohort.derive.patient_course import PatientCourse, Row
from oncohort.derive.protocol_policies import ProtocolRule
from oncohort.derive.protocol_procedures import LocalRules
from oncohort.study.protocol import Imaging

_RULE_OF: Final = {
    "NO_TACE:CONTRAINDICATED": "LOCAL-CONTRA",
    "STOP:LIPIODOL": "TACE-LIPIODOL",
    "STOP:MAX_CYCLES": "TACE-MAX",
    "NO_TACE:BURDEN": "TACE-BURDEN",
    "WAIT:INTERVAL": "TACE-INTERVAL",
    "WAIT:CT_1_MONTH": "TACE-CT1M",
    "TACE:LATE": "TACE-INTERVAL",
    "TACE": "LOCAL-AFTER-START",
    "NO_CRYO:CONTRAINDICATED": "LOCAL-CONTRA",
    "STOP:MAX_PROCEDURES": "CRYO-MAX",
    "CRYO": "LOCAL-AFTER-START",
}
"""For the answer of a clinical rule, or what it begins with, the rule of the protocol that it follows from."""

_ASKED_FOR: Final = ("LOCAL-CONSENT", "TACE-REQUIRES", "CRYO-REQUIRES")
_COLUMNS: Final = {
    "contraindicated": "procedures.contraindication",
    "burden_percent": "tumour_burden_pct of procedures or baseline_disease",
}
_YES: Final = {"Y": True, "N": False}


def advise_session(course: PatientCourse, rules: LocalRules, files: Mapping[str, str], *, day: int) -> Advised:
    """Return what the protocol says of the next session of a procedure on a day.

    The tumor's share of the liver is the last one recorded with a session, before the first session that of the
    disease at baseline; an absolute contraindication is that of the last session. Iodized oil counts of the last
    session, and of an earlier one that should have been the last.

    Parameters
    ----------
    course : PatientCourse
        The patient, by the records until the day.
    rules : LocalRules
        What the protocol says of the procedure.
    files : mapping of str to str
        The file of each table.
    day : int
        Days from the first dose.
    """
    name, policy = rules.procedure.id, rules.policy
    done = [row for row in sessions_of(course, name) if row["date_day"] is not None]
    contraindicated = _YES.get(done[-1]["contraindication"]) if done else None
    if "LOCAL-CONTRA" not in rules.rules:
        contraindicated = False
    if name == "TACE":
        answer = next_tace(_tace_course(course, rules, done, contraindicated=contraindicated, day=day), policy)
    else:
        answer = next_cryo(CryoCourse(n_done=len(done), contraindicated=contraindicated), policy)
    *open_, final = answer.possible
    table, row = _record(course, name, done)
    why = f"session {len(done) + 1}"
    if not open_:
        why = f"{why}, {'nothing against it' if final == name else answer.why}"
    grounds = [_ground(rules, _rule_of(final), why, files.get(table, ""), row)]
    grounds += [_ground(rules, _rule_of(code), "not recorded", "", None) for code in open_]
    if final.startswith(name):
        asked = (rule for rule in _ASKED_FOR if rule in rules.rules)
        grounds += [_ground(rules, rule, "asked for before every session", "", None) for rule in asked]
    conditions = " and ".join(rules.rules[_rule_of(code)].text for code in open_)
    words = _in_words(course, rules, final, done) + (f", if {conditions}" if open_ else "")
    missing = tuple(_COLUMNS[fact] for fact in answer.missing) if open_ else ()
    return Advised(name, answer.value or UNDETERMINED, words, tuple(grounds), missing, answer.possible)


def advise_scans(course: PatientCourse, imaging: Imaging, files: Mapping[str, str], *, day: int) -> Iterator[Advised]:
    """Yield the scans whose window has closed without a scan since it opened, then the next one.

    Parameters
    ----------
    course : PatientCourse
        The patient, by the records until the day.
    imaging : Imaging
        The schedule.
    files : mapping of str to str
        The file of each table.
    day : int
        Days from the first dose.
    """
    scans = scans_of(course, imaging)
    rule, file = scan_rule(imaging), files.get("lesion_measurements", "")

    def say(code: str, answer: str, why: str, row: int | None) -> Advised:
        ground = Ground(rule.id, rule.text, rule.section, why, file if row else "", row)
        return Advised("scan", code, answer, (ground,), (), (code,))

    if course.progression_day is not None:
        row = next((scan.row for scan in scans if scan.days.first == course.progression_day), None)
        when = _date(course, course.progression_day)
        yield say("NONE", "none is scheduled", f"progression on {when} (day {course.progression_day})", row)
        return
    last = scans[-1] if scans else None
    seen = f"last scan on {_date(course, last.days.last)} (day {last.days.last})" if last else "no scan since day 0"
    row = last.row if last else None
    coming = list(scan_visits(imaging, day + imaging.every_days + imaging.window_days))
    overdue = [visit for visit in coming if visit.closes < day and not (last and last.days.last >= visit.opens)]
    if overdue:
        days = ", ".join(f"{_date(course, visit.due)} (day {visit.due})" for visit in overdue)
        yield say("OVERDUE", f"overdue since {_date(course, overdue[0].closes + 1)}: due on {days}", seen, row)
    for visit in coming:
        if visit.closes >= day and not any(in_window(scan, visit) for scan in scans):
            window = f"{_date(course, visit.opens)} to {_date(course, visit.closes)}"
            code, words = ("DUE", "due now") if visit.opens <= day else ("NEXT", "next")
            yield say(code, f"{words}: {_date(course, visit.due)} (day {visit.due}), {window}", seen, row)
            return


def _date(course: PatientCourse, day: int) -> str:
    return str(course.anchor + timedelta(days=day))


def _tace_course(
    course: PatientCourse, rules: LocalRules, done: Sequence[Row], *, contraindicated: bool | None, day: int
) -> TaceCourse:
    before = course.tables.get("baseline_disease", ())
    burdens = [row["tumour_burden_pct"] for row in (*before, *done) if row["tumour_burden_pct"] is not None]
    sessions = [tace_session(row, number, rules, day) for number, row in enumerate(done, start=1)]
    stop, seen = rules.policy.stop_lipiodol_percent, [session.lipiodol_percent for session in sessions]
    too_much = [percent for percent in seen if stop is not None and percent is not None and meets(percent, stop)]
    return TaceCourse(
        n_done=len(done),
        burden_percent=burdens[-1] if burdens else None,
        contraindicated=contraindicated,
        days_since_last=day - done[-1]["date_day"] if done else None,
        lipiodol_percent=(too_much or seen or [None])[-1],
    )


def _record(course: PatientCourse, name: str, done: Sequence[Row]) -> tuple[str, int]:
    """Return the record an answer rests on: the last session, before the first one the disease or the patient."""
    if done:
        return "procedures", done[-1]["row"]
    before = course.tables.get("baseline_disease", ())
    return ("baseline_disease", before[0]["row"]) if before and name == "TACE" else ("subjects", course.patient["row"])


def _rule_of(code: str) -> str:
    return next(rule for beginning, rule in _RULE_OF.items() if code.startswith(beginning))


def _ground(rules: LocalRules, rule_id: str, why: str, file: str, row: int | None) -> Ground:
    rule = rules.rules.get(rule_id, ProtocolRule("", "", f"[[procedure]] {rules.procedure.id}"))
    return Ground(rule.id, rule.text, rule.section, why, file, row)


def _in_words(course: PatientCourse, rules: LocalRules, code: str, done: Sequence[Row]) -> str:
    """Say an answer in words, with its dates."""
    last = done[-1]["date_day"] if done else None
    interval, ct = rules.policy.interval_days, rules.policy.ct_days
    if last is not None and interval is not None:
        opens, closes = (_date(course, last + int(days)) for days in (interval.low, interval.high))
        timed = {
            "WAIT:INTERVAL": f"not before {opens}",
            "TACE:LATE": f"may be done; it was due until {closes}",
            "TACE": f"may be done until {closes}",
        }
        if code in timed:
            return timed[code]
    if code == "WAIT:CT_1_MONTH":
        days = (
            ""
            if last is None or ct is None
            else f", due {' to '.join(_date(course, last + int(n)) for n in (ct.low, ct.high))}"
        )
        return f"not before the CT after the last one{days}"
    if code == rules.procedure.id:
        return "may be done"
    return "no further one" if code.startswith("STOP") else "none"
