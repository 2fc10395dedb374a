"""Margins: what a publication tells of its patients as counts and medians, as ``margins.toml`` can say it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictFloat, StrictInt, StrictStr

from oncohort.simulate.outline import ChildPughClass, Etiology, PortalVein, Response, Sex, Site
from oncohort.study.protocol import Section

Count: TypeAlias = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Measure: TypeAlias = Annotated[
    StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)], Field(ge=0, le=1_000_000_000)
]
EcogGrade: TypeAlias = Literal["0", "1", "2", "3", "4"]
GradeKey: TypeAlias = Literal["any", "1", "2", "3", "4", "5"]
GradeCounts: TypeAlias = dict[GradeKey, Count]
WholeNumber: TypeAlias = Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]


class Spread(Section):
    """A continuous value as publications tell it: the median, and the range where it is told."""

    median: Measure = Field(description="the median of all treated patients")
    min: Measure | None = Field(default=None, description="the least value")
    max: Measure | None = Field(default=None, description="the greatest value")


class ValueClass(Section):
    """How many patients have a value from one bound on and below another."""

    low: Measure = Field(default=0, alias="from", description="the bound that belongs to the class")
    below: Measure | None = Field(default=None, description="the bound that does not; none for the last class")
    n: Count = Field(description="how many patients")


class PatientMargins(Section):
    """Who there is, and the file of outlines where the patients are given one by one."""

    screened: Count | None = Field(default=None, description="all patients; else the treated and the excluded")
    treated: Count | None = Field(default=None, description="the treated; else the sum of [arm], or the rows of file")
    file: StrictStr | None = Field(default=None, description="a CSV with a row a treated patient, beside this file")
    adverse_events: dict[str, StrictStr] = Field(
        default={}, description="columns of file with the worst grade of an adverse event (0 = none), and their terms"
    )


class TimeMargins(Section):
    """The calendar; what is not given is that of the protocol."""

    first: date | None = Field(default=None, description="first day on which a patient may begin")
    last: date | None = Field(default=None, description="last day on which a patient may begin")
    cutoff: date | None = Field(default=None, description="the day after which nothing is recorded")


class BaselineMargins(Section):
    """Treated patients before the first dose."""

    sex: dict[Sex, Count] | None = Field(default=None, description="patients by sex")
    age: Spread | None = Field(default=None, description="age in years")
    ecog: dict[EcogGrade, Count] | None = Field(default=None, description="patients by ECOG performance status")
    differentiation: dict[Literal["WELL", "MODERATE", "POOR", "NONE"], Count] | None = Field(
        default=None, description="patients by differentiation; NONE, or whoever is left, had no biopsy"
    )
    n_tumours: dict[WholeNumber, Count] | None = Field(default=None, description="patients by number of tumors")
    max_diam_mm: Spread | None = Field(default=None, description="largest diameter in millimeters")
    pvt: dict[PortalVein, Count] | None = Field(default=None, description="patients by portal vein thrombus")
    metastases: dict[Site, Count] | None = Field(
        default=None, description="patients by site of metastasis, one site a patient; whoever is left has none"
    )
    etiology: dict[Etiology, Count] | None = Field(
        default=None, description="patients by cause of the liver disease, in the words of the template"
    )
    hbv_dna: tuple[ValueClass, ...] | None = Field(
        default=None, description="patients with hepatitis B by class of HBV DNA, IU/mL"
    )
    child_pugh_class: dict[ChildPughClass, Count] | None = Field(default=None, description="patients by class")
    platelets_10e9_per_l: Spread | None = Field(default=None, description="platelet count, 10^9/L")
    afp_ng_per_ml: Spread | None = Field(default=None, description="alpha-fetoprotein, ng/mL")


class SurvivalMargins(Section):
    """Progression, death and follow-up."""

    deaths: Count | None = Field(default=None, description="how many died")
    progressed: Count | None = Field(default=None, description="how many had progression on a scan")
    os_months: Measure | None = Field(default=None, description="median overall survival (Kaplan-Meier)")
    pfs_months: Measure | None = Field(default=None, description="median progression-free survival (Kaplan-Meier)")
    follow_up_months: Spread | None = Field(default=None, description="observed time from first dose to death or end")


class TreatmentMargins(Section):
    """The drug."""

    months: Spread | None = Field(default=None, description="time under treatment")
    dose_reduced: Count | None = Field(default=None, description="patients with a reduced dose")
    early_stop: dict[str, Count] | None = Field(
        default=None, description="patients who stopped early, by a reason of exposure.early_stop_reasons"
    )
    continued: Count | None = Field(default=None, description="patients who went on with the drug past progression")


class Margins(Section):
    """A whole ``margins.toml``."""

    patients: PatientMargins = Field(default=PatientMargins(), description="who there is")
    time: TimeMargins = Field(default=TimeMargins(), description="the calendar")
    excluded: dict[str, Count | dict[str, Count]] = Field(
        default={}, description="the screened who were not treated, by reason of the flow, or its parts"
    )
    arm: dict[str, Count] | None = Field(default=None, description="the treated by arm")
    baseline: BaselineMargins = Field(default=BaselineMargins(), description="the treated before the first dose")
    response: dict[str, dict[Response, Count]] | None = Field(
        default=None, description="best response: [response.all], or a table for each arm: [response.ID]"
    )
    survival: SurvivalMargins = Field(default=SurvivalMargins(), description="progression, death, follow-up")
    death: dict[str, Count] | None = Field(default=None, description="deaths by primary cause")
    treatment: TreatmentMargins = Field(default=TreatmentMargins(), description="the drug")
    adverse_event: dict[str, GradeCounts] | None = Field(
        default=None, description="patients by worst grade of an adverse event; any is all of them"
    )

    def n_treated(self) -> int | None:
        """Return how many patients are treated, or None where only the file of outlines can tell."""
        if self.patients.treated is not None:
            return self.patients.treated
        return sum(self.arm.values()) if self.arm else None

    def n_excluded(self) -> dict[str, int]:
        """Return the number of the excluded by reason, or by ``reason.part`` where the parts are counted."""
        counts: dict[str, int] = {}
        for reason, given in self.excluded.items():
            counts |= (
                {reason: given} if isinstance(given, int) else {f"{reason}.{part}": n for part, n in given.items()}
            )
        return counts
