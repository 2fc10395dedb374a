"""TACE and cryoablation beside a drug: the door to decisions, deviations and burden; the arm; the pages."""

from __future__ import annotations

from typing import Final

from oncohort.clinical.procedure_decisions import CryoCourse, TaceCourse, decision_lines, next_cryo, next_tace
from oncohort.clinical.procedure_deviations import (
    CryoSession,
    Deviation,
    TaceSession,
    Verdict,
    broken_items,
    cryo_deviations,
    tace_deviations,
)
from oncohort.clinical.procedure_policy import (
    ARMS_2010,
    CONTRAINDICATIONS,
    CRYO_2010,
    TACE_2010,
    Arm,
    Contraindication,
    Expected,
    Limit,
    ProcedurePolicy,
    Span,
    limit_text,
    span_text,
)
from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.study_days import refuse_negative
from oncohort.clinical.tumor_burden import TUMOR_BURDEN, TumorBurden, tumor_burden_percent

__all__ = [
    "ARMS_2010",
    "CONTRAINDICATIONS",
    "CRYO_2010",
    "RULES",
    "TACE_2010",
    "Arm",
    "Contraindication",
    "CryoCourse",
    "CryoSession",
    "Deviation",
    "Expected",
    "Limit",
    "ProcedurePolicy",
    "Span",
    "TaceCourse",
    "TaceSession",
    "TumorBurden",
    "Verdict",
    "arm_of",
    "broken_items",
    "cryo_deviations",
    "next_cryo",
    "next_tace",
    "tace_deviations",
    "tumor_burden_percent",
]


def arm_of(n_tace: int, n_cryo: int) -> str:
    """Return the arm that a patient's sessions make: the treatment as it was given.

    It is known only when the last kind of session has begun, so that comparisons of arms are biased by guaranteed
    time.

    Parameters
    ----------
    n_tace : int
        TACE sessions, from 0.
    n_cryo : int
        Cryoablations, from 0.

    Returns
    -------
    str
        The label of one of `ARMS_2010`.

    Raises
    ------
    DataError
        If a count is negative.

    Examples
    --------
    >>> arm_of(2, 0), arm_of(1, 2)
    ('SORAFENIB+TACE', 'SORAFENIB+TACE+CRYO')
    """
    refuse_negative(n_tace=n_tace, n_cryo=n_cryo)
    return next(arm.label for arm in ARMS_2010 if (arm.tace, arm.cryo) == (n_tace > 0, n_cryo > 0))


_PAPER: Final = "The reproduced paper (sorafenib in advanced HBV-related HCC)"


def _expected_table(policy: ProcedurePolicy) -> CriteriaTable:
    ct, debulk = policy.ct_days, policy.debulk_percent
    others = (
        ("TACE-CT1M", "CT after the session", "" if ct is None else span_text(ct, "days")),
        ("CRYO-DEBULK", "share ablated of a tumor to be debulked", "" if debulk is None else limit_text(debulk)),
        ("CRYO-GUIDE", "guidance", policy.guidance or ""),
    )
    return CriteriaTable(
        "What is expected of a session",
        ("rule", "item", "expected"),
        (
            *((part.rule, part.item, span_text(part.span, part.unit)) for part in policy.expected),
            *(row for row in others if row[2]),
        ),
    )


def _decision_table(policy: ProcedurePolicy) -> CriteriaTable:
    return CriteriaTable(
        "The next session: the first line that holds decides", ("answer", "criterion"), decision_lines(policy)
    )


def _contraindication_table(policy: ProcedurePolicy) -> CriteriaTable:
    listed = (entry for entry in CONTRAINDICATIONS if entry.procedure == policy.procedure)
    return CriteriaTable(
        "Contraindications that sites may replace (reported, never used to exclude)",
        ("kind", "condition", "known"),
        tuple((entry.kind, entry.condition, entry.seen) for entry in listed),
    )


def _ct_days(policy: ProcedurePolicy) -> str:
    return "" if policy.ct_days is None else span_text(policy.ct_days, "days")


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="tace",
        title="Transarterial chemoembolization (TACE)",
        question="May the next TACE be done under the protocol, and did a TACE keep to it?",
        functions=("next_tace", "tace_deviations"),
        sources=(
            Source(_PAPER, "Sorafenib administration; TACE", "paper"),
            Source("World J Hepatol 2015;7:2009", "table 1, contraindications", "seen"),
            Source("commonwealthradiology.com", "page on chemoembolization, renal function", "seen"),
        ),
        criteria=(_decision_table(TACE_2010), _expected_table(TACE_2010), _contraindication_table(TACE_2010)),
        doubts=(
            (
                "The paper does not list its absolute contraindications. Every patient of it has portal vein "
                "thrombosis, which some lists name: such lists are reported and exclude nobody."
            ),
            f"One month after a session was read as {_ct_days(TACE_2010)}; the paper gives no window.",
            "The paper names 20 mg of doxorubicin and 10 mg of ADM, which is the same drug: 30 mg in all.",
            "A missing CT is waited for; the paper does not say what to do when it is never made.",
            "Whether a session on the day of the first dose is after the start is not said: it counts as after.",
        ),
        vectors=("tace",),
    ),
    Rule(
        id="cryoablation",
        title="Argon-helium cryoablation",
        question="May the next cryoablation be done under the protocol, and did a cryoablation keep to it?",
        functions=("next_cryo", "cryo_deviations"),
        sources=(
            Source(_PAPER, "Argon-helium cryoablation", "paper"),
            Source("Practice of percutaneous liver cryoablation", "contraindications", "from knowledge"),
        ),
        criteria=(_decision_table(CRYO_2010), _expected_table(CRYO_2010), _contraindication_table(CRYO_2010)),
        doubts=(
            "The contraindications are from knowledge; the paper lists none.",
            "The paper says that probes were cooled with 1 min to -135 C; it was read as within 1 min.",
            (
                "Which tumors are to be ablated whole is said by example (under 5 cm): the recorded intent decides "
                "whether the share ablated is judged."
            ),
            "Neither the last thaw nor the packing of the tracts has a rule of adherence.",
        ),
        vectors=("cryo",),
    ),
    Rule(
        id="treatment_arm",
        title="Treatment arm as given",
        question="Which arm do a patient's TACE and cryoablations make?",
        functions=("arm_of",),
        sources=(Source(_PAPER, "Table I; Fig. 5", "paper"),),
        criteria=(
            CriteriaTable(
                "Arms",
                ("TACE", "cryoablation", "arm"),
                tuple(("done" if a.tace else "no", "done" if a.cryo else "no", a.label) for a in ARMS_2010),
            ),
        ),
        doubts=(
            "The paper has no arm of sorafenib and cryoablation alone, although its figure 5 shows such a patient.",
            (
                "The arm is known only when its sessions have begun: who came to them had to live that long "
                "(guarantee-time bias)."
            ),
        ),
        vectors=("arm",),
    ),
    TUMOR_BURDEN,
)
