"""The choices the field disagrees about, as two named sets. Code has no default for any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

ProfileName: TypeAlias = Literal["paper", "guideline"]
Setting: TypeAlias = str | float | tuple[str, ...]

SUMMARY: Final[dict[ProfileName, str]] = {
    "paper": "the conventions of SPSS 16, as most clinical papers of its time",
    "guideline": "what reporting guidelines and R users expect",
}

# One row a key: where it may be set in study.toml, then its value in each profile.
PROFILES: Final[dict[str, dict[ProfileName, Setting]]] = {
    "study.alpha": {"paper": 0.05, "guideline": 0.05},
    "survival.ties": {"paper": "breslow", "guideline": "efron"},
    "survival.conf_level": {"paper": 0.95, "guideline": 0.95},
    "survival.conf_type": {"paper": "plain", "guideline": "log-log"},
    "survival.median_conf": {"paper": "spss", "guideline": "brookmeyer-crowley"},
    "survival.at_half": {"paper": "first", "guideline": "midpoint"},
    "survival.ph_transform": {"paper": "km", "guideline": "km"},
    "survival.pairwise": {"paper": "none", "guideline": "holm"},
    "selection.method": {"paper": "forward-stepwise", "guideline": "none"},
    "selection.criterion": {"paper": "likelihood-ratio", "guideline": "likelihood-ratio"},
    "selection.enter": {"paper": 0.10, "guideline": 0.10},
    "selection.remove": {"paper": 0.10, "guideline": 0.10},
    "follow_up.method": {"paper": ("observed", "reverse-km"), "guideline": ("reverse-km",)},
    "description.quartiles": {"paper": "spss-haverage", "guideline": "r-type-7"},
    "description.table_test": {"paper": "pearson", "guideline": "fisher-if-small"},
    "description.rank_correction": {"paper": "none", "guideline": "continuity"},
    "report.ratio_digits": {"paper": 3, "guideline": 2},
}

CLINICAL_PROFILES: Final[dict[str, dict[ProfileName, Setting]]] = {
    "study.add_one_day": {"paper": False, "guideline": True},
    "baseline.variable.cutoffs": {"paper": "exact", "guideline": "rounded"},
    "baseline.variable.coagulation": {"paper": "inr", "guideline": "inr"},
    "baseline.variable.era": {"paper": "2008", "guideline": "2022"},
    "baseline.variable.single_large": {"paper": "A", "guideline": "A"},
    "response.confirm": {"paper": False, "guideline": True},
    "response.confirm_days": {"paper": 28, "guideline": 28},
    "response.sd_min_days": {"paper": "> 56", "guideline": ">= 56"},
    "response.hold": {"paper": False, "guideline": False},
    "response.backdate_new_lesion": {"paper": True, "guideline": True},
    "response.after_new_therapy": {"paper": "used", "guideline": "excluded"},
    "response.abs_pd_mm": {"paper": 0, "guideline": 0},
    "response.lipiodol_viable": {"paper": False, "guideline": False},
    "response.conf": {"paper": "clopper-pearson", "guideline": "clopper-pearson"},
    "endpoint.censor": {"paper": "last_follow_up", "guideline": "last_adequate"},
    "endpoint.missed_visits": {"paper": "ignore", "guideline": "two"},
    "endpoint.new_therapy": {"paper": "ignore", "guideline": "censor"},
    "comparison.grace_days": {"paper": 14, "guideline": 14},
    "safety.ctcae": {"paper": "3.0", "guideline": "5.0"},
    "safety.emergent_only": {"paper": False, "guideline": True},
}
"""The choices of a records study, beside those above. ``baseline.variable`` and ``endpoint`` are made item by item."""

COMPETING_PROFILES: Final[dict[str, dict[ProfileName, Setting]]] = {
    "survival.incidence_variance": {"paper": "aalen", "guideline": "delta"},
    "survival.incidence_conf": {"paper": "log-log", "guideline": "log"},
    "survival.censoring_ties": {"paper": "at-risk", "guideline": "at-risk"},
}
"""The choices of a study with competing events, beside those above.

SPSS 16 has none of these methods. ``paper`` therefore follows cmprsk, which such papers used, and ``guideline`` what
``survfit`` of R's survival gives without being asked. Fine and Gray's model is cmprsk's ``crr`` for both.
"""

EVERY_PROFILE: Final = PROFILES | COMPETING_PROFILES | CLINICAL_PROFILES

LABELS: Final[dict[str, str]] = {
    "study.alpha": "significance",
    "survival.ties": "ties",
    "survival.conf_level": "level of intervals",
    "survival.conf_type": "limits of survival",
    "survival.median_conf": "limits of medians",
    "survival.at_half": "median at exactly one half",
    "survival.ph_transform": "time scale of proportional hazards",
    "survival.pairwise": "tests of pairs",
    "survival.incidence_variance": "variance of incidence",
    "survival.incidence_conf": "limits of incidence",
    "survival.censoring_ties": "events tied with censorings",
    "selection.method": "selection of factors",
    "selection.criterion": "test of removal",
    "selection.enter": "P to enter",
    "selection.remove": "P to remove",
    "follow_up.method": "follow-up",
    "description.quartiles": "quartiles",
    "description.table_test": "test of counts",
    "description.rank_correction": "rank tests",
    "report.ratio_digits": "digits of ratios",
    "study.add_one_day": "first day counts",
    "baseline.variable.cutoffs": "Child-Pugh cutoffs",
    "baseline.variable.coagulation": "coagulation",
    "baseline.variable.era": "BCLC version",
    "baseline.variable.single_large": "single large tumor",
    "response.confirm": "confirmed response",
    "response.confirm_days": "days to confirmation",
    "response.sd_min_days": "duration of stable disease",
    "response.hold": "response kept",
    "response.backdate_new_lesion": "day of a new lesion",
    "response.after_new_therapy": "response after new therapy",
    "response.abs_pd_mm": "growth for progression",
    "response.lipiodol_viable": "lipiodol",
    "response.conf": "limits of proportions",
    "endpoint.censor": "day of censoring",
    "endpoint.missed_visits": "missed visits",
    "endpoint.new_therapy": "new therapy",
    "comparison.grace_days": "days of grace",
    "safety.ctcae": "CTCAE version",
    "safety.emergent_only": "emergent events only",
}
"""Each choice in a few words, for a reader."""

ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "survival.ties": ("breslow", "efron"),
    "survival.conf_type": ("log-log", "log", "plain", "logit", "arcsin"),
    "survival.median_conf": ("brookmeyer-crowley", "spss"),
    "survival.at_half": ("midpoint", "first"),
    "survival.ph_transform": ("km", "rank", "identity", "log"),
    "survival.pairwise": ("none", "holm"),
    "survival.incidence_variance": ("delta", "aalen"),
    "survival.incidence_conf": ("log", "log-log", "plain"),
    "survival.censoring_ties": ("at-risk", "left"),
    "selection.method": ("none", "forward-stepwise", "backward-stepwise"),
    "selection.criterion": ("likelihood-ratio", "conditional", "wald"),
    "follow_up.method": ("observed", "reverse-km"),
    "description.quartiles": ("r-type-7", "spss-haverage"),
    "description.table_test": ("fisher-if-small", "pearson", "fisher"),
    "description.rank_correction": ("continuity", "none"),
}


@dataclass(frozen=True, slots=True)
class ValueInForce:
    """One disputed choice as this study makes it, and where the choice was made."""

    key: str
    value: Setting
    origin: str  # "profile paper", "preset sorafenib-hcc-2010" or "study.toml"


def shared_keys(*, competing: bool) -> tuple[str, ...]:
    """Return the keys of the choices that every study makes, and those of one with competing events."""
    return (*PROFILES, *(COMPETING_PROFILES if competing else ()))


def profile_key(key: str) -> str:
    """Return the key of the profiles for the key of a choice that is made for each item.

    Examples
    --------
    >>> profile_key("endpoint.PFS.censor"), profile_key("response.confirm")
    ('endpoint.censor', 'response.confirm')
    """
    if key in EVERY_PROFILE:
        return key
    section, _, name = key.rsplit(".", 2)
    return f"{section}.{name}"


def value_in_force(
    key: str, by_profile: dict[ProfileName, Setting], profile: ProfileName, own: Setting | None, own_origin: str
) -> ValueInForce:
    """Return a disputed choice: the profile's, unless the study itself makes another.

    Examples
    --------
    >>> value_in_force("survival.ties", PROFILES["survival.ties"], "paper", "efron", "study.toml")
    ValueInForce(key='survival.ties', value='efron', origin='study.toml')
    >>> value_in_force("survival.ties", PROFILES["survival.ties"], "paper", None, "study.toml").origin
    'profile paper'
    """
    if own is not None:
        return ValueInForce(key, own, own_origin)
    return ValueInForce(key, by_profile[profile], f"profile {profile}")
