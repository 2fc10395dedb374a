"""What a protocol says of models: candidates, their selection and coding, and comparisons in subgroups."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, StrictInt, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from oncohort.study.schema_analysis import Coding
from oncohort.study.schema_shared import Identifier, Section


class Selection(Section):
    """How the candidates of a model are selected."""

    method: Literal["none", "forward-stepwise", "backward-stepwise"] = Field(description="the method")
    criterion: Literal["likelihood-ratio", "conditional", "wald"] | None = Field(
        default=None, description="the test that removes a candidate"
    )
    enter: Annotated[float, Field(gt=0, lt=1)] | None = Field(default=None, description="P below it lets enter")
    remove: Annotated[float, Field(gt=0, lt=1)] | None = Field(default=None, description="P above it removes")


class Recoding(Section):
    """A model's own coding of a factor: a score for each level, or another of the codings."""

    map: dict[str, float] | None = Field(default=None, description="a score for every level")
    cox: Coding | None = Field(default=None, description="another coding")


class Spline(Section):
    """The restricted cubic spline that a number enters a model as, written ``{ knots = 4 }``, or as a number of knots.

    Examples
    --------
    >>> Spline.model_validate(4) == Spline(knots=4)
    True
    """

    knots: Annotated[StrictInt, Field(ge=3, le=7)] = Field(description="number of knots, from 3 to 7")
    reference: float | None = Field(
        default=None, description="the value that others are compared with; the median, if not said"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, given: Any) -> Any:
        if isinstance(given, int) and not isinstance(given, bool):
            return {"knots": given}
        if not isinstance(given, dict | Spline):
            raise PydanticCustomError("spline", "a number of knots from 3 to 7, or { knots, reference } was expected")
        return given  # type: ignore[reportUnknownVariableType]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        table = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "integer", "minimum": 3, "maximum": 7}, table]}


class Resampling(Section):
    """How often patients are drawn again, and the number that the draws start from."""

    resamples: Annotated[StrictInt, Field(ge=100, le=20_000)] = Field(description="number of resamples")
    seed: Annotated[StrictInt, Field(ge=0)] = Field(description="start of the random numbers")


class Model(Section):
    """A Cox model, or a Fine-Gray model of the cumulative incidence."""

    id: Identifier = Field(description="key model of its rows")
    kind: Literal["cox", "fine-gray"] = Field(default="cox", description="which model")
    endpoint: str = Field(description="its endpoint")
    factors: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="its candidates")
    label: str = Field(default="", description="heading")
    select: Selection | None = Field(default=None, description="its own selection of candidates")
    missing: Literal["complete-case"] = Field(
        default="complete-case", description="who lacks one candidate leaves the model"
    )
    coding: dict[str, Recoding] = Field(default={}, description="for a factor, the model's own coding")
    strata: tuple[str, ...] = Field(
        default=(), description="factors of which each combination of levels has a baseline hazard of its own"
    )
    weights: str | None = Field(default=None, description="a factor that is the weight of each patient")
    cluster: str | None = Field(default=None, description="a factor whose levels are patients who belong together")
    variance: Literal["model", "robust"] | None = Field(
        default=None, description="where standard errors come from; must be said with weights or cluster"
    )
    splines: dict[str, Spline] = Field(
        default={}, description="for a factor that is a number, the knots of the curve it enters as"
    )
    bootstrap: Resampling | None = Field(default=None, description="the model again in resampled patients")


class Subgroups(Section):
    """One comparison of two groups, repeated in each level of some factors."""

    id: Identifier = Field(description="key model of its rows")
    endpoint: str = Field(description="its endpoint")
    compare: str = Field(description="a factor of two levels, whose hazard ratio is repeated")
    factors: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="factors that make the subgroups")
    label: str = Field(default="", description="heading")
