"""What is measured, and on how many patients."""

from __future__ import annotations

from dataclasses import dataclass

SMALL, MIDDLE, LARGE = 110, 10_000, 1_000_000
SIZES = (SMALL, MIDDLE, LARGE)


@dataclass(frozen=True, slots=True)
class Case:
    """An estimator to measure.

    Parameters
    ----------
    task : str
        Its name in the tables of `ours`, `lifelines_peer` and ``r_survival.R``.
    title : str
        What it is, for the reader of the table.
    sizes : tuple of int
        Numbers of patients.
    """

    task: str
    title: str
    sizes: tuple[int, ...] = SIZES


CASES = (
    Case("kaplan_meier", "Kaplan–Meier, limits, median"),
    Case("log_rank_2", "Log-rank, 2 groups"),
    Case("log_rank_4", "Log-rank, 4 groups"),
    Case("tables_26", "26 tables: 13 factors × 2 endpoints, median of each level, log-rank"),
    Case("cox_3", "Cox, Efron, 3 covariates", (SMALL,)),
    Case("cox_10", "Cox, Efron, 10 covariates"),
    Case("stepwise", "Stepwise Cox, forward LR 0.10/0.10, 10 candidates", (SMALL,)),
    Case("zph", "Test of proportional hazards, 10 covariates"),
    Case("concordance", "Concordance with its standard error"),
)
