"""The disputed choices a study has made, as the analyses take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oncohort.study.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Settings:
    """Every value in force, typed. Their meaning and their origin: ``study.profiles``.

    Choices about competing events are None in a study without them.
    """

    alpha: float
    ties: Any
    conf_level: float
    conf_type: Any
    median_conf: Any
    at_half: Any
    ph_transform: Any
    pairwise: Any
    follow_up: tuple[str, ...]
    quartiles: Any
    table_test: str
    rank_correction: Any
    ratio_digits: int
    at: tuple[float, ...]
    log_rank: Any
    incidence_variance: Any
    incidence_conf: Any
    censoring_ties: Any
    min_cell: int


def read_settings(protocol: Protocol) -> Settings:
    """Return the values in force of a protocol."""
    force: dict[str, Any] = {key: item.value for key, item in protocol.settings().items()}
    follow_up = force["follow_up.method"]
    return Settings(
        alpha=float(force["study.alpha"]),
        ties=force["survival.ties"],
        conf_level=float(force["survival.conf_level"]),
        conf_type=force["survival.conf_type"],
        median_conf=force["survival.median_conf"],
        at_half=force["survival.at_half"],
        ph_transform=force["survival.ph_transform"],
        pairwise=force["survival.pairwise"],
        follow_up=follow_up if isinstance(follow_up, tuple) else (str(follow_up),),
        quartiles=force["description.quartiles"],
        table_test=str(force["description.table_test"]),
        rank_correction=force["description.rank_correction"],
        ratio_digits=int(force["report.ratio_digits"]),
        at=protocol.survival.times,
        log_rank=protocol.survival.log_rank or "log-rank",
        incidence_variance=force.get("survival.incidence_variance"),
        incidence_conf=force.get("survival.incidence_conf"),
        censoring_ties=force.get("survival.censoring_ties"),
        min_cell=protocol.privacy.min_cell,
    )
