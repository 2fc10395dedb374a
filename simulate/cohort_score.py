"""Score a cohort: every number the paper prints, computed from the cohort by the engine, beside the printed one.

    python cohort_score.py cohort.csv scorecard.csv

The numbers and how each is computed (column ``calc``) stand in ``published.csv``. A number is equal when the
cohort's, rounded half up to the digits printed, is the printed one.
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from cohort_models import cox_number, selected
from cohort_rows import ALONE, BLOOD, CLINICAL_BENEFIT, CRYO, TACE, Row, months, read_rows

from oncohort.stats.compare import pearson_chi_square
from oncohort.stats.kaplan_meier import kaplan_meier
from oncohort.stats.log_rank import log_rank
from oncohort.stats.quantiles import quantile

HERE = Path(__file__).parent
EVENT = {"OS": "dead", "PFS": "pfs_event"}
SCREENED = {  # patients screened and not included, by reason; they have no row in the cohort
    "excluded: Child-Pugh C": 67,
    "excluded: Child-Pugh B8/B9 with bilirubin >51.3": 58,
    "excluded: prior hepatectomy": 14,
    "excluded: preoperative chemotherapy": 11,
    "excluded: prior TACE/local ablation": 47,
    "excluded: prior radiotherapy": 19,
}
PRIOR_TREATMENT = sum(list(SCREENED.values())[2:])
RESPONSES = {"CB": CLINICAL_BENEFIT, "SD_any": ("SD>8wk", "SD<=8wk")}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the scorecard; ``cohort`` is None where the cohort has no such number."""

    id: str
    where: str
    statistic: str
    group: str
    published: str
    cohort: float | str | None
    status: str


def scorecard(rows: Sequence[Row]) -> list[Line]:
    """Compare every published number with the cohort's."""
    return [
        Line(n["id"], n["where"], n["statistic"], n["group"], n["published"], value, status(n, value))
        for n in published()
        for value in (computed(rows, n["calc"]),)
    ]


def count_of(lines: Sequence[Line]) -> Counter[str]:
    """Count the lines by status."""
    return Counter(line.status for line in lines)


@cache
def published() -> list[dict[str, str]]:
    """Read the numbers that the paper prints as its results."""
    with (HERE / "published.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def status(number: dict[str, str], value: float | str | None) -> str:
    """Judge a value against the number as printed: equal, within 5 %, or differs."""
    text = number["published"]
    if value is None or isinstance(value, str):
        return "equal" if value == text else "differs"
    target = float(text)
    bound = {"<": value < target, ">=": value >= target, "<=": value <= target}
    step = Decimal(1).scaleb(-int(number["precision"]))
    as_printed = Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_UP) == Decimal(text)
    if bound.get(number["op"], as_printed):
        return "equal"
    return "within 5 %" if abs(value - target) <= 0.05 * abs(target) else "differs"


def computed(rows: Sequence[Row], calc: str) -> float | str | None:
    """Compute a number by its recipe: a name and its arguments, as ``km|OS|ecog|0``."""
    name, *rest = calc.split("|")
    return RECIPES[name](rows, *rest)


def curve_median(rows: Sequence[Row], endpoint: str, part: str = "median") -> float:
    """Return the Kaplan-Meier median in months or a limit of it, as SPSS does."""
    curve = kaplan_meier(_time(rows, endpoint), _event(rows, endpoint), conf_type="plain")
    found = quantile(curve, 0.5, method="spss", at_half="first")
    return {"median": found.estimate, "ci_low": found.conf_low, "ci_high": found.conf_high}[part]


def log_rank_p(rows: Sequence[Row], endpoint: str, column: str) -> float:
    """Return the P of the log-rank test over the levels of a column, of the patients who have one."""
    known = [row for row in rows if row[column]]
    return log_rank(_time(known, endpoint), _event(known, endpoint), [row[column] for row in known]).p_value


def benefit_p(rows: Sequence[Row], arms: Sequence[str]) -> float:
    """Return the P of Pearson's test of clinical benefit over treatments."""
    table = [
        [sum((r["response"] in CLINICAL_BENEFIT) is benefit for r in rows if r["treatment"] == arm) for arm in arms]
        for benefit in (True, False)
    ]
    return pearson_chi_square(table, correction="none").p_value


def case(rows: Sequence[Row], figure: str, what: str) -> float | None:
    """Return a number of the case of a figure; None if the cohort has no such patient.

    The case of figure 5 is a man with complete response, moderate differentiation, TACE and cryoablation, the one
    of figure 6 a man with partial response under TACE and cryoablation who is free of progression at 4 months,
    where the response is recorded. The legend of figure 5 does not say whether there was TACE too; the paper has
    no treatment group with cryoablation alone.
    """
    wanted = {"gender": "Male", "treatment": CRYO}
    wanted |= {"5": {"response": "CR", "differentiation": "Medium"}, "6": {"response": "PR"}}[figure]
    age, least = {"5": (55, months_at_least(rows, "os")), "6": (61, lambda r: months(r["pfs_days"]) > 4)}[figure]
    found = [r for r in rows if wanted.items() <= r.items() and float(r["age"]) == age and least(r)]
    if not found:
        return None
    return {"age": float(age), "os": max(months(r["os_days"]) for r in found), "resp": 4.0}[what]


def months_at_least(rows: Sequence[Row], name: str) -> Callable[[Row], bool]:
    """Return the condition that a patient was followed as long as anyone, to the month printed."""
    longest = round(max(months(r[f"{name}_days"]) for r in rows))
    return lambda row: round(months(row[f"{name}_days"])) == longest


def _time(rows: Sequence[Row], endpoint: str) -> list[float]:
    return [months(row[f"{endpoint.lower()}_days"]) for row in rows]


def _event(rows: Sequence[Row], endpoint: str) -> list[int]:
    return [int(row[EVENT[endpoint]]) for row in rows]


def _with(rows: Sequence[Row], column: str, level: str) -> list[Row]:
    return [row for row in rows if row[column] == level]


def _percent(part: int, rows: Sequence[Row]) -> float:
    return 100.0 * part / len(rows)


def _responders(rows: Sequence[Row], name: str) -> int:
    return sum(row["response"] in RESPONSES.get(name, (name,)) for row in rows)


def _screen(rows: Sequence[Row], group: str) -> float:
    excluded = sum(SCREENED.values())
    totals = {"included": len(rows), "excluded total": excluded, "screened": len(rows) + excluded}
    totals["excluded: prior treatment (all)"] = PRIOR_TREATMENT
    return float((totals | SCREENED)[group])


def _values(rows: Sequence[Row], column: str) -> list[float]:
    if column.endswith("_months"):
        return [months(row[column.replace("_months", "_days")]) for row in rows]
    return [float(row[column]) for row in rows]


def _early(rows: Sequence[Row], what: str) -> float:
    stopped = [row for row in rows if row["early_stop"]]
    weeks = [row["sorafenib_days"] / 7 for row in stopped]
    numbers = {"all": len(stopped), "wkmin": min(weeks), "wkmax": max(weeks)}
    return float(numbers[what]) if what in numbers else float(len(_with(rows, "early_stop", what)))


def _graded(rows: Sequence[Row], event: str, low: str, high: str) -> int:
    return sum(int(low) <= int(row[f"ae_{event}"]) <= int(high) for row in rows)


def _blood(rows: Sequence[Row], low: str) -> int:
    return sum(max(int(row[f"ae_{event}"]) for event in BLOOD) >= int(low) for row in rows)


def _liver_failure(rows: Sequence[Row]) -> float:
    return float(sum(r["death_cause"] == "liver failure" and int(r["ae_liver"]) >= 3 for r in rows))


def _local(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["treatment"] != ALONE]


RECIPES: dict[str, Callable[..., Any]] = {
    "screen": _screen,
    "count": lambda rows, column, level: float(len(_with(rows, column, level))),
    "pct": lambda rows, column, level: _percent(len(_with(rows, column, level)), rows),
    "deaths": lambda rows, column, level: float(len(_with(_with(rows, column, level), "dead", "1"))),
    "median": lambda rows, column: statistics.median(_values(rows, column)),
    "min": lambda rows, column: min(_values(rows, column)),
    "max": lambda rows, column: max(_values(rows, column)),
    "resp_n": lambda rows, name: float(_responders(rows, name)),
    "resp_pct": lambda rows, name: _percent(_responders(rows, name), rows),
    "early": _early,
    "ae": lambda rows, *which: _percent(_graded(rows, *which), rows),
    "ae_n": lambda rows, *which: float(_graded(rows, *which)),
    "aehem_n": lambda rows, low: float(_blood(rows, low)),
    "aehem_pct": lambda rows, low: _percent(_blood(rows, low), rows),
    "ae_lf": _liver_failure,
    "km_all": curve_median,
    "km": lambda rows, endpoint, column, level: curve_median(_with(rows, column, level), endpoint),
    "lr": log_rank_p,
    "lr2": lambda rows, endpoint: log_rank_p(_local(rows), endpoint, "treatment"),
    "cox": cox_number,
    "step": selected,
    "cbr": lambda rows, arm: _percent(_responders(_with(rows, "treatment", arm), "CB"), _with(rows, "treatment", arm)),
    "cbr_p3": lambda rows: benefit_p(rows, (CRYO, TACE, ALONE)),
    "cbr_p2": lambda rows: benefit_p(rows, (CRYO, TACE)),
    "local_n": lambda rows: float(len(_local(rows))),
    "local_pct": lambda rows: _percent(len(_local(rows)), rows),
    "case": case,
}


def write_scorecard(path: Path, lines: Sequence[Line]) -> None:
    """Write a scorecard."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Line.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)


def tell(lines: Sequence[Line]) -> str:
    """Tell how many numbers are equal, and those that are not, a line each."""
    counts = ", ".join(f"{n} {name}" for name, n in count_of(lines).most_common())
    return "\n".join([counts, *(f"{n.id}: {n.published}, {n.cohort}" for n in lines if n.status != "equal")])


def main() -> None:
    """Score the cohort named first and write its scorecard to the file named second."""
    lines = scorecard(read_rows(Path(sys.argv[1])))
    write_scorecard(Path(sys.argv[2]), lines)
    print(tell(lines))


if __name__ == "__main__":
    main()
