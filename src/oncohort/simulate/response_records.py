"""Responses as a reader records them: what the criteria say of the scans, but where a deviation is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from oncohort.clinical.response_course import Visit
from oncohort.simulate.course_facts import Facts
from oncohort.simulate.rows import Planted, Row, row_of
from oncohort.simulate.script import Script
from oncohort.simulate.study_plan import StudyPlan


def response_rows(
    facts: Facts, visits: Sequence[Visit], plan: StudyPlan, script: Script
) -> tuple[list[Row], list[Planted]]:
    """Return ``response``, a row a scan, and what differs from the derived response on purpose.

    A misread response is the first partial one, read as stable.
    """
    misread = next((visit.day for visit in visits if visit.overall == "PR"), None)
    if "misread_response" not in script.deviations:
        misread = None
    rows = [
        row_of(
            facts.patient_id,
            date=facts.on(visit.day),
            target="SD" if visit.day == misread else visit.target,
            nontarget=visit.non_target,
            new_lesion=visit.new_lesion,
            new_lesion_certainty="UNEQUIVOCAL" if visit.new_lesion == "Y" else None,
            overall="SD" if visit.day == misread else visit.overall,
            criteria=plan.criteria.cdisc_category,
            source="ENTERED",
        )
        for visit in visits
    ]
    if misread is None:
        return rows, []
    reason = f"the partial response on day {misread} is recorded as stable disease"
    return rows, [Planted(facts.patient_id, "RECONCILE-RESPONSE", misread, "differs", reason)]
