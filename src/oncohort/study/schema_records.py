"""What a protocol says of records: baseline, who enters, the flow, populations, imaging and response."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from oncohort.study.schema_shared import Condition, DayRange, Identifier, Section, Threshold

RuleName: TypeAlias = Literal["child_pugh", "bclc", "hcc_diagnosis_paper", "hcc_diagnosis_easl_2001", "albi", "meld"]
Coagulation: TypeAlias = Literal["inr", "pt", "worst"]
Pick: TypeAlias = Literal["last", "first"]
Population: TypeAlias = Literal["treated", "eligible", "screened"]
Benefit: TypeAlias = Literal["CR", "PR", "SD"]
ANY_OTHER = "any other failed criterion"


class BaselineVariable(Section):
    """One value a patient, from dated rows, by a clinical rule, or from several yes-or-no columns."""

    id: Identifier = Field(description="its name; a rule with several results adds _score, _class or _grade")
    label: str = Field(default="", description="what a reader sees")
    unit: str = Field(default="", description="unit its values are brought to; ULN is multiples of the upper limit")
    source: str | None = Field(
        default=None, alias="from", description="labs.TEST, or table.column of clinical_scores or vitals"
    )
    rule: RuleName | None = Field(default=None, description="the clinical rule that gives the value")
    any_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        default=None, description="yes-or-no columns: Y if one is Y, N if all are N"
    )
    window_days: DayRange | None = Field(default=None, description="its own window, days from the index date")
    pick: Pick | None = Field(default=None, description="its own choice among several rows of the window")
    cutoffs: Literal["exact", "rounded"] | None = Field(
        default=None, description="Child-Pugh bounds of bilirubin: 34.2/51.3 or 34/51 umol/L"
    )
    coagulation: Coagulation | None = Field(
        default=None, description="Child-Pugh item of coagulation where INR and prothrombin time are both known"
    )
    cholestatic: StrictBool = Field(default=False, description="Child-Pugh bounds of bilirubin for PBC and PSC")
    era: Literal["1999", "2008", "2022"] | None = Field(default=None, description="version of BCLC")
    single_large: Literal["A", "B"] | None = Field(default=None, description="BCLC stage of a single large tumor")


class Baseline(Section):
    """How each variable at baseline comes from dated rows."""

    window_days: DayRange = Field(description="first and last day of the window, counted from the index date")
    pick: Pick = Field(description="which of several rows of the window counts")
    variable: tuple[BaselineVariable, ...] = Field(default=(), description="the variables, [[baseline.variable]]")


class Criterion(Section):
    """Who may enter: ``include`` must hold, ``exclude`` must not."""

    id: Identifier = Field(description="key of its rows")
    label: str = Field(default="", description="what the flow says of the excluded")
    include: Condition | None = Field(default=None, description="a condition that must hold")
    exclude: Condition | None = Field(default=None, description="a condition that must not hold")
    before: tuple[str, ...] = Field(
        default=(), description="dates that the date column of include must not be later than (records study)"
    )
    enabled: bool = Field(default=True, description="false keeps it in the file without using it")


class Reason(Section):
    """One reason of the flow; a patient is counted under the first that holds."""

    id: Identifier | None = Field(default=None, description="key of its rows; else reason_1, reason_2 …")
    label: str = Field(description="what the flow says")
    when: Condition | Literal["any other failed criterion"] = Field(description="when it holds")
    split: tuple[str, ...] = Field(default=(), description="yes-or-no columns that its patients are counted by")


class Flow(Section):
    """Why screened patients did not enter, each patient once."""

    reason: tuple[Reason, ...] = Field(default=(), description="the reasons in their order, [[flow.reason]]")

    def reason_ids(self) -> tuple[str, ...]:
        """Return the id of each reason: its own, or ``reason_k`` by its place."""
        return tuple(reason.id or f"reason_{k}" for k, reason in enumerate(self.reason, start=1))


class Populations(Section):
    """Who is analyzed."""

    analysis: Population = Field(description="who counts for efficacy")
    safety: Population = Field(description="who counts for safety")


class Imaging(Section):
    """The schedule of scans."""

    every_days: Annotated[StrictInt, Field(gt=0)] = Field(description="days between two scheduled scans")
    window_days: Annotated[StrictInt, Field(ge=0)] = Field(description="days a scan may be off its day")
    modality: Annotated[tuple[Literal["CT", "MRI"], ...], Field(min_length=1)] = Field(description="what is allowed")
    baseline_within_days: Annotated[StrictInt, Field(ge=0)] = Field(
        description="the baseline scan lies at most so many days before the index date"
    )
    unscheduled: Literal["used", "deviation"] = Field(
        description="a scan off its window is used, and is a deviation or not"
    )


class ResponseVariant(Section):
    """Another definition of best response, reported beside the study's."""

    id: Identifier = Field(description="key of its rows")
    label: str = Field(default="", description="what a reader sees")
    sd_min_days: Threshold | None = Field(default=None, description="as in [response]")
    confirm: StrictBool | None = Field(default=None, description="as in [response]")


class Response(Section):
    """How response is assessed."""

    criteria: Literal["mRECIST-2010", "RECIST-1.1"] = Field(description="the criteria of response")
    confirm: StrictBool | None = Field(default=None, description="whether CR and PR must be confirmed")
    confirm_days: Annotated[StrictInt, Field(ge=0)] | None = Field(
        default=None, description="days after which an assessment confirms"
    )
    sd_min_days: Threshold | None = Field(
        default=None, description="days from the index date that stable disease must last"
    )
    hold: StrictBool | None = Field(default=None, description="true keeps PR until progression")
    backdate_new_lesion: StrictBool | None = Field(
        default=None, description="true dates progression to the day a new lesion was first seen"
    )
    after_new_therapy: Literal["used", "excluded"] | None = Field(
        default=None, description="what assessments from another anticancer therapy on are for the best response"
    )
    abs_pd_mm: Annotated[StrictInt | StrictFloat, Field(ge=0)] | None = Field(
        default=None, description="millimeters that the sum must grow for progression, besides 20 percent"
    )
    lipiodol_viable: StrictBool | None = Field(default=None, description="whether lipiodol counts as viable tumor")
    clinical_benefit: Annotated[tuple[Benefit, ...], Field(min_length=1)] = Field(
        description="the best responses that are clinical benefit"
    )
    also_report: tuple[ResponseVariant, ...] = Field(default=(), description="other definitions beside it")
    conf: Literal["clopper-pearson", "wilson"] | None = Field(default=None, description="interval of a proportion")
