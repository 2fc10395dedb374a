"""Wald's tests and limits of coefficients on the log scale, each column for itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncohort.stats.arrays import Floats
from oncohort.stats.distributions import normal_two_sided, two_sided_z


@dataclass(frozen=True, slots=True, eq=False)
class WaldColumns:
    """Of p log ratios, each (p,): z, two-sided P value with its logarithm, the ratio and its limits."""

    z: Floats
    p_value: Floats
    log10_p: Floats
    ratio: Floats
    conf_low: Floats
    conf_high: Floats


def wald_columns(coefficients: Floats, std_error: Floats, conf_level: float) -> WaldColumns:
    """Test p coefficients against 0 and give their ratios with limits; nan where a standard error is nan.

    Limits of a runaway coefficient, or of a column in large units, are 0 and infinity.

    Examples
    --------
    >>> found = wald_columns(np.array([0.7, np.nan]), np.array([0.35, np.nan]), 0.95)
    >>> found.z, found.p_value.round(4), found.conf_low.round(3)
    (array([ 2., nan]), array([0.0455,    nan]), array([1.014,   nan]))
    """
    z = coefficients / std_error
    tails = [normal_two_sided(float(value)) if np.isfinite(value) else None for value in z]
    reach = two_sided_z(conf_level) * std_error
    with np.errstate(over="ignore"):
        ratio, low, high = (np.exp(coefficients + shift) for shift in (0.0, -reach, reach))
    return WaldColumns(
        z=z,
        p_value=np.array([np.nan if tail is None else tail.p_value for tail in tails]),
        log10_p=np.array([np.nan if tail is None else tail.log10_p for tail in tails]),
        ratio=ratio,
        conf_low=low,
        conf_high=high,
    )
