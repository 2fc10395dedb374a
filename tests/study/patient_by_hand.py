"""One patient of the bundled records study, worked out from the raw rows as a person with paper and calendar would.

Nothing of oncohort is used here: the rules of the study are written down once more, for what its records hold, and a
record of another shape is refused.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]

MONTH = Fraction("30.4375")
FULL_MG_PER_DAY = 800
INTAKES = {"BID": 2, "QD": 1, "NONE": 0}
UNITS = dict.fromkeys(("BILI", "CREAT"), "umol/L") | dict.fromkeys(("ALB", "HGB"), "g/L") | {"INR": "ratio"}
UNITS |= dict.fromkeys(("ALT", "AST"), "U/L") | dict.fromkeys(("PLAT", "WBC"), "10^9/L") | {"AFP": "ng/mL"}
TIMES_UPPER_LIMIT = {"BILI": "1 1.5 3 10", "ALT": "1 2.5 5 20", "AST": "1 2.5 5 20", "CREAT": "1 1.5 3 6"}
BELOW = {"PLAT": "75 50 25", "WBC": "3 2 1", "HGB": "100 80 65"}
EARLY_REASONS = {"HEPATIC": "liver function deterioration", "HEMORRHAGE": "variceal bleeding"}
HAPPENS = {"exposure": "start_date", "adverse_events": "start_date", "lesion_measurements": "scan_date"}
HAPPENS |= dict.fromkeys(("labs", "clinical_scores", "procedures", "other_therapy", "response", "vitals"), "date")


@dataclass(frozen=True)
class Scan:
    """What one scan after the first dose shows; lengths in mm."""

    day: int
    baseline_mm: Fraction
    nadir_mm: Fraction
    sum_mm: Fraction | None
    target: str
    non_target: str
    new_lesion: str
    overall: str

    @property
    def change_percent(self) -> Fraction | None:
        return None if self.sum_mm is None else 100 * (self.sum_mm - self.baseline_mm) / self.baseline_mm

    @property
    def scheduled(self) -> bool:
        return any(abs(self.day - 56 * k) <= 7 for k in range(1, 40))


@dataclass(frozen=True)
class Dose:
    """Days at one dose, both included."""

    start: int
    end: int
    mg_per_day: int
    state: str
    line: int

    @property
    def days(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True)
class Patient:
    """What must come out of the raw rows of one treated patient; days count from the first dose, day 0.

    ``once`` are values of the patient by the names that the frame of the patients gives them; ``best`` and ``times``
    hold value and day by definition, and day and event by endpoint and rule of censoring.
    """

    patient_id: str
    once: dict[str, Any]
    recorded: dict[str, Any]
    points: dict[str, int]
    scans: tuple[Scan, ...]
    therapy_day: int | None
    best: dict[str, tuple[str, int | None]]
    flips: bool
    times: dict[tuple[str, str], tuple[int, bool]]
    doses: tuple[Dose, ...]
    procedures: Rows
    events: Rows
    worst: dict[str, int]
    labs: Rows
    n_records: dict[str, int]


def read_tables(data: Path) -> Tables:
    """Return every table as text; ``line`` is the line of the file that a row stands in."""
    found: Tables = {}
    for file in sorted(data.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            found[file.stem] = [{**row, "line": line} for line, row in enumerate(csv.DictReader(rows), start=2)]
    return found


def rows_of(tables: Tables, patient_id: str) -> Tables:
    """Return the rows of one patient."""
    return {name: [row for row in rows if row["patient_id"] == patient_id] for name, rows in tables.items()}


def on_the_clock(raw: Tables) -> tuple[Tables, dict[str, int | None]]:
    """Return rows with the day of every date, without what came after death or cutoff; and the days of both."""
    (subject,) = raw["subjects"]
    start = date.fromisoformat(subject["first_sorafenib_date"] or subject["screening_date"])
    dated: Tables = {}
    for name, rows in raw.items():
        dates = [column for column in (rows[0] if rows else {}) if column.endswith("date")]
        dated[name] = [{**row, **{f"{c}_day": _day(row[c], start) for c in dates}} for row in rows]
    cutoff = dated["subjects"][0]["cutoff_date_day"]
    death = dated["subjects"][0]["death_date_day"]
    assert (death is not None) == (subject["death_flag"] == "Y")
    death = death if death is not None and death <= cutoff else None
    last = cutoff if death is None else death
    for name, column in HAPPENS.items():
        dated[name] = [row for row in dated[name] if row[f"{column}_day"] <= last]
    return dated, {"death_day": death, "cutoff_day": cutoff, "last": last}


def _day(text: str, start: date) -> int | None:
    return (date.fromisoformat(text) - start).days if text else None


def work_out(raw: Tables) -> Patient:
    """Return all that must come out of the rows of one treated patient."""
    rows, ends = on_the_clock(raw)
    (subject,), (disease,) = rows["subjects"], rows["baseline_disease"]
    recorded = _recorded(rows, last_day=0)
    points = child_pugh_points(recorded)
    once = _baseline(disease, recorded, points)
    once |= _eligibility(criteria(subject, disease, once, _first_record(rows)))
    scans = _scans(rows["lesions"], rows["lesion_measurements"])
    therapy = min((r["date_day"] for r in rows["other_therapy"] if r["date_day"] >= 0), default=None)
    best = {"": best_of(scans, None, above=56), "sd_any": best_of(scans, None, above=-1)}
    doses = _doses(rows["exposure"], ends["last"])
    once |= _treatment(doses) | _stop(rows, doses)
    once |= _procedures(rows["procedures"])
    once |= _response(scans, best[""][0], once["last_dose_day"])
    (cause,) = [row["primary_cause"] for row in rows["death"]] or [None]
    once |= {"death_day": ends["death_day"], "death_cause": cause if ends["death_day"] is not None else None}
    once |= {"age": float(subject["age"])}
    events = _events(rows["adverse_events"], once["last_dose_day"])
    counted = [event for event in events if event["counted"]]
    return Patient(
        patient_id=subject["patient_id"],
        once=once,
        recorded={**disease, "sex": subject["sex"]},
        points=points,
        scans=scans,
        therapy_day=therapy,
        best=best,
        flips=best_of(scans, None, above=55)[0] != best[""][0],
        times=_times(scans, therapy, ends, _last_seen_alive(rows, ends)),
        doses=doses,
        procedures=sorted(rows["procedures"], key=lambda row: (row["date_day"], int(row["procedure_no"]))),
        events=events,
        worst={term: max(e["grade"] for e in counted if e["term"] == term) for term in {e["term"] for e in counted}},
        labs=_labs(rows["labs"]),
        n_records={name: len(found) for name, found in rows.items()},
    )


# ── baseline and eligibility ──


def _recorded(rows: Tables, *, last_day: int) -> dict[str, Any]:
    """Return the last value of each test and sign in the four weeks up to the first dose."""
    found: dict[str, Any] = {}
    for row in sorted(rows["labs"], key=lambda row: (row["date_day"], row["line"])):
        assert row["unit"] == UNITS[row["test"]]
        assert row["comparator"] == ""
        if -28 <= row["date_day"] <= last_day:
            found[row["test"]] = Fraction(row["value"])
            found[f"{row['test']} limit"] = Fraction(row["uln"]) if row["uln"] else None
    for row in sorted(rows["clinical_scores"], key=lambda row: (row["date_day"], row["line"])):
        if -28 <= row["date_day"] <= last_day:
            found |= {sign: row[sign] for sign in ("ecog", "ascites", "encephalopathy")}
    return found


def child_pugh_points(recorded: Mapping[str, Any]) -> dict[str, int]:
    """Return the points of each item, with the bounds of the paper (51.3 µmol/L is 3 mg/dL)."""
    bilirubin, albumin, inr = recorded["BILI"], recorded["ALB"], recorded["INR"]
    return {
        "bilirubin": 1 if bilirubin < Fraction("34.2") else 2 if bilirubin <= Fraction("51.3") else 3,
        "albumin": 1 if albumin > 35 else 2 if albumin >= 28 else 3,
        "inr": 1 if inr < Fraction("1.7") else 2 if inr <= Fraction("2.3") else 3,
        "ascites": {"NONE": 1, "MILD": 2, "MODERATE_SEVERE": 3}[recorded["ascites"]],
        "encephalopathy": {"0": 1, "1": 2, "2": 2, "3": 3, "4": 3}[recorded["encephalopathy"]],
    }


def _baseline(disease: Mapping[str, Any], recorded: Mapping[str, Any], points: Mapping[str, int]) -> dict[str, Any]:
    score = sum(points.values())
    found: dict[str, Any] = {
        name: float(recorded[test])
        for name, test in {"platelets": "PLAT", "afp": "AFP", "bilirubin": "BILI", "haemoglobin": "HGB"}.items()
        if test in recorded
    }
    for name, test in {"alt": "ALT", "ast": "AST", "creatinine": "CREAT"}.items():
        found[name] = float(recorded[test] / recorded[f"{test} limit"])
    ecog, child_pugh = int(recorded["ecog"]), "A" if score <= 6 else "B" if score <= 9 else "C"
    spread = [disease[f"met_{organ}"] == "Y" for organ in ("lung", "adrenal", "bone")]
    invaded = disease["pvt"] != "NONE" or disease["hvt"] != "NONE" or disease["n1"] == "Y" or any(spread)
    found |= {"ecog": ecog, "child_pugh_score": float(score), "child_pugh_class": child_pugh}
    found["metastasis"] = "NY"[any(spread)]
    found["bclc"] = "D" if ecog >= 3 or child_pugh == "C" else "C" if invaded or ecog >= 1 else "not C or D"
    clinical = recorded.get("AFP", 0) > 400 and disease["typical_imaging"] == "Y"
    histology = disease["biopsy_result"] == "HCC"
    found["diagnosis"] = "HCC_HISTOLOGY" if histology else "HCC_CLINICAL" if clinical else "BIOPSY_REQUIRED"
    return found


def criteria(
    subject: Mapping[str, Any], disease: Mapping[str, Any], once: Mapping[str, Any], first_record: int
) -> dict[str, bool]:
    """Return whether each criterion is met, in the order of the protocol."""
    consent = subject["consent_date_day"]
    prior = ("prior_hepatectomy", "prior_chemotherapy", "prior_tace_ablation", "prior_radiotherapy")
    return {
        "HBV_HCC": once["diagnosis"] != "BIOPSY_REQUIRED" and disease["hbsag"] == "POS",
        "ADVANCED": disease["pvt"] in {"BRANCH", "TRUNK"},
        "FIRST_LINE": all(disease[name] == "N" for name in prior),
        "ECOG": once["ecog"] <= 2,
        "CHILD_PUGH": once["child_pugh_class"] != "C",
        "BILIRUBIN": once["bilirubin"] < 51.3,
        "ALT_AST": once["alt"] < 5 and once["ast"] < 5,
        "PLATELETS": once["platelets"] > 50,
        "HAEMOGLOBIN": once["haemoglobin"] > 80,
        "CREATININE": once["creatinine"] < 1.5,
        "CONSENT": consent is not None and consent <= min(0, first_record),
    }


def _first_record(rows: Tables) -> int:
    """Return the first day of anything that was done or measured."""
    lesions = [row["first_seen_date_day"] for row in rows["lesions"]]
    return min([row["date_day"] for name in ("labs", "clinical_scores", "vitals") for row in rows[name]] + lesions)


def _eligibility(met: Mapping[str, bool]) -> dict[str, Any]:
    failed = "; ".join(name for name, holds in met.items() if not holds)
    return {"eligibility": "EXCLUDED" if failed else "INCLUDED", "failed": failed, "missing_criteria": ""}


def screened_only(raw: Tables) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what must come out of a patient who was never treated, and the cells of the flow it is counted in."""
    rows, _ = on_the_clock(raw)
    (subject,), (disease,) = rows["subjects"], rows["baseline_disease"]
    recorded = _recorded(rows, last_day=28)
    once = _baseline(disease, recorded, child_pugh_points(recorded))
    once |= _eligibility(criteria(subject, disease, once, _first_record(rows)))
    if once["child_pugh_class"] == "C":
        return once, ("child_pugh_c",)
    if once["child_pugh_score"] in {8, 9} and once["bilirubin"] > 51.3:
        return once, ("child_pugh_b_bilirubin",)
    if "FIRST_LINE" in once["failed"].split("; "):
        prior = ("prior_hepatectomy", "prior_chemotherapy", "prior_tace_ablation", "prior_radiotherapy")
        return once, ("previous_treatment", *(name for name in prior if disease[name] == "Y"))
    return once, ("other_criteria",)


# ── response ──


def _scans(lesions: Rows, measured: Rows) -> tuple[Scan, ...]:
    """Return the scans after the first dose by mRECIST: the viable part in the liver, else the longest diameter."""
    by_role = {role: [les for les in lesions if les["role"] == role] for role in ("TARGET", "NON-TARGET", "NEW")}
    assert not any(les["split_from"] or les["merged_into"] or les["kind"] in {"NODE", "EFFUSION"} for les in lesions)
    at = {(row["lesion_id"], row["scan_date_day"]): row for row in measured}
    assert len(at) == len(measured)
    first = {les["lesion_id"]: _baseline_row(les["lesion_id"], measured) for les in lesions if les["role"] != "NEW"}
    base = [_size(target, first[target["lesion_id"]]) for target in by_role["TARGET"]]
    assert base
    assert all(size is not None and size >= 10 for size in base)
    new = {day for lesion in by_role["NEW"] if (day := _new_from(lesion, measured)) is not None}
    found: list[Scan] = []
    sums = [sum((size for size in base if size is not None), Fraction(0))]
    for day in sorted({row["scan_date_day"] for row in measured if row["scan_date_day"] > 0}):
        sizes = [_size(target, at.get((target["lesion_id"], day))) for target in by_role["TARGET"]]
        total = None if None in sizes else sum((size for size in sizes if size is not None), Fraction(0))
        target = _target(total, sums[0], min(sums))
        others = [_other(lesion, at.get((lesion["lesion_id"], day))) for lesion in by_role["NON-TARGET"]]
        other = next((state for state in ("PD", "NE", "NON-CR/NON-PD", "CR") if state in others), "NA")
        is_new = any(first_day <= day for first_day in new)
        overall = "PD" if is_new else _overall(target, other)
        found.append(Scan(day, sums[0], min(sums), total, target, other, "NY"[is_new], overall))
        sums += [] if total is None else [total]
    return tuple(found)


def _baseline_row(lesion_id: str, measured: Rows) -> dict[str, Any]:
    rows = [r for r in measured if r["lesion_id"] == lesion_id and -28 <= r["scan_date_day"] <= 0 and _is_read(r)]
    return max(rows, key=lambda row: row["scan_date_day"])


def _is_read(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["status"] != "NE" and row["arterial_phase"] == "Y"


def _size(lesion: Mapping[str, Any], row: Mapping[str, Any] | None) -> Fraction | None:
    if row is None or not _is_read(row):
        return None
    return Fraction(0) if row["status"] == "ABSENT" else Fraction(row[_diameter(lesion)])


def _diameter(lesion: Mapping[str, Any]) -> str:
    return "viable_mm" if lesion["organ"] == "LIVER" else "longest_mm"


def _target(total: Fraction | None, base: Fraction, nadir: Fraction) -> str:
    if total is None:
        return "NE"
    if total == 0:
        return "CR"
    if nadir == 0 or 100 * (total - nadir) >= 20 * nadir:
        return "PD"
    return "PR" if 100 * (base - total) >= 30 * base else "SD"


def _other(lesion: Mapping[str, Any], row: Mapping[str, Any] | None) -> str:
    if row is None or not _is_read(row):
        return "NE"
    if row["status"] == "PROGRESSED":
        return "PD"
    in_liver = lesion["organ"] == "LIVER" or lesion["kind"] == "THROMBUS"
    return "CR" if row["status"] == "ABSENT" or (in_liver and row["aphe"] == "N") else "NON-CR/NON-PD"


def _new_from(lesion: Mapping[str, Any], measured: Rows) -> int | None:
    """Return the first sight of a new lesion that is progression: in the liver of 10 mm with the typical pattern."""
    seen = [row for row in measured if row["lesion_id"] == lesion["lesion_id"]]
    typical = [float(r["longest_mm"]) >= 10 and r["aphe"] == r["washout"] == "Y" for r in seen]
    proven = any(typical) if lesion["organ"] == "LIVER" else bool(seen)
    return min(row["scan_date_day"] for row in seen) if proven else None


def _overall(target: str, other: str) -> str:
    if "PD" in {target, other}:
        return "PD"
    return "PR" if target == "CR" and other not in {"CR", "NA"} else target


def best_of(scans: Sequence[Scan], before: int | None, *, above: int) -> tuple[str, int | None]:
    """Return the best response until progression; stable disease counts after day ``above``.

    ``before`` is the first day of another therapy where no scan counts from then on; this study counts them all.
    """
    counted: list[tuple[int, str]] = []
    for scan in scans:
        if before is not None and scan.day >= before:
            break
        counted.append((scan.day, scan.overall))
        if scan.overall == "PD":
            break
    for value in ("CR", "PR", "SD", "PD"):
        days = [day for day, overall in counted if overall == value and (value != "SD" or day > above)]
        if days:
            return value, days[0]
    return "NE", counted[0][0] if counted else None


def _response(scans: Sequence[Scan], best: str, last_dose: int) -> dict[str, Any]:
    progression = next((scan.day for scan in scans if scan.overall == "PD"), None)
    continued = "NA"
    if progression is not None:
        late = last_dose - progression
        continued = "N_STOPPED_BEFORE_PD" if late < 0 else "N" if late <= 14 else "Y"
    return {
        "best_response": best,
        "objective_response": "NY"[best in {"CR", "PR"}],
        "clinical_benefit": "NY"[best in {"CR", "PR", "SD"}],
        "progression_day": progression,
        "progressed": "NY"[progression is not None],
        "continued_past_progression": continued,
    }


# ── times ──


def _last_seen_alive(rows: Tables, ends: Mapping[str, int | None]) -> int | None:
    """Return the last visit of follow-up that found the patient alive, not after the cutoff; None of the dead."""
    if ends["death_day"] is not None:
        return None
    return min(max(r["date_day"] for r in rows["followup"] if r["status"] == "ALIVE"), ends["cutoff_day"] or 0)


def _times(
    scans: Sequence[Scan], therapy: int | None, ends: Mapping[str, int | None], alive: int | None
) -> dict[tuple[str, str], tuple[int, bool]]:
    death = ends["death_day"]
    followed = max([alive or 0, *(scan.day for scan in scans)])
    found = {("OS", ""): (alive or 0, False) if death is None else (death, True)}
    found["PFS", ""] = _first_event(scans, death) or (followed, False)
    adequate = [0, *(scan.day for scan in scans if scan.overall not in {"NE", "PD"})]
    for rule in ("FDA_A", "NO_MISSED", "NACT_EVENT", "PD_MIDPOINT"):
        found["PFS", rule] = _under_rule(rule, scans, death, therapy, adequate)
    return found


def _first_event(scans: Sequence[Scan], death: int | None) -> tuple[int, bool] | None:
    days = [scan.day for scan in scans if scan.overall == "PD"][:1] + ([] if death is None else [death])
    return (min(days), True) if days else None


def _under_rule(
    rule: str, scans: Sequence[Scan], death: int | None, therapy: int | None, adequate: Sequence[int]
) -> tuple[int, bool]:
    """Return day and event where scans decide: two missed visits (more than 126 days), or a new therapy, censor."""
    event = _first_event(scans, death)
    day = None if event is None else event[0]
    if therapy is not None and (day is None or therapy < day):
        if rule != "NACT_EVENT":
            return max(seen for seen in adequate if seen <= therapy), False
        day = therapy
    if day is None:
        return max(adequate), False
    last = max(seen for seen in adequate if seen <= day)
    if rule != "NO_MISSED" and day - last > 126:
        return last, False
    if rule == "PD_MIDPOINT" and any(scan.day == day and scan.overall == "PD" for scan in scans):
        day = (last + day) // 2
    return day, True


# ── treatment ──


def _doses(rows: Rows, last: int | None) -> tuple[Dose, ...]:
    assert last is not None
    doses = [
        Dose(
            row["start_date_day"],
            min(row["end_date_day"], last),
            int(row["dose_per_intake_mg"]) * INTAKES[row["frequency"]],
            row["state"],
            row["line"],
        )
        for row in rows
    ]
    doses.sort(key=lambda dose: dose.start)
    assert all(after.start == before.end + 1 for before, after in pairwise(doses))
    return tuple(doses)


def returns_of(doses: Iterable[Dose]) -> list[int | None]:
    """Return, for each fall to a lower dose, the days until the dose before it was back."""
    taken = [dose for dose in doses if dose.mg_per_day]
    return [
        next((d.start - low.start for d in taken if d.start > low.start and d.mg_per_day >= high.mg_per_day), None)
        for high, low in pairwise(taken)
        if low.mg_per_day < high.mg_per_day
    ]


def _treatment(doses: Sequence[Dose]) -> dict[str, Any]:
    last = max(dose.end for dose in doses if dose.mg_per_day)
    returns = returns_of(doses)
    taken = Fraction(sum(dose.days * dose.mg_per_day for dose in doses))
    return {
        "last_dose_day": last,
        "treatment_days": float(last),
        "treatment_months": float(last / MONTH),
        "dose_reduced": "NY"[any(0 < dose.mg_per_day < FULL_MG_PER_DAY for dose in doses)],
        "dose_interrupted": "NY"[any(dose.mg_per_day == 0 for dose in doses)],
        "n_reductions": len(returns),
        "days_to_return": max((days for days in returns if days is not None), default=None),
        "relative_dose_intensity": float(100 * taken / (FULL_MG_PER_DAY * sum(dose.days for dose in doses))),
    }


def _stop(rows: Tables, doses: Sequence[Dose]) -> dict[str, Any]:
    last = max(dose.end for dose in doses if dose.mg_per_day)
    (end,) = rows["disposition"] or [{"sorafenib_end_reason": "", "ae_id": ""}]
    early = end["sorafenib_end_reason"] == "ADVERSE EVENT" and 6 * 7 <= last <= 24 * 7
    category = {row["ae_id"]: row["category"] for row in rows["adverse_events"]}.get(end["ae_id"], "")
    return {
        "stop_reason": end["sorafenib_end_reason"] or None,
        "early_stop": "NY"[early],
        "early_stop_reason": EARLY_REASONS.get(category) if early else None,
    }


def arm_at(procedures: Rows, day: int) -> str:
    """Return the arm that the procedures until a day make."""
    done = {row["type"] for row in procedures if row["date_day"] <= day}
    return {0: "sorafenib", 1: "tace", 2: "tace_cryo"}[len(done)] if "TACE" in done or not done else "cryo"


def _procedures(rows: Rows) -> dict[str, Any]:
    first = {kind: min(row["date_day"] for row in rows if row["type"] == kind) for kind in {r["type"] for r in rows}}
    counts = {f"n_{kind.lower()}": sum(row["type"] == kind for row in rows) for kind in ("TACE", "CRYO")}
    return {**counts, "arm": arm_at(rows, 10**6), "arm_known_day": max(first.values(), default=0)}


# ── safety ──


def _events(rows: Rows, last_dose: int) -> Rows:
    """Return the adverse events; one counts if it began under the drug or in 30 days after it, and is related to it."""
    found: Rows = []
    for row in rows:
        inside = 0 <= row["start_date_day"] <= last_dose + 30
        related = row["related"] in {"RELATED", "PROBABLE", "POSSIBLE"}
        found.append({**row, "grade": int(row["grade"]), "in_window": inside, "counted": inside and related})
    return found


def lab_grade(row: Mapping[str, Any]) -> int:
    """Return the CTCAE 3.0 grade of a laboratory value."""
    value, test = Fraction(row["value"]), row["test"]
    if test in TIMES_UPPER_LIMIT:
        return sum(value > Fraction(times) * Fraction(row["uln"]) for times in TIMES_UPPER_LIMIT[test].split())
    return (value < Fraction(row["lln"])) + sum(value < Fraction(bound) for bound in BELOW[test].split())


def _labs(rows: Rows) -> Rows:
    """Return the values of the graded tests in order of time, later ones with the grade at baseline."""
    graded = [row for row in rows if row["test"] in TIMES_UPPER_LIMIT or row["test"] in BELOW]
    before: dict[str, int] = {}
    found: Rows = []
    for row in sorted(graded, key=lambda row: (row["date_day"], row["line"])):
        grade, day = lab_grade(row), row["date_day"]
        found.append({**row, "grade": grade, "baseline_grade": before.get(row["test"]) if day > 0 else None})
        if day <= 0:
            before[row["test"]] = grade
    return found
