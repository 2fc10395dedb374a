"""The clinical terms of the sorafenib study in CTCAE: what each grade means, and which grades there are, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oncohort.clinical.ctcae_data import CTCAE_3, CTCAE_5, LAB_CRITERIA, LabTest, Version, grade_words
from oncohort.clinical.rule import CriteriaTable, Source


@dataclass(frozen=True, slots=True)
class GradeWords:
    """What grades 1 to 4 mean in one version, in short words (empty: no such grade), and whether death is grade 5."""

    words: tuple[str, str, str, str]
    fatal: bool


@dataclass(frozen=True, slots=True)
class ClinicalTerm:
    """A term of adverse events: its id, its category in version 3.0, its grades by version, other spellings."""

    id: str
    category: str
    grades: Mapping[Version, GradeWords]
    aliases: tuple[str, ...] = ()


def _of_lab(test: LabTest, version: Version, *, fatal: bool, more: Mapping[int, str] | None = None) -> GradeWords:
    """Return the grades of a term that a laboratory value makes, with clinical signs added to some of them."""
    rows = [row for row in LAB_CRITERIA if test in row.tests and version in row.versions and row.clause != "abnormal"]
    one, two, three, four = (
        "; ".join(part for part in (grade_words(rows[0], grade), (more or {}).get(grade, "")) if part)
        for grade in (1, 2, 3, 4)
    )
    return GradeWords((one, two, three, four), fatal)


_SKIN: Final = "DERMATOLOGY/SKIN"
_BLOOD: Final = "BLOOD/BONE MARROW"
_WEIGHT: Final = GradeWords(
    ("5 to < 10 % of baseline", "10 to < 20 %, nutritional support", ">= 20 %, tube feeding or TPN", ""), fatal=False
)
_BLEEDING: Final = GradeWords(
    (
        "mild, no intervention but iron",
        "symptoms; medical intervention or minor cautery",
        "transfusion, endoscopy, radiology or surgery",
        "life-threatening",
    ),
    fatal=True,
)
_OTHER: Final = GradeWords(("mild", "moderate", "severe", "life-threatening"), fatal=True)

TERMS: Final[tuple[ClinicalTerm, ...]] = (
    ClinicalTerm(
        "HAND-FOOT SKIN REACTION",
        _SKIN,
        {
            "3.0": GradeWords(
                (
                    "minimal changes or erythema, no pain",
                    "peeling, blisters, bleeding or edema, or pain; function kept",
                    "ulceration, or changes with pain that interfere with function",
                    "",
                ),
                fatal=False,
            ),
            "5.0": GradeWords(
                (
                    "minimal changes, no pain",
                    "changes with pain; limits instrumental ADL",
                    "severe changes with pain; limits self-care ADL",
                    "",
                ),
                fatal=False,
            ),
        },
        (
            "HFSR",
            "HFS",
            "PPE",
            "HAND-FOOT SYNDROME",
            "HAND-FOOT REACTION",
            "PALMAR-PLANTAR ERYTHRODYSESTHESIA",
            "PALMAR-PLANTAR ERYTHRODYSESTHESIA SYNDROME",
            "PALMAR-PLANTAR ERYTHRODYSAESTHESIA",
            "PALMAR-PLANTAR ERYTHRODYSAESTHESIA SYNDROME",
        ),
    ),
    ClinicalTerm(
        "RASH",
        _SKIN,
        {
            "3.0": GradeWords(
                (
                    "eruption without symptoms",
                    "pruritus or other symptoms; desquamation < 50 % of body surface",
                    "severe generalized eruption; desquamation >= 50 %",
                    "generalized exfoliative, ulcerative or bullous dermatitis",
                ),
                fatal=True,
            ),
            "5.0": GradeWords(
                (
                    "< 10 % of body surface",
                    "10 to 30 % and limits instrumental ADL, or > 30 % with mild symptoms",
                    "> 30 % with moderate or severe symptoms; limits self-care ADL",
                    "",
                ),
                fatal=False,
            ),
        },
        ("SKIN RASH", "RASH/DESQUAMATION", "RASH MACULO-PAPULAR", "MACULO-PAPULAR RASH", "RASH MACULOPAPULAR"),
    ),
    ClinicalTerm(
        "HYPERTENSION",
        "CARDIAC GENERAL",
        {
            "3.0": GradeWords(
                (
                    "< 24 h, no symptoms: diastolic + > 20 mmHg, or > 150/100 if normal before; no intervention",
                    "recurrent, >= 24 h or with symptoms: the same rise; monotherapy",
                    "more than one drug, or more intensive therapy",
                    "hypertensive crisis",
                ),
                fatal=True,
            ),
            "5.0": GradeWords(
                (
                    "systolic 120 to 139 or diastolic 80 to 89 mmHg",
                    "140 to 159 or 90 to 99 mmHg; monotherapy",
                    ">= 160 or >= 100 mmHg; more than one drug, or more intensive therapy",
                    "life-threatening",
                ),
                fatal=True,
            ),
        },
        ("HTN", "HIGH BLOOD PRESSURE", "ARTERIAL HYPERTENSION"),
    ),
    ClinicalTerm(
        "ALOPECIA",
        _SKIN,
        {
            "3.0": GradeWords(("thinning or patchy", "complete", "", ""), fatal=False),
            "5.0": GradeWords(
                ("loss < 50 %, no wig needed", "loss >= 50 %, wig or psychosocial impact", "", ""), fatal=False
            ),
        },
        ("HAIR LOSS", "HAIR LOSS/ALOPECIA"),
    ),
    ClinicalTerm(
        "FATIGUE",
        "CONSTITUTIONAL SYMPTOMS",
        {
            "3.0": GradeWords(
                (
                    "mild, over baseline",
                    "moderate, or difficulty with some ADL",
                    "severe, interferes with ADL",
                    "disabling",
                ),
                fatal=False,
            ),
            "5.0": GradeWords(
                (
                    "relieved by rest",
                    "not relieved by rest; limits instrumental ADL",
                    "not relieved by rest; limits self-care ADL",
                    "",
                ),
                fatal=False,
            ),
        },
    ),
    ClinicalTerm("WEIGHT LOSS", "CONSTITUTIONAL SYMPTOMS", {"3.0": _WEIGHT, "5.0": _WEIGHT}, ("WEIGHT DECREASED",)),
    ClinicalTerm(
        "DIARRHEA",
        "GASTROINTESTINAL",
        {
            "3.0": GradeWords(
                (
                    "< 4 stools a day over baseline",
                    "4 to 6, or IV fluids < 24 h",
                    ">= 7, incontinence, IV fluids >= 24 h, hospitalization, or interferes with ADL",
                    "life-threatening",
                ),
                fatal=True,
            ),
            "5.0": GradeWords(
                (
                    "< 4 stools a day over baseline",
                    "4 to 6; limits instrumental ADL",
                    ">= 7; hospitalization; limits self-care ADL",
                    "life-threatening",
                ),
                fatal=True,
            ),
        },
        ("DIARRHOEA",),
    ),
    ClinicalTerm(
        "LIVER TOXICITY",
        "METABOLIC/LABORATORY",
        {
            "3.0": _of_lab("BILI", "3.0", fatal=True),
            "5.0": _of_lab("BILI", "5.0", fatal=True),
        },
        (
            "LIVER",
            "HEPATOTOXICITY",
            "HEPATIC TOXICITY",
            "ELEVATED BILIRUBIN",
            "ELEVATED BILIRUBIN LEVELS",
            "HYPERBILIRUBINEMIA",
            "HYPERBILIRUBINAEMIA",
            "BLOOD BILIRUBIN INCREASED",
        ),
    ),
    ClinicalTerm(
        "LIVER DYSFUNCTION",
        "HEPATOBILIARY/PANCREAS",
        {
            "3.0": GradeWords(("", "jaundice", "asterixis", "encephalopathy or coma"), fatal=True),
            "5.0": GradeWords(
                ("", "", "asterixis; mild encephalopathy", "moderate to severe encephalopathy; life-threatening"),
                fatal=True,
            ),
        },
        ("LIVER FAILURE", "HEPATIC FAILURE", "LIVER DYSFUNCTION/FAILURE"),
    ),
    ClinicalTerm(
        "LEUCOPENIA",
        _BLOOD,
        {"3.0": _of_lab("WBC", "3.0", fatal=True), "5.0": _of_lab("WBC", "5.0", fatal=False)},
        ("LEUKOPENIA", "WHITE BLOOD CELL DECREASED", "LEUKOCYTES"),
    ),
    ClinicalTerm(
        "HEMORRHAGE",
        "HEMORRHAGE/BLEEDING",
        {"3.0": _BLEEDING, "5.0": _BLEEDING},
        (
            "HAEMORRHAGE",
            "BLEEDING",
            "GI HEMORRHAGE",
            "GI HAEMORRHAGE",
            "GASTROINTESTINAL HEMORRHAGE",
            "GASTROINTESTINAL HAEMORRHAGE",
        ),
    ),
    ClinicalTerm(
        "VARICEAL HEMORRHAGE",
        "HEMORRHAGE/BLEEDING",
        {
            "3.0": _BLEEDING,
            "5.0": GradeWords(
                ("", "self-limited", "transfusion or invasive intervention", "life-threatening"), fatal=True
            ),
        },
        (
            "VARICEAL HAEMORRHAGE",
            "VARICEAL BLEEDING",
            "ESOPHAGEAL VARICES HEMORRHAGE",
            "OESOPHAGEAL VARICES HAEMORRHAGE",
            "ESOPHAGOGASTRIC VARICEAL BLEEDING",
        ),
    ),
    ClinicalTerm(
        "ANEMIA",
        _BLOOD,
        {
            "3.0": _of_lab("HGB", "3.0", fatal=True),
            "5.0": _of_lab("HGB", "5.0", fatal=True, more={3: "transfusion indicated", 4: "life-threatening"}),
        },
        ("ANAEMIA", "HEMOGLOBIN"),
    ),
    ClinicalTerm(
        "THROMBOCYTOPENIA",
        _BLOOD,
        {"3.0": _of_lab("PLAT", "3.0", fatal=True), "5.0": _of_lab("PLAT", "5.0", fatal=False)},
        ("PLATELET COUNT DECREASED", "PLATELETS"),
    ),
    ClinicalTerm(
        "HEMATOLOGICAL",
        _BLOOD,
        {"3.0": _OTHER, "5.0": _OTHER},
        ("HAEMATOLOGICAL", "HEMATOLOGIC", "HAEMATOLOGIC", "HEMATOLOGICAL TOXICITY", "HAEMATOLOGICAL TOXICITY"),
    ),
)
"""The adverse events that the paper reports, and the two failures of a cirrhotic liver that end its therapy."""

TERM_SOURCES: Final[tuple[Source, ...]] = (
    Source(
        "The reproduced paper (sorafenib in advanced HBV-related HCC)",
        "Results, treatment-related adverse effects: the terms",
        "paper",
    ),
    Source(
        "Heart (bmj.com) table of CTCAE v3.0 definitions", "hypertension, all grades; fatigue, grades 1 and 2", "seen"
    ),
    Source("Health and Quality of Life Outcomes 2010;8:40", "Table 1: rash of version 3.0", "seen"),
    Source("skindrlee blog; medicalalgorithms.com", "hand-foot skin reaction of version 3.0", "seen"),
    Source(CTCAE_3, "page 12: weight loss (fliphtml5.com copy)", "seen"),
    Source("Cell Research 2020;30:779-793 (PMC7608389)", "Table 2: hand-foot skin reaction, version 4.03", "seen"),
    Source("Actas Dermo-Sifiliograficas 2021;112:90-92", "Table 1: alopecia of version 5.0, both bounds", "seen"),
    Source("World J Gastrointest Pathophysiol 2019;10:17-28", "Table 2: diarrhea of version 5.0", "seen"),
    Source(
        "pharmaverse/admiral, data-raw/adlb_grading/ncictcaev5.json",
        "anemia and counts: whether death is a grade",
        "seen",
    ),
    Source(
        CTCAE_3,
        "alopecia, diarrhea, fatigue grades 3 and 4, hemorrhage, liver dysfunction, categories",
        "from knowledge",
    ),
    Source(CTCAE_5, "rash, hypertension, fatigue, weight loss, hemorrhage, hepatic failure", "from knowledge"),
)


def term_table(version: Version) -> CriteriaTable:
    """Return what each grade of each term means in one version, as a table; a dash where there is no such grade."""
    body = tuple(
        (
            term.id.capitalize(),
            term.category.capitalize(),
            *(word or "-" for word in term.grades[version].words),
            "death" if term.grades[version].fatal else "-",
        )
        for term in TERMS
    )
    head = ("term", "category in 3.0", "grade 1", "grade 2", "grade 3", "grade 4", "grade 5")
    return CriteriaTable(f"Clinical terms, version {version}", head, body)
