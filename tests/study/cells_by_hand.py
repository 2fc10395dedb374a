"""The cells of results.csv in which one patient of the bundled study is counted, from what was worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from patient_by_hand import Patient, arm_at

Key = tuple[str, ...]
Cell = tuple[Key, int]

COUNTS = {"n", "n_total", "n_event", "n_missing", "n_censor", "n_risk"}
SPLIT = {"age", "diameter", "platelets", "afp"}
"""Factors split at their median: without a patient the median may move, and others with it."""

ARMS = ("sorafenib", "tace", "tace_cryo", "cryo")
COMPARED = {"three_arms": ("tace_cryo", "tace", "sorafenib"), "cryo_added": ("tace_cryo", "tace")}
FACTORS = (
    *("sex", "age", "ecog", "differentiation", "diameter", "tumour_number", "portal_vein", "metastasis"),
    *("hbv_dna", "arm", "child_pugh", "platelets", "afp"),
)
BLOOD = {"LEUCOPENIA", "HEMORRHAGE", "ANEMIA", "THROMBOCYTOPENIA"}
GRADED_BY_VALUES = {"LIVER TOXICITY", "LEUCOPENIA", "ANEMIA", "THROMBOCYTOPENIA"}


def key(
    analysis: str,
    statistic: str,
    *,
    model: str = "",
    endpoint: str = "",
    population: str = "all",
    group: str = "",
    variable: str = "",
    level: str = "",
    time: str = "",
) -> Key:
    return (analysis, model, endpoint, population, group, variable, level, time, statistic)


def is_exact(cell: Key) -> bool:
    """Return whether it can be said by hand what a cell loses with one patient."""
    return cell[-1] in COUNTS and cell[0] != "adherence" and not (cell[5] in SPLIT and cell[6] in {"low", "high"})


def cells(patient: Patient) -> dict[Key, int]:
    """Return every cell that counts the patient, but for adherence, with what it loses without the patient."""
    sections = (_flow, _survival, _baseline, _univariable, _response, _arms_compared, _landmarks, _beyond_progression)
    found = [
        cell for section in (*sections, _safety, _labs, _exposure, _deaths, _recorded) for cell in section(patient)
    ]
    assert len(dict(found)) == len(found)
    return {name: n for name, n in found if n}


def levels_of(patient: Patient) -> dict[str, str | None]:
    """Return the level of each factor; None where it is not known, empty for a number that is split at its median."""
    recorded, once = patient.recorded, patient.once
    dna = float(recorded["hbv_dna"])
    return {
        "sex": recorded["sex"],
        "ecog": str(once["ecog"]),
        "differentiation": {"": None, "ND": None}.get(recorded["differentiation"], recorded["differentiation"]),
        "tumour_number": str(min(int(recorded["n_tumours"]), 4)),
        "portal_vein": recorded["pvt"],
        "metastasis": once["metastasis"],
        "hbv_dna": "low" if dna < 10_000 else "mid" if dna < 100_000 else "high",
        "arm": once["arm"],
        "child_pugh": once["child_pugh_class"],
        **dict.fromkeys(SPLIT, ""),
    }


def continuation(patient: Patient) -> str | None:
    """Return the group of the comparison beyond progression; None without progression."""
    answer = patient.once["continued_past_progression"]
    return {"Y": "continued", "N": "discontinued", "N_STOPPED_BEFORE_PD": "discontinued", "NA": None}[answer]


def _own_columns(patient: Patient) -> tuple[str, str]:
    return "", f"arm={patient.once['arm']}"


def _id(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower())


def _flow(patient: Patient) -> Iterator[Cell]:
    yield key("flow", "n", level="read"), 1
    for group in _own_columns(patient):
        yield key("flow", "n", level="analyzed", group=group), 1


def _survival(patient: Patient) -> Iterator[Cell]:
    for (endpoint, rule), (day, event) in patient.times.items():
        yield key("survival", "n", endpoint=endpoint, model=rule), 1
        yield key("survival", "n_event", endpoint=endpoint, model=rule), event
        own_day, own_event = patient.times[endpoint, ""]
        if rule:
            at = {"endpoint": endpoint, "model": rule}
            yield key("survival", "n", **at, variable="changed_event"), event != own_event
            yield key("survival", "n", **at, variable="changed_time"), day != own_day
        else:
            for months in (6, 12, 18):
                yield key("survival_at", "n_risk", endpoint=endpoint, time=str(months)), day >= months * 30.4375


def _baseline(patient: Patient) -> Iterator[Cell]:
    levels = levels_of(patient)
    for table in ("table_1", "diagnosis"):
        yield key("baseline", "n_total", model=table), 1
    for factor in FACTORS:
        level = levels[factor]
        at = {"model": "table_1", "variable": factor}
        yield key("baseline", "n_missing" if level is None else "n", **at), 1
        if level:
            yield key("baseline", "n", **at, level=level), 1
    for organ in ("met_lung", "met_adrenal", "met_bone"):
        at = {"model": "table_1", "variable": "metastasis", "level": organ}
        yield key("baseline", "n", **at), patient.recorded[organ] == "Y"
    yield key("baseline", "n", model="diagnosis", variable="biopsy"), 1
    yield key("baseline", "n", model="diagnosis", variable="biopsy", level=patient.recorded["biopsy_result"]), 1


def _univariable(patient: Patient) -> Iterator[Cell]:
    for endpoint in ("PFS", "OS"):
        for factor in FACTORS:
            yield from _curves(patient, "table_2", endpoint, factor, levels_of(patient)[factor])
    yield from _curves(patient, "figures", "OS", "beyond_progression", continuation(patient))


def _curves(patient: Patient, model: str, endpoint: str, factor: str, level: str | None) -> Iterator[Cell]:
    at = {"analysis": "univariable_km", "model": model, "endpoint": endpoint, "variable": factor}
    if level is None:
        yield key(statistic="n_missing", **at), 1
        return
    for name in {"", level}:
        yield key(statistic="n", **at, level=name), 1
        yield key(statistic="n_event", **at, level=name), patient.times[endpoint, ""][1]


def _between(groups: tuple[str, ...], by: str = "arm") -> str:
    return f"{by}={'|'.join(groups)}"


def _response(patient: Patient) -> Iterator[Cell]:
    arm = patient.once["arm"]
    for model, (best, _) in patient.best.items():
        for group in _own_columns(patient):
            at = {"model": model, "group": group}
            yield key("response", "n_total", **at), 1
            yield key("response", "n", **at, variable="best_response", level=best), 1
            yield key("response", "n", **at, variable="objective_response"), best in {"CR", "PR"}
            yield key("response", "n", **at, variable="clinical_benefit"), best in {"CR", "PR", "SD"}
            yield key("response", "n", **at, variable="flips_at_sd_minimum"), patient.flips and not model
        for groups in (ARMS, *COMPARED.values()):
            yield key("response", "n" if arm in groups else "n_missing", model=model, group=_between(groups)), 1
    for group in _own_columns(patient):
        yield key("response", "n", group=group, variable="progressed"), patient.once["progressed"] == "Y"
    best, best_day = patient.best[""]
    if best in {"CR", "PR"}:
        yield key("response", "n", variable="time_to_response"), 1
        first = min(s.day for s in patient.scans if s.overall in {"CR", "PR"} and s.day <= (best_day or 0))
        day, event = patient.times["PFS", ""]
        assert day >= first
        yield key("response", "n", endpoint="PFS", variable="response_duration"), 1
        yield key("response", "n_event", endpoint="PFS", variable="response_duration"), event


def _arms_compared(patient: Patient) -> Iterator[Cell]:
    arm = patient.once["arm"]
    for model, groups in COMPARED.items():
        yield key("comparison", "n_total", model=model), 1
        between, own = {"model": model, "group": _between(groups)}, {"model": model, "group": f"arm={arm}"}
        yield key("comparison", "n" if arm in groups else "n_missing", **between), 1
        if arm in groups:
            yield key("comparison", "n_total", **own), 1
            yield key("comparison", "n", **own, variable="clinical_benefit"), patient.once["clinical_benefit"] == "Y"
        for endpoint in ("PFS", "OS"):
            event = patient.times[endpoint, ""][1]
            for at in (between, own) if arm in groups else ():
                yield key("comparison", "n", **at, endpoint=endpoint), 1
                yield key("comparison", "n_event", **at, endpoint=endpoint), event
            if arm not in groups:
                yield key("comparison", "n_missing", **between, endpoint=endpoint), 1
        if arm in groups and model == "three_arms":
            for variable, grade in _worst_by_row(patient).items():
                yield key("comparison", "n", **own, variable=variable, level="any"), 1
                yield key("comparison", "n", **own, variable=variable, level="3-4"), grade in {3, 4}


def _landmarks(patient: Patient) -> Iterator[Cell]:
    groups = ARMS[:3]
    for day in (30, 60, 90):
        group = f"arm={arm_at(patient.procedures, day)}"
        at = {"analysis": "comparison", "model": "landmark_1", "variable": "landmark", "time": str(day)}
        yield from _from_day(patient, day, group, _between(groups), at)


def _from_day(patient: Patient, day: int, group: str, between: str, at: dict[str, str]) -> Iterator[Cell]:
    """Yield the cells of survival from a day on: before it the patient is left out, after it one of a group."""
    end, event = patient.times["OS", ""]
    at = {**at, "endpoint": "OS"}
    yield key(statistic="n_total", **at), 1
    if end <= day:
        yield key(statistic="n_event" if event else "n_censor", **at, level="before"), 1
    elif group.partition("=")[2] not in between.partition("=")[2].split("|"):
        yield key(statistic="n_missing", **at, group=between), 1
    else:
        for name in (between, group):
            yield key(statistic="n", **at, group=name), 1
            yield key(statistic="n_event", **at, group=name), event


def _beyond_progression(patient: Patient) -> Iterator[Cell]:
    own, progression = continuation(patient), patient.once["progression_day"]
    if own is None:
        return
    group, between = (f"continued_past_progression={name}" for name in (own, "continued|discontinued"))
    end, event = patient.times["OS", ""]
    at = {"analysis": "comparison", "model": "beyond_progression"}
    for name in ("", group):
        yield key(statistic="n_total", **at, group=name), 1
    yield key(statistic="n", **at, group=between), 1
    for name in (between, group):
        yield key(statistic="n", **at, group=name, endpoint="OS"), 1
        yield key(statistic="n_event", **at, group=name, endpoint="OS"), event
    at["analysis"] = "beyond_progression"
    yield from _from_day(patient, -1, group, between, {**at, "variable": "from-first-dose"})
    yield from _from_day(patient, progression + 14, group, between, {**at, "variable": "clock-at-progression"})
    for days in (14, 28):
        for model in ({**at}, {**at, "analysis": "comparison", "model": "landmark_2"}):
            keys = {**model, "variable": "landmark", "time": str(days)}
            yield from _from_day(patient, progression + days, group, between, keys)
    at |= {"variable": "time-dependent", "endpoint": "OS"}
    yield key(statistic="n_total", **at), 1
    within_grace = own == "continued" and end <= progression + 14
    for name in () if end <= progression else (between,) if within_grace else (between, group):
        yield key(statistic="n", **at, group=name), 1
        yield key(statistic="n_event", **at, group=name), event


def _worst_by_row(patient: Patient) -> dict[str, int]:
    """Return the worst grade of each row of the table of adverse events that the patient is in."""
    rows = {_id(term): grade for term, grade in patient.worst.items()}
    rows |= {"any_adverse_event": max(patient.worst.values())} if patient.worst else {}
    blood = [grade for term, grade in patient.worst.items() if term in BLOOD]
    return rows | ({"haematological": max(blood)} if blood else {})


def _safety(patient: Patient) -> Iterator[Cell]:
    severe = patient.worst.get("LIVER TOXICITY") in {3, 4}
    for group in _own_columns(patient):
        at = {"analysis": "safety", "group": group}
        yield key(statistic="n_total", **at), 1
        for variable, grade in _worst_by_row(patient).items():
            yield key(statistic="n", **at, variable=variable, level="any"), 1
            yield key(statistic="n", **at, variable=variable, level="3-4"), grade in {3, 4}
            for column in (3, 4):
                yield key(statistic="n", **at, variable=variable, level=str(column)), grade == column
        died = severe and patient.once["death_cause"] == "LIVER FAILURE"
        yield key(statistic="n", **at, variable="liver_toxicity_death"), severe
        yield key(statistic="n_event", **at, variable="liver_toxicity_death"), died


def _labs(patient: Patient) -> Iterator[Cell]:
    """Yield the cells of the worst grade of each test after the first dose, until 30 days after the last."""
    last = patient.once["last_dose_day"] + 30
    for test in {row["test"] for row in patient.labs}:
        own = [row for row in patient.labs if row["test"] == test]
        before = [row["grade"] for row in own if row["date_day"] <= 0][-1:]
        after = [row["grade"] for row in own if 0 < row["date_day"] <= last]
        for group in _own_columns(patient):
            at = {"analysis": "safety", "group": group, "variable": f"lab_{test.lower()}"}
            if not after:
                yield key(statistic="n_missing", **at), 1
                continue
            worst = max(after)
            yield key(statistic="n", **at), 1
            yield key(statistic="n", **at, level=str(worst)), 1
            if before:
                worse = worst > before[0]
                for level, n in (("emergent", worse), ("emergent_3-4", worse and worst >= 3)):
                    yield key(statistic="n", **at, level=level), n
                    yield key(statistic="n_total", **at, level=level), 1
            for to in () if group else ("any", worst):
                yield key(statistic="n", **at, level=f"{before[0] if before else 'missing'}->{to}"), 1


def _exposure(patient: Patient) -> Iterator[Cell]:
    once = patient.once
    for group in _own_columns(patient):
        at = {"analysis": "exposure", "group": group}
        yield key(statistic="n_total", **at), 1
        known = ("treatment_duration", "relative_dose_intensity", "dose_reduced", "dose_interrupted", "early_stop")
        for variable in (*known, "stop_reason", "n_tace", "n_cryo"):
            yield key(statistic="n", **at, variable=variable), 1
        for variable in ("dose_reduced", "dose_interrupted", "early_stop"):
            yield key(statistic="n", **at, variable=variable, level="Y"), once[variable] == "Y"
        if once["dose_reduced"] == "Y":
            is_back = once["days_to_return"] is not None
            yield key(statistic="n", **at, variable="dose_restored"), 1
            yield key(statistic="n", **at, variable="dose_restored", level="Y"), is_back
            yield key(statistic="n" if is_back else "n_missing", **at, variable="days_to_return"), 1
        if once["early_stop"] == "Y":
            yield key(statistic="n", **at, variable="early_stop_reason"), 1
            reason = _id(once["early_stop_reason"] or "other")
            yield key(statistic="n", **at, variable="early_stop_reason", level=reason), 1
        reason = _id(once["stop_reason"] or "not recorded")
        yield key(statistic="n", **at, variable="stop_reason", level=reason), 1
        for variable in ("n_tace", "n_cryo"):
            sessions = once[variable]
            yield key(statistic="n", **at, variable=variable, level=str(sessions)), 1
            yield key(statistic="n", **at, variable=variable, level="any"), sessions > 0
            yield key(statistic="n_event", **at, variable=variable, level="any"), sessions


def _deaths(patient: Patient) -> Iterator[Cell]:
    died = patient.once["death_day"] is not None
    for group in _own_columns(patient):
        at = {"analysis": "deaths", "group": group}
        yield key(statistic="n_total", **at), 1
        yield key(statistic="n", **at), 1
        yield key(statistic="n_event", **at), died
        if died:
            yield key(statistic="n", **at, variable="death_cause", level=_id(patient.once["death_cause"])), 1


def _recorded(patient: Patient) -> Iterator[Cell]:
    """Yield the cells of recorded values that are derived too; of a patient without a deviation all agree."""
    of_tables = {"dose_state": "exposure", "eligibility": "screening", "response": "response"}
    values = {kind: patient.n_records[table] for kind, table in of_tables.items()}
    values["grade"] = sum(event["term"] in GRADED_BY_VALUES for event in patient.events)
    values[""] = sum(values.values())
    for kind, n in values.items():
        for level in ("", "agrees"):
            yield key("reconciliation", "n", variable=kind, level=level), n > 0
            yield key("reconciliation", "n_event", variable=kind, level=level), n


def kept_rules(patient: Patient) -> dict[Key, int]:
    """Return some cells of adherence in which a patient without a deviation is counted."""
    found = {}
    for rule in ("", "ELIGIBLE", "CONSENT-FIRST", "DOSE-START"):
        for level in ("kept", "assessable"):
            found[key("adherence", "n", variable=rule, level=level)] = 1
    rules = {"n_tace": ("TACE-MAX", "TACE-BURDEN", "TACE-AGENTS", "TACE-OIL"), "n_cryo": ("CRYO-MAX", "CRYO-CYCLE")}
    for sessions, names in rules.items():
        for rule in names if patient.once[sessions] else ():
            at = {"population": "occasions", "variable": rule, "level": "kept"}
            found[key("adherence", "n", **at)] = 1
            found[key("adherence", "n_event", **at)] = patient.once[sessions]
    return found
