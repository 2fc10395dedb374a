"""What a protocol says of how survival is analyzed, and how characteristics are described."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from oncohort.study.schema_shared import Section

RankTestName: TypeAlias = Literal["log-rank", "breslow", "tarone-ware", "peto-peto"]
Times: TypeAlias = tuple[Annotated[float, Field(gt=0)], ...]


class SurvivalSettings(Section):
    """Choices of survival analysis."""

    ties: str | None = Field(default=None, description="ties of a Cox model")
    conf_level: Annotated[float, Field(gt=0, lt=1)] | None = Field(default=None, description="confidence level")
    conf_type: str | None = Field(default=None, description="scale of the interval of S(t)")
    median_conf: str | None = Field(default=None, description="interval of the median")
    at_half: str | None = Field(default=None, description="the median where S is exactly one half")
    ph_transform: str | None = Field(default=None, description="time of the test of proportional hazards")
    pairwise: str | None = Field(default=None, description="tests between pairs of levels")
    incidence_variance: str | None = Field(default=None, description="variance of a cumulative incidence")
    incidence_conf: str | None = Field(default=None, description="scale of the interval of a cumulative incidence")
    censoring_ties: str | None = Field(
        default=None, description="whether an event on the day of a censoring was at risk of it (Fine-Gray model)"
    )
    log_rank: RankTestName | None = Field(default=None, description="the test of curves; log-rank, if not said")
    at: Times = Field(default=(), description="survival is given at these times, in the report unit")
    at_months: Times = Field(default=(), description="the same in months")
    rmst_at: Times = Field(
        default=(), description="restricted mean survival is given up to these times, in the report unit"
    )

    @property
    def times(self) -> tuple[float, ...]:
        """The times at which survival is given, in the report unit."""
        return self.at or self.at_months


class FollowUpSettings(Section):
    """How the median follow-up is computed."""

    method: tuple[str, ...] | None = Field(default=None, description="observed, reverse-km")


class DescriptionSettings(Section):
    """How characteristics are described and compared."""

    quartiles: str | None = Field(default=None, description="type of quartiles")
    table_test: str | None = Field(default=None, description="test of a table of counts")
    rank_correction: str | None = Field(default=None, description="correction of a rank test")
