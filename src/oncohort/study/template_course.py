"""The uniform data template: treatment, lesions, response, toxicity and what became of the patient."""

from __future__ import annotations

from typing import Final

from oncohort.study.dictionary import TemplateColumn, template_table

YES_NO: Final = ("Y", "N")
YES_NO_UNKNOWN: Final = ("Y", "N", "U")
PATIENT_ID: Final = TemplateColumn(
    "patient_id", "yes", "text", "the patient, by a code that names nobody", sdtm=".USUBJID", used_for="key",
)  # fmt: skip

_Column = TemplateColumn

_EXPOSURE: Final = template_table(
    "exposure",
    "Sorafenib doses",
    "one row a patient and period of one dose; pauses are rows too",
    PATIENT_ID,
    _Column("start_date", "yes", "date", "first day at this dose; periods do not overlap", sdtm="EX.EXSTDTC",
            used_for="relative dose intensity"),
    _Column("end_date", "yes", "date", "last day at this dose, not before start_date", sdtm="EX.EXENDTC",
            used_for="relative dose intensity"),
    _Column("dose_per_intake_mg", "yes", "number", "dose of one intake; 0 in a pause", "mg",
            allowed=("0", "200", "400"), sdtm="EX.EXDOSE", used_for="dose state"),
    _Column("frequency", "yes", "enum", "BID twice a day, QD once, QOD every other day, NONE in a pause",
            allowed=("BID", "QD", "QOD", "NONE"), sdtm="EX.EXDOSFRQ", used_for="dose state"),
    _Column("state", "yes", "enum", "dose state of the protocol", allowed=("FULL", "REDUCED", "INTERRUPTED"),
            sdtm="EX.derived", used_for="dose rules"),
    _Column("adjust_reason", "no", "enum", "why the dose was changed at start_date",
            allowed=("AE", "PD", "PHYSICIAN", "PATIENT", "RESOLVED"), sdtm="EX.EXADJ", used_for="count of reductions"),
    _Column("ae_id", "no", "text", "the adverse event that made the change", sdtm="EX.RELREC",
            refers_to="adverse_events.ae_id", used_for="dose rules"),
    _Column("well_tolerated", "no", "enum", "was this dose well tolerated", allowed=YES_NO_UNKNOWN,
            sdtm="FA.FAORRES", used_for="return to the full dose"),
    key=["patient_id", "start_date"], repeats=True, domain="EX",
)  # fmt: skip


def _protocol_number(name: str, help_: str, unit: str, sdtm: str = "PR.EX", low: float | None = 0) -> TemplateColumn:
    return _Column(name, "no", "number", help_, unit, low=low, sdtm=sdtm, used_for="adherence to the protocol")


def _cryo_minutes(name: str, help_: str) -> TemplateColumn:
    return _Column(name, "where type is CRYO", "number", help_, "min", low=0, required_where=("type", "CRYO"),
                   sdtm="PR.SUPPPR", used_for="adherence to the protocol")  # fmt: skip


_PROCEDURES: Final = template_table(
    "procedures",
    "TACE and cryoablation",
    "one row a patient and procedure",
    PATIENT_ID,
    _Column("date", "yes", "date", "day of the procedure", sdtm="PR.PRSTDTC"),
    _Column("type", "yes", "enum", "chemoembolization or cryoablation", allowed=("TACE", "CRYO"), aliases=("PRTRT",),
            sdtm="PR.PRTRT (CT: CRYOABLATION; TACE sponsor text)", used_for="arm"),
    _Column("procedure_no", "yes", "integer", "which one of its type in this patient; the protocol allows 3", low=1,
            sdtm="PR.PRGRPID", used_for="adherence to the protocol"),
    _Column("tumour_burden_pct", "where type is TACE", "number", "share of the liver volume that is tumor", "%",
            low=0, high=100, required_where=("type", "TACE"), sdtm="PR.SUPPPR", used_for="eligibility for TACE"),
    _Column("superselective", "no", "enum", "was the embolization superselective", allowed=YES_NO, sdtm="PR.SUPPPR"),
    _protocol_number("cisplatin_mg", "cisplatin; protocol 40", "mg", "PR.EX (intra-arterial)"),
    _protocol_number("fu_mg", "5-fluorouracil; protocol 1000", "mg"),
    _protocol_number("doxorubicin_infused_mg", "doxorubicin infused; protocol 20", "mg"),
    _protocol_number("doxorubicin_lipiodol_mg", "doxorubicin in the iodized oil; protocol 10", "mg"),
    _protocol_number("lipiodol_ml", "iodized oil; protocol 10 to 20", "mL", "PR.AG/EX"),
    _Column("ct1m_date", "no", "date", "day of the CT one month later; 21 to 42 days after", sdtm="PR.PRLNKID -> TR",
            used_for="stop rule of TACE"),
    _Column("lipiodol_deposit_pct", "no", "number", "share of the tumor volume that holds iodized oil on that CT",
            "%", low=0, high=100, sdtm="FA.FAORRES", used_for="stop rule of TACE"),
    _Column("lesion_ids", "no", "list", "the lesions treated, as T01;T02", refers_to="lesions.lesion_id",
            sdtm="PR.PRLNKID", used_for="cryoablation"),
    _Column("n_probes", "no", "integer", "number of probes", low=1, sdtm="PR.SUPPPR"),
    _cryo_minutes("freeze1_min", "first freezing; protocol 20"),
    _cryo_minutes("thaw1_min", "thawing between; protocol 10"),
    _cryo_minutes("freeze2_min", "second freezing; protocol 15"),
    _protocol_number("min_temp_c", "lowest temperature; protocol -137 to -133", "°C", "PR.SUPPPR", low=None),
    _protocol_number("time_to_temp_min", "minutes to that temperature; protocol 1 at most", "min", "PR.SUPPPR"),
    _Column("intent", "no", "enum", "cure, or to take away most of the tumor", allowed=("CURATIVE", "DEBULK"),
            sdtm="PR.PRINDC", used_for="adherence to the protocol"),
    _Column("ablated_pct", "no", "number", "share of the tumor load that was ablated; protocol above 50", "%",
            low=0, high=100, sdtm="PR.SUPPPR", used_for="adherence to the protocol"),
    _Column("contraindication", "no", "enum", "was there an absolute contraindication", allowed=YES_NO_UNKNOWN,
            sdtm="PR.SUPPPR", used_for="eligibility for the procedure"),
    _Column("contraindication_reason", "no", "text", "which one", sdtm="PR.SUPPPR",
            used_for="eligibility for the procedure"),
    _Column("consent", "no", "enum", "did the patient consent to the procedure", allowed=YES_NO_UNKNOWN,
            sdtm="DS.DSDECOD", used_for="eligibility for the procedure"),
    _Column("guidance", "no", "enum", "what the procedure was guided by; protocol US for cryoablation",
            allowed=("US", "CT", "FLUOROSCOPY", "OTHER"), sdtm="PR.SUPPPR", used_for="adherence to the protocol"),
    _Column("tract_packed", "no", "enum", "were the tracts packed after cryoablation", allowed=YES_NO_UNKNOWN,
            sdtm="PR.SUPPPR", used_for="adherence to the protocol"),
    key=["patient_id", "type", "procedure_no"], repeats=True, domain="PR",
)  # fmt: skip

_LESIONS: Final = template_table(
    "lesions",
    "Lesions",
    "one row a patient and lesion, with all that does not change",
    PATIENT_ID,
    _Column("lesion_id", "yes", "text", "T01 … for targets, NT01 … for others, NEW01 … for new ones",
            sdtm="TU.TULNKID", used_for="key"),
    _Column("role", "yes", "enum", "target at baseline, other at baseline, or new",
            allowed=("TARGET", "NON-TARGET", "NEW"), aliases=("TUSTRESC",),
            sdtm="TU.TUSTRESC (TUTESTCD=TUMIDENT)", used_for="mRECIST"),
    _Column("organ", "yes", "enum", "where it lies",
            allowed=("LIVER", "PORTAL VEIN", "PORTAL VEIN, LEFT BRANCH", "PORTAL VEIN, RIGHT BRANCH", "HEPATIC VEIN",
                     "INFERIOR VENA CAVA", "LUNG", "ADRENAL GLAND", "BONE", "LYMPH NODE", "PORTA HEPATIS LYMPH NODE",
                     "OTHER"),
            sdtm="TU.TULOC", used_for="two targets an organ at most"),
    _Column("kind", "yes", "enum", "what it is",
            allowed=("NODULE", "INFILTRATIVE", "THROMBUS", "NODE", "EFFUSION", "OTHER"), sdtm="TU.SUPPTU",
            used_for="eligibility as a target"),
    _Column("well_delineated", "yes", "enum", "can it be measured again at the same place", allowed=YES_NO,
            sdtm="TU.SUPPTU", used_for="eligibility as a target"),
    _Column("previously_treated", "no", "enum", "was it treated before", allowed=YES_NO, sdtm="TU.SUPPTU",
            used_for="eligibility as a target"),
    _Column("first_seen_date", "yes", "date", "day of the first image that shows it", sdtm="TU.TUDTC",
            used_for="dating of a new lesion"),
    _Column("split_from", "no", "text", "the lesion it was a part of", refers_to="lesions.lesion_id",
            sdtm="TU.TUTESTCD=TUSPLIT", used_for="sum of diameters"),
    _Column("merged_into", "no", "text", "the lesion it became a part of", refers_to="lesions.lesion_id",
            sdtm="TU.TUTESTCD=TUMERGE", used_for="sum of diameters"),
    key=["patient_id", "lesion_id"], repeats=True, domain="TU",
)  # fmt: skip

_LESION_MEASUREMENTS: Final = template_table(
    "lesion_measurements",
    "Lesions at each scan",
    "one row a patient, lesion and scan",
    PATIENT_ID,
    _Column("lesion_id", "yes", "text", "the lesion", refers_to="lesions.lesion_id", sdtm="TR.TRLNKID",
            used_for="key"),
    _Column("scan_date", "yes", "partial-date", "day of the scan", sdtm="TR.TRDTC", used_for="date of progression"),
    _Column("visit", "yes", "text", "BASELINE, W8, W16 …, or UNSCHEDULED", sdtm="TR.VISIT"),
    _Column("modality", "yes", "enum", "kind of scan", allowed=("CT", "MRI"), sdtm="TR.TRMETHOD"),
    _Column("arterial_phase", "yes", "enum", "is there a late arterial phase", allowed=YES_NO, sdtm="TR.SUPPTR",
            used_for="whether the scan can be judged"),
    _Column("status", "yes", "enum", "PRESENT and PROGRESSED of lesions that are not measured; NE = not judged",
            allowed=("MEASURED", "ABSENT", "TOO_SMALL", "PRESENT", "PROGRESSED", "NE"), sdtm="TR.TRTESTCD=TUMSTATE",
            used_for="response of other lesions"),
    _Column("longest_mm", "no", "number", "longest diameter", "mm", low=0, sdtm="TR.TRTESTCD=LDIAM",
            used_for="RECIST 1.1"),
    _Column("viable_mm", "where a target in the liver is measured", "number",
            "longest diameter of the part that enhances, not above longest_mm", "mm", low=0,
            sdtm="TR.TRTESTCD=VDIAM", used_for="mRECIST"),
    _Column("short_axis_mm", "no", "number", "short axis of a lymph node", "mm", low=0, sdtm="TR.TRTESTCD=LPERP",
            used_for="lymph nodes"),
    _Column("aphe", "yes", "enum", "arterial phase hyperenhancement", allowed=YES_NO_UNKNOWN, sdtm="TR.SUPPTR",
            used_for="viability"),
    _Column("washout", "no", "enum", "washout in a later phase", allowed=YES_NO_UNKNOWN, sdtm="TR.SUPPTR",
            used_for="new lesions"),
    _Column("cytology", "no", "enum", "cytology of an effusion; ND = not done", allowed=("POS", "NEG", "ND"),
            sdtm="TR.SUPPTR", used_for="effusions"),
    _Column("evaluator", "no", "enum", "who measured", allowed=("INVESTIGATOR", "INDEPENDENT ASSESSOR"),
            sdtm="TR.TREVAL"),
    _Column("sum_viable_mm", "derived", "number", "sum of the viable diameters of the targets at this scan", "mm",
            low=0, sdtm="TR.TRTESTCD=SUMVDIAM", used_for="response of the targets"),
    key=["patient_id", "lesion_id", "scan_date", "evaluator"], repeats=True, domain="TR",
)  # fmt: skip

_WHOLE_RESPONSE: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
_RESPONSE: Final = template_table(
    "response",
    "Response as it was judged",
    "one row a patient and assessment",
    PATIENT_ID,
    _Column("date", "yes", "partial-date", "day of the assessment", sdtm="RS.RSDTC",
            used_for="progression-free survival"),
    _Column("target", "no", "enum", "of the targets; NA = there are none", allowed=("CR", "PR", "SD", "PD", "NE", "NA"),
            sdtm="RS.RSTESTCD=TRGRESP", used_for="comparison with the derived response"),
    _Column("nontarget", "no", "enum", "of the other lesions; NA = there are none",
            allowed=("CR", "NON-CR/NON-PD", "PD", "NE", "NA"), sdtm="RS.RSTESTCD=NTRGRESP",
            used_for="comparison with the derived response"),
    _Column("new_lesion", "no", "enum", "is there a new lesion", allowed=YES_NO, sdtm="RS.RSTESTCD=NEWLIND",
            used_for="comparison with the derived response"),
    _Column("new_lesion_certainty", "no", "enum", "how certain it is", allowed=("UNEQUIVOCAL", "EQUIVOCAL"),
            sdtm="RS.RSTESTCD=NEWLPROG", used_for="dating of a new lesion"),
    _Column("overall", "yes", "enum", "of all lesions", allowed=_WHOLE_RESPONSE, sdtm="RS.RSTESTCD=OVRLRESP",
            used_for="response rate, progression-free survival"),
    _Column("best", "derived", "enum", "best overall response", allowed=_WHOLE_RESPONSE, sdtm="RS.RSTESTCD=BESTRESP",
            used_for="response rate"),
    _Column("criteria", "yes", "enum", "the criteria it was judged by",
            allowed=("MRECIST LENCIONI LIVER CANCER 2010", "RECIST 1.1"), sdtm="RS.RSCAT"),
    _Column("source", "yes", "enum", "judged by a person, or worked out by a program",
            allowed=("ENTERED", "DERIVED"), sdtm="RS.RSEVAL/RSORIG", used_for="comparison with the derived response"),
    key=["patient_id", "date", "criteria", "source"], repeats=True, domain="RS",
)  # fmt: skip

_ADVERSE_EVENTS: Final = template_table(
    "adverse_events",
    "Adverse events",
    "one row a patient and event",
    PATIENT_ID,
    _Column("ae_id", "yes", "text", "a code of the event, unlike any other of the patient", sdtm="AE.AESPID",
            used_for="key"),
    _Column("term", "yes", "text", "the event, as a CTCAE term or in words", aliases=("AETERM",),
            sdtm="AE.AETERM/AEDECOD", used_for="table of adverse events"),
    _Column("category", "yes", "enum", "the group it is counted in",
            allowed=("DERMATOLOGY", "CARDIAC", "CONSTITUTIONAL", "GI", "HEPATIC", "BLOOD", "HEMORRHAGE", "OTHER"),
            sdtm="AE.AECAT", used_for="rows of groups"),
    _Column("ctcae_version", "yes", "enum", "the version it was graded by", allowed=("3.0", "5.0"), sdtm="AE.SUPPAE",
            used_for="grades"),
    _Column("grade", "yes", "integer", "CTCAE grade, not above the highest of the term", low=1, high=5,
            sdtm="AE.AETOXGR", used_for="dose rules, table of adverse events"),
    _Column("start_date", "yes", "partial-date", "first day", sdtm="AE.AESTDTC",
            used_for="whether it came with treatment"),
    _Column("end_date", "no", "partial-date", "last day", sdtm="AE.AEENDTC", used_for="return to the full dose"),
    _Column("related", "yes", "enum", "relation to sorafenib",
            allowed=("NOT RELATED", "POSSIBLE", "PROBABLE", "RELATED"), sdtm="AE.AEREL", used_for="drug reactions"),
    _Column("serious", "no", "enum", "serious by the legal definition", allowed=YES_NO, sdtm="AE.AESER"),
    _Column("action", "no", "enum", "what was done with sorafenib",
            allowed=("DOSE NOT CHANGED", "DOSE REDUCED", "DRUG INTERRUPTED", "DRUG WITHDRAWN", "DOSE INCREASED",
                     "NOT APPLICABLE", "UNKNOWN"),
            sdtm="AE.AEACN", used_for="dose rules"),
    _Column("outcome", "no", "enum", "how it ended",
            allowed=("RECOVERED/RESOLVED", "RECOVERING/RESOLVING", "NOT RECOVERED/NOT RESOLVED",
                     "RECOVERED/RESOLVED WITH SEQUELAE", "FATAL", "UNKNOWN"),
            sdtm="AE.AEOUT", used_for="check of grade 5"),
    key=["patient_id", "ae_id"], repeats=True, domain="AE",
)  # fmt: skip

_OTHER_THERAPY: Final = template_table(
    "other_therapy",
    "Other therapy of the tumor",
    "one row a patient and therapy that is neither sorafenib nor in procedures",
    PATIENT_ID,
    _Column("date", "yes", "partial-date", "first day", aliases=("CMSTDTC", "PRSTDTC"),
            sdtm="CM.CMSTDTC / PR.PRSTDTC", used_for="censoring at a new therapy"),
    _Column("type", "yes", "enum", "kind of therapy",
            allowed=("SYSTEMIC", "RADIOTHERAPY", "SURGERY", "TRANSPLANT", "OTHER"), sdtm="CM/PR.CMCAT/PRCAT",
            aliases=("CMCAT", "PRCAT"), used_for="censoring at a new therapy"),
    key=["patient_id", "date", "type"], repeats=True, domain="CM/PR",
)  # fmt: skip

_DISPOSITION: Final = template_table(
    "disposition",
    "End of sorafenib",
    "one row a patient",
    PATIENT_ID,
    _Column("sorafenib_end_reason", "no", "enum", "why sorafenib ended; empty while it goes on",
            allowed=("ADVERSE EVENT", "PROGRESSIVE DISEASE", "WITHDRAWAL BY SUBJECT", "DEATH", "PHYSICIAN DECISION",
                     "LOST TO FOLLOW-UP", "PROTOCOL-SPECIFIED WITHDRAWAL CRITERION MET", "COMPLETED"),
            sdtm="DS.DSDECOD", used_for="reasons to stop"),
    _Column("date", "no", "partial-date", "day it ended", sdtm="DS.DSSTDTC"),
    _Column("ae_id", "no", "text", "the adverse event that ended it", refers_to="adverse_events.ae_id",
            sdtm="DS.RELREC", used_for="reasons to stop"),
    _Column("pd_clinical_status_good", "no", "enum", "at progression, was the clinical status good",
            allowed=YES_NO_UNKNOWN, sdtm="FA.FAORRES", used_for="treatment beyond progression"),
    _Column("pd_patient_wishes", "no", "enum", "at progression, did the patient wish to go on",
            allowed=YES_NO_UNKNOWN, sdtm="FA.FAORRES", used_for="treatment beyond progression"),
    key=["patient_id"], repeats=False, domain="DS",
)  # fmt: skip

_DEATH: Final = template_table(
    "death",
    "Cause of death",
    "one row a patient who has died",
    PATIENT_ID,
    _Column("primary_cause", "yes", "enum", "the cause",
            allowed=("TUMOUR PROGRESSION/METASTASIS", "LIVER FAILURE", "VARICEAL BLEEDING",
                     "RENAL FAILURE, REFRACTORY ASCITES", "TUMOUR RUPTURE/HAEMORRHAGE", "OTHER", "UNKNOWN"),
            sdtm="DD.DDTESTCD=PRCDTH", used_for="table of deaths"),
    key=["patient_id"], repeats=False, domain="DD",
)  # fmt: skip

_FOLLOWUP: Final = template_table(
    "followup",
    "Follow-up",
    "one row a patient and contact",
    PATIENT_ID,
    _Column("date", "yes", "partial-date", "day of the contact", sdtm="SS.SSDTC", used_for="last day known alive"),
    _Column("status", "yes", "enum", "what was learned; LOST = the patient could not be reached",
            allowed=("ALIVE", "DEAD", "LOST"), sdtm="SS.SSTESTCD=SURVSTAT", used_for="censoring"),
    key=["patient_id", "date"], repeats=True, domain="SS",
)  # fmt: skip

COURSE_TABLES: Final = (
    _EXPOSURE, _PROCEDURES, _LESIONS, _LESION_MEASUREMENTS, _RESPONSE, _ADVERSE_EVENTS, _OTHER_THERAPY, _DISPOSITION,
    _DEATH, _FOLLOWUP,
)  # fmt: skip
"""The tables of this module, in the order of the template."""
