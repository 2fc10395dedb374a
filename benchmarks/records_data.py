"""Records studies to measure on: about 100 dated records a patient, as a hospital would enter them in the template.

Every patient has a random source of their own, seeded by their number: patient 17 is the same in a study of 326
patients as in one of 10,000. The protocol is that of the reproduced paper, as the tests have it.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

SEED: Final = 20_102
PROTOCOL: Final = Path(__file__).parents[1] / "tests" / "study" / "paper_study.toml"
CUTOFF: Final = date(2010, 8, 31)

Row: TypeAlias = tuple[str, dict[str, Any]]
"""The name of a table, and the cells of one row of it; what is not collected is left out."""

_COLUMNS: Final[dict[str, str]] = {
    "subjects": "site_id sex age screening_date consent_date first_sorafenib_date last_sorafenib_date death_flag "
    "death_date cutoff_date",
    "screening": "criterion_id met date",
    "baseline_disease": "etiology hbsag cirrhosis hbv_dna dx_basis n_imaging_hypervascular typical_imaging "
    "biopsy_result differentiation n_tumours diffuse max_diam_mm pvt n1 met_lung met_adrenal met_bone "
    "prior_hepatectomy prior_chemotherapy prior_tace_ablation prior_radiotherapy",
    "labs": "date test value unit lln uln",
    "clinical_scores": "date ecog ascites encephalopathy",
    "vitals": "date weight_kg sbp dbp stools_per_day stools_per_day_baseline",
    "exposure": "start_date end_date dose_per_intake_mg frequency state adjust_reason ae_id well_tolerated",
    "procedures": "date type procedure_no tumour_burden_pct cisplatin_mg fu_mg doxorubicin_infused_mg "
    "doxorubicin_lipiodol_mg lipiodol_ml ct1m_date lipiodol_deposit_pct lesion_ids freeze1_min thaw1_min freeze2_min "
    "min_temp_c time_to_temp_min intent contraindication consent guidance tract_packed",
    "lesions": "lesion_id role organ kind well_delineated first_seen_date",
    "lesion_measurements": "lesion_id scan_date visit modality arterial_phase status longest_mm viable_mm aphe washout",
    "response": "date target nontarget new_lesion overall criteria source",
    "adverse_events": "ae_id term category ctcae_version grade start_date end_date related serious action outcome",
    "other_therapy": "date type",
    "disposition": "sorafenib_end_reason date ae_id pd_clinical_status_good pd_patient_wishes",
    "death": "primary_cause",
    "followup": "date status",
}


@dataclass(frozen=True, slots=True)
class _Test:
    """A laboratory test: its unit, normal and usual values; the unit of hospital B, and how many of the first it is."""

    code: str
    unit: str
    normal: tuple[float, float]
    usual: tuple[float, float]
    digits: int
    other_unit: str
    factor: float


_PANEL: Final = (
    _Test("BILI", "umol/L", (3, 20), (8, 38), 1, "mg/dL", 17.1),
    _Test("ALB", "g/L", (35, 52), (31, 46), 1, "g/dL", 10),
    _Test("ALT", "U/L", (5, 40), (15, 120), 0, "U/L", 1),
    _Test("AST", "U/L", (5, 40), (15, 140), 0, "U/L", 1),
    _Test("CREAT", "umol/L", (40, 110), (45, 120), 0, "mg/dL", 88.4),
    _Test("PLAT", "10^9/L", (100, 300), (55, 320), 0, "10^9/L", 1),
    _Test("HGB", "g/L", (120, 160), (90, 158), 0, "g/dL", 10),
    _Test("WBC", "10^9/L", (4, 10), (2.2, 9.5), 1, "10^9/L", 1),
    _Test("INR", "ratio", (0.8, 1.2), (0.9, 1.5), 2, "ratio", 1),
)
_EVENTS: Final = (
    ("Hand-foot skin reaction", "DERMATOLOGY", 3), ("Rash", "DERMATOLOGY", 3), ("Alopecia", "DERMATOLOGY", 2),
    ("Hypertension", "CARDIAC", 3), ("Fatigue", "CONSTITUTIONAL", 3), ("Diarrhoea", "GI", 3), ("Nausea", "GI", 3),
    ("Anorexia", "GI", 3), ("Leucopenia", "BLOOD", 4), ("Thrombocytopenia", "BLOOD", 4), ("Hiccups", "OTHER", 2),
)  # fmt: skip
_ASCITES: Final = ("NONE", "NONE", "NONE", "MILD")
_CAUSES: Final = ("TUMOUR PROGRESSION/METASTASIS", "LIVER FAILURE", "VARICEAL BLEEDING", "OTHER")
_CHEMOEMBOLIZATION: Final = {
    "cisplatin_mg": 40, "fu_mg": 1000, "doxorubicin_infused_mg": 20, "doxorubicin_lipiodol_mg": 10,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Patient:
    """One patient: day 0, the last day known, the day the drug ended, and of whom it is asked."""

    number: int
    random: Random
    day_0: date
    end: int
    last_dose: int
    died: bool
    treated: bool
    lung: bool
    max_mm: int
    progression: int

    def on(self, day: int) -> date:
        return self.day_0 + timedelta(day)


def _protocol() -> str:
    """Return the paper's protocol without its printed numbers, single patients, another profile, and resamples."""
    text = PROTOCOL.read_text(encoding="utf-8").partition("[published]")[0]
    text = re.sub(r"\[\[figure\]\]\nid = .*\ncase = .*\n", "", text)
    return re.sub(r"(bootstrap|beside) = .*\n", "", text)


def write_records_study(n: int, folder: Path) -> int:
    """Write a records study of n screened patients, and return how many records it has; the same n, the same bytes."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "study.toml").write_text(_protocol(), encoding="utf-8")
    n_records = 0
    with ExitStack() as stack:
        writers: dict[str, csv.DictWriter[str]] = {}
        for table, columns in _COLUMNS.items():
            file = stack.enter_context((data / f"{table}.csv").open("w", encoding="utf-8", newline=""))
            writers[table] = csv.DictWriter(file, ("patient_id", *columns.split()), restval="")
            writers[table].writeheader()
        for number in range(n):
            for table, cells in _records(number):
                writers[table].writerow({"patient_id": f"P{number:06d}", **cells})
                n_records += 1
    return n_records


def _records(number: int) -> Iterator[Row]:
    patient = _patient(number)
    yield from _who(patient)
    yield from _visits(patient)
    if not patient.treated:
        return
    yield from _scans(patient)
    yield from _toxicity(patient)
    yield from _procedures(patient)
    yield from _outcome(patient)


def _patient(number: int) -> _Patient:
    random = Random(f"{SEED} {number}")
    day_0 = date(2008, 8, 1) + timedelta(random.randrange(600))
    followed = (CUTOFF - day_0).days - random.randrange(60)
    death = 30 + round(random.expovariate(1 / 400))
    end = min(followed, death)
    progression = 40 + round(random.expovariate(1 / 190))
    return _Patient(
        number=number,
        random=random,
        day_0=day_0,
        end=end,
        last_dose=max(20, min(end - random.randrange(1, 20), progression + random.choice((0, 10, 60, 120)))),
        died=death <= followed,
        treated=random.random() < 0.65,
        lung=random.random() < 0.3,
        max_mm=random.randrange(60, 180),
        progression=progression,
    )


def _who(patient: _Patient) -> Iterator[Row]:
    random, screened, treated = patient.random, patient.on(-14), patient.treated
    died = treated and patient.died
    yield (
        "subjects",
        {
            "site_id": "AB"[patient.number % 4 == 3],
            "sex": random.choice("MMMMF"),
            "age": random.randrange(24, 79),
            "screening_date": screened,
            "consent_date": screened,
            "first_sorafenib_date": patient.day_0 if treated else "",
            "last_sorafenib_date": patient.on(patient.last_dose) if treated else "",
            "death_flag": "NY"[died],
            "death_date": patient.on(patient.end) if died else "",
            "cutoff_date": CUTOFF,
        },
    )
    earlier = not treated and random.random() < 0.5
    for criterion in range(1, 12):
        yield "screening", {"criterion_id": criterion, "met": "YN"[earlier and criterion == 3], "date": screened}
    histology = random.random() < 0.2
    yield (
        "baseline_disease",
        {
            "etiology": "HBV",
            "hbsag": "POS",
            "cirrhosis": random.choice("YYYN"),
            "hbv_dna": random.choice(("<20", random.randrange(100, 9_000), random.randrange(10_000, 900_000))),
            "dx_basis": "HISTOLOGY" if histology else "AFP_IMAGING",
            "n_imaging_hypervascular": 2,
            "typical_imaging": "Y",
            "biopsy_result": "HCC" if histology else "ND",
            "differentiation": random.choice(("MODERATE", "POOR")) if histology else "ND",
            "n_tumours": random.randrange(1, 6),
            "diffuse": "N",
            "max_diam_mm": patient.max_mm,
            "pvt": random.choice(("BRANCH", "TRUNK")),
            "n1": "N",
            "met_lung": "NY"[patient.lung],
            "met_adrenal": "N",
            "met_bone": "N",
            "prior_hepatectomy": "NY"[earlier],
            "prior_chemotherapy": "N",
            "prior_tace_ablation": "N",
            "prior_radiotherapy": "N",
        },
    )


def _visits(patient: _Patient) -> Iterator[Row]:
    """Yield laboratory values, scores and vital signs before the drug; on it, every two weeks, after 12 every four."""
    random = patient.random
    weight = random.randrange(480, 900)
    usual = {test.code: random.uniform(0.1, 0.9) for test in _PANEL}
    days = (*range(14, 85, 14), *range(112, patient.last_dose, 28)) if patient.treated else ()
    for visit, day in enumerate((-3, *(day for day in days if day < patient.last_dose))):
        when = {"date": patient.on(day)}
        for test in _PANEL:
            share = min(max(usual[test.code] + random.gauss(0, 0.12), 0), 1)
            yield "labs", when | _sample(test, share, other_unit=patient.number % 4 == 3)
        if visit == 0:
            afp = round(random.lognormvariate(7.5, 1.2) + 401, 1)
            yield "labs", {**when, "test": "AFP", "value": afp, "unit": "ng/mL", "uln": 10}
        ecog = min(2, random.randrange(4) // 2 + visit // 8)
        yield "clinical_scores", {**when, "ecog": ecog, "ascites": random.choice(_ASCITES), "encephalopathy": 0}
        weight += random.randrange(-9, 7)
        pressure = {"sbp": random.randrange(105, 170), "dbp": random.randrange(60, 100)}
        stools = {"stools_per_day": random.randrange(1, 6), "stools_per_day_baseline": 1}
        yield "vitals", {**when, "weight_kg": round(weight / 10, 1), **pressure, **stools}


def _sample(test: _Test, share: float, *, other_unit: bool) -> dict[str, Any]:
    """Return a value so far from the lowest usual to the highest, in the unit of the hospital."""
    scale, unit = (test.factor, test.other_unit) if other_unit else (1, test.unit)
    low, high = test.usual
    value = round((low + share * (high - low)) / scale, test.digits + (2 if scale > 1 else 0))
    limits = {name: round(limit / scale, 2) for name, limit in zip(("lln", "uln"), test.normal, strict=True)}
    return {"test": test.code, "value": value, "unit": unit, **limits}


def _scans(patient: _Patient) -> Iterator[Row]:
    """Yield a target or two, a thrombus and perhaps a lung nodule, measured every eight weeks until progression."""
    random = patient.random
    targets = [f"T{k + 1:02d}" for k in range(random.randrange(1, 3))]
    sizes = {lesion: random.randrange(25, patient.max_mm - 5) for lesion in targets}
    others = ["NT01", *(["NT02"] if patient.lung else [])]
    seen = patient.on(-7)
    for lesion in targets:
        yield "lesions", _lesion(lesion, "TARGET", "LIVER", "NODULE", "Y", seen)
    yield "lesions", _lesion("NT01", "NON-TARGET", "PORTAL VEIN", "THROMBUS", "N", seen)
    if patient.lung:
        yield "lesions", _lesion("NT02", "NON-TARGET", "LUNG", "NODULE", "N", seen)
    first = lowest = sum(sizes.values())
    visit, day = 0, -7
    while day <= min(patient.end, patient.progression + 112):
        when = {"scan_date": patient.on(day), "visit": f"W{8 * visit}" if visit else "BASELINE"}
        how = {"modality": random.choice(("CT", "MRI")), "arterial_phase": "Y"}
        for lesion, size in sizes.items():
            status = {"status": "MEASURED", "longest_mm": size + random.randrange(5), "viable_mm": size, "aphe": "Y"}
            yield "lesion_measurements", {"lesion_id": lesion, **when, **how, **status, "washout": "Y"}
        for lesion in others:
            yield "lesion_measurements", {"lesion_id": lesion, **when, **how, "status": "PRESENT", "aphe": "Y"}
        total = sum(sizes.values())
        if visit:
            yield "response", _response(when["scan_date"], total, first, lowest)
        lowest = min(lowest, total)
        visit += 1
        day = 56 * visit + random.randrange(-4, 5)
        growth = (1.15, 1.3, 1.45) if day > patient.progression else (0.6, 0.85, 0.95, 1.0)
        sizes = {lesion: max(4, round(size * random.choice(growth))) for lesion, size in sizes.items()}


def _lesion(lesion_id: str, role: str, organ: str, kind: str, delineated: str, seen: date) -> dict[str, Any]:
    where = {"lesion_id": lesion_id, "role": role, "organ": organ, "kind": kind}
    return {**where, "well_delineated": delineated, "first_seen_date": seen}


def _response(when: Any, total: int, first: int, lowest: int) -> dict[str, Any]:
    """Return what a reader of the scans would enter: PD from 120 % of the smallest sum, PR to 70 % of the first."""
    target = "PD" if 10 * total >= 12 * lowest and total > lowest else "PR" if 10 * total <= 7 * first else "SD"
    parts = {"target": target, "nontarget": "NON-CR/NON-PD", "new_lesion": "N", "overall": target}
    return {"date": when, **parts, "criteria": "MRECIST LENCIONI LIVER CANCER 2010", "source": "ENTERED"}


def _toxicity(patient: _Patient) -> Iterator[Row]:
    """Yield adverse events one after another, and the doses: reduced at grade 3, full again when it has passed."""
    random = patient.random
    start, since, k = 0, 5, 0
    while True:
        since += random.randrange(2, 40)
        lasts = random.randrange(5, 40)
        if since + lasts + 14 > patient.last_dose:
            break
        k += 1
        term, category, worst = random.choice(_EVENTS)
        grade = min(worst, random.choice((1, 1, 1, 2, 2, 3)))
        severe = grade >= 3
        begun, over = patient.on(since), patient.on(since + lasts)
        yield (
            "adverse_events",
            {
                "ae_id": f"AE{k:02d}",
                "term": term,
                "category": category,
                "ctcae_version": "3.0",
                "grade": grade,
                "start_date": f"{begun:%Y-%m}" if random.random() < 0.05 and not severe else begun,
                "end_date": over,
                "related": random.choice(("RELATED", "RELATED", "PROBABLE", "POSSIBLE", "NOT RELATED")),
                "serious": "N",
                "action": "DOSE REDUCED" if severe else "DOSE NOT CHANGED",
                "outcome": "RECOVERED/RESOLVED",
            },
        )
        if severe:
            since += random.randrange(1, 4)
            yield "exposure", _dose(patient, (start, since - 1), "FULL", "RESOLVED" if start else "", "")
            start = since + lasts + 7
            yield "exposure", _dose(patient, (since, start - 1), "REDUCED", "AE", f"AE{k:02d}")
        since += lasts + 7
    yield "exposure", _dose(patient, (start, patient.last_dose), "FULL", "RESOLVED" if start else "", "")


def _dose(patient: _Patient, days: tuple[int, int], state: str, reason: str, ae_id: str) -> dict[str, Any]:
    when = {"start_date": patient.on(days[0]), "end_date": patient.on(days[1])}
    dose = {"dose_per_intake_mg": 400 if state == "FULL" else 200, "frequency": "BID", "state": state}
    return {**when, **dose, "adjust_reason": reason, "ae_id": ae_id, "well_tolerated": "Y"}


def _procedures(patient: _Patient) -> Iterator[Row]:
    random = patient.random
    wanted = {"TACE": random.choice((0, 0, 1, 2, 3)), "CRYO": random.choice((0, 0, 0, 1, 2))}
    done: dict[str, int] = defaultdict(int)
    day = 10
    for type_ in ["TACE"] * wanted["TACE"] + ["CRYO"] * (wanted["CRYO"] if wanted["TACE"] else 0):
        day += random.randrange(26, 46)
        if day + 35 > patient.end:
            return
        done[type_] += 1
        which = {"date": patient.on(day), "type": type_, "procedure_no": done[type_]}
        allowed = {"contraindication": "N", "consent": "Y"}
        if type_ == "TACE":
            burden, oil = random.randrange(10, 49), {"lipiodol_ml": random.randrange(10, 21)}
            scan = {"ct1m_date": patient.on(day + 30), "lipiodol_deposit_pct": random.randrange(20, 75)}
            yield "procedures", {
                **which, **allowed, "tumour_burden_pct": burden, **_CHEMOEMBOLIZATION, **oil, **scan,
                "guidance": "FLUOROSCOPY",
            }  # fmt: skip
        else:
            freezing = {"freeze1_min": 20, "thaw1_min": 10, "freeze2_min": 15, "min_temp_c": -135}
            more = {"time_to_temp_min": 1, "intent": "CURATIVE", "guidance": "US", "tract_packed": "Y"}
            yield "procedures", {**which, **allowed, "lesion_ids": "T01", **freezing, **more}


def _outcome(patient: _Patient) -> Iterator[Row]:
    random = patient.random
    reason = "PROGRESSIVE DISEASE" if patient.progression <= patient.last_dose else "PHYSICIAN DECISION"
    wishes = {"pd_clinical_status_good": random.choice("YYYN"), "pd_patient_wishes": random.choice("YYYN")}
    yield "disposition", {"sorafenib_end_reason": reason, "date": patient.on(patient.last_dose), **wishes}
    later = patient.last_dose + random.randrange(20, 60)
    if later < patient.end and random.random() < 0.3:
        yield "other_therapy", {"date": patient.on(later), "type": random.choice(("SYSTEMIC", "RADIOTHERAPY"))}
    for day in range(patient.last_dose + 56, patient.end - 5, 56):
        yield "followup", {"date": patient.on(day), "status": "ALIVE"}
    yield "followup", {"date": patient.on(patient.end), "status": "DEAD" if patient.died else "ALIVE"}
    if patient.died:
        yield "death", {"primary_cause": random.choice(_CAUSES)}
