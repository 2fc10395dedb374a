"""Figures from columns and fits, for those who work in Python: the same drawings as in the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oncohort.analysis.survival import curve_rows
from oncohort.report.figures import forest, kaplan_meier
from oncohort.report.figures.forest import ForestHeads, ForestRow
from oncohort.report.figures.panel import CurveData, KaplanMeierPanel
from oncohort.report.names import p_phrase
from oncohort.stats.arrays import Column
from oncohort.stats.cox import CoxFit
from oncohort.stats.kaplan_meier import SurvivalCurve, curve_of
from oncohort.stats.log_rank import log_rank_of
from oncohort.stats.quantiles import quantile
from oncohort.stats.risk_table import risk_table
from oncohort.study.profiles import PROFILES, ProfileName
from oncohort.study.protocol import TimeUnit
from oncohort.study.text import NOT_REACHED, format_interval, format_p, format_ratio, format_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_kaplan_meier(  # noqa: PLR0913  (what a figure shows)
    time: Column,
    event: Column,
    group: Column | None = None,
    *,
    unit: TimeUnit,
    profile: ProfileName,
    entry: Column | None = None,
    survival_label: str = "Survival",
    time_label: str = "",
) -> Figure:
    """Draw Kaplan–Meier curves with medians, the log-rank test and the numbers at risk.

    Parameters
    ----------
    time : (n,) float
        Follow-up of each patient in ``unit``, from 0.
    event : (n,) bool or 0/1
        True where the event happened at ``time``.
    group : (n,) values, optional
        Which curve each patient belongs to; one curve without it.
    unit : {"days", "weeks", "months", "years"}
    profile : {"paper", "guideline"}
        Which intervals: no default, since the field has none (see `oncohort info`).
    entry : (n,) float, optional
        When each patient came under observation, from 0 and before ``time``; default: from the beginning.
    survival_label, time_label : str
        What stands along the axes; the time axis says its unit if nothing else is given.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.savefig("curves.pdf")`` writes it.

    Raises
    ------
    AnalysisError
        If the columns cannot be survival data.

    Examples
    --------
    The 6-MP trial (Freireich et al. 1963), weeks in remission:

    >>> weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    ...          1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
    >>> figure = plot_kaplan_meier(weeks, relapse, ["6-MP"] * 21 + ["placebo"] * 21, unit="weeks", profile="guideline")
    >>> [text.get_text() for text in figure.axes[0].texts if "Log-rank" in text.get_text()]
    ['Log-rank P < 0.001']
    """
    table = risk_table(time, event, group, entry=entry)
    settings: dict[str, Any] = {key: values[profile] for key, values in PROFILES.items()}
    conf_type, level = settings["survival.conf_type"], settings["survival.conf_level"]
    curves = [curve_of(table, k, conf_type=conf_type, conf_level=level) for k in range(len(table.groups))]
    drawn = tuple(
        CurveData(str(label) if group is not None else "", curve_rows(curve, ""), _median(curve, unit, settings))
        for label, curve in zip(table.groups, curves, strict=True)
    )
    test = (f"Log-rank {p_phrase(format_p(log_rank_of(table).p_value))}",) if len(curves) > 1 else ()
    axis = time_label or unit.capitalize()
    panel = KaplanMeierPanel(drawn, axis, survival_label, unit, annotations=test)
    return kaplan_meier.plot_kaplan_meier([panel], width_mm=120)


def _median(curve: SurvivalCurve, unit: TimeUnit, settings: dict[str, Any]) -> str:
    found = quantile(curve, 0.5, method=settings["survival.median_conf"], at_half=settings["survival.at_half"])
    median, low, high = (format_time(value, unit) for value in (found.estimate, found.conf_low, found.conf_high))
    if median == NOT_REACHED:
        return f"median {median}"
    return f"median {median} {unit} (95% CI {format_interval(low, high)})"


def plot_forest(fit: CoxFit, *, digits: int, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw the hazard ratios of a Cox model.

    Parameters
    ----------
    fit : CoxFit
        What `cox` returned.
    digits : int
        Decimals of the ratios.
    labels : mapping of str to str, optional
        What to call a column; its name otherwise.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OutputError
        If the fit has no column.

    Examples
    --------
    >>> from oncohort.stats.cox import cox
    >>> fit = cox([4, 7, 9, 12, 15, 18], [1, 1, 1, 1, 0, 1], {"age": [70, 64, 68, 59, 55, 61]}, ties="efron")
    >>> plot_forest(fit, digits=2, labels={"age": "Age (years)"}).axes[1].get_xlabel()
    'Hazard ratio'
    """
    rows: list[ForestRow] = []
    for k, name in enumerate(fit.names):
        ratio, low, high = (float(values[k]) for values in (fit.hazard_ratio, fit.conf_low, fit.conf_high))
        limits = format_interval(format_ratio(low, digits), format_ratio(high, digits))
        text = f"{format_ratio(ratio, digits)} ({limits})"
        p_text = format_p(float(fit.p_value[k]))
        rows.append(ForestRow((labels or {}).get(name, name), ratio, low, high, text, p_text))
    return forest.plot_forest(rows, heads=ForestHeads(effect=f"Hazard ratio ({100 * fit.conf_level:g}% CI)"))
