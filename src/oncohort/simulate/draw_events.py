"""Adverse events and causes of death of the synthetic patients, dealt out so that the counts are met exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final

from oncohort.clinical.ctcae import term_of
from oncohort.simulate.deal import ImpossibleError, deal, in_order, shares
from oncohort.simulate.draw_people import Person
from oncohort.simulate.draw_survival import End
from oncohort.simulate.margins import GradeCounts, Margins
from oncohort.simulate.plausible import ADVERSE_EVENTS, DEATHS, latent

_FRAILTY: Final = 0.5
"""How strongly the adverse events of one patient go together."""
_OF_LIVER: Final = frozenset({"LIVER TOXICITY", "LIVER DYSFUNCTION", "HEMORRHAGE", "VARICEAL HEMORRHAGE"})
_DEATH: Final = 5
_AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "LIVER FAILURE": ("LIVER TOXICITY", "LIVER DYSFUNCTION"),
    "VARICEAL BLEEDING": ("VARICEAL HEMORRHAGE", "HEMORRHAGE"),
}
"""For a cause of death, the adverse events that go before it."""


def draw_grades(
    people: Sequence[Person], ends: Sequence[End], margins: Margins, reasons: Iterable[str]
) -> list[dict[str, int]]:
    """Draw the worst grade of each adverse event of each patient; events of one patient go together.

    Parameters
    ----------
    people, ends
        The patients, and who died: a grade 5 is given to nobody else.
    margins : Margins
        The counts by grade; without them those of `plausible`.
    reasons : iterable of str
        Adverse events, besides those, that are reasons of early stops and have counts there: as many of grade 3.
    """
    n = len(people)
    counts = (
        {term: shares({0: 1 - sum(by.values()), **by}, n) for term, by in ADVERSE_EVENTS.items()}
        if margins.adverse_event is None
        else {term: told_grades(told, n) for term, told in margins.adverse_event.items()}
    )
    stops = margins.treatment.early_stop or {}
    counts |= {name.upper(): {0: n - stops[name], 3: stops[name]} for name in reasons if name in stops}
    frailty = [person.rng.gauss(0, 1) for person in people]
    grades: list[dict[str, int]] = [{} for _ in people]
    for term, by_grade in counts.items():
        weight = 0.7 if term_of(term) in _OF_LIVER else 0.0
        scores = [
            latent(person.rng, own, _FRAILTY) + weight * person.hidden
            for person, own in zip(people, frailty, strict=True)
        ]
        for own, grade in zip(grades, _dealt(term, by_grade, scores, ends), strict=True):
            if grade:
                own[term] = grade
    return grades


def _dealt(term: str, by_grade: Mapping[int, int], scores: Sequence[float], ends: Sequence[End]) -> list[int]:
    """Return the grade of each patient; grade 5 goes to the highest scores among those who died."""
    fatal = by_grade.get(_DEATH, 0)
    dead = [k for k in in_order(scores) if ends[k].died]
    if fatal > len(dead):
        raise ImpossibleError(f"adverse_event.{term}.5", f"{fatal} were asked for, but only {len(dead)} died")
    killed = {*dead[len(dead) - fatal :]}
    rest = [k for k in range(len(scores)) if k not in killed]
    others = dict(sorted((grade, count) for grade, count in by_grade.items() if grade != _DEATH))
    given = dict(zip(rest, deal(others, [scores[k] for k in rest]), strict=True))
    return [given.get(k, _DEATH) for k in range(len(scores))]


def told_grades(told: GradeCounts, n: int) -> dict[int, int]:
    """Return how many of n patients have each worst grade, 0 for none.

    Patients of ``any`` whose grade is not told have grade 1 or 2, whichever of them is not told, or half of each.

    Examples
    --------
    >>> told_grades({"any": 9, "3": 2}, 20)
    {0: 11, 3: 2, 1: 4, 2: 3}
    """
    counts = {int(grade): count for grade, count in told.items() if grade != "any"}
    total = told.get("any", sum(counts.values()))
    silent = [grade for grade in (1, 2) if grade not in counts]
    counts |= shares(dict.fromkeys(silent, 1.0), total - sum(counts.values())) if silent else {}
    return {0: n - total} | counts


def draw_causes(
    people: Sequence[Person], ends: Sequence[End], grades: Sequence[Mapping[str, int]], told: Mapping[str, int] | None
) -> list[str]:
    """Draw the cause of each death; liver failure and bleeding follow their adverse events where there are such."""
    dead = [k for k, end in enumerate(ends) if end.died]
    counts = dict(told) if told is not None else shares(DEATHS, len(dead))
    if sum(counts.values()) != len(dead):
        raise ImpossibleError("death", f"{sum(counts.values())} causes were told, but {len(dead)} patients die")
    noise = {k: people[k].rng.gauss(0, 1) for k in dead}
    left = [*dead]
    causes: dict[int, str] = {}
    for cause in sorted(counts, key=lambda name: name not in _AFTER):
        left.sort(key=lambda k: -_fits(cause, people[k], grades[k], noise[k]))
        causes |= dict.fromkeys(left[: counts[cause]], cause)
        left = left[counts[cause] :]
    return [causes.get(k, "") for k in range(len(ends))]


def _fits(cause: str, person: Person, grades: Mapping[str, int], noise: float) -> float:
    before = max((grades.get(term, 0) for term in _AFTER.get(cause, ())), default=0)
    return (
        noise + 1.5 * max(0, before - 2) + 0.5 * (cause == "LIVER FAILURE" and person.fields["child_pugh_class"] != "A")
    )


def draw_reductions(
    streams: Sequence[Random], grades: Sequence[Mapping[str, int]], days: Sequence[int], told: int | None, usual: float
) -> list[bool]:
    """Draw whose dose is reduced: who has a severe adverse event comes first, if the drug is taken long enough.

    Without a count, it is a share of all, and nobody without a severe adverse event.
    """
    severe = [max(own.values(), default=0) >= 3 for own in grades]
    noise = [rng.random() for rng in streams]
    able = [k for k in range(len(streams)) if severe[k] or told is not None]
    able.sort(key=lambda k: (not severe[k], days[k] < _LONG_ENOUGH, noise[k]))
    chosen = {*able[: round(usual * len(streams)) if told is None else told]}
    return [k in chosen for k in range(len(streams))]


_LONG_ENOUGH: Final = 42
"""Days under the drug that leave room for a lower dose and the way back."""
