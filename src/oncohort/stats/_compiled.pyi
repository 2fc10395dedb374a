from oncohort.stats.arrays import Floats, Ints

def risk_sums(
    slot: Ints, start: Ints | None, weight: Floats | None, x: Floats, beta: Floats, table: Floats, theta: Floats, /
) -> float: ...
def gram(
    slot: Ints, start: Ints | None, weight: Floats | None, x: Floats, theta: Floats, hazard: Floats, total: Floats, /
) -> None: ...
def tie_terms(
    risk: Floats, tied_risk: Floats, n_tied: Floats, tied_weight: Floats, efron: Floats, terms: Floats, /
) -> None: ...
def point(
    slot: Ints,
    start: Ints | None,
    weight: Floats | None,
    x: Floats,
    bounds: Ints,
    n_tied: Floats,
    tied_weight: Floats,
    efron: Floats,
    observed: Floats,
    beta: Floats,
    score: Floats,
    information: Floats,
    /,
) -> float | None: ...
def climb(
    slot: Ints,
    start: Ints | None,
    weight: Floats | None,
    x: Floats,
    bounds: Ints,
    n_tied: Floats,
    tied_weight: Floats,
    efron: Floats,
    observed: Floats,
    span: Floats,
    reference: Floats,
    height: Floats,
    beta: Floats,
    score: Floats,
    information: Floats,
    step: Floats,
    /,
) -> tuple[int, float] | None: ...
def measure(source: Floats, low: Floats, high: Floats, total: Floats, /) -> bool: ...
def standardize(source: Floats, center: Floats, scale: Floats, x: Floats, squares: Floats, /) -> None: ...
def count_whole_times(time: Floats, event: Floats, group: Ints | None, counts: Ints, /) -> bool: ...
def place_whole_times(
    time: Floats, event: Floats, number: Ints, even_slot: Ints, stop: Ints, slot: Ints, /
) -> bool: ...
def exponentials(values: Floats, /) -> None: ...
def stepwise(
    x: Floats, key: Ints, term: Ints, rules: Floats, draws: Ints, status: Ints, coefficients: Floats, /
) -> None: ...
