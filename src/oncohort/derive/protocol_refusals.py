"""What a protocol may say and no rule can judge or advise: told before any record is looked at."""

from __future__ import annotations

from oncohort.derive.protocol_policies import dose_policy, study_drug
from oncohort.derive.protocol_procedures import local_rules
from oncohort.errors import ProtocolError
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol


def refuse_unruled(protocol: Protocol) -> None:
    """Raise what makes a run impossible: a procedure of which there is no rule of adherence for what is said of it.

    Raises
    ------
    ProtocolError
        One line a procedure, with the first thing of it that has no rule.
    """
    refused: list[str] = []
    for procedure in protocol.procedure:
        try:
            local_rules(procedure)
        except ProtocolError as error:
            refused.append(str(error))
    if refused:
        raise ProtocolError("\n".join(refused))


def find_unscheduled(protocol: Protocol) -> list[Finding]:
    """Return DOSE-UNSCHEDULED (note) if ``oncohort schedule`` must refuse the rules of the drug; a run can do without.

    Examples
    --------
    >>> from oncohort.study.protocol import Drug, Study
    >>> only = {"table": "exposure", "levels": [{"id": "FULL", "dose_mg": 400, "times_per_day": 2}], "start": "FULL"}
    >>> sorafenib = Drug.model_validate(only | {"attribution": ["RELATED"], "notice_days": 7})
    >>> protocol = Protocol.model_construct(study=Study.model_construct(index=None), drug={"sorafenib": sorafenib})
    >>> print(find_unscheduled(protocol)[0].sentence)
    oncohort schedule cannot say the dose: drug.sorafenib.levels: there is one dose level; a lower one was expected too
    """
    drug = study_drug(protocol)
    if drug is None:
        return []
    try:
        dose_policy(*drug)
    except ProtocolError as error:
        return [Finding("note", "DOSE-UNSCHEDULED", f"oncohort schedule cannot say the dose: {error}")]
    return []
