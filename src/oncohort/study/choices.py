"""The clinical choices that a records study has to make, and which of them it makes itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from oncohort.study.profiles import Setting
from oncohort.study.schema_analysis import Comparison, Endpoint
from oncohort.study.schema_records import Baseline, Response, RuleName
from oncohort.study.schema_shared import Threshold
from oncohort.study.schema_study import Study
from oncohort.study.schema_treatment import Safety

RULE_CHOICES: Final[dict[RuleName, tuple[str, ...]]] = {
    "child_pugh": ("cutoffs", "coagulation"),
    "bclc": ("era", "single_large"),
}
"""For a rule of a baseline variable, the keys by which the field disagrees."""

ENDPOINT_CHOICES: Final = ("censor", "missed_visits", "new_therapy")
RESPONSE_CHOICES: Final = (
    "confirm",
    "confirm_days",
    "sd_min_days",
    "hold",
    "backdate_new_lesion",
    "after_new_therapy",
    "abs_pd_mm",
    "lipiodol_viable",
    "conf",
)
RECIST_GROWTH_MM: Final = 5  # RECIST 1.1 asks for it in its definition of progression; mRECIST does not


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice under its key, the key of the profile that makes it otherwise, and the study's own value if any.

    ``given`` is the value where the study makes none, if its criteria say it and not the profile; ``origin`` names it.
    """

    key: str
    profile_key: str
    own: Setting | None
    given: Setting | None = None
    origin: str = ""


def clinical_choices(
    study: Study,
    baseline: Baseline | None,
    response: Response | None,
    endpoints: Iterable[Endpoint],
    comparisons: Iterable[Comparison],
    safety: Safety | None,
) -> Iterator[Choice]:
    """Yield every clinical choice that these sections have to make."""
    yield _of("study", study, "add_one_day")
    for variable in baseline.variable if baseline else ():
        for name in RULE_CHOICES.get(variable.rule, ()) if variable.rule else ():
            yield _of("baseline.variable", variable, name, item=variable.id)
    if response is not None:
        yield from _of_response(response)
    for endpoint in endpoints:
        if "progression" in endpoint.events:
            for name in ENDPOINT_CHOICES:
                yield _of("endpoint", endpoint, name, item=endpoint.id)
    grace = [c.grace_days for c in comparisons if c.grace_days is not None]
    yield Choice("comparison.grace_days", "comparison.grace_days", grace[0] if grace else None)
    if safety is not None:
        for name in ("ctcae", "emergent_only"):
            yield _of("safety", safety, name)


def _of_response(response: Response) -> Iterator[Choice]:
    for name in RESPONSE_CHOICES:
        choice = _of("response", response, name)
        if name == "abs_pd_mm" and response.criteria == "RECIST-1.1":
            choice = replace(choice, given=RECIST_GROWTH_MM, origin="criteria RECIST-1.1")
        yield choice


def _of(section: str, holder: Any, name: str, *, item: str = "") -> Choice:
    value = getattr(holder, name)
    key = f"{section}.{item}.{name}" if item else f"{section}.{name}"
    return Choice(key, f"{section}.{name}", str(value) if isinstance(value, Threshold) else value)
