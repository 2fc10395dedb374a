"""The patients' rows, for the private folder: ADaM-named datasets, and what each model was fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncohort.analysis.design import code_factor
from oncohort.analysis.layout import layout_of
from oncohort.study.cohort import Cohort, EndpointData, FactorData
from oncohort.study.protocol import Model, Protocol
from oncohort.writer.adam import sensitivity_times, write_derived


def write_datasets(cohort: Cohort, protocol: Protocol, folder: Path) -> None:
    """Write ``adsl`` (a row a patient), ``adtte`` (a row a patient and endpoint), and ``model_ID.csv``.

    Names are ADaM's: USUBJID, PARAMCD, PARAM, AVAL, AVALU, CNSR (1 = censored, 2 = by a competing event). ADaM has no
    name for delayed entry: ENTRY, in the unit of AVAL, is there where an endpoint has entries. A factor is a column
    of its id that holds the level's id, and ``ID_n`` the number it was made from. A model's file holds AVAL, CNSR and
    the columns that were offered to it: ``ID``, or ``ID=level``; what is beside them is in parentheses: ``(entry)``,
    ``(strata)``, ``(weights)``, and ``(cluster)``, the row itself where a robust variance has none. A records study
    has more of them; see ``writer/adam.py``.
    """
    folder.mkdir(parents=True)
    factors = _factor_columns(cohort)
    adsl = pl.DataFrame({"USUBJID": list(cohort.patient_id), **factors})
    if cohort.derived is None:
        adsl.write_parquet(folder / "adsl.parquet")
    else:
        write_derived(cohort.derived, adsl, folder)
    adtte = pl.concat([_endpoint(cohort, name, factors) for name in cohort.endpoints], how="diagonal")
    if cohort.derived is not None:
        adtte = pl.concat([adtte, sensitivity_times(cohort.derived, protocol)], how="diagonal")
    adtte.write_parquet(folder / "adtte.parquet")
    _as_text(adtte).write_csv(folder / "adtte.csv")
    for model in protocol.model:
        _model(cohort, model).write_csv(folder / f"model_{model.id}.csv")


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before every text that a spreadsheet would run as a formula."""
    text = pl.col(pl.String)
    formula = text.str.contains(r"^[=+\-@\t\r]") & text.cast(pl.Float64, strict=False).is_null()
    return frame.with_columns(pl.when(formula).then(pl.lit("'") + text).otherwise(text).name.keep())


def _factor_columns(cohort: Cohort) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, factor in cohort.factors.items():
        if factor.levels:
            columns[name] = _level_ids(factor)
        if factor.numbers is not None:
            columns[f"{name}_n"] = pl.Series(factor.numbers, nan_to_null=True)
    return columns


def _level_ids(factor: FactorData) -> pl.Series:
    ids = [level.id for level in factor.levels]
    return pl.Series([ids[code] if code >= 0 else None for code in factor.codes], dtype=pl.String)


def _endpoint(cohort: Cohort, name: str, factors: dict[str, Any]) -> pl.DataFrame:
    data = cohort.endpoints[name]
    n = len(cohort.patient_id)
    return pl.DataFrame(
        {
            "USUBJID": list(cohort.patient_id),
            "PARAMCD": [name] * n,
            "PARAM": [data.spec.label or name] * n,
            "AVAL": data.time,
            "AVALU": [data.unit.upper()] * n,
            "CNSR": _censoring(data),
            **({} if data.entry is None else {"ENTRY": data.entry}),
            **factors,
        }
    )


def _censoring(endpoint: EndpointData) -> NDArray[np.int64]:
    """Return 0 for the event, 1 for a patient who was censored, 2 for one with a competing event."""
    competing = False if endpoint.competing is None else endpoint.competing
    return np.where(endpoint.event, 0, np.where(competing, 2, 1)).astype(np.int64)


def _model(cohort: Cohort, model: Model) -> pl.DataFrame:
    """Return time, censoring and every candidate column of a model, empty where a factor is not known."""
    endpoint = cohort.endpoints[model.endpoint]
    columns: dict[str, Any] = {"AVAL": endpoint.time, "CNSR": _censoring(endpoint)}
    for factor in model.factors:
        term = code_factor(cohort.factors[factor], model)
        for name, column in zip(term.names(), term.columns.T, strict=True):
            columns[name] = pl.Series(column, nan_to_null=True)
    layout = layout_of(cohort, model)
    cluster = np.arange(endpoint.time.size) if layout.robust and layout.cluster is None else layout.cluster
    if endpoint.entry is not None:
        columns["(entry)"] = endpoint.entry
    beside = {"(strata)": layout.strata, "(weights)": layout.weights, "(cluster)": cluster}
    for name, values in beside.items():
        if values is not None:
            columns[name] = pl.Series(np.where(layout.known, values, np.nan), nan_to_null=True)
    return pl.DataFrame(columns)
