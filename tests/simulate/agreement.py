"""Whether the derivations, which see no outline, find in the records of a synthetic cohort what the outlines say."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from oncohort.derive.course import Course, derive_course
from oncohort.derive.reconcile import KINDS
from oncohort.intake.study import Study, read_study
from oncohort.simulate.cohort import Synthetic
from oncohort.simulate.outline import Outline, hbsag
from oncohort.study.protocol import Protocol
from oncohort.writer.synthetic import Recipe, write_synthetic


def written_study(cohort: Synthetic, protocol: Protocol, text: str, out: Path) -> tuple[Study, Course]:
    """Write a cohort, read it back as anybody would, and derive it."""
    write_synthetic(cohort, protocol, Recipe(text, "", None, "outlines.csv", {}, 1, ""), out)
    study = read_study(out)
    return study, derive_course(study.records, study.protocol)


def differences(cohort: Synthetic, course: Course) -> Iterator[str]:
    """Yield each patient and question to which outline and derivation answer differently."""
    patients = {row["patient_id"]: row for row in course.derived.patients.rows(named=True)}
    times = {
        (row["patient_id"], row["endpoint"]): (row["day"], row["event"])
        for row in course.derived.time_to_event.filter(rule="").rows(named=True)
    }
    worst: dict[str, dict[str, int]] = {}
    for row in course.derived.adverse_events.filter("counted").rows(named=True):
        own = worst.setdefault(row["patient_id"], {})
        own[row["term"]] = max(own.get(row["term"], 0), row["grade"])
    for outline in cohort.outlines:
        row = patients[outline.patient_id]
        expected = {**_at_baseline(outline), **_of_course(outline)}
        found = {name: row.get(name) for name in expected}
        if outline.course is not None:
            expected |= _of_times(outline)
            found |= {name: times.get((outline.patient_id, name)) for name in ("OS", "PFS")}
            expected["grades"], found["grades"] = dict(outline.course.worst_grades), worst.get(outline.patient_id, {})
        for name, value in expected.items():
            if found[name] != value:
                yield f"{outline.patient_id} {name}: the outline says {value}, derived is {found[name]}"


def _at_baseline(outline: Outline) -> dict[str, object]:
    return {
        "treated": outline.course is not None,
        "subjects.sex": outline.sex,
        "age": outline.age,
        "ecog": outline.ecog,
        "child_pugh_class": outline.child_pugh_class,
        "baseline_disease.n_tumours": outline.n_tumours,
        "baseline_disease.max_diam_mm": outline.max_diam_mm,
        "baseline_disease.pvt": outline.pvt,
        "baseline_disease.etiology": outline.etiology,
        "baseline_disease.hbsag": hbsag(outline.etiology),
        "baseline_disease.hbv_dna": outline.hbv_dna,
        "platelets": outline.platelets_10e9_per_l,
        "afp": outline.afp_ng_per_ml,
        "metastasis": "NY"[bool(outline.metastases)],
    }


def _of_course(outline: Outline) -> dict[str, object]:
    course = outline.course
    if course is None:
        return {}
    went_on = {True: "Y", None: "NA"}
    return {
        "arm": course.arm,
        "best_response": "PD" if course.best == "SD_SHORT" else course.best,
        "progressed": "NY"[course.progressed],
        "progression_day": course.pfs_days if course.progressed else None,
        "treatment_days": course.treatment_days,
        "dose_reduced": "NY"[course.dose_reduced],
        "early_stop_reason": course.early_stop or None,
        "death_cause": course.death_cause or None,
    } | ({"continued_past_progression": went_on[course.continued]} if course.continued in went_on else {})


def _of_times(outline: Outline) -> dict[str, object]:
    course = outline.course
    assert course is not None
    return {
        "OS": (course.os_days, course.died),
        "PFS": (course.pfs_days, course.progressed or course.died),
    }


def audited(course: Course) -> list[tuple[str, str, int | None]]:
    """Return what the audits find: broken rules with their day, and recorded values that differ, without."""
    broken = course.derived.adherence.filter(verdict="broken").select("patient_id", "rule", "day").rows()
    differs = course.derived.reconciliation.filter(pl.col("agrees") == False)  # noqa: E712
    values = [(row["patient_id"], KINDS[row["kind"]][1], None) for row in differs.rows(named=True)]
    return sorted([*broken, *values], key=str)


def planted(cohort: Synthetic) -> list[tuple[str, str, int | None]]:
    """Return what ``truth.csv`` says, in the words of `audited`."""
    truth = [(p.patient_id, p.rule, p.day if p.verdict == "broken" else None) for p in cohort.planted]
    return sorted(truth, key=str)
