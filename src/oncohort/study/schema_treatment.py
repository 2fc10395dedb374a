"""What a protocol says of treatment: drugs and their rules, procedures, arms, exposure and safety."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from oncohort.study.schema_shared import Condition, DayRange, Grade, Identifier, Order, Section, Threshold

Relation: TypeAlias = Literal["RELATED", "PROBABLE", "POSSIBLE", "NOT RELATED"]
DrugEventName: TypeAlias = Literal[
    "adverse_event", "all_adverse_events", "interruption", "ecog", "consent_withdrawn", "progression", "procedure"
]
Action: TypeAlias = Literal["DOSE NOT CHANGED", "DOSE REDUCED", "DRUG INTERRUPTED", "DRUG WITHDRAWN", "DOSE INCREASED"]
Number: TypeAlias = StrictInt | StrictFloat
Expected: TypeAlias = Number | StrictStr | tuple[Number, Number]


class DoseLevel(Section):
    """One level of a dose."""

    id: str = Field(description="the state of exposure that it is")
    dose_mg: Annotated[Number, Field(gt=0)] = Field(description="mg of one intake")
    times_per_day: Annotated[Number, Field(gt=0)] = Field(description="intakes a day")

    @property
    def mg_per_day(self) -> float:
        return self.dose_mg * self.times_per_day


class DrugEvent(Section):
    """What a rule waits for."""

    event: DrugEventName = Field(description="what happened")
    grade: tuple[Grade, ...] = Field(default=(), description="CTCAE grades of the adverse event")
    action: Action | None = Field(default=None, description="action recorded with the adverse event")
    op: Order | None = Field(default=None, description="how the ECOG grade is compared")
    value: StrictInt | None = Field(default=None, description="what the ECOG grade is compared with")
    state: str | None = Field(default=None, description="the dose level the patient is at")
    tolerated: StrictBool | None = Field(default=None, description="whether the level was recorded as tolerated")
    type: tuple[str, ...] = Field(default=(), description="ids of procedures")


class DrugRule(Section):
    """One rule of a drug: what happened, and where the dose must go."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9-]*$", description="id of the rule in the table of adherence")
    on: DrugEvent = Field(description="what the rule waits for")
    go: str | None = Field(default=None, description="the dose level to go to, STOP, or same")
    stay_if: Condition | None = Field(default=None, description="the dose stays where this holds")
    else_go: str | None = Field(default=None, description="where it does not: a dose level, or STOP")
    allowed: StrictBool | None = Field(default=None, description="true: it may happen, and nothing must follow")
    text: str = Field(default="", description="the rule in words")


class Drug(Section):
    """A drug, its dose levels and the rules by which they change."""

    table: Literal["exposure"] = Field(description="the table of the template that holds its doses")
    levels: Annotated[tuple[DoseLevel, ...], Field(min_length=1)] = Field(description="dose levels, highest first")
    start: str = Field(description="the level to start with")
    attribution: Annotated[tuple[Relation, ...], Field(min_length=1)] = Field(
        description="relations under which an adverse event counts as caused by the drug"
    )
    notice_days: Annotated[StrictInt, Field(ge=0)] = Field(
        description="days from an event within which its record is in time"
    )
    rule: tuple[DrugRule, ...] = Field(default=(), description="its rules, [[drug.NAME.rule]]")


class SeenOn(Section):
    """The scan on which something is judged."""

    column: str = Field(description="date column of the scan")
    days_after: DayRange = Field(description="first and last day after the procedure that it may lie on")


class StopAfter(Condition, Section):
    """A condition after which no further procedure follows, and the scan it is judged on."""

    seen_on: SeenOn | None = Field(default=None, description="the scan it is judged on")


class Debulk(Section):
    """What a procedure must reach that does not aim at cure."""

    when: Condition = Field(description="which procedures it is about")
    ablated_pct: Threshold = Field(description="percent of the tumor that must be destroyed")


class Procedure(Section):
    """A local therapy: when it may be done, how often, and with what."""

    id: Identifier = Field(description="its type in the table procedures")
    label: str = Field(default="", description="what a reader sees")
    after: Literal["index"] | None = Field(default=None, description="it follows the index date")
    requires: tuple[Condition, ...] = Field(default=(), description="conditions on its row that must hold")
    interval_days: DayRange | None = Field(default=None, description="days between two of them, from and to")
    maximum: Annotated[StrictInt, Field(ge=1)] | None = Field(default=None, description="how many at most")
    stop_after: StopAfter | None = Field(default=None, description="after which no further one follows")
    expect: dict[str, Expected] = Field(default={}, description="for a column of procedures: its value, or [low, high]")
    debulk: Debulk | None = Field(default=None, description="what one without curative intent must reach")


class ArmLevel(Section):
    """One arm: for each procedure named, how many of them the patient had."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Threshold] = Field(init=False)  # type: ignore[reportIncompatibleVariableOverride]

    id: Identifier = Field(description="the arm's id")
    label: str = Field(default="", description="what a reader sees")

    @property
    def counts(self) -> dict[str, Threshold]:
        """For a procedure, the number of it that makes the arm."""
        return dict(self.__pydantic_extra__ or {})


class Arm(Section):
    """Arms of actual treatment; the first that fits counts."""

    column: Identifier = Field(description="the name of the derived column")
    known: Literal["first procedure of the arm"] = Field(description="from when on the arm is known")
    levels: Annotated[tuple[ArmLevel, ...], Field(min_length=2)] = Field(description="the arms in their order")


class Exposure(Section):
    """How exposure to the drug is described."""

    duration: Literal["days", "weeks", "months"] = Field(description="unit of the time under treatment")
    early_stop_weeks: DayRange | None = Field(
        default=None, description="weeks between which a stop is early, both included"
    )
    early_stop_reasons: tuple[str, ...] = Field(default=(), description="the reasons that an early stop may have")


class SafetyWindow(Section):
    """When an adverse event counts."""

    start: Literal["index"] = Field(alias="from", description="from the index date on")
    to_days_after_last_dose: Annotated[StrictInt, Field(ge=0)] = Field(description="until so many days after")


class SafetyGroup(Section):
    """Terms that are counted together, each patient once."""

    id: Identifier = Field(description="key of its rows")
    label: str = Field(default="", description="what a reader sees")
    terms: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="the terms of the group")
    count: Literal["patients"] = Field(default="patients", description="what is counted: patients, never events")


class SafetyOutcome(Section):
    """How many patients with a severe adverse event died of a cause."""

    id: Identifier | None = Field(default=None, description="key of its rows; else outcome_1, outcome_2 …")
    label: str = Field(default="", description="what a reader sees")
    term: str = Field(description="the adverse event")
    grade: Annotated[tuple[Grade, ...], Field(min_length=1)] = Field(description="its worst grades that count")
    death: str = Field(description="the cause of death, as recorded in the table death")


class Safety(Section):
    """How adverse events are graded, selected and tabulated."""

    ctcae: Literal["3.0", "5.0"] | None = Field(default=None, description="version of CTCAE")
    window: SafetyWindow = Field(description="when an adverse event counts")
    emergent_only: StrictBool | None = Field(
        default=None, description="true leaves out what was there at baseline and grew no worse"
    )
    columns: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(any|[1-5]|[1-4]-[2-5]|>=[1-5])$")], ...], Field(min_length=1)
    ] = Field(description="columns of the table: any, a grade, 3-4, >=3")
    order: Literal["frequency", "alphabet"] = Field(description="order of the terms")
    group: tuple[SafetyGroup, ...] = Field(default=(), description="terms counted together, [[safety.group]]")
    outcome: tuple[SafetyOutcome, ...] = Field(default=(), description="deaths after them, [[safety.outcome]]")
