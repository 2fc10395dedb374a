"""A table study under another profile: each choice changes what it touches, and all of them make the other profile."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncohort.analysis.beside import OwnRun, _run, analyze_beside, memory_of_runs
from oncohort.analysis.plan import analyze_cohort
from oncohort.derive.cohort import derive_cohort
from oncohort.errors import ProtocolError
from oncohort.intake.study import read_study
from oncohort.report.assemble import assemble_report
from oncohort.report.document import Heading, TableBlock, plain_text
from oncohort.report.facts import StudyFacts
from oncohort.report.profiles_numbers import main_numbers
from oncohort.study.beside import TOGETHER, Beside, Pair, cause_of, verdict_of
from oncohort.study.parse import parse_protocol
from oncohort.study.profiles import EVERY_PROFILE, LABELS
from oncohort.study.recall import anew
from oncohort.study.results import CurveRow, Row
from oncohort.study.switched import differences, switched
from oncohort.study.template_tables import TEMPLATE

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
WEEKS += [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21
STUDY = """
[study]
title = "Remission of leukemia"
profile = "guideline"
beside = "paper"

[records.patients]
file = "patients.csv"
patient_id = "id"

[[endpoint]]
id = "REM"
label = "Remission"
time = { column = "weeks", unit = "weeks" }
event = { column = "relapse", values = [1] }

[[factor]]
id = "arm"
column = "arm"
label = "Treatment"
levels = ["placebo", "6-MP"]

[[factor]]
id = "risk"
column = "risk"
label = "Risk"
levels = ["low", "middle", "high"]

[[factor]]
id = "wbc"
column = "wbc"
label = "White cells"
describe = "median-quartiles"
split = "median"
cox = "continuous"

[[table]]
id = "table_1"
kind = "characteristics"
factors = ["arm", "risk", "wbc"]
by = "arm"

[[table]]
id = "table_2"
kind = "univariable"
endpoints = ["REM"]
factors = ["arm", "risk", "wbc"]

[[model]]
id = "cox"
endpoint = "REM"
factors = ["arm", "risk", "wbc"]

[survival]
at = [10]
"""
OWN = """
[selection]
method = "forward-stepwise"
enter = 0.05
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("leukemia")
    lines = ["id,weeks,relapse,arm,risk,wbc"]
    for k, (weeks, relapse) in enumerate(zip(WEEKS, RELAPSE, strict=True)):
        arm, risk = ("6-MP" if k < 21 else "placebo"), ["low", "middle", "high"][k * 7 % 3]
        lines.append(f"{k},{weeks},{relapse},{arm},{risk},{(k * 37 % 41) / 10}")
    (place / "patients.csv").write_text("\n".join(lines), encoding="utf-8")
    return place


def own_run(folder, text: str = STUDY, recall=anew) -> OwnRun:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    study = read_study(folder)
    cohort, _ = derive_cohort(study.records, study.protocol, recall)
    results, _ = analyze_cohort(cohort, study.protocol, recall)
    return OwnRun(study.records, study.protocol, cohort, results, recall)


@pytest.fixture(scope="module")
def own(folder):
    return own_run(folder, recall=memory_of_runs())


@pytest.fixture(scope="module")
def beside(own) -> Beside:
    return analyze_beside(own, "paper")


def written(rows: Iterable[Row | CurveRow]) -> list[str]:
    """Return rows so that nan equals nan."""
    return [repr(row) for row in rows]


def changed_by(beside: Beside, choice: str) -> Iterable[Pair]:
    found = [pair for pair in beside.pairs if choice in pair.alone]
    assert found, choice
    return found


def where(pairs: Iterable[Pair], name: str) -> set[str]:
    return {getattr(pair.row, name) for pair in pairs}


def n_changed(beside: Beside) -> dict[str, int | None]:
    return {switch.difference.key: switch.n_changed for switch in beside.switches}


def test_ties_change_cox_models_only(beside):
    analyses = where(changed_by(beside, "survival.ties"), "analysis")
    assert {"univariable_cox", "multivariable_cox"} <= analyses
    assert analyses <= {"univariable_cox", "multivariable_cox", "proportional_hazards", "stepwise"}


def test_transformation_changes_limits_only(beside):
    pairs = changed_by(beside, "survival.conf_type")
    assert where(pairs, "statistic") == {"conf_low", "conf_high"}
    assert {"survival", "survival_at", "univariable_km", "follow_up"} >= where(pairs, "analysis")


def test_quartiles_change_quartiles_only(beside):
    pairs = changed_by(beside, "description.quartiles")
    assert where(pairs, "analysis") == {"baseline"}
    assert where(pairs, "statistic") <= {"q1", "q3"}


def test_adjustment_of_pairs_changes_tests_between_pairs_only(beside):
    pairs = changed_by(beside, "survival.pairwise")
    assert where(pairs, "statistic") == {"p_value", "method"}
    assert all(group.startswith("risk=") and group.count("|") == 1 for group in where(pairs, "group"))


def test_method_of_follow_up_adds_the_observed_one(beside):
    only = [pair for pair in beside.pairs if verdict_of(pair) == "only beside" and pair.row.analysis == "follow_up"]
    assert where(only, "level") == {"observed"}
    assert {cause_of(pair) for pair in only} == {"follow_up.method"}


def test_every_number_that_changes_has_a_cause(beside):
    assert all(cause_of(pair) for pair in beside.pairs if verdict_of(pair) != "equal")


def test_known_numbers_of_both_profiles(beside):
    """Freireich's trial: Breslow 1.509, Efron 1.572 for the treatment alone."""
    [pair] = [
        pair
        for pair in beside.pairs
        if pair.row.key() == ("univariable_cox", "cox", "REM", "all", "", "arm", "6-MP", "", "log_estimate")
    ]
    assert pair.here.value == pytest.approx(-1.57212514927978, rel=1e-8)
    assert pair.beside.value == pytest.approx(-1.50919141258588, rel=1e-8)
    assert pair.alone == ("survival.ties",)


def test_a_choice_that_touches_nothing_changes_nothing(folder):
    alone = STUDY.partition("[[model]]")[0].replace('by = "arm"\n', "")
    found = n_changed(analyze_beside(own_run(folder, alone), "paper"))
    untouched = ("survival.ties", "selection.method", "report.ratio_digits", "description.table_test")
    assert [found[key] for key in untouched] == [0, 0, 0, 0]
    assert found["survival.median_conf"] > 0


def test_counts_of_the_switches_are_those_of_the_numbers(beside):
    """Where a choice alone changes a number that ends up equal or changed by value, both say so."""
    for key, n in n_changed(beside).items():
        named = [pair for pair in beside.pairs if key in pair.alone and pair.row.statistic != "method"]
        assert len(named) <= n


def other_profile(text: str) -> str:
    return text.replace('profile = "guideline"', 'profile = "paper"').replace('beside = "paper"\n', "")


def test_all_choices_switched_are_the_other_profile_exactly(folder, beside):
    other = own_run(folder, other_profile(STUDY)).results
    assert written(beside.results.rows) == written(other.rows)
    assert written(beside.results.curves) == written(other.curves)
    assert {pair.here.key() for pair in beside.pairs if pair.here} | {row.key() for row in other.rows} == {
        pair.row.key() for pair in beside.pairs
    }


def test_choices_that_the_study_makes_itself_are_switched_too(folder):
    own = STUDY + OWN + '[description]\nquartiles = "spss-haverage"\n'
    chosen = own.replace('id = "cox"\n', 'id = "cox"\nselect = { method = "backward-stepwise", remove = 0.2 }\n')
    run = own_run(folder, chosen)
    beside = analyze_beside(run, "paper")
    assert written(beside.results.rows) == written(own_run(folder, other_profile(STUDY)).results.rows)
    made = {switch.difference.key: (switch.difference.own, switch.difference.other) for switch in beside.switches}
    assert "description.quartiles" not in made
    assert made["selection.method"] == ("forward-stepwise; cox: backward-stepwise", "forward-stepwise")
    assert made["selection.remove"] == ("0.1; cox: 0.2", "0.1")
    assert made["selection.enter"] == ("0.05", "0.1")


def departing(own_choice: str) -> str:
    return STUDY.replace('beside = "paper"', 'beside = "guideline"') + own_choice


def test_own_profile_is_another_one_where_the_study_departs_from_it(folder):
    text = departing('[description]\nquartiles = "spss-haverage"\n')
    beside = analyze_beside(own_run(folder, text), "guideline")
    assert list(n_changed(beside)) == ["description.quartiles"]
    changed = [pair for pair in beside.pairs if verdict_of(pair) != "equal"]
    assert where(changed, "statistic") <= {"q1", "q3"}


def test_digits_change_how_ratios_are_written_and_no_value(folder):
    run = own_run(folder, departing("[report]\nratio_digits = 4\n"))
    beside = analyze_beside(run, "guideline")
    pairs = changed_by(beside, "report.ratio_digits")
    assert {verdict_of(pair) for pair in pairs} == {"written otherwise"}
    assert where(pairs, "unit") == {"ratio"}
    assert not main_numbers(run.protocol, run.results, beside)


KEYS = [found.key for found in differences(parse_protocol(STUDY, "study.toml", template=TEMPLATE), "paper")]


@settings(max_examples=12)
@given(st.sets(st.sampled_from(KEYS)))
def test_a_remembered_run_is_the_run_itself(own, keys):
    remembered = _run(own, keys, "paper")
    cohort, _ = derive_cohort(own.records, switched(own.protocol, keys, "paper"))
    itself, _ = analyze_cohort(cohort, switched(own.protocol, keys, "paper"))
    assert written(remembered.rows) == written(itself.rows)
    assert remembered.levels == itself.levels


def test_what_cannot_be_switched_alone_is_told(folder):
    wide = STUDY + "[survival]\nconf_level = 0.9\n"
    wide = wide.replace("[survival]\nat = [10]\n", "").replace("conf_level", "at = [10]\nconf_level")
    beside = analyze_beside(own_run(folder, wide), "paper")
    [told] = [switch for switch in beside.switches if switch.n_changed is None]
    assert told.difference.key == "survival.median_conf"
    assert "0.95 only" in told.reason
    medians = [pair for pair in beside.pairs if pair.row.analysis == "survival" and pair.row.statistic == "conf_low"]
    assert [verdict_of(pair) for pair in medians] == ["changed"]
    other = own_run(folder, other_profile(STUDY)).results
    assert written(beside.results.rows) == written(other.rows)


def test_only_several_together_are_told_as_that():
    row = Row("survival", "median", 1.0, "1.0")
    assert cause_of(Pair(row, Row("survival", "median", 2.0, "2.0"), ())) == TOGETHER
    assert cause_of(Pair(row, row, ())) == ""


def test_every_choice_has_a_label():
    assert set(LABELS) == set(EVERY_PROFILE)
    assert len(set(LABELS.values())) == len(LABELS)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("papper", 'study.toml:5 study.beside: "papper" is not one of "paper" or "guideline". Did you mean "paper"?'),
        (
            "guideline",
            'study.toml:5 study.beside: the study makes every choice as "guideline" does already; "paper" was expected',
        ),
    ],
)
def test_a_profile_that_cannot_stand_beside_is_refused_in_one_sentence(word, sentence):
    with pytest.raises(ProtocolError) as told:
        parse_protocol(STUDY.replace('beside = "paper"', f'beside = "{word}"'), "study.toml", template=TEMPLATE)
    assert str(told.value) == sentence


@pytest.fixture(scope="module")
def report(own, beside):
    return assemble_report(StudyFacts(own.protocol, own.results, own.cohort, (), (), "oncohort", lambda: beside))


def cells(table: TableBlock) -> dict[str, list[str]]:
    lines = ([plain_text(cell.text) for cell in row.cells] for row in table.body)
    return {line[0]: line[1:] for line in lines}


def table_with(report, head: str) -> TableBlock:
    return next(table for table in report.tables if plain_text(table.head[0][-1].text) == head)


def test_report_lists_the_choices_with_what_each_changes(report, beside):
    listed = cells(table_with(report, "Numbers changed"))
    assert listed["Ties"] == ["survival.ties", "efron", "breslow", str(n_changed(beside)["survival.ties"])]
    assert len(listed) == len(beside.switches)


def test_report_shows_main_numbers_with_their_causes(report, own, beside):
    shown = cells(table_with(report, "Changed by"))
    median = shown["Remission, median, weeks (95% CI)"]
    for side, results in ((0, own.results), (1, beside.results)):
        for statistic in ("median", "conf_low"):
            assert results.text("survival", statistic, endpoint="REM") in median[side]
    assert median[2].startswith("Limits of medians")
    assert shown["REM: Treatment: 6-MP"][2] == "Ties; selection of factors"


def test_ratios_keep_their_digits_in_the_report(report):
    ratio = cells(table_with(report, "Changed by"))["REM: Treatment: 6-MP"]
    assert all(len(text.split(" ")[0]) == 4 for text in ratio[:2])


def test_report_without_another_profile_has_no_such_section(own):
    report = assemble_report(StudyFacts(own.protocol, own.results, own.cohort, (), (), "oncohort"))
    titles = [plain_text(block.text) for block in report.document.blocks if isinstance(block, Heading)]
    assert not any("profile" in title for title in titles)
