"""What the sections of a protocol are made of: ids, values, thresholds and conditions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from oncohort.clinical.exact import Number, exact

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
TimeUnit: TypeAlias = Literal["days", "weeks", "months", "years"]
DayRange: TypeAlias = tuple[StrictInt, StrictInt]
Grade: TypeAlias = Annotated[StrictInt, Field(ge=0, le=5)]
Order: TypeAlias = Literal["==", "<", "<=", ">", ">="]

_COMPARE: Final[dict[Order, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_THRESHOLD: Final = re.compile(r"^\s*(==|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$")


class Section(BaseModel):
    """A table of ``study.toml``: unknown keys are errors, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Threshold(Section):
    """A bound whose strictness is part of it, written ``{ op = ">", value = 56 }``, ``"> 56"``, or as a number.

    Examples
    --------
    >>> over = Threshold.model_validate("> 56")
    >>> over.holds(56), over.holds(57), str(Threshold.model_validate(0))
    (False, True, '== 0')
    """

    op: Order = Field(description="how a number is compared with the bound")
    value: StrictInt | StrictFloat = Field(description="the bound")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, int | float) and not isinstance(given, bool):
            return {"op": "==", "value": given}
        if not isinstance(given, str):
            return given
        found = _THRESHOLD.match(given)
        if found is None:
            raise PydanticCustomError("threshold", 'a number, a text as ">= 1" or { op, value } was expected')
        number = found.group(2)
        return {"op": found.group(1), "value": float(number) if "." in number else int(number)}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        table = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _THRESHOLD.pattern}, table]}

    def holds(self, number: Number) -> bool:
        """Return whether a number lies on the right side of the bound, compared exactly."""
        return _COMPARE[self.op](exact(number), exact(self.value))

    def __str__(self) -> str:
        return f"{self.op} {self.value}"


class Condition(Section):
    """``column op value``, ``all`` or ``any`` of several conditions, or that a criterion failed."""

    column: str | None = Field(default=None, description="the column that is compared")
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "present", "absent"] | None = Field(
        default=None, description="how it is compared"
    )
    value: Scalar | date | tuple[Scalar, ...] | None = Field(
        default=None, description="what it is compared with; a list for in and not in; none for present and absent"
    )
    unit: str | None = Field(default=None, description="unit of the value; must be the unit of the column")
    criterion: str | None = Field(
        default=None, description="a criterion that the patient failed; only in reasons of the flow"
    )
    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = Field(
        default=None, description="conditions that must all hold"
    )
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = Field(
        default=None, description="conditions of which one must hold"
    )
