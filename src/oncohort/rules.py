"""The clinical rules, for those who work in Python: each is pure, exact, and says why.

>>> from oncohort import rules
>>> liver = rules.LiverFunction(bilirubin_umol_per_l=60, albumin_g_per_l=25, inr=2.5, ascites="moderate_severe")
>>> found = rules.child_pugh(liver, cutoffs="exact", coagulation="inr")
>>> found.score.value, found.score.missing, found.cls.value
(None, ('encephalopathy',), 'C')

Their criteria, sources and doubts stand in ``rules.RULEBOOK``.
"""

from __future__ import annotations

from oncohort.clinical.adverse_events import TreatmentWindow, is_drug_related, is_treatment_emergent, worst_grade
from oncohort.clinical.answer import Answer
from oncohort.clinical.bclc import TumorExtent, bclc
from oncohort.clinical.bclc_early import bclc_a_subclass
from oncohort.clinical.best_response import Confirmation, best_response, clinical_benefit, objective_response
from oncohort.clinical.beyond_progression import continued_past_progression
from oncohort.clinical.child_pugh import ChildPugh, LiverFunction, child_pugh
from oncohort.clinical.clip_score import clip
from oncohort.clinical.ctcae import grade_diarrhea, grade_weight_loss, is_possible_grade, max_grade
from oncohort.clinical.ctcae_lab import grade_lab, is_lab_emergent
from oncohort.clinical.diagnosis import diagnose_afp_imaging, diagnose_easl_2001, diagnosis_concordance
from oncohort.clinical.dose_intensity import (
    DoseSegment,
    days_at,
    dose_interruptions,
    dose_reductions,
    durations,
    relative_dose_intensity,
)
from oncohort.clinical.dose_label import label_action
from oncohort.clinical.dose_machine import DoseEvent, advise, run_dose_machine
from oncohort.clinical.dose_policy import SORAFENIB_2010, DosePolicy
from oncohort.clinical.event_history import PFS_RULES, Assessment, PfsHistory, PfsRule, TimeToEvent, missed_visits_bound
from oncohort.clinical.jis_score import jis, lcsgj_stage
from oncohort.clinical.lesion_records import Lesion, Measurement
from oncohort.clinical.lesions import classify_lesions, is_target_eligible, select_targets
from oncohort.clinical.liver_scores import albi, ez_albi
from oncohort.clinical.local_therapy import arm_of
from oncohort.clinical.meld_scores import meld, meld_3, meld_na
from oncohort.clinical.new_lesions import resolve_new_lesion
from oncohort.clinical.partial_dates import (
    first_dose_date,
    impute_ae_end,
    impute_ae_start,
    impute_assessment,
    impute_death,
)
from oncohort.clinical.performance import ecog_of_kps
from oncohort.clinical.procedure_decisions import CryoCourse, TaceCourse, next_cryo, next_tace
from oncohort.clinical.procedure_deviations import CryoSession, TaceSession, cryo_deviations, tace_deviations
from oncohort.clinical.procedure_policy import CRYO_2010, TACE_2010
from oncohort.clinical.response_course import assess_course
from oncohort.clinical.response_criteria import CRITERIA, ResponseSettings
from oncohort.clinical.rule import Rule
from oncohort.clinical.rulebook import RULEBOOK
from oncohort.clinical.study_days import duration, months, relative_day, study_day
from oncohort.clinical.target_response import target_response
from oncohort.clinical.time_to_event import overall_survival, progression_free_survival, time_to_progression
from oncohort.clinical.tumor_burden import tumor_burden_percent
from oncohort.clinical.tumor_number_size import is_within_up_to, six_and_twelve, tumor_burden_score
from oncohort.clinical.tumor_scores import hap, mhap_2, okuda
from oncohort.clinical.units import canonical_unit, convert
from oncohort.clinical.visit_response import non_target_response, overall_response

__all__ = [
    "CRITERIA",
    "CRYO_2010",
    "PFS_RULES",
    "RULEBOOK",
    "SORAFENIB_2010",
    "TACE_2010",
    "Answer",
    "Assessment",
    "ChildPugh",
    "Confirmation",
    "CryoCourse",
    "CryoSession",
    "DoseEvent",
    "DosePolicy",
    "DoseSegment",
    "Lesion",
    "LiverFunction",
    "Measurement",
    "PfsHistory",
    "PfsRule",
    "ResponseSettings",
    "Rule",
    "TaceCourse",
    "TaceSession",
    "TimeToEvent",
    "TreatmentWindow",
    "TumorExtent",
    "advise",
    "albi",
    "arm_of",
    "assess_course",
    "bclc",
    "bclc_a_subclass",
    "best_response",
    "canonical_unit",
    "child_pugh",
    "classify_lesions",
    "clinical_benefit",
    "clip",
    "continued_past_progression",
    "convert",
    "cryo_deviations",
    "days_at",
    "diagnose_afp_imaging",
    "diagnose_easl_2001",
    "diagnosis_concordance",
    "dose_interruptions",
    "dose_reductions",
    "duration",
    "durations",
    "ecog_of_kps",
    "ez_albi",
    "first_dose_date",
    "grade_diarrhea",
    "grade_lab",
    "grade_weight_loss",
    "hap",
    "impute_ae_end",
    "impute_ae_start",
    "impute_assessment",
    "impute_death",
    "is_drug_related",
    "is_lab_emergent",
    "is_possible_grade",
    "is_target_eligible",
    "is_treatment_emergent",
    "is_within_up_to",
    "jis",
    "label_action",
    "lcsgj_stage",
    "max_grade",
    "meld",
    "meld_3",
    "meld_na",
    "mhap_2",
    "missed_visits_bound",
    "months",
    "next_cryo",
    "next_tace",
    "non_target_response",
    "objective_response",
    "okuda",
    "overall_response",
    "overall_survival",
    "progression_free_survival",
    "relative_day",
    "relative_dose_intensity",
    "resolve_new_lesion",
    "run_dose_machine",
    "select_targets",
    "six_and_twelve",
    "study_day",
    "tace_deviations",
    "target_response",
    "time_to_progression",
    "tumor_burden_percent",
    "tumor_burden_score",
    "worst_grade",
]
