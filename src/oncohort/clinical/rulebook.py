"""The rule book: every clinical rule, in the order a study meets them."""

from __future__ import annotations

from typing import Final

from oncohort.clinical import (
    adverse_events,
    bclc,
    bclc_early,
    best_response,
    beyond_progression,
    child_pugh,
    ctcae,
    diagnosis,
    dose_intensity,
    dose_label,
    dose_machine,
    lesions,
    liver_scores,
    local_therapy,
    new_lesions,
    partial_dates,
    performance,
    target_response,
    time_to_event,
    tumor_scores,
    units,
    visit_response,
)
from oncohort.clinical.rule import Rule

RULEBOOK: Final[tuple[Rule, ...]] = (
    *units.RULES,
    *child_pugh.RULES,
    *performance.RULES,
    *diagnosis.RULES,
    *bclc.RULES,
    *bclc_early.RULES,
    *liver_scores.RULES,
    *tumor_scores.RULES,
    *lesions.RULES,
    *target_response.RULES,
    *new_lesions.RULES,
    *visit_response.RULES,
    *best_response.RULES,
    *dose_machine.RULES,
    *dose_label.RULES,
    *dose_intensity.RULES,
    *local_therapy.RULES,
    *ctcae.RULES,
    *adverse_events.RULES,
    *partial_dates.RULES,
    *time_to_event.RULES,
    *beyond_progression.RULES,
)
