"""The clinical rules of a records study with every choice made: its own, the preset's or the profile's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from oncohort.clinical.response_criteria import ResponseSettings
from oncohort.errors import ProtocolError
from oncohort.study.protocol import BaselineVariable, Endpoint, Protocol, ResponseVariant, Threshold
from oncohort.study.schema_records import Coagulation, Pick
from oncohort.study.schema_shared import DayRange


@dataclass(frozen=True, slots=True)
class ResponseRules:
    """How response is assessed, every choice made; the names are those of ``[response]``."""

    criteria: Literal["mRECIST-2010", "RECIST-1.1"]
    confirm: bool
    confirm_days: int
    sd_min_days: Threshold
    hold: bool
    backdate_new_lesion: bool
    after_new_therapy: Literal["used", "excluded"]
    abs_pd_mm: float
    lipiodol_viable: bool
    clinical_benefit: tuple[str, ...]
    conf: Literal["clopper-pearson", "wilson"]


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """How an endpoint of a records study is derived.

    ``missed_visits_days`` are the days after the last adequate scan beyond which an event is censored, None if
    missed visits are ignored.
    """

    events: tuple[str, ...]
    censor: Literal["last_follow_up", "last_adequate"]
    missed_visits_days: int | None
    new_therapy: Literal["ignore", "censor", "event"]


@dataclass(frozen=True, slots=True)
class VariableRules:
    """How a baseline variable is derived; a choice that its rule does not know is None."""

    window_days: DayRange
    pick: Pick
    cutoffs: Literal["exact", "rounded"] | None
    coagulation: Coagulation | None
    era: Literal["1999", "2008", "2022"] | None
    single_large: Literal["A", "B"] | None


def response_rules(protocol: Protocol, variant: ResponseVariant | None = None) -> ResponseRules:
    """Return the rules of ``[response]``, or of one of its ``also_report``.

    Raises
    ------
    ProtocolError
        If the protocol has no ``[response]``.
    """
    own = protocol.response
    if own is None:
        raise _without("response")
    force = _values(protocol, "response.")
    if variant is not None:
        changed = {"sd_min_days": variant.sd_min_days and str(variant.sd_min_days), "confirm": variant.confirm}
        force |= {name: value for name, value in changed.items() if value is not None}
    return ResponseRules(
        criteria=own.criteria,
        confirm=bool(force["confirm"]),
        confirm_days=int(force["confirm_days"]),
        sd_min_days=Threshold.model_validate(force["sd_min_days"]),
        hold=bool(force["hold"]),
        backdate_new_lesion=bool(force["backdate_new_lesion"]),
        after_new_therapy=force["after_new_therapy"],
        abs_pd_mm=force["abs_pd_mm"],
        lipiodol_viable=bool(force["lipiodol_viable"]),
        clinical_benefit=own.clinical_benefit,
        conf=force["conf"],
    )


def assessment_settings(protocol: Protocol) -> ResponseSettings:
    """Return how scans are assessed: of ``[response]`` what every definition of best response shares."""
    force: Any = protocol.settings()
    return ResponseSettings(
        abs_pd_mm=force["response.abs_pd_mm"].value,
        hold=bool(force["response.hold"].value),
        backdate_new_lesion=bool(force["response.backdate_new_lesion"].value),
        lipiodol_viable=bool(force["response.lipiodol_viable"].value),
        atypical_as_recist=False,
    )


def endpoint_rules(protocol: Protocol, endpoint: Endpoint) -> EndpointRules:
    """Return the rules of an endpoint of a records study.

    An endpoint without progression has no scans to wait for: who lives is censored on the last day known, and
    neither missed visits nor another therapy count, unless the endpoint itself says so.

    Raises
    ------
    ProtocolError
        If missed visits are counted in scans, and the protocol has no ``[imaging]``.
    """
    if "progression" in endpoint.events:
        force = _values(protocol, f"endpoint.{endpoint.id}.")
    else:
        force: dict[str, Any] = {"censor": "last_follow_up", "missed_visits": "ignore", "new_therapy": "ignore"}
    missed = force["missed_visits"]
    if missed == "two":
        if protocol.imaging is None:
            raise _without("imaging")
        missed = 2 * (protocol.imaging.every_days + protocol.imaging.window_days)
    return EndpointRules(
        events=endpoint.events,
        censor=force["censor"],
        missed_visits_days=None if missed == "ignore" else int(missed),
        new_therapy=force["new_therapy"],
    )


def variable_rules(protocol: Protocol, variable: BaselineVariable) -> VariableRules:
    """Return window, pick and the choices of the rule of a baseline variable.

    Raises
    ------
    ProtocolError
        If the protocol has no ``[baseline]``.
    """
    if protocol.baseline is None:
        raise _without("baseline")
    force = _values(protocol, f"baseline.variable.{variable.id}.")
    return VariableRules(
        window_days=variable.window_days or protocol.baseline.window_days,
        pick=variable.pick or protocol.baseline.pick,
        cutoffs=force.get("cutoffs"),
        coagulation=force.get("coagulation"),
        era=force.get("era"),
        single_large=force.get("single_large"),
    )


def ctcae_version(protocol: Protocol) -> Literal["3.0", "5.0"]:
    """Return the version of CTCAE that grades adverse events.

    Raises
    ------
    ProtocolError
        If the protocol has no ``[safety]``.
    """
    if protocol.safety is None:
        raise _without("safety")
    return _value(protocol, "safety.ctcae")


def counts_emergent_only(protocol: Protocol) -> bool:
    """Return whether only emergent adverse events count.

    Raises
    ------
    ProtocolError
        If the protocol has no ``[safety]``.
    """
    if protocol.safety is None:
        raise _without("safety")
    return bool(_value(protocol, "safety.emergent_only"))


def grace_days(protocol: Protocol) -> int:
    """Return how many days after progression treatment must go on to count as continued."""
    return int(_value(protocol, "comparison.grace_days"))


def adds_one_day(protocol: Protocol) -> bool:
    """Return whether the first day counts too: end - start + 1."""
    return bool(_value(protocol, "study.add_one_day"))


def _value(protocol: Protocol, key: str) -> Any:
    """Return one value in force; a memory of runs then knows that no other was read."""
    return protocol.settings()[key].value


def _values(protocol: Protocol, beginning: str) -> dict[str, Any]:
    """Return the values in force under a beginning of their key."""
    force = protocol.settings()
    return {key.removeprefix(beginning): force[key].value for key in force if key.startswith(beginning)}


def _without(section: str) -> ProtocolError:
    return ProtocolError(f"{section}: this section was expected")
