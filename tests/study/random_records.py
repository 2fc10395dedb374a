"""Random small records studies: invented patients with full and empty, partial and late records, from a seed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import polars as pl
from clean_record_study import column_type

from oncohort.study.records import Records
from oncohort.study.template_tables import TEMPLATE

CUTOFF: Final = date(2010, 12, 31)
UNITS: Final = {
    "BILI": ("umol/L", 5, 60),
    "ALB": ("g/L", 25, 46),
    "INR": ("ratio", 0.9, 2.4),
    "ALT": ("U/L", 15, 220),
    "AST": ("U/L", 15, 220),
    "CREAT": ("umol/L", 45, 110),
    "PLAT": ("10^9/L", 40, 320),
    "HGB": ("g/L", 75, 160),
    "WBC": ("10^9/L", 1, 11),
    "AFP": ("ng/mL", 300, 3000),
}
"""For each test its unit, and the lowest and the highest value."""
TERMS: Final = (
    ("HAND-FOOT SKIN REACTION", "DERMATOLOGY"),
    ("DIARRHEA", "GI"),
    ("LIVER TOXICITY", "HEPATIC"),
    ("HEMORRHAGE", "HEMORRHAGE"),
    ("LEUCOPENIA", "BLOOD"),
    ("hiccups", "OTHER"),
)
Patient = dict[str, list[dict[str, Any]]]
"""The rows of one patient: for each table a list of cells by column."""


class _Course:
    """One patient being invented: the dice, the first day, and the rows so far."""

    def __init__(self, rng: Random, patient_id: str) -> None:
        self.rng = rng
        self.patient_id = patient_id
        self.first = date(2008, 9, 1) + timedelta(days=rng.randrange(500))
        self.rows: Patient = {}

    def day(self, days: int) -> date:
        return self.first + timedelta(days=days)

    def partly(self, days: int) -> str:
        """Return a date that lacks its day, or its month too, now and then."""
        written = self.day(days).isoformat()
        return written[: self.rng.choice((10,) * 8 + (7, 4))]

    def add(self, table: str, **cells: Any) -> None:
        kept = {name: value for name, value in cells.items() if self.rng.random() < 0.98 or name in _NEVER_EMPTY}
        self.rows.setdefault(table, []).append({"patient_id": self.patient_id, **kept})


_NEVER_EMPTY: Final = frozenset(
    {"lesion_id", "organ", "kind", "ae_id", "procedure_no", "screening_date", "first_sorafenib_date", "cutoff_date"}
)


def random_patients(seed: int, n: int) -> list[Patient]:
    """Return n invented patients; the k-th is the same whatever n is."""
    return [random_patient(seed, k) for k in range(n)]


def random_patient(seed: int, k: int, *, variant: int = 0) -> Patient:
    """Return the k-th patient of a seed, or another one of the same name."""
    course = _Course(Random(f"{seed} {k} {variant}"), f"P{k:02d}")
    rng = course.rng
    treated = rng.random() < 0.8
    end = rng.randrange(20, 620)
    dead = treated and rng.random() < 0.6
    seen_until = max(5, end + rng.choice((0, 0, 0, 40)))
    _subject(course, treated=treated, death=end if dead else None)
    _baseline(course)
    _labs(course, seen_until if treated else 1)
    if treated:
        _doses(course, seen_until)
        _scans(course, seen_until)
        _events(course, seen_until)
        _procedures(course, seen_until)
        _contacts(course, end, dead=dead)
    return course.rows


def as_records(patients: Iterable[Patient], *, shuffle: Random | None = None) -> Records:
    """Return the patients as the tables of a study that collected all of them, in another order of rows if asked."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TEMPLATE}
    for patient in patients:
        for table, own in patient.items():
            rows[table] += own
    if shuffle is not None:
        for own in rows.values():
            shuffle.shuffle(own)
    tables = {name: _typed(name, own) for name, own in rows.items()}
    return Records(tables, {name: f"data/{name}.csv" for name in tables}, (), TEMPLATE)


def _typed(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {column.name: column_type(table, column.name) for column in TEMPLATE[table].columns}
    cells = {name: [row.get(name) for row in rows] for name in schema}
    return pl.DataFrame(cells, schema=schema).with_columns(pl.int_range(2, pl.len() + 2).alias("row"))


def _subject(course: _Course, *, treated: bool, death: int | None) -> None:
    rng = course.rng
    course.add(
        "subjects",
        sex=rng.choice("MF"),
        age=rng.randrange(30, 80),
        screening_date=course.day(-rng.randrange(1, 20)),
        consent_date=course.day(-rng.randrange(20, 25)),
        first_sorafenib_date=course.first if treated else None,
        death_flag="N" if death is None else "Y",
        death_date=None if death is None else course.partly(death),
        cutoff_date=CUTOFF,
    )
    if death is not None:
        course.add("death", primary_cause=rng.choice(("LIVER FAILURE", "VARICEAL BLEEDING", "UNKNOWN")))


_PRIOR: Final = ("hepatectomy", "chemotherapy", "tace_ablation", "radiotherapy")


def _baseline(course: _Course) -> None:
    rng = course.rng
    yes = {name: rng.choice("N" * 30 + "Y") for name in _PRIOR}
    spread = {f"met_{organ}": rng.choice("NNYU") for organ in ("lung", "adrenal", "bone")}
    course.add(
        "baseline_disease",
        etiology="HBV",
        hbsag=rng.choice(("POS",) * 12 + ("NEG",)),
        cirrhosis="Y",
        dx_basis="AFP_IMAGING",
        typical_imaging=rng.choice("YYYYYN"),
        biopsy_result=rng.choice(("HCC", "ND")),
        n_tumours=rng.randrange(1, 6),
        diffuse="N",
        max_diam_mm=float(rng.randrange(15, 140)),
        pvt=rng.choice(("BRANCH", "TRUNK", "BRANCH", "TRUNK", "NONE")),
        n1=rng.choice("NNY"),
        **spread,
        **{f"prior_{name}": word for name, word in yes.items()},
    )


def _labs(course: _Course, until: int) -> None:
    rng = course.rng
    for day in (-10, *range(28, until, 70)):
        for test, (unit, low, high) in UNITS.items():
            if rng.random() < 0.03:
                continue
            course.add(
                "labs",
                date=course.day(day),
                test=test,
                value=round(rng.uniform(low, high), 1),
                unit=unit if rng.random() < 0.98 else "mmol/L",
                lln=float(low),
                uln=float(low) + 30,
            )
        score = {"ecog": rng.choice((0, 0, 1, 1, 1, 2, 2, 2, 3, 4)), "encephalopathy": rng.choice((0, 0, 1))}
        course.add("clinical_scores", date=course.day(day), ascites=rng.choice(("NONE", "MILD", "U")), **score)


def _doses(course: _Course, until: int) -> None:
    rng = course.rng
    day = 0
    for _ in range(rng.randrange(1, 6)):
        state = rng.choice(("FULL", "FULL", "REDUCED", "INTERRUPTED")) if day else "FULL"
        length = rng.randrange(5, 120)
        course.add(
            "exposure",
            start_date=course.day(day),
            end_date=course.day(day + length),
            dose_per_intake_mg={"FULL": 400.0, "REDUCED": 200.0, "INTERRUPTED": 0.0}[state],
            frequency="NONE" if state == "INTERRUPTED" else "BID",
            state=state,
            adjust_reason=rng.choice(("AE", "PHYSICIAN", None)),
            well_tolerated=rng.choice("YNU"),
        )
        day += length + rng.choice((1, 1, 1, 1, 9))
        if day > until:
            break


_LESIONS: Final = (
    ("T01", "TARGET", "LIVER", "NODULE"),
    ("T02", "TARGET", "LIVER", "NODULE"),
    ("T03", "TARGET", "LUNG", "NODULE"),
    ("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS"),
    ("NEW01", "NEW", "LIVER", "NODULE"),
    ("NEW02", "NEW", "LUNG", "NODULE"),
)


def _scans(course: _Course, until: int) -> None:
    rng = course.rng
    if rng.random() < 0.1:
        return _judgments(course, until)
    scans = [day + rng.randrange(-5, 9) for day in range(56, until, 56) if rng.random() < 0.85]
    written = {day: course.partly(day) for day in scans} | {-7: course.day(-7).isoformat()}
    for lesion_id, role, organ, kind in _LESIONS:
        if rng.random() < (0.8 if role == "NEW" else 0.15):
            continue
        first = (rng.choice(scans) if scans else 20) if role == "NEW" else -7
        course.add(
            "lesions",
            lesion_id=lesion_id,
            role=role,
            organ=organ,
            kind=kind,
            well_delineated="Y",
            first_seen_date=course.day(first),
        )
        size = float(rng.randrange(8, 70))
        for day in (-7, *scans):
            if day < first or rng.random() < 0.05:
                continue
            size = max(0.0, round(size * rng.choice((0, 0.5, 0.8, 1, 1, 1.1, 1.3)), 1))
            _measure(course, lesion_id, written[day], size, measured=kind == "NODULE")
    if rng.random() < 0.5:
        _judgments(course, until)
    return None


def _measure(course: _Course, lesion_id: str, when: str, size: float, *, measured: bool) -> None:
    rng = course.rng
    is_baseline = when == course.day(-7).isoformat()
    course.add(
        "lesion_measurements",
        lesion_id=lesion_id,
        scan_date=when,
        visit="BASELINE" if is_baseline else "UNSCHEDULED",
        modality=rng.choice(("CT", "CT", "MRI")),
        arterial_phase="Y" if is_baseline else rng.choice("YYYYYYYN"),
        status="MEASURED" if measured else rng.choice(("PRESENT", "PRESENT", "PRESENT", "ABSENT", "PROGRESSED")),
        longest_mm=size + 5 if measured else None,
        viable_mm=size if measured else None,
        aphe="Y" if size else "N",
        washout=rng.choice("YN"),
        evaluator="INVESTIGATOR",
    )


def _judgments(course: _Course, until: int) -> None:
    for day in range(57, until, 56):
        course.add(
            "response",
            date=course.partly(day),
            overall=course.rng.choice(("CR", "PR", "SD", "SD", "PD", "NE")),
            criteria=course.rng.choice(("MRECIST LENCIONI LIVER CANCER 2010",) * 3 + ("RECIST 1.1",)),
            source="ENTERED",
        )


def _events(course: _Course, until: int) -> None:
    rng = course.rng
    for number in range(rng.randrange(5)):
        term, category = rng.choice(TERMS)
        start = rng.randrange(-15, until)
        course.add(
            "adverse_events",
            ae_id=f"AE{number}",
            term=term,
            category=category,
            ctcae_version="3.0",
            grade=rng.randrange(1, 4),
            start_date=course.partly(start),
            end_date=rng.choice((None, course.day(start + rng.randrange(40)).isoformat())),
            related=rng.choice(("RELATED", "POSSIBLE", "NOT RELATED")),
            action=rng.choice(("DOSE NOT CHANGED", "DOSE REDUCED", "DRUG WITHDRAWN")),
            outcome="UNKNOWN",
        )


def _procedures(course: _Course, until: int) -> None:
    rng = course.rng
    for kind in ("TACE", "CRYO"):
        day = rng.randrange(10, 60)
        for number in range(1, 1 + rng.choice((0, 0, 1, 2, 4))):
            if day > until:
                break
            course.add(
                "procedures",
                date=course.day(day),
                type=kind,
                procedure_no=number,
                tumour_burden_pct=float(rng.randrange(20, 60)) if kind == "TACE" else None,
                ct1m_date=course.day(day + rng.randrange(15, 50)) if kind == "TACE" else None,
                lipiodol_deposit_pct=float(rng.randrange(40, 90)) if kind == "TACE" else None,
                consent="Y",
                contraindication=rng.choice("NNY"),
            )
            day += rng.randrange(20, 60)


def _contacts(course: _Course, end: int, *, dead: bool) -> None:
    rng = course.rng
    for day in range(60, end, 120):
        course.add("followup", date=course.partly(day), status=rng.choice(("ALIVE", "ALIVE", "LOST")))
    course.add("followup", date=course.day(end).isoformat(), status="DEAD" if dead else "ALIVE")
    if rng.random() < 0.2:
        course.add("other_therapy", date=course.partly(rng.randrange(1, end)), type="SYSTEMIC")
    if rng.random() < 0.7:
        course.add(
            "disposition",
            sorafenib_end_reason=rng.choice(("ADVERSE EVENT", "PROGRESSIVE DISEASE", "WITHDRAWAL BY SUBJECT")),
            date=course.partly(end),
            ae_id=rng.choice((None, "AE0")),
            pd_clinical_status_good=rng.choice("YNU"),
            pd_patient_wishes=rng.choice("YN"),
        )
