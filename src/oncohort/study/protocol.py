"""The protocol: what ``study.toml`` can say, as frozen data. Reading it is ``study/parse.py``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
)

from oncohort.study.profiles import PROFILES, ProfileName, Setting, ValueInForce, values_in_force

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
TimeUnit: TypeAlias = Literal["days", "weeks", "months", "years"]
Coding: TypeAlias = Literal["indicator", "linear", "split", "continuous", "log2"]
Description: TypeAlias = Literal["median-range", "median-quartiles", "mean-sd", "count"]


class Section(BaseModel):
    """A table of ``study.toml``: unknown keys are errors, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ethics(Section):
    approval: str = ""
    consent: str = ""


class Study(Section):
    title: str
    profile: ProfileName
    design: str = ""
    setting: str = ""
    synthetic: bool = False
    report_unit: TimeUnit | None = None
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    ethics: Ethics = Ethics()


class TableFile(Section):
    """Where a table lies and how it is written; what is not said is detected, and what was assumed is told."""

    file: str
    patient_id: str
    sheet: str | None = None
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1
    missing: tuple[str, ...] = ()
    encoding: Literal["utf-8", "gb18030"] | None = None
    delimiter: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] | None = None
    date_format: Literal["Y-M-D", "D.M.Y", "D/M/Y", "M/D/Y", "Y/M/D"] = "Y-M-D"


class Condition(Section):
    """``column op value``, or ``all`` / ``any`` of several conditions."""

    column: str | None = None
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "present", "absent"] | None = None
    value: Scalar | date | tuple[Scalar, ...] | None = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None


class Criterion(Section):
    """Who may enter: ``include`` must hold, ``exclude`` must not."""

    id: Identifier
    label: str = ""
    include: Condition | None = None
    exclude: Condition | None = None
    enabled: bool = True


class TimeColumn(Section):
    column: str
    unit: TimeUnit


class EventCodes(Section):
    """The codes of an event column, named and never guessed."""

    column: str
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)]
    censored: tuple[Scalar, ...] | None = None


class Endpoint(Section):
    """Time to an event, from a time and an event column or from dates."""

    id: Identifier
    label: str = ""
    time: TimeColumn | None = None
    event: EventCodes | None = None
    start: str | None = None
    stop: str | tuple[str, ...] | None = None
    last_known_alive: str | None = None
    cutoff: date | str | None = None
    measured_from: str = ""  # words for the methods paragraph: "the first dose of sorafenib"
    measured_to: str = ""  # "death from any cause"
    censored_at: str = ""  # "last follow-up"


def outcome_columns(endpoint: Endpoint) -> set[str]:
    """Return the columns that say when, or whether, the event of an endpoint happened."""
    stop = (endpoint.stop,) if isinstance(endpoint.stop, str) else endpoint.stop or ()
    single = (endpoint.time and endpoint.time.column, endpoint.event and endpoint.event.column)
    return {column for column in (*stop, *single, endpoint.last_known_alive) if column}


class Level(Section):
    """One level of a factor: how it is keyed, shown, and written in the data."""

    id: str
    label: str
    values: Annotated[tuple[Scalar, ...], Field(alias="value", min_length=1)]


class Cut(Section):
    """One class of a numeric factor: ``min`` and ``max`` belong to it, ``above`` and ``below`` do not."""

    id: str
    label: str = ""
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None


class Factor(Section):
    """One patient characteristic with its three faces: described, split into rows, entered into models."""

    id: Identifier
    column: str
    label: str = ""
    unit: str = ""
    describe: Description | None = None
    levels: tuple[Level, ...] | None = None
    split: Literal["median"] | float | None = None
    cut: tuple[float, ...] | tuple[Cut, ...] | None = None
    cox: Coding | None = None
    per: Annotated[float, Field(gt=0)] = 1.0
    reference: str | None = None
    missing: tuple[str, ...] = ()
    percent: bool = True
    digits: Annotated[int, Field(ge=0, le=6)] | None = None
    known: Literal["baseline", "after-start"] = "baseline"

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


class Table(Section):
    id: Identifier | None = None
    kind: Literal["characteristics", "univariable"]
    caption: str = ""
    factors: Annotated[tuple[str, ...], Field(min_length=1)]
    endpoints: tuple[str, ...] = ()
    by: str | None = None


class Selection(Section):
    method: Literal["none", "forward-stepwise", "backward-stepwise"]
    criterion: Literal["likelihood-ratio", "conditional", "wald"] | None = None
    enter: Annotated[float, Field(gt=0, lt=1)] | None = None
    remove: Annotated[float, Field(gt=0, lt=1)] | None = None


class Recoding(Section):
    """A model's own coding of a factor: a score for each level, or another of the codings."""

    map: dict[str, float] | None = None
    cox: Coding | None = None


class Model(Section):
    id: Identifier
    endpoint: str
    factors: Annotated[tuple[str, ...], Field(min_length=1)]
    label: str = ""
    select: Selection | None = None
    missing: Literal["complete-case"] = "complete-case"
    coding: dict[str, Recoding] = {}


class Curve(Section):
    endpoint: str
    by: str | None = None


class Figure(Section):
    id: str
    curves: tuple[Curve, ...] = ()
    forest: str | None = None
    caption: str = ""


class SurvivalSettings(Section):
    ties: str | None = None
    conf_level: Annotated[float, Field(gt=0, lt=1)] | None = None
    conf_type: str | None = None
    median_conf: str | None = None
    at_half: str | None = None
    ph_transform: str | None = None
    pairwise: str | None = None
    at: tuple[Annotated[float, Field(gt=0)], ...] = ()  # survival is given at these times, in the report unit


class FollowUpSettings(Section):
    method: tuple[str, ...] | None = None


class DescriptionSettings(Section):
    quartiles: str | None = None
    table_test: str | None = None
    rank_correction: str | None = None


class ReportSettings(Section):
    ratio_digits: Annotated[int, Field(ge=1, le=6)] | None = None


class Checks(Section):
    stop_at: Literal["fatal", "error", "warning"] = "fatal"


class Privacy(Section):
    patient_labels: Literal["hidden", "number", "id"] = "hidden"
    min_cell: Annotated[int, Field(ge=0)] = 0


class RecordTables(Section):
    patients: TableFile


class Protocol(Section):
    """A whole ``study.toml``."""

    study: Study
    records: RecordTables
    criterion: tuple[Criterion, ...] = ()
    endpoint: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    factor: tuple[Factor, ...] = ()
    table: tuple[Table, ...] = ()
    model: tuple[Model, ...] = ()
    figure: tuple[Figure, ...] = ()
    survival: SurvivalSettings = SurvivalSettings()
    selection: Selection | None = None
    follow_up: FollowUpSettings = FollowUpSettings()
    description: DescriptionSettings = DescriptionSettings()
    report: ReportSettings = ReportSettings()
    checks: Checks = Checks()
    privacy: Privacy = Privacy()

    def find_endpoint(self, endpoint_id: str) -> Endpoint:
        return next(e for e in self.endpoint if e.id == endpoint_id)

    def find_factor(self, factor_id: str) -> Factor:
        return next(f for f in self.factor if f.id == factor_id)

    def settings(self) -> dict[str, ValueInForce]:
        """Return every disputed choice in force, with where it was made."""
        own: dict[str, Setting] = {}
        for key in PROFILES:
            section, name = key.split(".")
            value = getattr(getattr(self, section), name, None)
            if value is not None:
                own[key] = value
        return values_in_force(self.study.profile, own)

    def selection_of(self, model: Model) -> tuple[str, str, float, float]:
        """Return method, criterion, enter and remove of a model: its own, or the study's."""
        force = self.settings()
        own = model.select
        chosen: list[Any] = []
        for name in ("method", "criterion", "enter", "remove"):
            value = None if own is None else getattr(own, name)
            chosen.append(force[f"selection.{name}"].value if value is None else value)
        return chosen[0], chosen[1], float(chosen[2]), float(chosen[3])
