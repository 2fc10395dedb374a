"""What is measured, and on how many patients."""

from __future__ import annotations

from dataclasses import dataclass

SMALL, MIDDLE, LARGE, HUGE = 110, 10_000, 1_000_000, 10_000_000
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """A piece of work to measure.

    Parameters
    ----------
    task : str
        Its name in the tables of `ours`, of the peers and of ``r_survival.R``.
    title : str
        What it is, for the reader of the table.
    sizes : tuple of int
        Numbers of patients.
    p : int
        Covariates of each patient.
    beside : tuple of str or None
        Names of the peers to measure beside; None for all that do the task.
    """

    task: str
    title: str
    sizes: tuple[int, ...]
    p: int = 10
    beside: tuple[str, ...] | None = None


def _cox(p: int, sizes: tuple[int, ...], beside: tuple[str, ...] | None = None) -> Case:
    return Case("cox", f"Cox, Efron, {p} covariates", sizes, p, beside)


_TABLES = "26 tables: 13 factors × 2 endpoints, median of each level, log-rank"

ESTIMATORS = (
    Case("kaplan_meier", "Kaplan–Meier, limits, median", (SMALL, MIDDLE, LARGE)),
    Case("log_rank_2", "Log-rank, 2 groups", (SMALL, MIDDLE, LARGE)),
    Case("log_rank_4", "Log-rank, 4 groups", (SMALL, MIDDLE, LARGE)),
    Case("tables_26", _TABLES, (SMALL, MIDDLE)),
    Case("stepwise", "Stepwise Cox, forward LR 0.10/0.10, 10 candidates", (SMALL,)),
    Case("zph", "Test of proportional hazards, 10 covariates", (SMALL, MIDDLE, LARGE)),
    Case("concordance", "Concordance with its standard error", (SMALL, MIDDLE, LARGE)),
)
# From a million patients on, all peers are measured at 10 covariates only; the rest would take an hour.
REGRESSIONS = (
    _cox(5, (SMALL, MIDDLE)),
    _cox(5, (LARGE, HUGE), ("coxstream",)),
    _cox(10, (SMALL, MIDDLE, LARGE)),
    _cox(10, (HUGE,), ("coxstream",)),
    _cox(50, (MIDDLE,)),
    _cox(50, (LARGE,), ("coxstream", "R survival")),
    Case("firth", "Cox, Firth's penalty, Breslow, 10 covariates, profile limits and tests", (SMALL, MIDDLE)),
    Case("fine_gray", "Fine–Gray, 5 covariates", (MIDDLE, 100_000), p=5),
    Case("bootstrap", f"{RESAMPLES:,} bootstraps of stepwise Cox, forward LR 0.10/0.10, 10 candidates", (SMALL,)),
    Case("tables_26", _TABLES, (LARGE,)),
)
