"""What the label of sorafenib advises for adverse events in hepatocellular carcinoma, as data to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from oncohort.clinical.answer import Answer, decided, undetermined
from oncohort.clinical.ctcae import term_of
from oncohort.clinical.dose_policy import DoseLevel
from oncohort.clinical.exact import exact, in_decimals
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.errors import DataError

LabelEvent: TypeAlias = Literal[
    "SKIN TOXICITY",
    "HYPERTENSION",
    "HEMORRHAGE",
    "CARDIAC ISCHEMIA",
    "GI PERFORATION",
    "HEART FAILURE",
    "OTHER NON-HEMATOLOGICAL",
]

LABEL_LEVELS: Final[tuple[tuple[str, DoseLevel], ...]] = (
    ("0", DoseLevel("400 mg twice daily", 400, 2)),
    ("-1", DoseLevel("400 mg once daily", 400, 1)),
    ("-2", DoseLevel("400 mg every other day", 400, Fraction(1, 2))),
    ("-2 (current US label)", DoseLevel("200 mg once daily", 200, 1)),
)
"""Dose levels of the label, 0 the full dose; the last two have the same daily dose."""

REESCALATION_DAYS: Final = 28
"""Days at a reduced dose before the label lets it rise again."""

NOT_IN_LABEL: Final = "not in the label"
_CONTINUE: Final = "continue with topical therapy"
_TO_1: Final = "interrupt until grade 0-1, resume one level lower"
_STOP: Final = "discontinue"
_PRESSURE: Final = "interrupt until symptoms resolve and diastolic pressure < 90 mmHg, resume one level lower"


@dataclass(frozen=True, slots=True)
class LabelAction:
    """One row of the label: what to do for an event of these grades at these occurrences.

    ``occurrences`` counts the events of the grade, the last number stands for it and all later ones; empty: every
    one. ``only_if`` is a condition that the grade does not tell; empty: none.
    """

    event: LabelEvent
    grades: tuple[int, ...]
    occurrences: tuple[int, ...]
    action: str
    only_if: str = ""
    note: str = ""


LABEL_ACTIONS: Final[tuple[LabelAction, ...]] = (
    LabelAction("SKIN TOXICITY", (1,), (), _CONTINUE),
    LabelAction("SKIN TOXICITY", (2,), (1,), _CONTINUE, note="without improvement in 7 days as at the next occurrence"),
    LabelAction("SKIN TOXICITY", (2,), (2, 3), _TO_1),
    LabelAction("SKIN TOXICITY", (2,), (4,), _STOP),
    LabelAction("SKIN TOXICITY", (3,), (1, 2), _TO_1),
    LabelAction("SKIN TOXICITY", (3,), (3,), _STOP),
    LabelAction("HYPERTENSION", (2,), (), "treat and continue", "without symptoms, diastolic 90-99 mmHg"),
    LabelAction("HYPERTENSION", (2,), (), _PRESSURE, "with symptoms or persistent"),
    LabelAction("HYPERTENSION", (3,), (), _PRESSURE),
    LabelAction("HYPERTENSION", (4,), (), _STOP),
    LabelAction("HEMORRHAGE", (2, 3, 4), (), _STOP, "medical intervention needed"),
    LabelAction("HEMORRHAGE", (2, 3, 4), (), NOT_IN_LABEL, "no medical intervention needed"),
    LabelAction("CARDIAC ISCHEMIA", (2, 3, 4), (), _STOP),
    LabelAction("GI PERFORATION", (1, 2, 3, 4), (), _STOP),
    LabelAction("HEART FAILURE", (3,), (), "interrupt until grade 1 or below, resume one level lower"),
    LabelAction("HEART FAILURE", (4,), (), _STOP),
    LabelAction("OTHER NON-HEMATOLOGICAL", (2,), (), "treat on time, one level lower"),
    LabelAction("OTHER NON-HEMATOLOGICAL", (3,), (1, 2), "interrupt until grade 2 or below, resume one level lower"),
    LabelAction("OTHER NON-HEMATOLOGICAL", (3,), (3,), "interrupt until grade 2 or below, resume two levels lower"),
    LabelAction("OTHER NON-HEMATOLOGICAL", (4,), (), _STOP),
)
"""Every row; an event, grade and occurrence without a row is not in the label."""

_EVENT_OF_TERM: Final[Mapping[str, LabelEvent]] = {
    "HAND-FOOT SKIN REACTION": "SKIN TOXICITY",
    "RASH": "SKIN TOXICITY",
    "HYPERTENSION": "HYPERTENSION",
    "HEMORRHAGE": "HEMORRHAGE",
    "VARICEAL HEMORRHAGE": "HEMORRHAGE",
    "FATIGUE": "OTHER NON-HEMATOLOGICAL",
    "WEIGHT LOSS": "OTHER NON-HEMATOLOGICAL",
    "DIARRHEA": "OTHER NON-HEMATOLOGICAL",
    "LIVER TOXICITY": "OTHER NON-HEMATOLOGICAL",
    "LIVER DYSFUNCTION": "OTHER NON-HEMATOLOGICAL",
}
_EVENTS: Final = tuple(dict.fromkeys(row.event for row in LABEL_ACTIONS))


def label_action(event: str, grade: int | None, occurrence: int | None) -> Answer[str]:
    """Return what the label advises; to compare with, never a deviation from the paper's protocol.

    Parameters
    ----------
    event : str
        An event of `LABEL_ACTIONS`, or a clinical term ("HFSR", "DIARRHEA").
    grade : int or None
        CTCAE grade, 1 to 4.
    occurrence : int or None
        Which time the event has this grade, from 1.

    Returns
    -------
    Answer of str
        The action, "not in the label" where there is no row for it. Undetermined where rows differ by what is missing
        or by a condition that the grade does not tell (symptoms of hypertension).

    Raises
    ------
    DataError
        If a grade is not 1 to 5, or an occurrence is below 1.

    Examples
    --------
    >>> label_action("HFSR", 3, 1).value, label_action("HFSR", 3, 3).value
    ('interrupt until grade 0-1, resume one level lower', 'discontinue')
    >>> label_action("HYPERTENSION", 2, 1).missing
    ('without symptoms, diastolic 90-99 mmHg, or with symptoms or persistent',)
    >>> label_action("ANEMIA", 3, 1).value
    'not in the label'

    References
    ----------
    Nexavar label (hcp.nexavar-us.com/dose-modifications); Bayer package insert 2005 in PMC6626665, Table 2.
    """
    if grade is not None and grade not in range(1, 6):
        raise DataError(f"grade {grade} was given; 1 to 5 was expected")
    if occurrence is not None and occurrence < 1:
        raise DataError(f"occurrence {occurrence} was given; 1 or more was expected")
    name = event if event in _EVENTS else _EVENT_OF_TERM.get(term_of(event) or "")
    if name is None:
        return decided(NOT_IN_LABEL, f"the label has no row for {event}")
    rows = [row for row in LABEL_ACTIONS if row.event == name and _is_at(row, occurrence)]
    if grade is None:
        return undetermined(["grade"], dict.fromkeys([*(row.action for row in rows), NOT_IN_LABEL]))
    rows = [row for row in rows if grade in row.grades]
    actions = tuple(dict.fromkeys(row.action for row in rows))
    if not actions:
        return decided(NOT_IN_LABEL, f"the label has no row for {name.lower()} of grade {grade}")
    if len(actions) == 1:
        return decided(actions[0], _in_words(rows[0], grade), [] if occurrence else _if_asked(rows))
    conditions = ", or ".join(row.only_if for row in rows if row.only_if)
    return undetermined([conditions or "occurrence"], actions)


def _is_at(row: LabelAction, occurrence: int | None) -> bool:
    """Return whether a row may be for an occurrence; beyond the last one that the label counts, its last row holds."""
    if not row.occurrences or occurrence is None:
        return True
    last = max(max(other.occurrences) for other in LABEL_ACTIONS if _is_sibling(other, row))
    return min(occurrence, last) in row.occurrences


def _is_sibling(other: LabelAction, row: LabelAction) -> bool:
    return other.event == row.event and other.grades == row.grades and bool(other.occurrences)


def _if_asked(rows: list[LabelAction]) -> list[str]:
    return ["occurrence"] if any(row.occurrences for row in rows) else []


def _in_words(row: LabelAction, grade: int) -> str:
    which = f", occurrence {'-'.join(map(str, row.occurrences))}" if row.occurrences else ""
    return f"label, {row.event.lower()} of grade {grade}{which}: {row.action}{f' ({row.note})' if row.note else ''}"


def _level_table() -> CriteriaTable:
    paper = {"0": "400 mg twice daily", "-1": "200 mg twice daily"}
    body = tuple(
        (step, paper.get(step, "-"), level.id, f"{in_decimals(exact(level.dose_mg) * exact(level.times_per_day))} mg")
        for step, level in LABEL_LEVELS
    )
    caption = f"Dose levels; a reduced dose may rise again after {REESCALATION_DAYS} days"
    return CriteriaTable(caption, ("level", "paper", "label", "label, a day"), body)


def _action_table() -> CriteriaTable:
    body = tuple(
        (
            row.event.lower(),
            ", ".join(map(str, row.grades)),
            ", ".join(map(str, row.occurrences)) or "every",
            row.only_if or "-",
            f"{row.action}{f' ({row.note})' if row.note else ''}",
        )
        for row in LABEL_ACTIONS
    )
    return CriteriaTable("What the label advises", ("event", "grade", "occurrence", "only if", "action"), body)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="sorafenib_label",
        title="Sorafenib: what the label advises",
        question="What would the label do for this adverse event?",
        functions=("label_action",),
        sources=(
            Source("hcp.nexavar-us.com/dose-modifications", "dose reductions and dose modifications", "seen"),
            Source(
                "drugs.com/dosage/nexavar (March 24, 2020)", "Table 1: hypertension of grade 2 without symptoms", "seen"
            ),
            Source("PMC6626665", "Table 2: skin toxicity, from the package insert of 2005", "seen"),
            Source(
                "Nexavar prescribing information",
                "other non-hematological events; 28 days to re-escalation",
                "from knowledge",
            ),
        ),
        criteria=(_level_table(), _action_table()),
        doubts=(
            (
                "The row of other non-hematological events, and that a reduced dose may rise again only after 28 "
                "days, are from knowledge."
            ),
            (
                "Level -2 was 400 mg every other day from 2008 to 2018; the current US label also allows 200 mg "
                "once daily."
            ),
            (
                "The label interrupts hand-foot skin reaction of grade 3 until grade 0-1; the paper reduces and "
                "returns at grade 2, its 27 patients after 1-2 weeks. Such differences are information, never "
                "deviations from the paper's protocol."
            ),
            (
                "Skin toxicity of the label is described by signs of hand-foot skin reaction; rash is read as the "
                "same event."
            ),
            "The label says nothing of hematological events, and alopecia is not matched to a row.",
            (
                "Whether hemorrhage needed medical intervention, and whether hypertension has symptoms, is not "
                "told by a grade."
            ),
        ),
    ),
)
