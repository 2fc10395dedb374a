"""Which values at baseline the criteria and the flow leave open, for the treated and for those who were excluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from oncohort.clinical.units import convert
from oncohort.errors import DataError
from oncohort.simulate.outline import WITH_HBV, Etiology, hbsag
from oncohort.simulate.verdicts import failed_criteria, holds
from oncohort.study.derived import ULN
from oncohort.study.protocol import ANY_OTHER, BaselineVariable, Condition, Criterion, Protocol

_SCORES: Final[Mapping[str, range]] = {"A": range(5, 7), "B": range(7, 10), "C": range(10, 16)}
_LABS: Final = {"PLAT": ("platelets_10e9_per_l", "10^9/L"), "AFP": ("afp_ng_per_ml", "ng/mL")}
_DISEASE: Final = ("n_tumours", "max_diam_mm", "pvt", "differentiation", "hbv_dna")
_SITES: Final = ("lung", "adrenal", "bone")


def admits(protocol: Protocol, field: str, value: Any) -> bool:
    """Return whether no criterion keeps a patient out by one value of an outline alone.

    Examples
    --------
    >>> from oncohort.study.protocol import Criterion, Endpoint, Study
    >>> sex = Criterion(id="SEX", include=Condition(column="subjects.sex", op="==", value="F"))
    >>> study = Study(title="x", profile="paper", records="data")
    >>> protocol = Protocol(study=study, criterion=(sex,), endpoint=(Endpoint(id="OS"),))
    >>> admits(protocol, "sex", "M"), admits(protocol, "sex", "F"), admits(protocol, "age", 17)
    (False, True, True)
    """
    return any(
        True not in failed_criteria(_by_value(protocol), values).values()
        for values in _readings(protocol, {field: value})
    )


def leaves_for(protocol: Protocol, reason_id: str, *, surely: bool) -> Callable[[Mapping[str, Any]], bool]:
    """Return the question whether a screened patient with some values left for a reason, and for no earlier one.

    Criteria that the reason does not speak of must not have failed by these values; for the reason that any other
    criterion failed, one must or may have.

    Parameters
    ----------
    protocol : Protocol
        With the criteria and the flow.
    reason_id : str
        The reason.
    surely : bool
        Whether the values alone must make the reason hold, or only not exclude it: laboratory values and history, which
        are written later, may be what makes it hold.
    """
    ids = protocol.flow.reason_ids()
    reasons = protocol.flow.reason[: ids.index(reason_id) + 1]
    when, earlier = reasons[-1].when, [reason.when for reason in reasons[:-1] if not isinstance(reason.when, str)]
    criteria = _by_value(protocol)
    meant = set() if isinstance(when, str) else {*_columns(when, protocol)}
    others = {c.id for c in criteria if meant.isdisjoint(_columns(c.include or c.exclude, protocol))}

    def leaves(values: Mapping[str, Any]) -> bool:
        failed = failed_criteria(criteria, values)
        lost = {name for name, verdict in failed.items() if verdict}
        if any(holds(condition, values, failed) for condition in earlier):
            return False
        if isinstance(when, str):
            return when == ANY_OTHER and len(lost) <= 1 and (bool(lost) or not surely)
        answer = holds(when, values, failed)
        return lost.isdisjoint(others) and (answer is True if surely else answer is not False)

    return lambda fields: any(leaves(values) for values in _readings(protocol, fields))


def _by_value(protocol: Protocol) -> list[Criterion]:
    """Return the criteria that compare values; whether a cell is filled in is not known before records are written."""
    return [criterion for criterion in protocol.criterion if not _asks_presence(criterion.include or criterion.exclude)]


def _asks_presence(condition: Condition | None) -> bool:
    if condition is None:
        return False
    inner = (*(condition.all or ()), *(condition.any or ()))
    return condition.op in {"present", "absent"} or any(_asks_presence(part) for part in inner)


def _columns(condition: Condition | None, protocol: Protocol) -> Iterator[str]:
    """Yield the columns that a condition asks for, those of the criterion it names too."""
    if condition is None:
        return
    if condition.column is not None:
        yield condition.column
    for part in (*(condition.all or ()), *(condition.any or ())):
        yield from _columns(part, protocol)
    named = next((c for c in protocol.criterion if c.id == condition.criterion), None)
    if named is not None:
        yield from _columns(named.include or named.exclude, protocol)


def _readings(protocol: Protocol, fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the values that conditions may name, once for each cause and Child-Pugh score that there may be."""
    values: dict[str, Any] = {f"baseline_disease.{name}": fields[name] for name in _DISEASE if name in fields}
    if "metastases" in fields:
        values |= {f"baseline_disease.met_{site}": "NY"[site in fields["metastases"]] for site in _SITES}
    values |= {f"subjects.{name}": fields[name] for name in ("sex", "age") if name in fields}
    values |= {"age": fields["age"]} if "age" in fields else {}
    variables = protocol.baseline.variable if protocol.baseline else ()
    for variable in variables:
        value = _of_variable(variable, fields, values)
        values |= {variable.id: value} if value is not None else {}
    pugh = [variable.id for variable in variables if variable.rule == "child_pugh"]
    cls = fields.get("child_pugh_class")
    scores = [*_SCORES[cls]] if cls is not None and pugh else [None]
    for cause, score in product(_causes(fields), scores):
        own = {"baseline_disease.etiology": cause, "baseline_disease.hbsag": hbsag(cause)} if cause else {}
        points = {f"{name}_class": cls for name in pugh} | {f"{name}_score": score for name in pugh} if score else {}
        yield values | own | points


def _causes(fields: Mapping[str, Any]) -> Sequence[Etiology | None]:
    """Return the causes that a patient may have: a measured HBV DNA leaves those with hepatitis B."""
    if "etiology" in fields:
        return (fields["etiology"],)
    return (None,) if fields.get("hbv_dna") is None else WITH_HBV


def _of_variable(variable: BaselineVariable, fields: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    if variable.any_of is not None:
        words = [values.get(column) for column in variable.any_of]
        return "Y" if "Y" in words else "N" if set(words) == {"N"} else None
    if variable.source == "clinical_scores.ecog":
        return fields.get("ecog")
    name, unit = _LABS.get((variable.source or "").removeprefix("labs."), ("", ""))
    if name not in fields or variable.unit == ULN:
        return None
    if variable.unit == unit:
        return fields[name]
    try:
        return float(convert(fields[name], (variable.source or "").removeprefix("labs."), unit, variable.unit))
    except DataError:
        return None
