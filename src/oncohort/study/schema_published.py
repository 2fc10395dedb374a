"""What ``published.toml`` can say: the numbers of a publication, each with its place and what answers it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, Strict, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from oncohort.study.schema_shared import Section, TimeUnit

Analysis: TypeAlias = Literal[
    "flow",
    "baseline",
    "follow_up",
    "survival",
    "survival_at",
    "rmst",
    "incidence",
    "univariable_km",
    "univariable_cox",
    "multivariable_cox",
    "fine_gray",
    "proportional_hazards",
    "subgroup",
    "stepwise",
    "guards",
    "response",
    "comparison",
    "beyond_progression",
    "safety",
    "exposure",
    "deaths",
    "cases",
    "adherence",
    "reconciliation",
]
Statistic: TypeAlias = Literal[
    "n",
    "n_total",
    "n_missing",
    "n_event",
    "n_censor",
    "n_risk",
    "percent",
    "median",
    "q1",
    "q3",
    "min",
    "max",
    "mean",
    "sd",
    "value",
    "surv",
    "rmst",
    "incidence",
    "estimate",
    "log_estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "statistic",
    "df",
    "p_value",
    "log10_p",
    "log_likelihood",
    "c_index",
    "selected",
    "method",
]
Cls: TypeAlias = Literal["result", "protocol", "cited"]
Op: TypeAlias = Literal["=", "<", "<=", ">", ">=", "~"]


def _as_text(given: Any) -> Any:
    """Take a number where the key of a row is a text: ``level = 2``, ``time = 12``."""
    return str(given) if isinstance(given, int | Decimal) and not isinstance(given, bool) else given


def _printed(given: Any) -> Any:
    """Refuse in one sentence what is no printed value."""
    if isinstance(given, Decimal | int) and not isinstance(given, bool) and Decimal(given).is_finite():
        return given
    if isinstance(given, str) and given and not _reads_as_number(given):
        return given
    if isinstance(given, list):
        items: list[Any] = given  # type: ignore[reportUnknownVariableType]
        if items and all(isinstance(item, str) for item in items):
            return items
    raise PydanticCustomError(
        "printed", "a number as it was printed, a text that is no number, or a list of ids was expected"
    )


def _reads_as_number(text: str) -> bool:
    try:
        Decimal(text)
    except InvalidOperation:
        return False
    return True


Key: TypeAlias = Annotated[StrictStr, BeforeValidator(_as_text, json_schema_input_type=str | float)]
Printed: TypeAlias = StrictInt | Annotated[Decimal, Strict(), WithJsonSchema({"type": "number"})]
"""A number with the digits that were printed: the reader of the file keeps them (4.10 is not 4.1)."""


class RowKey(Section):
    """The key of a row of ``results.csv``; parts that are not given are empty."""

    analysis: Analysis = Field(description="the question")
    statistic: Statistic = Field(description="what the number is")
    model: Key = Field(default="", description="id of the model, table, comparison or landmark")
    endpoint: Key = Field(default="", description="id of the endpoint")
    population: Key = Field(default="all", description="the population")
    group: Key = Field(default="", description="the patients, as arm=tace; arm=tace_cryo|tace for a test between them")
    variable: Key = Field(default="", description="id of the factor, event, criterion …")
    level: Key = Field(default="", description="id of the level")
    time: Key = Field(default="", description="the time of survival_at, the day of a landmark")


class PublishedNumber(Section):
    """One number as it was printed."""

    id: Annotated[StrictStr, Field(min_length=1)] = Field(description="any text, unique")
    place: StrictStr = Field(description="where it stands: Abstract, Table II …")
    statistic: StrictStr = Field(default="", description="what it is, in words")
    group: StrictStr = Field(default="", description="of whom, in words")
    value: Annotated[Printed | StrictStr | tuple[StrictStr, ...], BeforeValidator(_printed)] = Field(
        description="the number with its printed digits; a text, as not reached; a list of factors that were selected"
    )
    op: Op = Field(default="=", description="how it was printed: = < <= > >=, or ~ for about")
    precision: Annotated[StrictInt, Field(ge=0)] | None = Field(
        default=None, description="decimals it is compared at, else those that value has"
    )
    unit: TimeUnit | None = Field(default=None, description="unit of a time, where the results have another one")
    cls: Cls = Field(default="result", description="a result, a choice of the protocol, or cited from elsewhere")
    duplicate_of: StrictStr | None = Field(default=None, description="id of the number that it repeats")
    row: RowKey | None = Field(default=None, description="the row of the results that answers it")
    rows: Annotated[tuple[RowKey, ...], Field(min_length=2)] | None = Field(
        default=None, description="the rows that answer it together"
    )
    how: Literal["sum", "difference"] | None = Field(default=None, description="what is made of rows")
    setting: StrictStr | None = Field(
        default=None, description="the key of study.toml that says it, with ids in it: procedure.TACE.maximum"
    )
    reason: StrictStr = Field(default="", description="why it is known not to hold, or cannot be computed again")
    cannot_be: StrictBool = Field(default=False, description="true: no data can give it, as reason says")


class PublishedSource(Section):
    """Where the numbers come from."""

    citation: Annotated[StrictStr, Field(min_length=1)] = Field(description="authors, journal, year, pages")
    doi: StrictStr = Field(default="", description="its DOI")
    note: StrictStr = Field(default="", description="what a reader of the comparison must know")


class PublishedNumbers(Section):
    """A whole ``published.toml``."""

    source: PublishedSource = Field(description="the publication")
    number: Annotated[tuple[PublishedNumber, ...], Field(min_length=1)] = Field(description="its numbers, [[number]]")
