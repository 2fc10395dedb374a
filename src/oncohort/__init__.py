"""oncohort: an oncology cohort study, from patient records to a publication report.

>>> import oncohort as oc
>>> weeks, relapse = [6, 7, 10, 13, 16, 22, 23, 6, 9, 10], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]
>>> oc.kaplan_meier(weeks, relapse, conf_type="log-log").survival.round(3)
array([0.9  , 0.788, 0.788, 0.656, 0.492, 0.328, 0.164, 0.   ])

Names are imported when they are first used, so that ``import oncohort`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncohort import rules
    from oncohort.errors import AnalysisError, DataError, OncohortError, OutputError, ProtocolError, UsageError
    from oncohort.pipeline import run_study
    from oncohort.plots import plot_forest, plot_kaplan_meier
    from oncohort.stats.bootstrap import bootstrap, bootstrap_limits, jackknife
    from oncohort.stats.compare import kruskal_wallis, mann_whitney, pearson_chi_square
    from oncohort.stats.competing_risks import CumulativeIncidence, cumulative_incidence, incidence_at
    from oncohort.stats.concordance import concordance
    from oncohort.stats.cox import CoxFit, cox
    from oncohort.stats.cox_bootstrap import cox_estimator
    from oncohort.stats.cox_prediction import baseline_hazard, predict_survival, predicted_at, relative_hazard
    from oncohort.stats.cox_residuals import (
        deviance_residuals,
        dfbeta,
        dfbetas,
        martingale_residuals,
        scaled_schoenfeld_residuals,
        schoenfeld_residuals,
        score_residuals,
    )
    from oncohort.stats.describe import describe
    from oncohort.stats.fine_gray import FineGrayFit, fine_gray
    from oncohort.stats.firth import firth
    from oncohort.stats.fisher import fisher_exact
    from oncohort.stats.follow_up import observed_follow_up, reverse_kaplan_meier
    from oncohort.stats.gray import gray_test
    from oncohort.stats.kaplan_meier import SurvivalCurve, kaplan_meier, number_at_risk, survival_at
    from oncohort.stats.log_rank import log_rank, pairwise_log_rank
    from oncohort.stats.proportion import proportion_interval
    from oncohort.stats.proportional_hazards import cox_zph
    from oncohort.stats.quantiles import mean_survival, quantile
    from oncohort.stats.rank_tests import FlemingHarrington, rank_test, trend_test
    from oncohort.stats.rmst import compare_restricted_means, restricted_mean
    from oncohort.stats.robust_variance import robust_variance
    from oncohort.stats.splines import nonlinearity_test, spline_columns, spline_knots
    from oncohort.stats.stepwise import StepwiseResult, stepwise
    from oncohort.stats.stepwise_resamples import StepwiseResamples, stepwise_resamples
    from oncohort.study.run import StudyRun
    from oncohort.writer.run import write_run

_HOME = {
    "errors": ("AnalysisError", "DataError", "OncohortError", "OutputError", "ProtocolError", "UsageError"),
    "pipeline": ("run_study",),
    "plots": ("plot_forest", "plot_kaplan_meier"),
    "stats.bootstrap": ("bootstrap", "bootstrap_limits", "jackknife"),
    "stats.compare": ("kruskal_wallis", "mann_whitney", "pearson_chi_square"),
    "stats.competing_risks": ("CumulativeIncidence", "cumulative_incidence", "incidence_at"),
    "stats.concordance": ("concordance",),
    "stats.cox": ("CoxFit", "cox"),
    "stats.cox_bootstrap": ("cox_estimator",),
    "stats.cox_prediction": ("baseline_hazard", "predict_survival", "predicted_at", "relative_hazard"),
    "stats.cox_residuals": (
        "deviance_residuals",
        "dfbeta",
        "dfbetas",
        "martingale_residuals",
        "scaled_schoenfeld_residuals",
        "schoenfeld_residuals",
        "score_residuals",
    ),
    "stats.describe": ("describe",),
    "stats.fine_gray": ("FineGrayFit", "fine_gray"),
    "stats.firth": ("firth",),
    "stats.fisher": ("fisher_exact",),
    "stats.follow_up": ("observed_follow_up", "reverse_kaplan_meier"),
    "stats.gray": ("gray_test",),
    "stats.kaplan_meier": ("SurvivalCurve", "kaplan_meier", "number_at_risk", "survival_at"),
    "stats.log_rank": ("log_rank", "pairwise_log_rank"),
    "stats.proportion": ("proportion_interval",),
    "stats.proportional_hazards": ("cox_zph",),
    "stats.quantiles": ("mean_survival", "quantile"),
    "stats.rank_tests": ("FlemingHarrington", "rank_test", "trend_test"),
    "stats.rmst": ("compare_restricted_means", "restricted_mean"),
    "stats.robust_variance": ("robust_variance",),
    "stats.splines": ("nonlinearity_test", "spline_columns", "spline_knots"),
    "stats.stepwise": ("StepwiseResult", "stepwise"),
    "stats.stepwise_resamples": ("StepwiseResamples", "stepwise_resamples"),
    "study.run": ("StudyRun",),
    "writer.run": ("write_run",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AnalysisError",
    "CoxFit",
    "CumulativeIncidence",
    "DataError",
    "FineGrayFit",
    "FlemingHarrington",
    "OncohortError",
    "OutputError",
    "ProtocolError",
    "StepwiseResamples",
    "StepwiseResult",
    "StudyRun",
    "SurvivalCurve",
    "UsageError",
    "baseline_hazard",
    "bootstrap",
    "bootstrap_limits",
    "compare_restricted_means",
    "concordance",
    "cox",
    "cox_estimator",
    "cox_zph",
    "cumulative_incidence",
    "describe",
    "deviance_residuals",
    "dfbeta",
    "dfbetas",
    "fine_gray",
    "firth",
    "fisher_exact",
    "gray_test",
    "incidence_at",
    "jackknife",
    "kaplan_meier",
    "kruskal_wallis",
    "log_rank",
    "mann_whitney",
    "martingale_residuals",
    "mean_survival",
    "nonlinearity_test",
    "number_at_risk",
    "observed_follow_up",
    "pairwise_log_rank",
    "pearson_chi_square",
    "plot_forest",
    "plot_kaplan_meier",
    "predict_survival",
    "predicted_at",
    "proportion_interval",
    "quantile",
    "rank_test",
    "relative_hazard",
    "restricted_mean",
    "reverse_kaplan_meier",
    "robust_variance",
    "rules",
    "run_study",
    "scaled_schoenfeld_residuals",
    "schoenfeld_residuals",
    "score_residuals",
    "spline_columns",
    "spline_knots",
    "stepwise",
    "stepwise_resamples",
    "survival_at",
    "trend_test",
    "write_run",
]


def __getattr__(name: str) -> Any:
    if name == "rules":
        return import_module("oncohort.rules")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'oncohort' has no attribute {name!r}")
    return getattr(import_module(f"oncohort.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
