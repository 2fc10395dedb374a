"""The compiled kernel by itself: its exponential, and that nothing wrong gets past its door."""

import math
from fractions import Fraction

import numpy as np
import pytest

compiled = pytest.importorskip("oncohort.stats._compiled", reason="the kernel was not compiled here")

N, P, SLOTS = 10, 2, 5


def rows(**other):
    """Return arrays of rows that are right, but for those given."""
    rng = np.random.default_rng(1)
    right = {
        "slot": rng.integers(0, SLOTS, N),
        "start": None,
        "weight": None,
        "x": rng.normal(size=(P, N)),
        "beta": np.array([0.1, -0.2]),
        "table": np.zeros((SLOTS, 4)),
        "theta": np.empty(N),
    }
    return list((right | other).values())


def exact_exponential(value):
    """Return exp of a double as a fraction, to 40 digits."""
    x, term, total, k = Fraction(value) / 1024, Fraction(1), Fraction(1), 1
    while abs(term) > Fraction(1, 10**40):
        term = (term * x / k).limit_denominator(10**60)
        total += term
        k += 1
    for _ in range(10):
        total = (total * total).limit_denominator(10**60) if total < 10**10 else total * total
    return total


def test_exponential_is_within_one_unit_in_the_last_place():
    rng = np.random.default_rng(2)
    values = np.concatenate(
        [rng.uniform(-3, 3, 300), [0.0, -0.0, 1.0, -1.0, math.log(2) / 2, -math.log(2) / 2, 1e-300]]
    )
    found = values.copy()
    compiled.exponentials(found)
    for value, ours in zip(values.tolist(), found.tolist(), strict=True):
        assert abs(Fraction(ours) - exact_exponential(value)) < Fraction(math.ulp(ours))


def test_exponential_is_that_of_the_library_over_the_whole_range():
    values = np.random.default_rng(3).uniform(-700, 700, 100_001)
    found = values.copy()
    compiled.exponentials(found)
    assert np.max(np.abs(found - np.exp(values)) / np.spacing(found)) <= 2
    assert found[:3].tolist() == [one[0] for one in map(exponential_of_one, values[:3].tolist())]


def exponential_of_one(value):
    array = np.array([value])
    compiled.exponentials(array)
    return array


def test_rows_that_are_right_are_taken():
    assert compiled.risk_sums(*rows()) > 0
    assert compiled.risk_sums(*rows(start=np.full(N, 4), weight=np.ones(N))) > 0
    assert compiled.risk_sums(*rows(beta=np.array([np.nan, 0.0]))) == math.inf


@pytest.mark.parametrize("slot", [-1, SLOTS, 2**62, -(2**63)])
def test_slot_that_does_not_exist_is_refused(slot):
    bad = np.full(N, 1)
    bad[-1] = slot
    with pytest.raises(ValueError, match="slot"):
        compiled.risk_sums(*rows(slot=bad))
    with pytest.raises(ValueError, match="slot"):
        compiled.risk_sums(*rows(start=bad))
    with pytest.raises(ValueError, match="slot"):
        compiled.gram(*rows(slot=bad)[:4], np.ones(N), np.zeros(SLOTS), np.empty((P, P)))
    with pytest.raises(ValueError, match="slot"):
        compiled.gram(*rows(start=bad)[:4], np.ones(N), np.zeros(SLOTS), np.empty((P, P)))


WRONG = {
    "slots are not integers": {"slot": np.zeros(N)},
    "slots are small integers": {"slot": np.zeros(N, dtype=np.int32)},
    "slots have gaps": {"slot": np.zeros(2 * N, dtype=np.int64)[::2]},
    "too few slots": {"slot": np.zeros(N - 1, dtype=np.int64)},
    "too few starts": {"start": np.zeros(N - 1, dtype=np.int64)},
    "too few weights": {"weight": np.ones(N - 1)},
    "columns are rows": {"x": np.zeros((N, P)).T},
    "columns are of single precision": {"x": np.zeros((P, N), dtype=np.float32)},
    "a column too few": {"x": np.zeros((P - 1, N))},
    "one axis": {"x": np.zeros(P * N)},
    "no columns": {"x": np.zeros((0, N))},
    "too few coefficients": {"beta": np.zeros(P - 1)},
    "a narrow table": {"table": np.zeros((SLOTS, P + 1))},
    "a table with gaps": {"table": np.zeros((SLOTS, 8))[:, :4]},
    "a short result": {"theta": np.empty(N - 1)},
    "a result that cannot be written": {"theta": np.broadcast_to(np.zeros(1), (N,))},
    "no array": {"x": "text"},
}


@pytest.mark.parametrize("name", WRONG)
def test_arrays_that_do_not_fit_are_refused(name):
    with pytest.raises((ValueError, TypeError, BufferError)):
        compiled.risk_sums(*rows(**WRONG[name]))


def test_too_few_arguments_are_refused():
    for name in [name for name in dir(compiled) if not name.startswith("_")]:
        with pytest.raises(TypeError):
            getattr(compiled, name)()


@pytest.mark.parametrize("bounds", [[0], [0, 3], [-1, 2], [2, 1], [1, 0, 2]])
def test_bounds_of_strata_that_cannot_be_are_refused(bounds):
    shard = rows()[:4]
    cells = (np.array(bounds), np.ones(2), np.ones(2), np.ones(1))
    with pytest.raises(ValueError, match="shapes"):
        compiled.point(*shard, *cells, np.zeros(P + 1), np.zeros(P), np.empty(P), np.empty((P, P)))


@pytest.mark.parametrize(("n", "p"), [(1, 1), (3, 4), (64, 5), (67, 8), (130, 11)])
def test_columns_are_measured_and_standardized_wherever_they_stand(n, p):
    rng = np.random.default_rng(n * 100 + p)
    rows = rng.normal(size=(n, p))
    for source in (rows, np.asfortranarray(rows), np.repeat(rows, 2, axis=1)[:, ::2], rows[::-1]):
        low, high, total, squares = np.empty((4, p))
        assert compiled.measure(source, low, high, total)
        assert np.array_equal(low, source.min(axis=0))
        assert np.array_equal(high, source.max(axis=0))
        np.testing.assert_allclose(total, source.sum(axis=0), atol=1e-12 * n)
        center, scale, x = rng.normal(size=p), rng.uniform(1, 2, p), np.empty((p, n))
        compiled.standardize(source, center, scale, x, squares)
        np.testing.assert_allclose(x, ((source - center) / scale).T, atol=1e-14)
        np.testing.assert_allclose(squares, np.square(x).sum(axis=1), rtol=1e-13)
        here = np.ascontiguousarray(source.T)
        compiled.standardize(here.T, center, scale, here, squares)
        assert np.array_equal(here, x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_value_that_is_not_finite_is_seen_wherever_it_stands(value):
    for at in np.ndindex(9, 5):
        rows = np.ones((9, 5))
        rows[at] = value
        assert not compiled.measure(rows, *np.empty((3, 5)))


def test_places_that_do_not_fit_a_table_are_refused():
    rows, five = np.ones((N, 5)), np.ones(5)
    with pytest.raises(ValueError, match="shapes"):
        compiled.measure(rows, five, five.copy(), np.empty(4))
    for center, scale, x, squares in (
        (np.ones(4), five, np.empty((5, N)), np.empty(5)),
        (five, np.ones(6), np.empty((5, N)), np.empty(5)),
        (five, five, np.empty((N, 5)), np.empty(5)),
        (five, five, np.empty((5, N)), np.empty(4)),
    ):
        with pytest.raises(ValueError, match="shapes"):
            compiled.standardize(rows, center, scale, x, squares)


def test_empty_shard_adds_nothing():
    table = np.zeros((SLOTS, 4))
    nothing = {"slot": np.zeros(0, dtype=np.int64), "x": np.zeros((P, 0)), "theta": np.empty(0), "table": table}
    assert compiled.risk_sums(*rows(**nothing)) == 0
    assert not table.any()
    total = np.ones((P, P))
    compiled.gram(nothing["slot"], None, None, nothing["x"], np.zeros(0), np.zeros(SLOTS), total)
    assert not total.any()


@pytest.mark.parametrize("n", [1, 3, 4, 5, 255, 256, 257, 1025])
@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 8, 11, 64])
def test_passes_over_any_number_of_rows_and_columns_are_the_plain_sums(n, p):
    rng = np.random.default_rng(n * 100 + p)
    slot, start = rng.integers(0, 9, n), rng.integers(0, 9, n)
    weight, x, beta, hazard = rng.random(n), rng.normal(size=(p, n)), rng.normal(size=p) / p, rng.random(9)
    width = (p + 4) // 4 * 4
    table, theta, total = np.zeros((9, width)), np.empty(n), np.empty((p, p))
    peak = compiled.risk_sums(slot, start, weight, x, beta, table, theta)
    compiled.gram(slot, start, weight, x, theta, hazard, total)
    eta = beta @ x
    assert peak == pytest.approx(np.abs(eta).max(), rel=1e-13)
    np.testing.assert_allclose(theta, weight * np.exp(eta), rtol=1e-13)
    expected = np.zeros((9, width))
    values = np.vstack([x, np.ones(n)]) * theta
    np.add.at(expected, slot, np.pad(values.T, ((0, 0), (0, width - p - 1))))
    np.subtract.at(expected, start, np.pad(values.T, ((0, 0), (0, width - p - 1))))
    np.testing.assert_allclose(table, expected, atol=1e-12 * n)
    q = theta * (hazard[slot] - hazard[start])
    np.testing.assert_allclose(total, (x * q) @ x.T, atol=1e-11 * n)
    assert np.array_equal(total, total.T)
