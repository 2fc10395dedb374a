"""The protocol: what ``study.toml`` can say, as frozen data. Reading it is ``study/parse.py``.

The sections stand in ``study/schema_*.py`` by subject; every one of them can be imported from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from oncohort.errors import ProtocolError
from oncohort.study.choices import Choice, clinical_choices
from oncohort.study.comparison_factor import arm_as_factor, as_factor
from oncohort.study.profiles import EVERY_PROFILE, ProfileName, ValueInForce, shared_keys, value_in_force
from oncohort.study.schema_analysis import (
    Case,
    Coding,
    Comparison,
    Curve,
    Cut,
    DescribedColumn,
    Description,
    Endpoint,
    EventCodes,
    EventName,
    Factor,
    Figure,
    GroupValues,
    Landmark,
    Level,
    SensitivityName,
    Table,
    TimeColumn,
    has_competing,
    level_ids,
    outcome_columns,
)
from oncohort.study.schema_models import Model, Recoding, Resampling, Selection, Spline, Subgroups
from oncohort.study.schema_records import (
    ANY_OTHER,
    Baseline,
    BaselineVariable,
    Criterion,
    Flow,
    Imaging,
    Populations,
    Reason,
    Response,
    ResponseVariant,
)
from oncohort.study.schema_settings import DescriptionSettings, FollowUpSettings, RankTestName, SurvivalSettings
from oncohort.study.schema_shared import Condition, Identifier, Scalar, Section, Threshold, TimeUnit
from oncohort.study.schema_study import (
    Accrual,
    Checks,
    Ethics,
    FileFormat,
    Index,
    Privacy,
    Published,
    RecordTables,
    ReportSettings,
    Study,
    TableFile,
    TemplateFile,
)
from oncohort.study.schema_treatment import (
    Arm,
    ArmLevel,
    Debulk,
    DoseLevel,
    Drug,
    DrugEvent,
    DrugRule,
    Exposure,
    Procedure,
    Safety,
    SafetyGroup,
    SafetyOutcome,
    SafetyWindow,
    SeenOn,
    StopAfter,
)

__all__ = [
    "ANY_OTHER",
    "Accrual",
    "Arm",
    "ArmLevel",
    "Baseline",
    "BaselineVariable",
    "Case",
    "Checks",
    "Coding",
    "Comparison",
    "Condition",
    "Criterion",
    "Curve",
    "Cut",
    "Debulk",
    "DescribedColumn",
    "Description",
    "DescriptionSettings",
    "DoseLevel",
    "Drug",
    "DrugEvent",
    "DrugRule",
    "Endpoint",
    "Ethics",
    "EventCodes",
    "EventName",
    "Exposure",
    "Factor",
    "Figure",
    "FileFormat",
    "Flow",
    "FollowUpSettings",
    "GroupValues",
    "Identifier",
    "Imaging",
    "Index",
    "Landmark",
    "Level",
    "Model",
    "Populations",
    "Privacy",
    "Procedure",
    "Protocol",
    "Published",
    "RankTestName",
    "Reason",
    "Recoding",
    "RecordTables",
    "ReportSettings",
    "Resampling",
    "Response",
    "ResponseVariant",
    "Safety",
    "SafetyGroup",
    "SafetyOutcome",
    "SafetyWindow",
    "Scalar",
    "Section",
    "SeenOn",
    "Selection",
    "SensitivityName",
    "Spline",
    "StopAfter",
    "Study",
    "Subgroups",
    "SurvivalSettings",
    "Table",
    "TableFile",
    "TemplateFile",
    "Threshold",
    "TimeColumn",
    "TimeUnit",
    "has_competing",
    "level_ids",
    "outcome_columns",
]


class Protocol(Section):
    """A whole ``study.toml``."""

    study: Study = Field(description="what the study is")
    records: RecordTables = Field(default=RecordTables(), description="the files of the study")
    baseline: Baseline | None = Field(default=None, description="variables at baseline (records study)")
    criterion: tuple[Criterion, ...] = Field(default=(), description="who enters")
    flow: Flow = Field(default=Flow(), description="why patients did not enter (records study)")
    population: Populations | None = Field(default=None, description="who is analyzed (records study)")
    imaging: Imaging | None = Field(default=None, description="the schedule of scans (records study)")
    response: Response | None = Field(default=None, description="how response is assessed (records study)")
    drug: dict[Identifier, Drug] = Field(default={}, description="drugs and their rules (records study)")
    procedure: tuple[Procedure, ...] = Field(default=(), description="local therapies (records study)")
    arm: Arm | None = Field(default=None, description="arms of actual treatment (records study)")
    endpoint: Annotated[tuple[Endpoint, ...], Field(min_length=1)] = Field(description="times to an event")
    exposure: Exposure | None = Field(default=None, description="time under the drug (records study)")
    factor: tuple[Factor, ...] = Field(default=(), description="characteristics of patients")
    table: tuple[Table, ...] = Field(default=(), description="tables of the report")
    model: tuple[Model, ...] = Field(default=(), description="models of an endpoint")
    subgroup: tuple[Subgroups, ...] = Field(default=(), description="comparisons repeated in subgroups")
    comparison: tuple[Comparison, ...] = Field(default=(), description="groups side by side (records study)")
    landmark: tuple[Landmark, ...] = Field(default=(), description="survival from fixed days on (records study)")
    safety: Safety | None = Field(default=None, description="adverse events (records study)")
    figure: tuple[Figure, ...] = Field(default=(), description="figures of the report")
    survival: SurvivalSettings = Field(default=SurvivalSettings(), description="choices of survival analysis")
    selection: Selection | None = Field(default=None, description="how candidates of models are selected")
    follow_up: FollowUpSettings = Field(default=FollowUpSettings(), description="how follow-up is computed")
    description: DescriptionSettings = Field(
        default=DescriptionSettings(), description="how characteristics are described"
    )
    report: ReportSettings = Field(default=ReportSettings(), description="how numbers are written")
    checks: Checks = Field(default=Checks(), description="when a run stops")
    privacy: Privacy = Field(default=Privacy(), description="what may be shown of patients")
    published: Published | None = Field(default=None, description="published numbers to compare with")

    _from_preset: frozenset[str] = PrivateAttr(default=frozenset())
    _made_otherwise: Mapping[str, ValueInForce] = PrivateAttr(default_factory=dict[str, ValueInForce])

    def model_post_init(self, context: Any, /) -> None:
        """Keep which keys came from the preset; the reader hands them in as the context of validation."""
        keys: Iterable[str] = context["from_preset"] if context else ()
        self._from_preset = frozenset(keys)

    @property
    def is_records_study(self) -> bool:
        """Whether everything is derived from the tables of the template, and not read from one table."""
        return self.study.records is not None

    @property
    def patients_file(self) -> TableFile:
        """The one file of a table study.

        Raises
        ------
        ProtocolError
            If this is a records study.
        """
        if self.records.patients is None:
            raise ProtocolError("this is a records study; a table study with [records.patients] was expected")
        return self.records.patients

    def find_endpoint(self, endpoint_id: str) -> Endpoint:
        return next(e for e in self.endpoint if e.id == endpoint_id)

    def find_factor(self, factor_id: str) -> Factor:
        """Return a factor; the groups of a comparison, and the arms, are factors too."""
        comparison = self.find_comparison(factor_id)
        if comparison is not None:
            return as_factor(comparison, self.factor)
        declared = next((f for f in self.factor if f.id == factor_id), None)
        if declared is None and self.arm is not None and self.arm.column == factor_id:
            return arm_as_factor(self.arm)
        assert declared is not None, factor_id
        return declared

    def find_comparison(self, comparison_id: str) -> Comparison | None:
        return next((c for c in self.comparison if c.id == comparison_id), None)

    def settings(self) -> dict[str, ValueInForce]:
        """Return every disputed choice in force, with where it was made.

        A choice that is made for each item has a key with the item's id: ``endpoint.PFS.censor``. A table
        study has the keys of `PROFILES` only, with competing events those of `COMPETING_PROFILES` too.
        """
        made = {choice.key: self._in_force(choice, self.study.profile) for choice in self._choices()}
        return made | dict(self._made_otherwise)

    def settings_under(self, profile: ProfileName) -> dict[str, ValueInForce]:
        """Return every disputed choice as a profile makes it, whatever this study says itself."""
        return {choice.key: self._in_force(replace(choice, own=None), profile) for choice in self._choices()}

    def with_choices(self, otherwise: Mapping[str, ValueInForce]) -> Protocol:
        """Return the protocol with some of its disputed choices made otherwise, whatever its sections say of them."""
        changed = self.model_copy()
        changed._made_otherwise = dict(otherwise)  # noqa: SLF001 (of the same class)
        return changed

    def _choices(self) -> Iterator[Choice]:
        for key in shared_keys(competing=any(has_competing(endpoint) for endpoint in self.endpoint)):
            section, name = key.split(".")
            yield Choice(key, key, getattr(getattr(self, section), name, None))
        if self.is_records_study:
            yield from clinical_choices(
                self.study, self.baseline, self.response, self.endpoint, self.comparison, self.safety
            )

    def _in_force(self, choice: Choice, profile: ProfileName) -> ValueInForce:
        """Return a choice as the study makes it itself, else as its criteria or the profile do."""
        own, origin = choice.own, f"preset {self.study.preset}" if choice.key in self._from_preset else "study.toml"
        if own is None:
            own, origin = choice.given, choice.origin
        return value_in_force(choice.key, EVERY_PROFILE[choice.profile_key], profile, own, origin)

    def selection_of(self, model: Model) -> tuple[str, str, float, float]:
        """Return method, criterion, enter and remove of a model: its own, or the study's."""
        force = self.settings()
        own = model.select
        chosen: list[Any] = []
        for name in ("method", "criterion", "enter", "remove"):
            value = None if own is None else getattr(own, name)
            chosen.append(force[f"selection.{name}"].value if value is None else value)
        return chosen[0], chosen[1], float(chosen[2]), float(chosen[3])
