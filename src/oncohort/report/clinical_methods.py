"""The clinical methods of a records study: eligibility, response, treatment, toxicity and endpoints as in force."""

from __future__ import annotations

from typing import Final

from oncohort.report.names import listed
from oncohort.study.protocol import Endpoint, Protocol
from oncohort.study.rules_in_force import (
    counts_emergent_only,
    ctcae_version,
    endpoint_rules,
    grace_days,
    response_rules,
)
from oncohort.study.schema_shared import Threshold

_CRITERIA: Final = {
    "mRECIST-2010": "modified RECIST for hepatocellular carcinoma (mRECIST)",
    "RECIST-1.1": "RECIST 1.1",
}
_ORDER_WORDS: Final = {">": "more than", ">=": "at least", "<": "fewer than", "<=": "at most", "==": "exactly"}
_CENSOR_WORDS: Final = {
    "last_follow_up": "the last follow-up",
    "last_adequate": "the last adequate tumor assessment",
}
_POPULATION: Final = {
    "treated": "All treated patients were analyzed, whether or not they met the criteria",
    "eligible": "Treated patients who met all criteria were analyzed",
    "screened": "All screened patients with a first dose were analyzed",
}
_RELATION: Final = {
    "RELATED": "related",
    "PROBABLE": "probably related",
    "POSSIBLE": "possibly related",
    "NOT RELATED": "not related",
}
_INTERVAL: Final = {"clopper-pearson": "Clopper and Pearson", "wilson": "Wilson"}


def phrase_clinical_methods(protocol: Protocol) -> str:
    """Return how patients, response, toxicity and endpoints were defined; "" for a table study."""
    if not protocol.is_records_study:
        return ""
    sentences = [_population(protocol), _baseline(protocol), _response(protocol), _safety(protocol)]
    sentences += [_endpoint(protocol, endpoint) for endpoint in protocol.endpoint]
    sentences += [_continuation(protocol)]
    return " ".join(sentence for sentence in sentences if sentence)


def _population(protocol: Protocol) -> str:
    asked = protocol.population.analysis if protocol.population else "treated"
    index = "Day 0 is the day of the first dose of sorafenib"
    return f"{_POPULATION[asked]}. {index}; a month has 30.4375 days."


def _baseline(protocol: Protocol) -> str:
    if protocol.baseline is None:
        return ""
    first, last = protocol.baseline.window_days
    window = f"{-first} days before to {last} days after day 0" if last > 0 else f"{-first} days up to day 0"
    return f"Baseline is the {protocol.baseline.pick} value within {window}."


def _response(protocol: Protocol) -> str:
    if protocol.response is None:
        return ""
    rules = response_rules(protocol)
    scans = protocol.imaging
    schedule = f", on {' or '.join(scans.modality)} scheduled every {scans.every_days} days" if scans else ""
    confirmed = f"confirmed after at least {rules.confirm_days} days" if rules.confirm else "not confirmed"
    dated = "the day it was first seen" if rules.backdate_new_lesion else "the day it was proven"
    return (
        f"Response was derived from the lesions by {_CRITERIA[rules.criteria]}{schedule}. Complete and partial "
        f"responses were {confirmed}; stable disease counted from {_days(rules.sd_min_days)} after day 0; progression "
        f"by a new lesion was dated to {dated}. Clinical benefit is {listed(list(rules.clinical_benefit))}; "
        f"proportions have intervals by {_INTERVAL[rules.conf]}."
    )


def _days(least: Threshold) -> str:
    return f"{_ORDER_WORDS[least.op]} {least.value:g} days"


def _safety(protocol: Protocol) -> str:
    if protocol.safety is None:
        return ""
    drug = next(iter(protocol.drug.values()), None)
    relation = " or ".join(_RELATION[word] for word in drug.attribution) if drug else ""
    caused = f", {relation} to the drug," if relation else ""
    worse = " that were worse than before the first dose" if counts_emergent_only(protocol) else ""
    last = protocol.safety.window.to_days_after_last_dose
    return (
        f"Adverse events{worse} from the first dose to {last} days after the last{caused} are counted by patient, "
        f"with the worst grade of CTCAE {ctcae_version(protocol)}."
    )


def _endpoint(protocol: Protocol, endpoint: Endpoint) -> str:
    rules = endpoint_rules(protocol, endpoint)
    if "progression" not in endpoint.events:
        return ""
    missed = (
        f"events more than {rules.missed_visits_days} days after the last adequate assessment were censored there"
        if rules.missed_visits_days is not None
        else "missed assessments were not considered"
    )
    therapy = {
        "ignore": "another anticancer therapy was not considered",
        "censor": "patients who began another anticancer therapy were censored before it",
        "event": "another anticancer therapy counted as an event",
    }[rules.new_therapy]
    censored = f"patients without an event were censored at {_CENSOR_WORDS[rules.censor]}"
    return f"For {endpoint.id}, {censored}; {missed}; {therapy}."


def _continuation(protocol: Protocol) -> str:
    if protocol.response is None or not protocol.drug or not protocol.comparison:
        return ""
    if not any(comparison.by == "continued_past_progression" for comparison in protocol.comparison):
        return ""
    return (
        f"The drug was continued past progression if its last dose lay more than {grace_days(protocol)} days after the "
        "first progression."
    )
