"""The next session of local therapy by the written protocol, and the next scan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from oncohort.clinical.answer import Answer
from oncohort.clinical.exact import in_decimals
from oncohort.clinical.procedure_decisions import CryoCourse, TaceCourse, next_cryo, next_tace
from oncohort.clinical.procedure_policy import Span, meets
from oncohort.derive.adherence_local import sessions_of, tace_session
from oncohort.derive.adherence_scans import in_window, scan_rule, scan_visits, scans_of
from oncohort.derive.advice import Advised, Ground
from oncohort.derive.patient_course import PatientCourse, Row
from oncohort.derive.protocol_policies import UNBOUNDED, ProtocolRule
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

_ASKED_FOR: Final = ("LOCAL-CONTRA", "LOCAL-CONSENT", "TACE-REQUIRES", "CRYO-REQUIRES")
_YES: Final = {"Y": True, "N": False}


def advise_session(course: PatientCourse, rules: LocalRules, files: Mapping[str, str], *, day: int) -> Advised:
    """Return what the protocol says of the next session of a procedure on a day.

    The tumor's share of the liver is that of the last session, before the first one that of the disease at baseline; an
    absolute contraindication is that of the last session. Iodized oil counts of the last session, and of an earlier
    one that should have been the last.

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
    name = rules.procedure.id
    done = [row for row in sessions_of(course, name) if row["date_day"] is not None]
    last = done[-1] if done else None
    contraindicated = _YES.get(last["contraindication"]) if last else None
    contraindicated = contraindicated if "LOCAL-CONTRA" in rules.rules else False
    if name == "TACE":
        answer = next_tace(_tace_course(course, rules, done, contraindicated=contraindicated, day=day), rules.policy)
    else:
        answer = next_cryo(CryoCourse(n_done=len(done), contraindicated=contraindicated), rules.policy)
    record = ("procedures", last["row"]) if last else ("subjects", course.patient["row"])
    grounds = [_ground(rules, answer, code, record, files, n_done=len(done)) for code in answer.possible]
    words = " or ".join(_in_words(course, rules, code, last) for code in answer.possible)
    missing = tuple(_COLUMNS.get(name, name) for name in answer.missing)
    return Advised(name, answer.value or UNDETERMINED, words, tuple(grounds), missing, answer.possible)
