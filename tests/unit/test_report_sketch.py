"""Figures are the same whoever draws them, and a process that is gone costs time and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from oncohort.cli.other_process import OtherProcess, other_process
from oncohort.errors import OutputError
from oncohort.report.figures.flow import FlowBox, plot_flow
from oncohort.report.sketch import Sketch, begin, draw, finish

FLOW = partial(plot_flow, (FlowBox("Patients screened", 326), FlowBox("Analyzed", 110)))
SKETCHES = [Sketch(FLOW, f"Flow {k}", "326 screened, 110 analyzed.") for k in range(5)]


@pytest.fixture
def other() -> Iterator[Executor]:
    with OtherProcess() as executor:
        yield executor


def test_figures_are_the_same_whoever_draws_them_and_keep_their_order(other: Executor):
    alone = finish([begin(sketch, None) for sketch in SKETCHES])
    assert [drawing.caption for drawing in alone] == [f"Flow {k}" for k in range(5)]
    assert finish([begin(sketch, other) for sketch in SKETCHES]) == alone
    assert other.submit(draw, SKETCHES[0]).result() == alone[0]


def test_figures_of_a_process_that_died_are_drawn_here(other: Executor):
    with pytest.raises(BrokenProcessPool):
        other.submit(os._exit, 1).result()
    with pytest.raises(BrokenProcessPool):
        other.submit(os.getpid).result()
    assert finish([begin(sketch, other) for sketch in SKETCHES[:2]]) == [draw(sketch) for sketch in SKETCHES[:2]]


def test_figures_that_the_process_died_over_are_drawn_here(other: Executor):
    begun = [begin(sketch, other) for sketch in SKETCHES[:2]]
    other.submit(os._exit, 1)
    assert finish(begun) == [draw(sketch) for sketch in SKETCHES[:2]]


def test_the_other_process_is_another_one_and_what_is_printed_there_does_no_harm(other: Executor):
    assert other.submit(os.getpid).result() != os.getpid()
    assert other.submit(print, "something that a library says", flush=True).result() is None
    assert other.submit(int, "7").result() == 7


def test_what_a_figure_refuses_is_refused_from_the_other_process_too(other: Executor):
    begun = [begin(Sketch(partial(plot_flow, ()), "Nothing", ""), other) for _ in range(3)]
    with pytest.raises(OutputError, match="there is no step"):
        finish(begun)


@pytest.mark.parametrize(("processors", "figures", "given"), [(1, 7, False), (2, 4, False), (2, 5, True)])
def test_another_process_is_there_where_it_saves_time(
    monkeypatch: pytest.MonkeyPatch, processors: int, figures: int, *, given: bool
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    with other_process(figures) as other:
        assert (other is not None) is given
        assert given is False or finish([begin(SKETCHES[0], other)]) == [draw(SKETCHES[0])]  # type: ignore[arg-type]
