"""Stepwise selection on resamples: each is that of the rows written out, however it is computed."""

import numpy as np
import pytest

from oncohort.errors import AnalysisError
from oncohort.stats import kernel
from oncohort.stats.stepwise import stepwise
from oncohort.stats.stepwise_resamples import stepwise_resamples

N = 80
RNG = np.random.default_rng(21)
STAGE = RNG.integers(0, 4, N)
AGE, SIZE, FIRM = RNG.normal(60, 9, N), RNG.exponential(4, N), RNG.integers(0, 2, N)
RATE = np.exp(0.5 * (STAGE == 3) + 0.04 * (AGE - 60) + 0.6 * FIRM)
DEATH, END = np.ceil(40 * RNG.exponential(size=N) / RATE), RNG.integers(20, 90, N)
TIME, EVENT = np.minimum(DEATH, END), DEATH <= END
BLOCKS = {
    "stage": {f"stage {k}": (k == STAGE).astype(float) for k in (1, 2, 3)},
    "age": AGE,
    "size": SIZE,
    "firm": FIRM.astype(float),
    "late": {"stage 2 or 3": (STAGE > 1).astype(float)},  # a combination of the columns of stage
    "rare": (np.arange(N) == 5).astype(float),
}
DRAWS = RNG.multinomial(N, [1 / N] * N, size=12)
RULES = {"enter": 0.15, "remove": 0.2}


@pytest.mark.parametrize("name", sorted(kernel.KERNELS))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("criterion", ["conditional", "likelihood-ratio", "wald"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_resample_is_selected_from_like_the_rows_written_out(name, direction, criterion, ties):
    rules = RULES | {"direction": direction, "criterion": criterion, "ties": ties}
    draws = DRAWS[: 12 if name == "compiled" else 3]
    with kernel.use(name):
        found = stepwise_resamples(TIME, EVENT, BLOCKS, draws, **rules)
    assert found.terms == tuple(BLOCKS)
    for r, times in enumerate(draws):
        rows = np.repeat(np.arange(N), times)
        blocks = {
            term: {n: v[rows] for n, v in block.items()} if isinstance(block, dict) else block[rows]
            for term, block in BLOCKS.items()
        }
        with kernel.use("numpy"):
            path = stepwise(TIME[rows], EVENT[rows], blocks, **rules)
        assert {t for t, inside in zip(found.terms, found.selected[r], strict=True) if inside} == set(path.selected)
        fit = path.fit
        expected = {} if fit is None or not fit.converged else dict(zip(fit.names, fit.coefficients, strict=True))
        for column, coefficient in zip(found.names, found.coefficients[r], strict=True):
            if column in expected:
                assert coefficient == pytest.approx(expected[column], rel=1e-8, nan_ok=True)


@pytest.mark.skipif("compiled" not in kernel.KERNELS, reason="the kernel was not compiled here")
def test_any_number_of_threads_selects_the_same():
    draws = np.random.default_rng(3).multinomial(N, [1 / N] * N, size=200)
    found = []
    for workers in (1, 3):
        with kernel.use("compiled", workers=workers):
            blocks = {term: BLOCKS[term] for term in ("stage", "age", "size", "firm")}
            found.append(
                stepwise_resamples(
                    TIME, EVENT, blocks, draws, direction="forward", criterion="likelihood-ratio", ties="efron", **RULES
                )
            )
    assert np.array_equal(found[0].selected, found[1].selected)
    assert np.array_equal(found[0].coefficients, found[1].coefficients, equal_nan=True)
    assert found[0].selected.any(axis=0).all()


@pytest.mark.parametrize("name", sorted(kernel.KERNELS))
def test_resample_without_an_event_has_a_reason(name):
    nobody = np.where(EVENT, 0, 2)
    rules = RULES | {"direction": "forward", "criterion": "wald", "ties": "efron"}
    with kernel.use(name):
        found = stepwise_resamples(
            TIME, EVENT, {"age": AGE}, [nobody, np.zeros(N, dtype=int), np.ones(N, dtype=int)], **rules
        )
    assert "none of the patients has the event" in found.reasons[0]
    assert found.reasons[1]
    assert found.reasons[2] == ""
    assert not found.selected[:2].any()
    assert np.isnan(found.coefficients[:2]).all()


@pytest.mark.parametrize(
    "draws", [np.ones(N, dtype=int), np.ones((2, N - 1), dtype=int), -np.ones((1, N), dtype=int), np.ones((1, N))]
)
def test_draws_that_are_no_counts_are_refused(draws):
    rules = RULES | {"direction": "forward", "criterion": "wald", "ties": "efron"}
    with pytest.raises(AnalysisError, match="draws"):
        stepwise_resamples(TIME, EVENT, {"age": AGE}, draws, **rules)


def test_no_resample_gives_empty_tables():
    rules = RULES | {"direction": "forward", "criterion": "wald", "ties": "efron"}
    found = stepwise_resamples(TIME, EVENT, BLOCKS, np.zeros((0, N), dtype=int), **rules)
    assert found.selected.shape == (0, 6)
    assert found.coefficients.shape == (0, 8)
    assert found.reasons == ()


@pytest.mark.parametrize("beside", ["entry", "weights", "strata"])
def test_entries_weights_and_strata_go_with_their_rows(beside):
    rng = np.random.default_rng(3)
    values = {
        "entry": np.floor(TIME * rng.uniform(0, 0.5, N)),
        "weights": rng.uniform(0.5, 2, N),
        "strata": rng.integers(0, 3, N),
    }[beside]
    draws = rng.multinomial(N, [1 / N] * N, size=4)
    rules = RULES | {"direction": "forward", "criterion": "wald", "ties": "efron"}
    found = stepwise_resamples(TIME, EVENT, {"age": AGE, "size": SIZE}, draws, **rules, **{beside: values})
    for r, times in enumerate(draws):
        rows = np.repeat(np.arange(N), times)
        written = {"age": AGE[rows], "size": SIZE[rows]}
        path = stepwise(TIME[rows], EVENT[rows], written, **rules, **{beside: values[rows]})
        assert set(np.array(found.terms)[found.selected[r]]) == set(path.selected)
    assert found.selected.any()
