"""A remembered step runs again if, and only if, something that it read is different."""

from dataclasses import dataclass, field
from math import nan

import numpy as np
import polars as pl
import pytest

from oncohort.study.recall import Memory, anew, same


@dataclass(frozen=True, slots=True)
class Inner:
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class Study:
    ties: str = "efron"
    alpha: float = 0.05
    inner: Inner = field(default_factory=Inner)
    factors: dict[str, int] = field(default_factory=lambda: {"age": 1, "sex": 2})

    @property
    def shouted(self) -> str:
        return self.ties.upper()

    def words(self) -> str:
        return f"ties {self.ties}"

    def settings(self) -> dict[str, object]:
        return {"ties": self.ties, "alpha": self.alpha}


@pytest.fixture
def runs():
    return []


@pytest.fixture
def memory():
    return Memory((Study, Inner))


READS_TIES = {
    "field": lambda study: study.ties,
    "property": lambda study: study.shouted,
    "method": lambda study: study.words(),
    "answer by key": lambda study: study.settings()["ties"],
}


@pytest.mark.parametrize("read", READS_TIES.values(), ids=READS_TIES)
def test_step_runs_again_only_if_what_it_read_has_changed(read, memory, runs):
    def step(study):
        runs.append(1)
        return read(study)

    first = memory(step, Study())
    assert memory(step, Study(alpha=0.01)) is first
    assert len(runs) == 1
    assert memory(step, Study(ties="breslow")) == anew(step, Study(ties="breslow")) != first
    assert len(runs) == 3  # once in memory, once anew


def test_what_was_read_of_a_watched_part_counts_and_the_part_itself_does_not(memory, runs):
    def step(study):
        runs.append(1)
        return study.inner.value

    memory(step, Study())
    memory(step, Study(inner=Inner(1.0), ties="breslow"))
    assert len(runs) == 1
    assert memory(step, Study(inner=Inner(2.0))) == 2.0


@pytest.mark.parametrize(
    "read",
    [
        lambda study: list(study.factors),
        lambda study: len(study.factors),
        lambda study: "diameter" in study.factors,
        lambda study: study.factors.get("diameter"),
        lambda study: dict(study.factors.items()),
    ],
)
def test_a_new_item_counts_for_who_asked_which_items_there_are(read, memory, runs):
    def step(study):
        runs.append(1)
        return read(study)

    more = Study(factors={"age": 1, "sex": 2, "diameter": 3})
    memory(step, Study())
    assert memory(step, more) == anew(read, more)
    assert len(runs) == 2


def test_a_new_item_does_not_count_for_who_read_another(memory, runs):
    def step(study):
        runs.append(1)
        return study.factors["age"]

    memory(step, Study())
    assert memory(step, Study(factors={"age": 1, "diameter": 3})) == 1
    assert memory(step, Study(factors={"age": 9})) == 9
    assert memory(step, Study(factors={"age": 9, "sex": 2})) == 9
    assert len(runs) == 2


def test_an_item_that_is_gone_makes_the_step_run_again(memory):
    def step(study):
        return study.factors.get("sex", 0)

    assert memory(step, Study()) == 2
    assert memory(step, Study(factors={"age": 1})) == 0


def test_arguments_that_are_not_watched_are_compared_as_a_whole(memory, runs):
    def step(frame, name):
        runs.append(1)
        return frame[name].sum()

    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert memory(step, frame, "a") == memory(step, frame.clone(), "a") == 3
    assert len(runs) == 1
    assert memory(step, frame.with_columns(b=pl.lit(0)), "a") == 3
    assert memory(step, frame, "b") == 7
    assert len(runs) == 3


def test_steps_are_remembered_each_for_itself(memory):
    assert memory(max, 1, 2) == 2
    assert memory(min, 1, 2) == 1


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (nan, nan, True),
        (1, 1.0, False),
        (np.array([1.0, nan]), np.array([1.0, nan]), True),
        (np.array([1.0]), np.array([1]), False),
        (np.array(["a"]), np.array(["a"]), True),
        (pl.DataFrame({"a": [1, None]}), pl.DataFrame({"a": [1, None]}), True),
        (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1.0]}), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        (Study(), Study(), True),
        (Study(inner=Inner(nan)), Study(inner=Inner(nan)), True),
        ([Study(), 1], [Study(), 2], False),
        ((1, 2), (1, 2, 3), False),
    ],
)
def test_same_looks_into_every_part(a, b, expected):
    assert same(a, b) is expected
    assert same(b, a) is expected
