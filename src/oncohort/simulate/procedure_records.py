"""Sessions of chemoembolization and cryoablation as rows of ``procedures``, by what the protocol asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from oncohort.errors import DataError
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.rows import Cell, Planted, Row, Rows, row_of
from oncohort.simulate.script import Script
from oncohort.simulate.session_plan import SessionPlan
from oncohort.simulate.study_plan import StudyPlan
from oncohort.study.protocol import Condition, Procedure

_ROW: Final = "procedures."
_USUAL: Final[Mapping[str, Mapping[str, Cell | tuple[float, float]]]] = {
    "TACE": {"lipiodol_ml": (10, 20), "guidance": "FLUOROSCOPY"},
    "CRYO": {"freeze1_min": 20, "thaw1_min": 10, "freeze2_min": 15, "guidance": "US"},
}
"""What a session has that the template asks for, where the protocol says nothing of it."""

_TREATED: Final = ("TARGET", "LIVER")
_TENTHS: Final = frozenset({"time_to_temp_min"})
_CURED_BELOW_MM: Final = 50
_RESPONDED: Final = frozenset({"CR", "PR"})


def procedure_rows(
    facts: Facts, before: Rows, sessions: SessionPlan, plan: StudyPlan, script: Script, rng: Random
) -> tuple[list[Row], list[Planted]]:
    """Return the sessions of a patient in order of time, and the deviations among them.

    Every value is one that the protocol expects of the procedure, and its conditions hold.

    Parameters
    ----------
    facts : Facts
        The patient.
    before : Rows
        ``lesions`` and ``baseline_disease`` before treatment.
    sessions : SessionPlan
        The days.
    plan : StudyPlan
        The protocol.
    script : Script
        May ask for a missing CT, or a probe that is not cold enough.
    rng : Random
        The patient's own stream.
    """
    procedures = {procedure.id: procedure for procedure in plan.protocol.procedure}
    rows: list[Row] = []
    planted: list[Planted] = []
    burden = before["baseline_disease"][0]["tumour_burden_pct"]
    targets = [str(row["lesion_id"]) for row in before["lesions"] if (row["role"], row["organ"]) == _TREATED]
    for name, days in sessions.days.items():
        for number, day in enumerate(days, start=1):
            cells = _session(name, procedures.get(name), facts, targets, rng)
            if name == "TACE":
                cells |= {"tumour_burden_pct": max(3, burden - rng.randint(2, 4) * (number - 1))}
                cells |= _ct(procedures.get(name), facts, days, number, script, rng)
            planted += _deviations(facts, procedures.get(name), cells, sessions, (name, number, day), script)
            rows.append(row_of(facts.patient_id, date=facts.on(day), type=name, procedure_no=number, **cells))
    return sorted(rows, key=lambda row: str(row["date"])), planted


def _session(
    name: str, procedure: Procedure | None, facts: Facts, targets: Sequence[str], rng: Random
) -> dict[str, Cell | None]:
    """Return the values of a session: usual ones, those the protocol expects, and those its conditions ask for."""
    expected = _USUAL[name] | (dict(procedure.expect) if procedure else {})
    cells: dict[str, Cell | None] = {column: _drawn(column, value, rng) for column, value in expected.items()}
    cells |= {"contraindication": "N", "consent": "Y"}
    for condition in procedure.requires if procedure else ():
        cells |= dict(_asked(condition))
    if name == "TACE":
        return cells | {"superselective": "Y" if rng.random() < 0.7 else "N"}
    cures = facts.outline.max_diam_mm < _CURED_BELOW_MM
    treated = targets if cures else targets[:1]
    least = float(procedure.debulk.ablated_pct.value) if procedure and procedure.debulk else 50
    return cells | {
        "lesion_ids": ";".join(treated),
        "n_probes": min(6, 1 + int(facts.outline.max_diam_mm // 20)),
        "intent": "CURATIVE" if cures else "DEBULK",
        "ablated_pct": round(rng.uniform(90, 100) if cures else rng.uniform(least + 2, min(least + 40, 98))),
    }


def _drawn(column: str, value: object, rng: Random) -> Cell:
    """Return a value that the protocol expects: the one it names, or one of its range."""
    if isinstance(value, tuple):
        low, high = value
        if float(low).is_integer() and float(high).is_integer() and column not in _TENTHS:
            return rng.randint(int(low), int(high))
        return min(max(round(rng.uniform(low, high), 1), low), high)
    assert isinstance(value, str | int | float)
    return value


def _asked(condition: Condition) -> Iterator[tuple[str, Cell]]:
    """Yield the cells that a condition asks to be equal to a text."""
    for part in condition.all or ():
        yield from _asked(part)
    column, value = condition.column or "", condition.value
    if column.startswith(_ROW) and condition.op == "==" and isinstance(value, str):
        yield column.removeprefix(_ROW), value


def _ct(
    procedure: Procedure | None, facts: Facts, days: Sequence[int], number: int, script: Script, rng: Random
) -> dict[str, Cell | None]:
    """Return the CT a month after a session with the iodized oil that it shows: only after the last one too much."""
    stop = procedure.stop_after if procedure else None
    first, last = stop.seen_on.days_after if stop and stop.seen_on else (25, 35)
    is_last = number == len(days)
    if "missed_ct" in script.deviations and is_last:
        return {}
    day = days[number - 1]
    room = facts.alive_to - day
    if not is_last and days[number] - day >= first:
        room = min(room, days[number] - day)
    latest = min(last, room)
    if latest < first:
        return {}
    bound = stop.value if stop and isinstance(stop.value, int | float) else 75
    full = is_last and facts.course.best in _RESPONDED
    percent = rng.randint(int(bound) + 1, 95) if full else rng.randint(20, int(bound) - 5)
    return {
        "ct1m_date": facts.on(day + rng.randint(first, max(first, min(latest, first + 14)))),
        "lipiodol_deposit_pct": percent,
    }


def _deviations(
    facts: Facts,
    procedure: Procedure | None,
    cells: dict[str, Cell | None],
    sessions: SessionPlan,
    session: tuple[str, int, int],
    script: Script,
) -> Iterator[Planted]:
    """Yield the rules that a session breaks; a probe that the script wants warm is made so."""
    name, number, day = session
    if procedure is None:
        return

    def broken(rule: str, reason: str) -> Planted:
        return Planted(facts.patient_id, rule, day, "broken", f"{name} {number}: {reason}")

    if procedure.maximum is not None and number > procedure.maximum:
        yield broken(f"{name}-MAX", f"one session more than the {procedure.maximum} allowed")
    if sessions.late == number and name == "TACE":
        yield broken("TACE-INTERVAL", "later after the session before than allowed")
    window = procedure.stop_after.seen_on.days_after if procedure.stop_after and procedure.stop_after.seen_on else None
    if window and "ct1m_date" not in cells and facts.known_to - day >= window[1]:
        yield broken("TACE-CT1M", "no CT a month later")
    coldest = procedure.expect.get("min_temp_c")
    if name == "CRYO" and number == 1 and "warm_probe" in script.deviations and isinstance(coldest, tuple):
        cells["min_temp_c"] = round(coldest[1]) + 6
        yield broken("CRYO-TEMP", f"the probe reached {cells['min_temp_c']} °C only")


def require_arm(facts: Facts, plan: StudyPlan) -> None:
    """Refuse an arm that the protocol does not have."""
    arm = plan.protocol.arm
    levels = [level.id for level in arm.levels] if arm else []
    if arm is not None and facts.course.arm not in levels:
        raise DataError(
            f'{facts.patient_id}: "{facts.course.arm}" is no arm of the protocol; one of {", ".join(levels)} was '
            "expected"
        )
