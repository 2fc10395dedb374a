"""Cohorts to measure on: seeded, whole-day times with ties, censoring as in a trial; as arrays and as a table study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

SEED = 20_101
DAYS = 1_500  # the study closes on this day
LEVELS = (2, 2, 3, 2, 2, 4, 2, 2, 3, 3, 2, 2, 4)  # of the 13 factors
ENDPOINTS = ("OS", "PFS")

_BETA = np.array([0.5, -0.4, 0.3, 0.6, -0.3, 0.02, -0.03, 0.25, 0.15, -0.2])


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """n patients.

    Parameters
    ----------
    time, event : dict of endpoint to (n,) float
        Whole days from 1 to 1500, and 1 where the event happened.
    x : (n, p) float
        Covariates x1 … x5 (0 or 1), x6 and x7 (whole numbers), x8 … x10 (normal); p = 10.
    factors : tuple of (n,) int
        13 factors with 2 to 4 levels, counted from 0.
    risk : (n,) float
        A risk score with two decimals: many patients share one.
    """

    n: int
    time: dict[str, NDArray[np.float64]]
    event: dict[str, NDArray[np.float64]]
    x: NDArray[np.float64]
    factors: tuple[NDArray[np.int64], ...]
    risk: NDArray[np.float64]


def make_cohort(n: int) -> Cohort:
    """Return the cohort of n patients; the same n gives the same patients."""
    random = np.random.default_rng([SEED, n])
    x = np.column_stack(
        [
            random.random((n, 5)) < [0.8, 0.5, 0.3, 0.6, 0.2],
            random.normal(58, 10, n).round(),
            random.poisson(2.0, n),
            random.normal(size=(n, 3)),
        ]
    ).astype(np.float64)
    factors = tuple(random.integers(0, levels, n) for levels in LEVELS)
    eta = (x - x.mean(axis=0)) @ _BETA + 0.2 * (factors[0] - 0.5) + 0.1 * (factors[5] - 1.5)
    # progression by a Weibull hazard, death some time after it; entry over two years, a few lost
    progression = 330.0 * random.weibull(1.2, n) * np.exp(-eta / 1.2)
    death = progression + 300.0 * random.weibull(1.0, n) * np.exp(-eta / 2.0)
    end = np.minimum(random.uniform(DAYS - 730, DAYS, n), random.exponential(4_000.0, n))
    time = {"OS": _days(np.minimum(death, end)), "PFS": _days(np.minimum(progression, end))}
    event = {"OS": (death <= end).astype(np.float64), "PFS": (progression <= end).astype(np.float64)}
    return Cohort(n, time, event, x, factors, (eta + random.normal(size=n)).round(2))


def _days(time: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.ceil(time), 1, DAYS)


def with_covariates(cohort: Cohort, p: int) -> Cohort:
    """Return the cohort with the first p covariates, or with so many more, normal and without effect."""
    more = np.random.default_rng(p).normal(size=(cohort.n, max(p - cohort.x.shape[1], 0)))
    x = np.column_stack([cohort.x, more]) if more.size else cohort.x[:, :p]
    return replace(cohort, x=np.ascontiguousarray(x))


def causes_of(cohort: Cohort) -> NDArray[np.int64]:
    """Return 0 where survival was censored, else 1 or 2, the cause of death: by the second factor, thus by chance."""
    return cohort.event["OS"].astype(np.int64) * (1 + cohort.factors[1])


def columns_of(cohort: Cohort) -> dict[str, NDArray[np.float64]]:
    """Return every column of the cohort as doubles, by name."""
    columns = {f"{id_.lower()}_time": cohort.time[id_] for id_ in ENDPOINTS}
    columns |= {f"{id_.lower()}_event": cohort.event[id_] for id_ in ENDPOINTS}
    columns |= {f"x{k + 1}": cohort.x[:, k] for k in range(cohort.x.shape[1])}
    columns |= {f"f{k + 1}": codes.astype(np.float64) for k, codes in enumerate(cohort.factors)}
    return columns | {"risk": cohort.risk, "cause": causes_of(cohort).astype(np.float64)}


def write_columns(cohort: Cohort, path: Path) -> tuple[str, ...]:
    """Write the columns one after the other as doubles of this machine, and return their names."""
    columns = columns_of(cohort)
    with path.open("wb") as file:
        for values in columns.values():
            file.write(np.ascontiguousarray(values).tobytes())
    return tuple(columns)


def write_study(cohort: Cohort, folder: Path) -> None:
    """Write the cohort as a table study: 13 factors, 2 endpoints, one univariable table, one Cox model."""
    folder.mkdir(parents=True)
    table = pl.DataFrame(columns_of(cohort)).select(pl.selectors.matches(r"_time$|_event$|^f\d+$")).cast(pl.Int64)
    table.with_row_index("patient_id", offset=1).write_csv(folder / "patients.csv")
    names = [f"f{k + 1}" for k in range(len(LEVELS))]
    listed = ", ".join(f'"{name}"' for name in names)
    parts = [
        '[study]\ntitle = "Benchmark"\nprofile = "guideline"\nsynthetic = true\n',
        '[records.patients]\nfile = "patients.csv"\npatient_id = "patient_id"\n',
        *[_endpoint(id_) for id_ in ENDPOINTS],
        *[
            f'[[factor]]\nid = "{name}"\ncolumn = "{name}"\nlevels = {list(range(levels))}\n'
            for name, levels in zip(names, LEVELS, strict=True)
        ],
        f'[[table]]\nid = "table_2"\nkind = "univariable"\nendpoints = ["OS", "PFS"]\nfactors = [{listed}]\n',
        f'[[model]]\nid = "cox_os"\nendpoint = "OS"\nfactors = [{listed}]\n',
    ]
    (folder / "study.toml").write_text("\n".join(parts), encoding="utf-8")


def _endpoint(id_: str) -> str:
    column = id_.lower()
    return (
        f'[[endpoint]]\nid = "{id_}"\n'
        f'time = {{ column = "{column}_time", unit = "days" }}\n'
        f'event = {{ column = "{column}_event", values = [1], censored = [0] }}\n'
        'measured_from = "the first day"\nmeasured_to = "the event"\ncensored_at = "last follow-up"\n'
    )
