"""The cohort of a study, in the order it comes to be: criteria, then endpoints, then factors."""

from __future__ import annotations

from oncohort.derive.criteria import apply_criteria
from oncohort.derive.endpoints import derive_endpoint
from oncohort.derive.factors import derive_factor
from oncohort.derive.records_cohort import derive_records_cohort
from oncohort.errors import AnalysisError
from oncohort.study.cohort import Cohort, FlowStep
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.recall import Recall, anew
from oncohort.study.records import Records


def derive_cohort(records: Records, protocol: Protocol, recall: Recall = anew) -> tuple[Cohort, list[Finding]]:
    """Return the analyzed patients with their endpoints and factors, and what was found on the way.

    ``recall`` runs each step of a records study, or remembers what it gave in another run of the same records.

    Raises
    ------
    AnalysisError
        If the criteria leave no patient.
    """
    if protocol.is_records_study:
        return derive_records_cohort(records, protocol, recall)
    min_cell = protocol.privacy.min_cell
    patients, steps, findings = apply_criteria(records.patients, protocol.criterion, min_cell)
    if patients.height == 0:
        last = f'; the last criterion was "{steps[-1].id}"' if steps else ""
        raise AnalysisError(f"no patient is left to analyze of {records.patients.height}{last}")
    endpoints = {e.id: derive_endpoint(patients, e, protocol.study.report_unit) for e in protocol.endpoint}
    factors = {}
    for factor in protocol.factor:
        factors[factor.id], found = derive_factor(patients, factor, min_cell)
        findings += found
    flow = (*steps, FlowStep("analyzed", "Analyzed", patients.height, 0))
    return Cohort(tuple(patients["patient_id"].to_list()), endpoints, factors, flow), findings
