"""``import oncohort as oc``: lists, NumPy arrays, pandas and polars columns give the same numbers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import oncohort as oc

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
WEEKS += [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
ARM = ["6-MP"] * 21 + ["placebo"] * 21
KINDS = {"list": list, "numpy": np.array, "pandas": pd.Series, "polars": pl.Series}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_columns_of_every_kind_give_the_published_numbers(kind):
    weeks, relapse, arm = kind(WEEKS), kind(RELAPSE), kind(ARM)
    assert oc.log_rank(weeks, relapse, arm).statistic == pytest.approx(16.7929409892165, rel=1e-12)
    curve = oc.kaplan_meier(weeks, relapse, conf_type="log")
    assert curve.n == 42
    placebo = kind([float(a == "placebo") for a in ARM])
    fit = oc.cox(weeks, relapse, {"placebo": placebo}, ties="breslow")
    assert fit.coefficients[0] == pytest.approx(1.50919141258588, rel=1e-10)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_covariates_keeps_its_names(frame):
    placebo = [float(a == "placebo") for a in ARM]
    fit = oc.cox(WEEKS, RELAPSE, frame({"placebo": placebo, "row": list(range(42))}), ties="efron")
    assert fit.names == ("placebo", "row")


@pytest.mark.parametrize(
    ("time", "event", "sentence"),
    [
        ([1, 2, None], [1, 0, 1], "missing"),
        ([1, 2, 3], [1, 2, 1], "0 or 1"),
        ([1, 2, 3], [1, 0], "3 values were expected"),
        ([1, -2, 3], [1, 0, 1], "times from 0"),
        (["a", "b"], [1, 0], "numbers were expected"),
        ([], [], "at least one value"),
        ([[1, 2], [3, 4]], [1, 0], "one column"),
    ],
)
def test_columns_that_cannot_be_survival_data_are_refused_in_words(time, event, sentence):
    with pytest.raises(oc.AnalysisError, match=sentence):
        oc.kaplan_meier(time, event, conf_type="log-log")


def test_a_missing_value_in_polars_or_pandas_is_told_and_not_dropped():
    for event in (pl.Series([1, None, 0]), pd.Series([1, None, 0])):
        with pytest.raises(oc.AnalysisError, match="value 2 is missing"):
            oc.kaplan_meier([1, 2, 3], event, conf_type="log-log")


def test_curves_of_patients_who_enter_late_show_who_is_there():
    figure = oc.plot_kaplan_meier(
        WEEKS, RELAPSE, unit="weeks", profile="guideline", entry=[0.5] * 21 + [0] * 20 + [12.0]
    )
    shown = {text.get_gid(): text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid()}
    assert shown["risk-0-0"] == "20"
    curve = oc.kaplan_meier(WEEKS, RELAPSE, conf_type="log", entry=[0.5] * 21 + [0] * 20 + [12.0])
    assert oc.number_at_risk(curve, [0, 1, 12.5]).tolist() == [20, 41, 16]


def test_figures_come_back_as_figures(tmp_path):
    figure = oc.plot_kaplan_meier(WEEKS, RELAPSE, ARM, unit="weeks", profile="paper")
    figure.savefig(tmp_path / "curves.png")
    fit = oc.cox(WEEKS, RELAPSE, {"placebo": [float(a == "placebo") for a in ARM]}, ties="efron")
    oc.plot_forest(fit, digits=2).savefig(tmp_path / "forest.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_a_study_is_run_and_written_from_python(tmp_path):
    from datetime import UTC, datetime

    from oncohort.demo import demo_study

    with demo_study("sorafenib_table") as folder:
        run = oc.run_study(folder)
    assert run.results.text("survival", "median", endpoint="OS") == "10.5"
    oc.write_run(run, tmp_path / "out", finished=datetime(2026, 1, 1, tzinfo=UTC))
    assert (tmp_path / "out" / "report.docx").is_file()
