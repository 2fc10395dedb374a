"""Scores that are sums of points: what each item gives, the sum, and its class, with what is still possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.scale import Interval, Scale, in_words, place, yes_no
from oncohort.errors import DataError


@dataclass(frozen=True, slots=True)
class Choice:
    """The points of an item that is a word, a grade or a yes or no."""

    key: str
    label: str
    points: Mapping[str, int] | Mapping[int, int] | Mapping[bool, int]


@dataclass(frozen=True, slots=True)
class PointScore:
    """A score with the points of each of its items; the ``why`` of an item says what gave them."""

    points: Mapping[str, Answer[int]]
    score: Answer[int]


@dataclass(frozen=True, slots=True)
class ClassedScore:
    """A score, the points of each of its items, and the class of the score."""

    points: Mapping[str, Answer[int]]
    score: Answer[int]
    cls: Answer[str]


def choose(item: Choice, value: str | int | bool | None) -> Answer[int]:  # noqa: FBT001 - a yes or no is the item's value
    """Return the points of a word, a grade or a yes or no; all points of the item where it is missing.

    Raises
    ------
    DataError
        If the value is none of those the item has.

    Examples
    --------
    >>> choose(Choice("child_pugh_class", "Child-Pugh", {"A": 0, "B": 1, "C": 2}), "B")
    Answer(value=1, why='Child-Pugh B', missing=(), possible=(1,))
    """
    if value is None:
        return undetermined([item.key], sorted(set(item.points.values())))
    for known, points in item.points.items():
        if known == value and isinstance(known, bool) == isinstance(value, bool):
            return decided(points, f"{item.label} {yes_no(value) if isinstance(value, bool) else value}")
    expected = ", ".join(yes_no(known) if isinstance(known, bool) else str(known) for known in item.points)
    raise DataError(f'{item.label}: "{value}" is not known; one of {expected} was expected')


def sum_points(points: Mapping[str, Answer[int]]) -> Answer[int]:
    """Return the sum of the points of all items; every sum that is still possible where items are missing.

    Examples
    --------
    >>> sum_points({"size": decided(1, "size 80 mm > 70"), "afp": undetermined(["afp_ng_per_ml"], [0, 1])}).possible
    (1, 2)
    """
    sums = {0}
    for answer in points.values():
        sums = {total + point for total in sums for point in answer.possible}
    missing = tuple(dict.fromkeys(name for answer in points.values() for name in answer.missing))
    if len(sums) > 1:
        return undetermined(missing, sorted(sums))
    return decided(sums.pop(), "; ".join(f"{answer.why}: {answer.value}" for answer in points.values()), missing)


def classify(score: Answer[int], classes: Scale[str]) -> Answer[str]:
    """Return the class of a score; it is determined where all scores that are possible have one class."""
    placed = [place(classes, value) for value in score.possible]
    possible = list(dict.fromkeys(name for answer in placed for name in answer.possible))
    if len(possible) > 1:
        return undetermined(score.missing, possible)
    low, high = min(score.possible), max(score.possible)
    why = placed[0].why if low == high else f"{classes.label} {low} to {high}"
    return decided(possible[0], why, score.missing)


def classed(points: Mapping[str, Answer[int]], classes: Scale[str]) -> ClassedScore:
    """Return the score and the class of items."""
    score = sum_points(points)
    return ClassedScore(points, score, classify(score, classes))


def one_point(key: str, label: str, unit: str, yes: Interval, no: Interval) -> Scale[int]:
    """Return the scale of a measured item with one point."""
    return Scale(key, label, unit, ((yes, 1), (no, 0)))


def threshold_row(scale: Scale[int]) -> tuple[str, str]:
    """Return the row of an item with one point: what it is, and what gives the point."""
    unit = f" {scale.unit}" if scale.unit else ""
    return scale.label, next(f"{in_words(part)}{unit}" for part, points in scale.levels if points == 1)


def choice_rows(item: Choice) -> tuple[tuple[str, str, str], ...]:
    """Return the rows of an item that is chosen: what it is, each value, and its points."""
    return tuple(
        (item.label, yes_no(value) if isinstance(value, bool) else str(value), str(points))
        for value, points in item.points.items()
    )
