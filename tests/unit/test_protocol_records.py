"""A records study: the paper's whole protocol is read, and each mistake in it is told with its line and its reason."""

import csv
from pathlib import Path

import pytest

from oncohort.errors import ProtocolError
from oncohort.intake.presets import read_presets
from oncohort.study.choices import clinical_choices
from oncohort.study.derived import RULE_COLUMNS, derived_csv, known_columns
from oncohort.study.parse import parse_protocol
from oncohort.study.profiles import CLINICAL_PROFILES, PROFILES
from oncohort.study.protocol import RecordTables, Threshold
from oncohort.study.rules_in_force import (
    adds_one_day,
    counts_emergent_only,
    ctcae_version,
    endpoint_rules,
    grace_days,
    response_rules,
    variable_rules,
)
from oncohort.study.template_tables import TEMPLATE

ROOT = Path(__file__).parents[2]
PAPER = (ROOT / "tests" / "study" / "paper_study.toml").read_text(encoding="utf-8")
PRESETS = read_presets()
PRESET = "sorafenib-hcc-2010"
TABLE_STUDY = """\
[study]
title = "x"
profile = "paper"

[records.patients]
file = "p.csv"
patient_id = "id"

[[endpoint]]
id = "OS"
time = { column = "t", unit = "months" }
event = { column = "e", values = [1] }
"""


def read(text: str):
    return parse_protocol(text, "study.toml", PRESETS, template=TEMPLATE)


def told(text: str) -> str:
    with pytest.raises(ProtocolError) as refused:
        read(text)
    return str(refused.value)


def changed(old: str, new: str, text: str = PAPER) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def short_study() -> str:
    """Return the paper's study without the sections that the preset holds."""
    head, _, rest = PAPER.partition("# ── baseline ──")
    head = head.replace('cutoff  = "subjects.cutoff_date"\n', "")
    head = "".join(line for line in head.splitlines(keepends=True) if not line.startswith("index "))
    head = head.replace("[study]\n", f'[study]\npreset = "{PRESET}"\n')
    return head + rest[rest.index("# ── endpoints ──") :]


def test_the_paper_is_a_records_study():
    protocol = read(PAPER)
    assert protocol.is_records_study
    assert [level.id for level in protocol.arm.levels] == ["sorafenib", "tace", "tace_cryo", "cryo"]
    assert {name: str(count) for name, count in protocol.arm.levels[1].counts.items()} == {
        "TACE": ">= 1",
        "CRYO": "== 0",
    }
    assert protocol.find_comparison("beyond_progression").groups[1].values == ("N", "N_STOPPED_BEFORE_PD")
    assert protocol.find_endpoint("PFS").events == ("progression", "death")
    assert protocol.survival.times == (6, 12, 18)


def test_written_out_and_with_the_preset_it_is_the_same_protocol():
    whole, short = read(PAPER).model_dump(), read(short_study()).model_dump()
    assert short["study"].pop("preset") == PRESET
    assert whole["study"].pop("preset") is None
    assert short == whole
    assert len(short_study().splitlines()) < len(PAPER.splitlines()) / 2


def test_every_section_of_the_preset_stands_in_the_paper_word_for_word():
    preset = PRESETS[PRESET]
    assert preset[preset.index("# ── baseline ──") :] in PAPER


def test_each_value_in_force_says_where_it_was_made():
    whole, short = read(PAPER).settings(), read(short_study()).settings()
    assert {key: item.value for key, item in whole.items()} == {key: item.value for key, item in short.items()}
    assert whole["response.sd_min_days"].origin == "study.toml"
    assert short["response.sd_min_days"].origin == f"preset {PRESET}"
    assert short["baseline.variable.bclc.era"].origin == f"preset {PRESET}"
    assert short["endpoint.PFS.censor"].origin == "study.toml"
    assert short["response.confirm_days"].origin == "profile paper"
    own = read(short_study() + "\n[response]\nconfirm = true\n").settings()
    assert (own["response.confirm"].value, own["response.confirm"].origin) == (True, "study.toml")
    assert own["response.hold"].origin == f"preset {PRESET}"


def test_a_key_that_repeats_the_preset_is_the_studys_own():
    own = read(short_study() + "\n[response]\nhold = false\n").settings()
    assert own["response.hold"].origin == "study.toml"


def test_table_study_has_the_settings_of_table_studies_only():
    assert set(read(TABLE_STUDY).settings()) == set(PROFILES)


def test_every_clinical_choice_of_the_profiles_is_made_by_the_paper():
    protocol = read(PAPER)
    made = {
        choice.profile_key
        for choice in clinical_choices(
            protocol.study,
            protocol.baseline,
            protocol.response,
            protocol.endpoint,
            protocol.comparison,
            protocol.safety,
        )
    }
    assert made == set(CLINICAL_PROFILES)


@pytest.mark.parametrize("profile", ["paper", "guideline"])
def test_every_value_of_a_profile_can_be_written_in_the_file(profile):
    values = {key.rpartition(".")[2]: by_profile[profile] for key, by_profile in CLINICAL_PROFILES.items()}

    def lines(*names: str) -> str:
        return "".join(f"{name} = {_in_toml(values[name])}\n" for name in names)

    text = short_study().replace('preset = "', lines("add_one_day") + 'preset = "')
    text = changed('censor = "last_follow_up"               #', lines("censor") + "#", text)
    text = changed('missed_visits = "ignore"\nnew_therapy   = "ignore"\n', lines("missed_visits", "new_therapy"), text)
    text += "\n[response]\n" + lines(*(key[9:] for key in CLINICAL_PROFILES if key.startswith("response.")))
    text += "\n[safety]\n" + lines("ctcae", "emergent_only")
    text += '\n[[baseline.variable]]\nid = "child_pugh"\n' + lines("cutoffs", "coagulation")
    text += '\n[[baseline.variable]]\nid = "bclc"\n' + lines("era", "single_large")
    force = read(text).settings()
    clinical = {key: item for key, item in force.items() if key not in PROFILES}
    assert {item.origin for item in clinical.values()} == {"study.toml"}
    assert {key.rpartition(".")[2]: item.value for key, item in clinical.items()} == values


def _in_toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def test_rules_in_force_are_typed_and_complete():
    protocol = read(PAPER)
    rules = response_rules(protocol)
    assert (rules.confirm, rules.confirm_days, rules.sd_min_days.holds(56), rules.abs_pd_mm) == (False, 28, False, 0)
    [any_length] = protocol.response.also_report
    assert response_rules(protocol, any_length).sd_min_days == Threshold(op=">=", value=0)
    pfs = endpoint_rules(protocol, protocol.find_endpoint("PFS"))
    assert (pfs.censor, pfs.missed_visits_days, pfs.new_therapy) == ("last_follow_up", None, "ignore")
    variables = {variable.id: variable for variable in protocol.baseline.variable}
    bclc = variable_rules(protocol, variables["bclc"])
    assert (bclc.era, bclc.single_large, bclc.cutoffs, bclc.window_days) == ("2008", "A", None, (-28, 0))
    assert (ctcae_version(protocol), grace_days(protocol), adds_one_day(protocol)) == ("3.0", 14, False)


@pytest.mark.parametrize("ask", [ctcae_version, counts_emergent_only])
def test_rules_of_adverse_events_ask_for_their_section(ask):
    with pytest.raises(ProtocolError, match=r"^safety: this section was expected$"):
        ask(read(PAPER).model_copy(update={"safety": None}))


def test_guideline_waits_for_two_scans_with_their_windows():
    text = changed('profile = "paper"', 'profile = "guideline"')
    text = changed('missed_visits = "ignore"\nnew_therapy   = "ignore"\n', "", text)
    protocol = read(text)
    rules = endpoint_rules(protocol, protocol.find_endpoint("PFS"))
    assert (rules.missed_visits_days, rules.new_therapy) == (2 * (56 + 7), "censor")
    os = endpoint_rules(protocol, protocol.find_endpoint("OS"))
    assert (os.censor, os.missed_visits_days, os.new_therapy) == ("last_follow_up", None, "ignore")


def test_recist_asks_for_five_millimeters_unless_the_study_says_otherwise():
    text = changed('criteria = "mRECIST-2010"', 'criteria = "RECIST-1.1"')
    assert response_rules(read(text)).abs_pd_mm == 0
    force = read(changed("abs_pd_mm = 0\n", "", text)).settings()["response.abs_pd_mm"]
    assert (force.value, force.origin) == (5, "criteria RECIST-1.1")


def test_threshold_is_a_number_a_text_or_a_table():
    both = Threshold(op=">=", value=1)
    assert Threshold.model_validate(">= 1") == Threshold.model_validate({"op": ">=", "value": 1}) == both
    assert Threshold.model_validate(0) == Threshold(op="==", value=0)
    assert Threshold.model_validate("< 51.3").holds(51.3) is False
    assert Threshold.model_validate(str(both)) == both


def test_files_of_records_are_the_tables_of_the_template():
    assert set(RecordTables.model_fields) - {"patients"} == set(TEMPLATE)


def test_derived_csv_is_the_list_of_the_code():
    assert (ROOT / "docs" / "derived.csv").read_text(encoding="utf-8") == derived_csv()


def test_every_derived_column_is_offered_to_a_study_that_has_all_sections():
    more = "".join(f'\n[[baseline.variable]]\nid = "{name}"\nrule = "{name}"\n' for name in ("albi", "meld"))
    known = known_columns(read(PAPER + more), TEMPLATE)
    listed = {row["name"] for row in csv.DictReader(derived_csv().splitlines())}
    assert listed <= set(known)
    assert known["early_stop_reason"].levels == ("liver function deterioration", "variceal bleeding")
    assert {"platelets", "metastasis", "subjects.sex", "death.primary_cause"} <= set(known)
    assert "labs.value" not in known
    assert set(RULE_COLUMNS) >= {v.rule for v in read(PAPER).baseline.variable if v.rule}


def test_study_without_a_section_does_not_offer_what_is_derived_from_it():
    known = known_columns(read(TABLE_STUDY), TEMPLATE)
    assert {"arm", "best_response", "child_pugh_class", "early_stop"}.isdisjoint(known)


# (what is changed, into what, what the message says)
FAULTS = [
    ('column = "ecog", op = "<="', 'column = "ecgo", op = "<="', 'gives a column "ecgo". Did you mean "ecog"?'),
    ('"baseline_disease.pvt", op', '"baseline_disease.ptv", op', 'Did you mean "baseline_disease.pvt"?'),
    ('value = ["BRANCH", "TRUNK"]', 'value = ["BRANCH", "TRUNC"]', 'has no value "TRUNC"; it has "NONE", "BRANCH"'),
    ('value = 51.3, unit = "umol/L"', 'value = 3, unit = "mg/dL"', 'is in "umol/L", and this value is in "mg/dL"'),
    ('value = 5, unit = "ULN"', 'value = 5, unit = "U/L"', 'the column "alt" is in "ULN", and this value is in "U/L"'),
    ('column = "ecog", op = "<=", value = 2', 'column = "ecog", op = "==", value = "two"', '"two" is none'),
    (
        'column = "child_pugh_class", op = "in", value = ["A", "B"]',
        'column = "child_pugh_class", op = "<", value = 2',
        '"<" needs a number or a date, and the column "child_pugh_class" holds text',
    ),
    ('op = "in", value = ["A", "B"]', 'op = "in", value = ["A", "b"]', 'has no value "b"'),
    (
        'id = "ECOG"\nlabel = "ECOG PS above 2"\ninclude = { column = "ecog", op = "<=", value = 2 }',
        'id = "ECOG"\ninclude = { column = "best_response", op = "==", value = "CR" }',
        '"best_response" is known only after the start, and a criterion is judged before',
    ),
    (
        'id = "ECOG"\nlabel = "ECOG PS above 2"\ninclude = { column = "ecog", op = "<=", value = 2 }',
        'id = "ECOG"\ninclude = { criterion = "BILIRUBIN" }',
        "a criterion can be named in the reasons of the flow only",
    ),
    (
        'include = { column = "ecog", op = "<=", value = 2 }',
        "include = { all = [] }",
        "at least one value was expected",
    ),
    ('before = ["index", "first_record"]', 'before = ["index", "first_recrod"]', 'Did you mean "first_record"?'),
    (
        'include = { column = "subjects.consent_date", op = "present" }',
        'include = { column = "ecog", op = "present" }',
        "needs an include of one date column",
    ),
    ("window_days = [-28, 0]", "window_days = [0, -28]", "[0, -28] ends before it begins; days from the index date"),
    ('pick = "last"', 'pick = "latest"', 'baseline.pick: "latest" is not one of "last" or "first".'),
    ('from = "labs.PLAT"', 'from = "labs.PLT"', 'the table "labs" has no "PLT". Did you mean "PLAT"?'),
    ('from = "labs.PLAT"', 'form = "labs.PLAT"', 'there is no such key. Did you mean "from"?'),
    ('from = "labs.PLAT"', 'from = "subjects.age"', "of other tables, name table.column itself"),
    ('from = "labs.PLAT"', "", "one of from, rule and any_of was expected"),
    ('unit = "10^9/L"\nlabel', 'unit = "10^6/L"\nlabel', '"10^6/L" is no unit of labs.PLAT; one of "10^9/L", "ULN"'),
    ('unit = "ng/mL"\n', "", "the unit of labs.AFP is missing"),
    ('rule = "child_pugh"', 'rule = "child_puhg"', 'Did you mean "child_pugh"?'),
    ('era = "2008"', 'era = "2010"', 'baseline.variable.bclc.era: "2010" is not one of'),
    ('rule = "bclc"\n', 'rule = "albi"\n', 'baseline.variable.bclc.era: belongs to rule = "bclc"'),
    ('id = "platelets"\nfrom', 'id = "arm"\nfrom', '"arm" is the name of another column; another id was expected'),
    ('id = "afp"\nfrom', 'id = "platelets"\nfrom', '"platelets" is the id of another variable already'),
    ('"baseline_disease.met_bone"]\nlabel', '"baseline_disease.pvt"]\nlabel', "is no yes-or-no column"),
    ('when = { criterion = "FIRST_LINE" }', 'when = { criterion = "FIRSTLINE" }', 'Did you mean "FIRST_LINE"?'),
    ('when = { criterion = "FIRST_LINE" }', 'when = { criterion = "COMPLETE_PVT" }', "there is no criterion in use"),
    ('when = "any other failed criterion"', 'when = "any other"', 'is not one of "any other failed criterion"'),
    ('when = { criterion = "FIRST_LINE" }', 'when = "any other failed criterion"', "so it must be the last reason"),
    ('    "baseline_disease.prior_hepatectomy",\n', '    "baseline_disease.pvt",\n', "does not say Y or N"),
    ('[population]\nanalysis = "treated"\nsafety = "treated"', "", "population: is missing: analysis and safety"),
    ('analysis = "treated"', 'analysis = "treted"', 'Did you mean "treated"?'),
    ('modality = ["CT", "MRI"]', 'modality = ["CT", "PET"]', 'imaging.modality.2: "PET" is not one of "CT" or "MRI".'),
    ('criteria = "mRECIST-2010"', 'criteria = "mRECIST"', 'Did you mean "mRECIST-2010"?'),
    ('sd_min_days = { op = ">", value = 56 }', 'sd_min_days = "more than 56"', 'a text as ">= 1"'),
    ('start = "FULL"', 'start = "HALF"', 'drug.sorafenib.start: there is no dose level "HALF"; declared are "FULL"'),
    ('{ id = "REDUCED", dose', '{ id = "HALF", dose', 'exposure.state has no "HALF"'),
    ('go = "REDUCED"', 'go = "REDUCE"', '"REDUCE" is not one of "FULL", "REDUCED", "STOP", "same".'),
    ('on = { event = "interruption" }', 'on = { event = "interuption" }', 'Did you mean "interruption"?'),
    ('on = { event = "interruption" }', 'on = { event = "interruption", grade = [3] }', 'belongs to "adverse_event"'),
    ('"ecog", op = ">=", value = 4', '"ecog", op = ">="', "drug.sorafenib.rule.STOP-ECOG.on: op and value are missing"),
    ('else_go = "STOP"', "", "stay_if and else_go belong together"),
    ('type = ["TACE", "CRYO"]', 'type = ["TACE", "RFA"]', 'there is no procedure "RFA"; declared are "TACE", "CRYO".'),
    ('"disposition.pd_patient_wishes"', '"disposition.pd_patient_wishs"', '"disposition.pd_patient_wishes"?'),
    ('id = "TACE"\nlabel', 'id = "RFA"\nlabel', 'procedures.type has no "RFA"; it has "TACE", "CRYO"'),
    (
        "interval_days = [28, 42]",
        "interval_days = [42, 28]",
        "[42, 28] ends before it begins; days between two of them",
    ),
    ("maximum = 3", "maximum = 0", "procedure.TACE.maximum: 0: input should be greater than or equal to 1"),
    ("cisplatin_mg = 40", "cisplatine_mg = 40", 'Did you mean "cisplatin_mg"?'),
    ("lipiodol_ml = [10, 20]", "lipiodol_ml = [20, 10]", "[20, 10] ends before it begins"),
    ('guidance = "US"', 'guidance = "ECHO"', '"ECHO" is no value of "procedures.guidance"'),
    ('"procedures.ct1m_date"', '"procedures.consent"', 'the column "procedures.consent" holds no dates'),
    ("days_after = [21, 42]", "days_after = [42, 21]", "days after the procedure as [from, to] were expected"),
    (
        'label = "TACE", TACE = ">= 1", CRYO = 0',
        'label = "TACE", TACE = ">= 1", RFA = 0',
        'arm.levels.tace.RFA: there is no procedure "RFA"',
    ),
    ('label = "TACE", TACE = ">= 1"', 'label = "TACE", TACE = "some"', 'arm.levels.tace.TACE: "some": a number'),
    ('column = "arm"\nknown = "first', 'column = "ecog"\nknown = "first', '"ecog" is the name of another column'),
    ("early_stop_weeks = [6, 24]", "early_stop_weeks = [24, 6]", "[24, 6] ends before it begins; weeks"),
    ("early_stop_weeks = [6, 24]", "", "needs early_stop_weeks"),
    ('columns = ["any", "3", "4", "3-4"]', 'columns = ["any", "4-3"]', '"4-3" ends before it begins'),
    ('death = "LIVER FAILURE"', 'death = "LIVER FALURE"', 'Did you mean "LIVER FAILURE"?'),
    ('start  = "index"\nevents = ["death"]', 'start  = "indx"\nevents = ["death"]', 'start = "index" was expected'),
    (
        'events = ["death"]',
        'event = { column = "death", values = [1] }',
        'endpoint.OS.event: belongs to a table study; events = ["death"] was expected',
    ),
    ('events = ["death"]', 'events = ["dead"]', 'endpoint.OS.events.1: "dead" is not one of "death" or "progression".'),
    ('events = ["death"]', 'events = ["death"]\nnew_therapy = "censor"', 'belongs to an endpoint with "progression"'),
    ('missed_visits = "ignore"', 'missed_visits = "ignored"', 'Did you mean "ignore"? A number can stand here too.'),
    ('"PD_MIDPOINT"]', '"PD_MIDDLE"]', 'Did you mean "PD_MIDPOINT"?'),
    ('column = "subjects.sex"', 'column = "subjects.gender"', "factor.sex.column: no table, baseline variable"),
    ('{ id = "M", label = "Male" }', '{ id = "male", label = "Male" }', 'has no value "male"; it has "M", "F", "U"'),
    ('unit = "cm"', 'unit = "inch"', 'can be shown in "mm", "cm", not in "inch"'),
    (
        'column = "baseline_disease.pvt"\n',
        'column = "baseline_disease.pvt"\ncut = [1]\n',
        "levels, split and cut exclude",
    ),
    (
        'column = "baseline_disease.n_tumours"',
        'column = "baseline_disease.pvt"',
        "holds no numbers; levels were expected",
    ),
    ('known = "arm.known"\n', "", '"arm" is known only after the start'),
    ('known = "arm.known"\n', 'known = "arm.know"\n', 'Did you mean "arm.known"?'),
    (
        '{ column = "baseline_disease.met_lung", label',
        '{ column = "baseline_disease.met_lungs", label',
        'Did you mean "baseline_disease.met_lung"?',
    ),
    (
        'column = "baseline_disease.differentiation"',
        'column = "progressed"',
        'the factor "differentiation" and the endpoint "PFS" are both made of the column "progressed"',
    ),
    ('by = "arm"\ngroups', 'by = "amr"\ngroups', 'there is no factor, and no column, "amr". Did you mean "arm"?'),
    ('groups = ["tace_cryo", "tace"]', 'groups = ["tace_cryo", "tase"]', '"arm" has no level "tase"'),
    ('values = ["N", "N_STOPPED_BEFORE_PD"]', 'values = ["Y", "N"]', 'the level "Y" belongs to two groups'),
    ('outcomes = ["OS"]', 'outcomes = ["EFS"]', 'there is no outcome "EFS"; declared are "OS", "PFS"'),
    (
        'test = { clinical_benefit = "pearson" }',
        'test = { clinical_benefit = "chi-square" }',
        '"chi-square" is not one',
    ),
    ('test = { clinical_benefit = "pearson" }', 'test = { PFS = "pearson" }', '"PFS" is not counted'),
    (
        'by = "continued_past_progression"',
        'by = "child_pugh"',
        'belongs to a comparison by "continued_past_progression"',
    ),
    ('known = "progression + grace"', 'known = "progression"', 'Did you mean "progression + grace"?'),
    ('of = "beyond_progression"', 'of = "beyond_progresion"', 'Did you mean "beyond_progression"?'),
    ('of = "arm"', 'of = "arms"', 'there is no factor or comparison "arms"'),
    ("days = [14, 28]", "days = [0, 28]", "landmark.2.days.1: 0: input should be greater than 0"),
    ('by = "beyond_progression" }', 'by = "beyond" }', 'there is no factor or comparison "beyond"'),
    (
        'case = { patient_id = "case-5" }',
        'case = { patient_id = "case-5" }\nkind = "flow"',
        "forest, case and kind was expected",
    ),
    ("first = 2008-08-01", "first = 2011-08-01", "2010-05-31 is before 2011-08-01"),
    ('cutoff  = "subjects.cutoff_date"', "cutoff  = 2009-01-01", "is before the last day of accrual, 2010-05-31"),
    ('cutoff  = "subjects.cutoff_date"', 'cutoff  = "subjects.sex"', "holds no whole dates"),
    ('drug = "sorafenib" }', 'drug = "sorafinib" }', 'study.index.drug: there is no drug "sorafinib"; declared are'),
    ('index   = { date = "subjects.first_sorafenib_date", drug = "sorafenib" }', "", "study: index is missing"),
    ('records = "data"\n', "", "records: is missing: [records.patients] of a table study, or records"),
    ("[checks]", '[records.patients]\nfile = "p.csv"\npatient_id = "id"\n\n[checks]', "one of the two was expected"),
    (
        "[checks]",
        '[records.labs]\nrename = { tset = "Test" }\n\n[checks]',
        'the table "labs" has no column "tset". Did you',
    ),
    ("[checks]", '[records.lab]\nfile = "l.csv"\n\n[checks]', 'there is no such key. Did you mean "labs"?'),
    ("at_months = [6, 12, 18]", "at_months = [6, 12]\nat = [6]", "either at or at_months was expected"),
    ("alpha   = 0.05", 'alpha   = 0.05\nreport_unit = "years"', "survival is not reported in months"),
    ("alpha   = 0.05", 'alpha   = 0.05\npreset = "sorafenib-2010"', f'Did you mean "{PRESET}"?'),
]


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS, ids=[f"{k}-{f[2][:50]}" for k, f in enumerate(FAULTS)])
def test_fault_is_told_in_its_sentence(old, new, sentence):
    message = told(changed(old, new))
    assert sentence in message, message
    assert all(line.startswith("study.toml") for line in message.splitlines())


def test_all_faults_of_a_study_are_told_at_once():
    text = changed("interval_days = [28, 42]", "interval_days = [42, 28]", changed('start = "FULL"', 'start = "HALF"'))
    assert len(told(changed('of = "arm"', 'of = "arms"', text)).splitlines()) == 3


@pytest.mark.parametrize(
    "more",
    [
        '[baseline]\nwindow_days = [-28, 0]\npick = "last"',
        '[response]\ncriteria = "mRECIST-2010"\nclinical_benefit = ["CR"]',
        '[exposure]\nduration = "months"',
        '[population]\nanalysis = "treated"\nsafety = "treated"',
        '[records.labs]\nfile = "l.csv"',
        '[[figure]]\nid = "1"\nkind = "waterfall"',
        '[[criterion]]\nid = "a"\ninclude = { column = "d", op = "present" }\nbefore = ["index"]',
        '[[factor]]\nid = "a"\ncolumn = "a"\ndescribe_as = [{ column = "b", label = "B" }]',
        '[[endpoint]]\nid = "PFS"\nevents = ["death"]',
    ],
)
def test_table_study_with_a_key_of_records_says_whose_it_is(more):
    assert "belongs to a records study, which records =" in told(f"{TABLE_STUDY}\n{more}\n")


def test_table_study_with_a_unit_in_a_condition_is_refused():
    text = TABLE_STUDY + '[[criterion]]\nid = "a"\ninclude = { column = "x", op = "<", value = 3, unit = "mm" }\n'
    assert "a table study does not know the units of its columns" in told(text)


def test_factor_of_a_table_study_knows_two_words_only():
    text = TABLE_STUDY + '[[factor]]\nid = "a"\ncolumn = "a"\nknown = "arm.known"\n'
    assert '"arm.known" is not one of "baseline", "after-start"' in told(text)


def test_records_study_has_no_patients_file():
    with pytest.raises(ProtocolError, match="this is a records study"):
        _ = read(PAPER).patients_file
