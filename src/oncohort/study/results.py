"""Results: the long table of every number, the curves and the levels. The only joint between analysis and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Final

from oncohort.errors import AnalysisError
from oncohort.study.compared import ComparedNumbers

KEYS: Final = (
    "analysis",
    "model",
    "endpoint",
    "population",
    "group",
    "variable",
    "level",
    "time",
    "statistic",
)
_key_of: Final[Callable[[object], tuple[str, ...]]] = attrgetter(*KEYS)


@dataclass(frozen=True, slots=True)
class Row:
    """One number. Keys are ASCII, empty where not meant, unique together; ``text`` is what a reader sees."""

    analysis: str
    statistic: str
    value: float | None
    text: str
    model: str = ""
    endpoint: str = ""
    population: str = "all"
    group: str = ""
    variable: str = ""
    level: str = ""
    time: str = ""
    unit: str = ""

    def key(self) -> tuple[str, ...]:
        return _key_of(self)


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One time of one survival curve; probabilities are 0–1, times in the report unit."""

    endpoint: str
    group: str
    variable: str
    level: str
    time: float
    n_risk: int
    n_event: int
    n_censor: int
    surv: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class IncidenceRow:
    """One time of one curve of cumulative incidence; the rest as in `CurveRow`.

    ``kind`` is ``event`` or ``competing``, and ``n_event`` are events of that kind.
    """

    endpoint: str
    group: str
    variable: str
    level: str
    kind: str
    time: float
    n_risk: int
    n_event: int
    n_censor: int
    incidence: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class SplineRow:
    """One point of the curve of a factor that enters a model as a spline: the hazard ratio against its reference."""

    model: str
    endpoint: str
    variable: str
    at: float
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level of one factor as it was used: its label, its place, and the bounds of a split or cut."""

    variable: str
    level: str
    label: str
    order: int
    reference: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Results:
    """Everything the study found, ready to be written and read by the report.

    ``incidence`` are the curves of endpoints with competing events, ``splines`` those of factors that enter a model as
    a spline. ``published`` are the numbers of a publication beside these, if the study names one.
    """

    rows: tuple[Row, ...]
    curves: tuple[CurveRow, ...]
    levels: tuple[LevelRow, ...]
    published: ComparedNumbers | None = None
    incidence: tuple[IncidenceRow, ...] = ()
    splines: tuple[SplineRow, ...] = ()

    def __post_init__(self) -> None:
        seen: set[tuple[str, ...]] = set()
        for row in self.rows:
            key = row.key()
            if key in seen or not "".join(key).isascii():
                raise AnalysisError(f"results: the key {key} is there twice or is not ASCII")
            seen.add(key)

    @cached_property
    def _index(self) -> dict[tuple[str, ...], Row]:
        return {row.key(): row for row in self.rows}

    def get(self, analysis: str, statistic: str, **keys: str) -> Row | None:
        """Return the one row of these keys (others empty, population "all"), or None."""
        full = {"population": "all", **keys, "analysis": analysis, "statistic": statistic}
        return self._index.get(tuple(full.get(name, "") for name in KEYS))

    def text(self, analysis: str, statistic: str, **keys: str) -> str:
        """Return what a reader sees of the one row of these keys; "–" where the row does not exist."""
        row = self.get(analysis, statistic, **keys)
        return "–" if row is None else row.text

    def select(self, analysis: str, **keys: str) -> list[Row]:
        """Return all rows of an analysis whose keys are as given; keys not given are free."""
        wanted = keys.items()
        return [r for r in self._by_analysis.get(analysis, ()) if all(getattr(r, k) == v for k, v in wanted)]

    @cached_property
    def _by_analysis(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.analysis, []).append(row)
        return found

    def curve(self, endpoint: str, variable: str = "", level: str = "") -> list[CurveRow]:
        """Return the rows of one curve in time order."""
        return [c for c in self.curves if (c.endpoint, c.variable, c.level) == (endpoint, variable, level)]

    def incidence_curve(self, endpoint: str, kind: str, group: str = "") -> list[IncidenceRow]:
        """Return the rows of one curve of cumulative incidence in time order."""
        return [c for c in self.incidence if (c.endpoint, c.kind, c.group) == (endpoint, kind, group)]

    def spline(self, model: str, variable: str) -> list[SplineRow]:
        """Return the curve of a factor in a model, in ascending order of its value."""
        return [point for point in self.splines if (point.model, point.variable) == (model, variable)]

    def levels_of(self, variable: str) -> list[LevelRow]:
        """Return the levels of a factor in their declared order; empty for a factor without levels."""
        return sorted((r for r in self.levels if r.variable == variable), key=lambda r: r.order)
