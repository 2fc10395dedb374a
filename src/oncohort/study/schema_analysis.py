"""What a protocol says of analyses: endpoints, factors, tables, models, comparisons and figures."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, StrictInt, Tag, field_validator

from oncohort.study.schema_settings import RankTestName
from oncohort.study.schema_shared import Identifier, Scalar, Section, TimeUnit

Coding: TypeAlias = Literal["indicator", "linear", "split", "continuous", "log2"]
Description: TypeAlias = Literal["median-range", "median-quartiles", "mean-sd", "count"]
EventName: TypeAlias = Literal["death", "progression"]
SensitivityName: TypeAlias = Literal["PAPER", "FDA_A", "NO_MISSED", "NACT_EVENT", "PD_MIDPOINT"]
TableTest: TypeAlias = Literal["pearson", "fisher", "fisher-if-small"]
Days: TypeAlias = Annotated[StrictInt, Field(ge=0)]

EVENT_COLUMNS: Final[dict[EventName, frozenset[str]]] = {
    "death": frozenset(
        {"subjects.death_flag", "subjects.death_date", "death.primary_cause", "death_cause", "death_day"}
    ),
    "progression": frozenset({"progressed", "progression_day"}),
}
"""For an event of a records study, the columns that say whether and when it happened."""


class TimeColumn(Section):
    """A column of times."""

    column: str = Field(description="the column")
    unit: TimeUnit = Field(description="its unit")


EntryColumn: TypeAlias = Annotated[
    Annotated[TimeColumn, Tag("times")] | Annotated[str, Tag("dates")],
    Discriminator(lambda value: "dates" if isinstance(value, str) else "times"),
]
"""When patients came under observation: a column of times, or of dates."""


class EventCodes(Section):
    """The codes of an event column, named and never guessed."""

    column: str = Field(description="the column")
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)] = Field(description="codes that mean it happened")
    censored: tuple[Scalar, ...] | None = Field(default=None, description="codes that mean it did not happen")
    competing: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = Field(
        default=None, description="codes of events after which it can no longer happen"
    )


class Endpoint(Section):
    """Time to an event: from a time and an event column, from dates, or from derived events (records study)."""

    id: Identifier = Field(description="key of its rows")
    label: str = Field(default="", description="what a reader sees")
    time: TimeColumn | None = Field(default=None, description="time to event or last follow-up (table study)")
    event: EventCodes | None = Field(default=None, description="codes that mean the event happened (table study)")
    entry: EntryColumn | None = Field(
        default=None,
        description="when a patient came under observation: { column, unit }, or a date column (table study)",
    )
    start: str | None = Field(default=None, description="a date column; in a records study index")
    stop: str | tuple[str, ...] | None = Field(
        default=None, description="date columns, of which the earliest counts (table study)"
    )
    last_known_alive: str | None = Field(default=None, description="a date column (table study)")
    cutoff: date | str | None = Field(
        default=None, description="a date or date column; what comes later is censored (table study)"
    )
    events: tuple[EventName, ...] = Field(
        default=(), description="the events of which the first counts (records study)"
    )
    causes: tuple[str, ...] = Field(
        default=(), description="the causes of death that are the event; a death of another competes (records study)"
    )
    censor: Literal["last_follow_up", "last_adequate"] | None = Field(
        default=None, description="the day on which who had no event is censored (records study)"
    )
    missed_visits: Literal["ignore", "two"] | Annotated[StrictInt, Field(gt=0)] | None = Field(
        default=None,
        description="ignore, two scheduled scans, or the days after which an event is censored (records study)",
    )
    new_therapy: Literal["ignore", "censor", "event"] | None = Field(
        default=None, description="what another anticancer therapy does (records study)"
    )
    sensitivity: tuple[SensitivityName, ...] = Field(
        default=(), description="other rules that are computed beside it (records study)"
    )
    measured_from: str = Field(default="", description="words for the methods: the first dose of sorafenib")
    measured_to: str = Field(default="", description="words for the methods: death from any cause")
    censored_at: str = Field(default="", description="words for the methods: last follow-up")


def outcome_columns(endpoint: Endpoint) -> set[str]:
    """Return the columns that say when, or whether, the event of an endpoint happened."""
    stop = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
    single = (endpoint.time and endpoint.time.column, endpoint.event and endpoint.event.column)
    derived = [column for name in endpoint.events for column in EVENT_COLUMNS[name]]
    return {column for column in (*stop, *single, endpoint.last_known_alive, *derived) if column}


def has_competing(endpoint: Endpoint) -> bool:
    """Return whether an endpoint names events after which it can no longer happen."""
    return bool(endpoint.causes) or (endpoint.event is not None and endpoint.event.competing is not None)


def _plain_schema(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of a level say that ``value`` may be left out, or be one value."""
    value = schema["properties"]["value"]
    schema["properties"]["value"] = {"anyOf": [value, *value["items"]["anyOf"]], "description": value["description"]}
    schema["properties"]["id"] = {
        "anyOf": value["items"]["anyOf"],
        "description": schema["properties"]["id"]["description"],
    }
    schema["required"] = ["id"]


class Level(Section):
    """One level of a factor: how it is keyed, shown, and written in the data."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_plain_schema)

    id: str = Field(description="key of its rows")
    label: str = Field(description="what a reader sees")
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)] = Field(
        alias="value", description="how it is written in the data; the id, if not said"
    )


class Cut(Section):
    """One class of a numeric factor: ``min`` and ``max`` belong to it, ``above`` and ``below`` do not."""

    id: str = Field(description="key of its rows")
    label: str = Field(default="", description="what a reader sees")
    min: float | None = Field(default=None, description="the smallest value of the class")
    max: float | None = Field(default=None, description="the greatest value of the class")
    above: float | None = Field(default=None, description="values of the class are greater")
    below: float | None = Field(default=None, description="values of the class are smaller")


class DescribedColumn(Section):
    """A column that stands beneath a factor in a table of characteristics."""

    column: str = Field(description="a yes-or-no column; patients with Y are counted")
    label: str = Field(description="what a reader sees")


def _levels_schema(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of ``levels`` say that a level may be a plain value."""
    array = next(part for part in schema["anyOf"] if part.get("type") == "array")
    plain: list[Any] = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]
    array["items"] = {"anyOf": [array["items"], *plain]}


class Factor(Section):
    """One patient characteristic with its three faces: described, split into rows, entered into models."""

    id: Identifier = Field(description="key of its rows")
    column: str = Field(description="the column of the data, or a derived one")
    label: str = Field(default="", description="what a reader sees")
    unit: str = Field(default="", description="the unit that a reader sees")
    describe: Description | None = Field(default=None, description="how a table of characteristics describes it")
    describe_as: tuple[DescribedColumn, ...] = Field(
        default=(), description="columns counted beneath it in a table of characteristics (records study)"
    )
    levels: tuple[Level, ...] | None = Field(
        default=None, description="its classes: plain values, or tables", json_schema_extra=_levels_schema
    )
    split: Literal["median"] | float | None = Field(default=None, description="median, or a bound between two classes")
    cut: tuple[float, ...] | tuple[Cut, ...] | None = Field(default=None, description="several bounds, or classes")
    cox: Coding | None = Field(default=None, description="what enters a model")
    per: Annotated[float, Field(gt=0)] = Field(default=1.0, description="units of one step of a continuous coding")
    reference: str | None = Field(default=None, description="the level that others are compared with")
    missing: tuple[str, ...] = Field(default=(), description="words that mean 'no value' in this column alone")
    percent: bool = Field(default=True, description="false shows counts without percents")
    digits: Annotated[int, Field(ge=0, le=6)] | None = Field(default=None, description="decimals of its values")
    known: str = Field(
        default="baseline",
        description="baseline or after-start; in a records study also arm.known, progression + grace, or a date column",
    )

    @field_validator("levels", mode="before")
    @classmethod
    def _plain_levels(cls, value: Any) -> Any:
        """A level is a plain value or a table ``{ id, label, value }``."""
        if not isinstance(value, list | tuple):
            return value
        return tuple(_level(item, k) for k, item in enumerate(value, start=1))  # type: ignore[reportUnknownVariableType]

    @field_validator("reference", mode="before")
    @classmethod
    def _reference_as_id(cls, value: Any) -> Any:
        return value if value is None else str(value)


def _level(item: Any, number: int) -> Any:
    if isinstance(item, Level):
        return item
    if not isinstance(item, dict):
        text = str(item)
        return {"id": text if text.isascii() else f"level{number}", "label": text, "value": (item,)}
    table: dict[str, Any] = dict(item)  # type: ignore[reportUnknownArgumentType]
    if "id" not in table:
        return table
    value = table.get("value", table["id"])
    name = str(table["id"])
    return {"label": name, **table, "id": name, "value": value if isinstance(value, (list, tuple)) else (value,)}  # type: ignore[reportUnknownVariableType]


def level_ids(factor: Factor) -> list[str]:
    """Return the level ids a factor will have: declared, ``low`` and ``high`` of a split, ``1…k`` of plain cuts."""
    if factor.levels is not None:
        return [level.id for level in factor.levels]
    if factor.split is not None:
        return ["low", "high"]
    if factor.cut is not None:
        plain = [c for c in factor.cut if isinstance(c, int | float)]
        return [str(k + 1) for k in range(len(plain) + 1)] if plain else [getattr(c, "id", "") for c in factor.cut]
    return []


class Table(Section):
    """A table of characteristics, or of survival by the levels of factors."""

    id: Identifier | None = Field(default=None, description="key model of its rows; else table_1, table_2 …")
    kind: Literal["characteristics", "univariable"] = Field(description="what it shows")
    caption: str = Field(default="", description="caption")
    factors: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="ids of its factors")
    endpoints: tuple[str, ...] = Field(default=(), description="endpoints side by side (univariable)")
    by: str | None = Field(default=None, description="a factor that gives columns and a test (characteristics)")
    test: RankTestName | None = Field(default=None, description="the test of a univariable table")
    strata: str | None = Field(default=None, description="a factor within whose levels the test compares (univariable)")
    trend: bool = Field(default=False, description="true adds a test for a trend over the levels (univariable)")


class GroupValues(Section):
    """A group that joins several values."""

    id: Identifier = Field(description="key of its rows")
    label: str = Field(default="", description="what a reader sees")
    values: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="the values it is made of")


class Comparison(Section):
    """Groups side by side, by a factor or a derived column."""

    id: Identifier = Field(description="key model of its rows")
    label: str = Field(default="", description="heading")
    by: str = Field(description="a factor, or a derived column with levels")
    population: Literal["analysis", "progressed"] = Field(
        default="analysis", description="all analyzed patients, or those who progressed"
    )
    groups: Annotated[tuple[str | GroupValues, ...], Field(min_length=2)] = Field(
        description="values, or groups { id, label, values }, in their order"
    )
    outcomes: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="endpoints, clinical_benefit, objective_response, adverse_events"
    )
    test: dict[str, TableTest] = Field(default={}, description="for an outcome that is counted, its test")
    grace_days: Days | None = Field(
        default=None, description="days after progression from which on treatment counts as continued"
    )
    known: str = Field(
        default="", description="when the groups are known: baseline, after-start, arm.known, progression + grace"
    )
    also: tuple[Literal["clock-at-progression", "landmark", "time-dependent"], ...] = Field(
        default=(), description="analyses beside it that are not biased by what is known later"
    )


class Landmark(Section):
    """Survival from fixed days on, of patients whose group is known by then."""

    id: Identifier | None = Field(default=None, description="key model of its rows; else landmark_1, landmark_2 …")
    of: str = Field(description="a factor or a comparison")
    endpoint: str = Field(description="its endpoint")
    origin: Literal["index", "progression"] = Field(default="index", description="the day that is counted from")
    days: Annotated[tuple[Annotated[StrictInt, Field(gt=0)], ...], Field(min_length=1)] = Field(
        description="the landmarks, in days"
    )


class Curve(Section):
    """One panel of curves."""

    endpoint: str = Field(description="its endpoint")
    by: str | None = Field(default=None, description="a factor; in a records study also a comparison")


class Case(Section):
    """The course of one patient."""

    patient_id: str = Field(description="the patient")


class Figure(Section):
    """Curves, a forest plot, one patient, or a plot of all patients."""

    id: str = Field(description="any text, unique")
    curves: tuple[Curve, ...] = Field(default=(), description="panels of survival curves")
    incidence: tuple[Curve, ...] = Field(default=(), description="panels of cumulative incidence")
    forest: str | None = Field(default=None, description="a model whose ratios are drawn")
    case: Case | None = Field(default=None, description="the course of one patient (records study)")
    kind: Literal["waterfall", "spider", "swimmer", "flow"] | None = Field(
        default=None, description="a plot of all patients (records study)"
    )
    caption: str = Field(default="", description="caption")
