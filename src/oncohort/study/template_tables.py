"""The uniform data template: the patient, the disease and the measurements; with ``template_course`` all tables.

Terms are those of CDISC SDTM Controlled Terminology of March 2025 where it has them. BCLC, ALBI, CLIP, Okuda, JIS
and HAP have no term there.
"""

from __future__ import annotations

from typing import Final

from oncohort.study.dictionary import Template, TemplateColumn, template_table
from oncohort.study.template_course import COURSE_TABLES, PATIENT_ID, YES_NO, YES_NO_UNKNOWN

_Column = TemplateColumn

_SUBJECTS: Final = template_table(
    "subjects",
    "Patients",
    "one row a patient, screened or treated: who, and the dates that time is counted from and to",
    PATIENT_ID,
    _Column("site_id", "no", "text", "the hospital", sdtm="DM.SITEID"),
    _Column("sex", "yes", "enum", "U = unknown", allowed=("M", "F", "U"), sdtm="DM.SEX", used_for="Table 1, MELD 3.0"),
    _Column("birth_date", "no", "partial-date", "day of birth", sdtm="DM.BRTHDTC"),
    _Column("age", "yes", "integer", "age at the first dose; without a dose, at screening", "years",
            low=18, high=110, sdtm="DM.AGE", used_for="Table 1, groups"),
    _Column("screening_date", "yes", "date", "day of screening", sdtm="SUPPDM.SCRNDTC", used_for="flow"),
    _Column("consent_date", "no", "date", "day of informed consent", sdtm="DM.RFICDTC", used_for="eligibility"),
    _Column("first_sorafenib_date", "where the patient was treated", "date",
            "day of the first dose; empty for a patient who got none",
            sdtm="DM.RFXSTDTC", used_for="time zero"),
    _Column("last_sorafenib_date", "no", "partial-date", "day of the last dose", sdtm="DM.RFXENDTC",
            used_for="duration, treatment beyond progression"),
    _Column("death_flag", "yes", "enum", "has the patient died", allowed=YES_NO, sdtm="DM.DTHFL",
            used_for="overall survival"),
    _Column("death_date", "no", "partial-date", "day of death", sdtm="DM.DTHDTC",
            used_for="overall and progression-free survival"),
    _Column("cutoff_date", "yes", "date", "the day after which nothing is counted, the same in every row",
            sdtm="TS.TSPARMCD=DCUTDTC", used_for="censoring"),
    key=["patient_id"], repeats=False, domain="DM",
)  # fmt: skip

_SCREENING: Final = template_table(
    "screening",
    "Eligibility as it was judged",
    "one row a patient and criterion",
    PATIENT_ID,
    _Column("criterion_id", "yes", "integer", "number of the criterion in the protocol", low=1, high=12,
            sdtm="IE.IETESTCD", used_for="flow"),
    _Column("met", "yes", "enum", "was it met", allowed=YES_NO_UNKNOWN, sdtm="IE.IEORRES", used_for="flow"),
    _Column("value", "no", "text", "the value that was judged, as written", sdtm="IE.SUPPIE", used_for="audit trail"),
    _Column("date", "no", "date", "day of the judgment", sdtm="IE.IEDTC"),
    key=["patient_id", "criterion_id"], repeats=True, domain="IE",
)  # fmt: skip

_BASELINE_DISEASE: Final = template_table(
    "baseline_disease",
    "The disease before treatment",
    "one row a patient: cause, diagnosis, extent, earlier therapy",
    PATIENT_ID,
    _Column("etiology", "yes", "enum", "cause of the liver disease",
            allowed=("HBV", "HCV", "HBV+HCV", "ALCOHOL", "MASLD", "OTHER", "NONE"), sdtm="MH.MHTERM",
            used_for="eligibility"),
    _Column("hbsag", "no", "enum", "hepatitis B surface antigen", allowed=("POS", "NEG", "U"),
            sdtm="MB.MBTESTCD=HBSAG", used_for="eligibility"),
    _Column("cirrhosis", "yes", "enum", "is there cirrhosis", allowed=YES_NO_UNKNOWN, sdtm="MH.MHTERM",
            used_for="diagnosis"),
    _Column("hbv_dna", "no", "number", "hepatitis B virus DNA; <20 may be typed as such", "IU/mL", low=0,
            comparator="hbv_dna_comparator", sdtm="MB.MBTESTCD=HBDNA", used_for="Table 1, classes from 1e4 and 1e5"),
    _Column("hbv_dna_comparator", "no", "enum", "whether hbv_dna is the value or a bound; empty means =",
            allowed=("=", "<", ">"), sdtm="MB.MBORRES prefix", used_for="assay limits"),
    _Column("dx_basis", "yes", "enum", "what the diagnosis rests on", allowed=("AFP_IMAGING", "HISTOLOGY"),
            sdtm="FA.FAORRES", used_for="diagnosis"),
    _Column("n_imaging_hypervascular", "no", "integer", "imaging techniques that show arterial hypervascularization",
            low=0, high=4, sdtm="FA.FAORRES", used_for="EASL 2001"),
    _Column("typical_imaging", "yes", "enum", "is imaging typical of hepatocellular carcinoma",
            allowed=YES_NO_UNKNOWN, sdtm="FA.FAORRES", used_for="diagnosis"),
    _Column("biopsy_result", "no", "enum", "ND = not done", allowed=("HCC", "NOT_HCC", "ND"), sdtm="MI.MIORRES",
            used_for="diagnosis"),
    _Column("differentiation", "no", "enum", "ND = not determined", allowed=("WELL", "MODERATE", "POOR", "ND"),
            sdtm="MI.MIORRES", used_for="Table 1"),
    _Column("n_tumours", "where diffuse is N", "integer", "number of tumors, counted exactly", low=1,
            required_where=("diffuse", "N"), sdtm="MH/FA/TU.TU (count)", used_for="BCLC, Table 1"),
    _Column("diffuse", "yes", "enum", "is the tumor diffuse, so that it cannot be counted", allowed=YES_NO,
            sdtm="FA.FAORRES", used_for="BCLC"),
    _Column("max_diam_mm", "yes", "number", "diameter of the largest tumor", "mm", above=0,
            sdtm="TR.TRTESTCD=LDIAM", used_for="BCLC, HAP, Table 1"),
    _Column("pvt", "yes", "enum", "portal vein tumor thrombus", allowed=("NONE", "BRANCH", "TRUNK"),
            sdtm="FA.FAORRES", used_for="eligibility, CLIP"),
    _Column("pvt_complete", "no", "enum", "does the thrombus close the vein", allowed=YES_NO_UNKNOWN,
            sdtm="FA.FAORRES", used_for="eligibility"),
    _Column("hvt", "no", "enum", "tumor thrombus of a hepatic vein (HV) or the inferior vena cava (IVC)",
            allowed=("NONE", "HV", "IVC"), sdtm="FA.FAORRES", used_for="BCLC"),
    _Column("n1", "yes", "enum", "lymph node metastasis", allowed=YES_NO_UNKNOWN, sdtm="TU.TUSTRESC",
            used_for="BCLC"),
    _Column("met_lung", "yes", "enum", "lung metastasis", allowed=YES_NO_UNKNOWN, sdtm="TU.TULOC=LUNG",
            used_for="Table 1"),
    _Column("met_adrenal", "yes", "enum", "adrenal metastasis", allowed=YES_NO_UNKNOWN,
            sdtm="TU.TULOC=ADRENAL GLAND", used_for="Table 1"),
    _Column("met_bone", "yes", "enum", "bone metastasis", allowed=YES_NO_UNKNOWN, sdtm="TU.TULOC=BONE",
            used_for="Table 1"),
    _Column("met_other", "no", "text", "other sites of metastasis", sdtm="TU.TULOC", used_for="Table 1"),
    _Column("tumour_burden_pct", "no", "number", "share of the liver volume that is tumor", "%", low=0, high=100,
            sdtm="FA.FAORRES", used_for="TACE, Okuda, CLIP"),
    *(
        _Column(f"prior_{name}", "yes", "enum", f"{words} before sorafenib", allowed=YES_NO,
                sdtm=f"{domain}.{domain}CAT=PRIOR", used_for="eligibility")
        for name, words, domain in (
            ("hepatectomy", "hepatectomy", "PR"), ("chemotherapy", "chemotherapy", "CM"),
            ("tace_ablation", "TACE or local ablation", "PR"), ("radiotherapy", "radiotherapy", "PR"),
        )
    ),
    key=["patient_id"], repeats=False, domain="MH/FA/TU",
)  # fmt: skip

_LABS: Final = template_table(
    "labs",
    "Laboratory values",
    "one row a patient, day and test",
    PATIENT_ID,
    _Column("date", "yes", "date", "day of the sample", sdtm="LB.LBDTC"),
    _Column("test", "yes", "enum", "what was measured; BILI is total bilirubin, PT the prothrombin time",
            allowed=("BILI", "ALB", "INR", "PT", "ALT", "AST", "CREAT", "PLAT", "HGB", "WBC", "NEUT", "AFP", "SODIUM"),
            sdtm="LB.LBTESTCD", used_for="all scores"),
    _Column("comparator", "no", "enum", "whether value is the value or a bound; empty means =",
            allowed=("=", "<", ">"), sdtm="LB.LBORRES prefix", used_for="assay limits"),
    _Column("value", "yes", "number", "the value; <20 or >1000 may be typed as such", "as unit says", low=0,
            comparator="comparator", aliases=("LBSTRESN",), sdtm="LB.LBORRES/LBSTRESN"),
    _Column("unit", "yes", "enum", "the unit of value, lln and uln",
            allowed=("umol/L", "mg/dL", "g/L", "g/dL", "U/L", "10^9/L", "ng/mL", "ratio", "s", "mmol/L"),
            aliases=("LBSTRESU",), sdtm="LB.LBORRESU/LBSTRESU", used_for="conversion"),
    _Column("lln", "no", "number", "lower limit of normal", "as unit says", low=0, sdtm="LB.LBSTNRLO",
            used_for="CTCAE grades"),
    _Column("uln", "no", "number", "upper limit of normal", "as unit says", above=0, sdtm="LB.LBSTNRHI",
            used_for="CTCAE grades, eligibility"),
    _Column("control_s", "no", "number", "prothrombin time of the control, for PT alone", "s", above=0,
            sdtm="LB.SUPPLB", used_for="prolongation of the prothrombin time"),
    key=["patient_id", "date", "test"], repeats=True, domain="LB",
)  # fmt: skip

_CLINICAL_SCORES: Final = template_table(
    "clinical_scores",
    "Performance and liver status",
    "one row a patient and day",
    PATIENT_ID,
    _Column("date", "yes", "date", "day of the examination", sdtm="RS.RSDTC"),
    _Column("ecog", "yes", "integer", "ECOG performance status", low=0, high=5, sdtm="RS.RSCAT=ECOG, ECOG101",
            used_for="eligibility, BCLC, stop rule"),
    _Column("kps", "no", "integer", "Karnofsky performance status, in steps of 10",
            allowed=tuple(str(score) for score in range(0, 101, 10)), sdtm="RS.RSCAT=KPS SCALE",
            used_for="ECOG where it is missing"),
    _Column("ascites", "yes", "enum", "MILD = slight or controlled by diuretics",
            allowed=("NONE", "MILD", "MODERATE_SEVERE", "U"), sdtm="RS.CPS0102", used_for="Child-Pugh, Okuda"),
    _Column("encephalopathy", "no", "integer", "West Haven grade; empty means unknown", low=0, high=4,
            sdtm="RS.CPS0101", used_for="Child-Pugh"),
    *(
        _Column(f"child_pugh_{item}_points", "derived", "integer", f"Child-Pugh points of {item}", "points", low=1,
                high=3, sdtm=f"RS.{code}", used_for="Child-Pugh")
        for item, code in (("bilirubin", "CPS0103"), ("albumin", "CPS0104"), ("coagulation", "CPS0105A/CPS0105B"))
    ),
    _Column("child_pugh_score", "derived", "integer", "Child-Pugh score", "points", low=5, high=15,
            sdtm="RS.CPS0106", used_for="Table 1"),
    _Column("child_pugh_class", "derived", "enum", "Child-Pugh class", allowed=("A", "B", "C"), sdtm="RS.CPS0107",
            used_for="Table 1"),
    _Column("bclc", "derived", "enum", "BCLC stage", allowed=("0", "A", "B", "C", "D"), used_for="Table 1"),
    _Column("albi", "derived", "number", "ALBI score", used_for="Table 1"),
    _Column("clip", "derived", "integer", "CLIP score", low=0, high=6, used_for="Table 1"),
    _Column("okuda", "derived", "enum", "Okuda stage", allowed=("I", "II", "III"), used_for="Table 1"),
    _Column("jis", "derived", "integer", "JIS score", low=0, high=5, used_for="Table 1"),
    _Column("hap", "derived", "enum", "HAP class", allowed=("A", "B", "C", "D"), used_for="Table 1"),
    _Column("meld", "derived", "integer", "MELD score", low=6, high=40, used_for="Table 1"),
    key=["patient_id", "date"], repeats=True, domain="RS",
)  # fmt: skip

_VITALS: Final = template_table(
    "vitals",
    "Weight, blood pressure, stools",
    "one row a patient and day",
    PATIENT_ID,
    _Column("date", "yes", "date", "day of the measurement", sdtm="VS.VSDTC"),
    _Column("weight_kg", "no", "number", "body weight", "kg", low=20, high=250, sdtm="VS.VSTESTCD=WEIGHT",
            used_for="grade of weight loss"),
    _Column("sbp", "no", "integer", "systolic blood pressure", "mmHg", above=0, sdtm="VS.VSTESTCD=SYSBP",
            used_for="grade of hypertension"),
    _Column("dbp", "no", "integer", "diastolic blood pressure", "mmHg", above=0, sdtm="VS.VSTESTCD=DIABP",
            used_for="grade of hypertension"),
    _Column("stools_per_day", "no", "number", "stools a day", "1/day", low=0, sdtm="VS/FA",
            used_for="grade of diarrhea"),
    _Column("stools_per_day_baseline", "no", "number", "stools a day before treatment", "1/day", low=0, sdtm="VS/FA",
            used_for="grade of diarrhea"),
    key=["patient_id", "date"], repeats=True, domain="VS",
)  # fmt: skip

TEMPLATE: Final[Template] = {
    table.name: table
    for table in (_SUBJECTS, _SCREENING, _BASELINE_DISEASE, _LABS, _CLINICAL_SCORES, _VITALS, *COURSE_TABLES)
}
"""The 16 tables of a records study by their names, in the order of the workbook."""
