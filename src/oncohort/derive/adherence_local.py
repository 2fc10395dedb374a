"""Whether each session of local therapy kept to the protocol: by the clinical rules, and by what it asks besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import polars as pl

from oncohort.clinical.procedure_deviations import (
    CryoSession,
    Deviation,
    TaceSession,
    Verdict,
    cryo_deviations,
    tace_deviations,
)
from oncohort.clinical.procedure_policy import Span, lies_in
from oncohort.derive.judgment import Judgment, RuleFamily, condition_columns, judge_known
from oncohort.derive.patient_course import PatientCourse, Row
from oncohort.derive.protocol_procedures import ROW, LocalRules, local_rules
from oncohort.study.protocol import Condition, Procedure
from oncohort.study.records import same_value

_YES: Final = {"Y": True, "N": False}
_VERDICT: Final[Mapping[bool | None, Verdict]] = {True: "kept", False: "broken", None: "not assessable"}

Holds = Mapping[int, bool | None]
"""For the row of a session, whether a condition holds."""


def local_family(procedure: Procedure, sessions: pl.DataFrame | None, patients: pl.DataFrame) -> RuleFamily:
    """Return the rules of one procedure; each of its sessions is an occasion of each of them.

    Parameters
    ----------
    procedure : Procedure
        What the protocol says of it.
    sessions : DataFrame or None
        The table ``procedures``; None where it was not collected.
    patients : DataFrame
        A row a patient, with the columns that conditions of the procedure name.

    Raises
    ------
    ProtocolError
        If there is no rule of adherence for what the protocol says.
    """
    rules = local_rules(procedure)
    required = [_holds(condition, sessions, patients) for condition in rules.conditions]
    debulked = _holds(procedure.debulk.when, sessions, patients) if procedure.debulk else {}
    return RuleFamily(rules.rules, partial(_judge_sessions, rules=rules, required=required, debulked=debulked))


def sessions_of(course: PatientCourse, procedure: str) -> list[Row]:
    """Return the sessions of a procedure, in the order of their numbers, then of their days."""
    rows = [row for row in course.tables.get("procedures", ()) if row["type"] == procedure]
    return sorted(rows, key=lambda row: (row["procedure_no"] or 0, row["date_day"] or 0, row["row"]))


def tace_session(row: Row, number: int, rules: LocalRules, known_to_day: int) -> TaceSession:
    """Return a row of ``procedures`` as the clinical rules read a TACE."""
    stop = rules.procedure.stop_after
    seen = stop.seen_on if stop else None
    return TaceSession(
        number=number,
        day=row["date_day"],
        contraindicated=_YES.get(row["contraindication"]),
        consent=_YES.get(row["consent"]),
        measured={part.column: row[part.column] for part in rules.policy.expected},
        burden_percent=row["tumour_burden_pct"],
        ct1m_day=row[f"{seen.column.removeprefix(ROW)}_day"] if seen else None,
        lipiodol_percent=row[(stop.column or "").removeprefix(ROW)] if stop else None,
        followed_to_day=known_to_day,
    )


def _cryo_session(row: Row, number: int, rules: LocalRules, *, debulked: bool | None) -> CryoSession:
    intents: Mapping[bool | None, Any] = {True: "DEBULK", False: "CURATIVE", None: None}
    return CryoSession(
        number=number,
        day=row["date_day"],
        contraindicated=_YES.get(row["contraindication"]),
        consent=_YES.get(row["consent"]),
        measured={part.column: row[part.column] for part in rules.policy.expected},
        intent=intents[debulked],
        ablated_percent=row["ablated_pct"],
        guidance=row["guidance"],
    )


def _holds(condition: Condition, sessions: pl.DataFrame | None, patients: pl.DataFrame) -> Holds:
    """Return for each session whether a condition on it, or on its patient, holds."""
    if sessions is None:
        return {}
    named = sessions.select("patient_id", pl.exclude("patient_id").name.prefix(ROW))
    joined = named.join(patients, on="patient_id", how="inner", maintain_order="left")
    return dict(zip(joined[f"{ROW}row"].to_list(), judge_known(joined, condition).to_list(), strict=True))


def _judge_sessions(
    course: PatientCourse, *, rules: LocalRules, required: Sequence[Holds], debulked: Holds
) -> Iterator[Judgment]:
    if "procedures" not in course.tables:
        yield from (
            Judgment(rule, "not assessable", None, None, None, None, "no table procedures") for rule in rules.rules
        )
        return
    name = rules.procedure.id
    earlier: list[TaceSession] = []
    for place, row in enumerate(sessions_of(course, name), start=1):
        number = row["procedure_no"] or place
        if name == "TACE":
            session = tace_session(row, number, rules, course.known_to_day)
            deviations, late = tace_deviations(session, earlier, rules.policy), _days_late(session, earlier, rules)
            earlier.append(session)
        else:
            other = _cryo_session(row, number, rules, debulked=debulked.get(row["row"]))
            deviations, late = cryo_deviations(other, rules.policy), {}
        for deviation in (*deviations, *_other_deviations(row, course.patient, rules, required)):
            if deviation.rule in rules.rules:
                yield Judgment(
                    deviation.rule,
                    deviation.verdict,
                    "procedures",
                    row["row"],
                    row["date_day"],
                    late.get(deviation.rule),
                    f"{name} {number}: {deviation.value}",
                )


def _days_late(session: TaceSession, earlier: Sequence[TaceSession], rules: LocalRules) -> dict[str, int]:
    """Return how many days a session and its CT came after the last day of their time, 0 where they came in it."""
    interval, ct, day = rules.policy.interval_days, rules.policy.ct_days, session.day
    before = earlier[-1].day if earlier and earlier[-1].number == session.number - 1 else None
    late: dict[str, int] = {}
    if interval is not None and day is not None and before is not None:
        late["TACE-INTERVAL"] = max(0, day - before - int(interval.high))
    if ct is not None and day is not None and session.ct1m_day is not None:
        late["TACE-CT1M"] = max(0, session.ct1m_day - day - int(ct.high))
    return late


def _other_deviations(row: Row, patient: Row, rules: LocalRules, required: Sequence[Holds]) -> Iterator[Deviation]:
    """Judge what the protocol asks of a session for which the clinical rules have no name."""
    if required:
        answers = [holds.get(row["row"]) for holds in required]
        columns = dict.fromkeys(name for condition in rules.conditions for name in condition_columns(condition))
        shown = ", ".join(f"{name.removeprefix(ROW)} {_shown(_cell(row, patient, name))}" for name in columns)
        yield _verdict(f"{rules.procedure.id}-REQUIRES", answers, shown)
    if rules.expect:
        answers = [_is_expected(row[column], value) for column, value in rules.expect.items()]
        shown = ", ".join(f"{column} {_shown(row[column])}" for column in rules.expect)
        yield _verdict(f"{rules.procedure.id}-EXPECT", answers, shown)


def _verdict(rule: str, answers: Sequence[bool | None], shown: str) -> Deviation:
    verdict = _VERDICT[False if False in answers else None if None in answers else True]
    return Deviation(rule, verdict, shown, "", (rule,) if verdict == "broken" else ())


def _cell(row: Row, patient: Row, column: str) -> object:
    """Return a value that a condition names: of the session, or of its patient."""
    return row[column.removeprefix(ROW)] if column.startswith(ROW) else patient.get(column)


def _shown(value: object) -> str:
    return "not recorded" if value is None else str(value)


def _is_expected(cell: Any, value: Any) -> bool | None:
    if cell is None or cell == "U":
        return None
    if isinstance(value, tuple):
        return lies_in(cell, Span(*value))
    return same_value(str(cell), value)
