"""Whatever lies in a file, reading it gives a table or one sentence, and nothing else."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oncohort.errors import DataError
from oncohort.intake.delimited import split_rows
from oncohort.intake.draft import draft_study
from oncohort.intake.read import RawTable, read_table
from oncohort.study.protocol import TableFile

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("garbage")


def read_or_refuse(folder: Path, content: bytes, ending: str, spec: TableFile | None = None) -> RawTable | None:
    """Read the bytes; a table must be one, and a refusal one sentence that names the file."""
    name = f"p{ending}"
    (folder / name).write_bytes(content)
    try:
        raw = read_table(folder / name, spec or TableFile(file=name, patient_id="id"), name=name)
    except DataError as error:
        assert str(error).startswith(name)  # noqa: PT017
        assert "\n" not in str(error).replace("\\n", "")  # noqa: PT017
        return None
    assert raw.frame.height == len(raw.row) > 0
    assert set(raw.frame.dtypes) == {pl.String}
    assert all(later > earlier for earlier, later in zip(raw.row, raw.row[1:], strict=False))
    return raw


@FEW
@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".xlsx", ".parquet"]))
@example(b"\xef\xbb\xbf", ".csv")
@example(b"\xff\xfe", ".csv")
@example(b"PK\x03\x04", ".xlsx")
@example(b"\xd0\xcf\x11\xe0", ".xlsx")
@example(b"PAR1PAR1", ".parquet")
@example(b'"', ".csv")
@example(b",\n,", ".csv")
def test_any_bytes_give_a_table_or_a_sentence(folder: Path, content: bytes, ending: str) -> None:
    read_or_refuse(folder, content, ending)


@FEW
@given(
    st.text(st.sampled_from(list('ab1^$*,;\t"\n\r. é男\u2028\x00\x1c')), max_size=80),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.integers(1, 3),
)
def test_any_text_like_a_table_gives_a_table_or_a_sentence(folder: Path, text: str, encoding: str, rows: int) -> None:
    content = text.encode(encoding, errors="ignore")
    raw = read_or_refuse(folder, content, ".csv", TableFile(file="p.csv", patient_id="id", header_rows=rows))
    if raw is not None:
        draft_study(raw, TableFile(file="p.csv", patient_id=""), "x")


@FEW
@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
                         min_size=2, max_size=2), min_size=1, max_size=6))  # fmt: skip
def test_quoted_cells_come_back_as_they_were(cells: list[list[str]]) -> None:
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)
    rows, _, _ = split_rows(text, TableFile(file="p.csv", patient_id="id", delimiter=","), "p.csv")
    assert rows == cells


@lru_cache
def good_workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in [["id", "a", "b"], [1, 2.5, "x"], [2, None, True]]:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@lru_cache
def good_parquet() -> bytes:
    target = io.BytesIO()
    pl.DataFrame({"id": [1, 2], "a": [2.5, None], "b": ["x", "y"]}).write_parquet(target)
    return target.getvalue()


@FEW
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.integers(0, 6))
def test_a_workbook_with_broken_bytes_gives_a_table_or_a_sentence(
    folder: Path, place: int, noise: bytes, cut: int
) -> None:
    content = good_workbook()
    place %= len(content)
    read_or_refuse(folder, content[:place] + noise + content[place + cut :], ".xlsx")


@FEW
@given(st.integers(0, 10), st.integers(0, 3000), st.binary(max_size=6), st.integers(0, 20))
def test_a_workbook_with_broken_parts_gives_a_table_or_a_sentence(
    folder: Path, part: int, place: int, noise: bytes, cut: int
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good_workbook())) as old, zipfile.ZipFile(target, "w") as new:
        names = old.namelist()
        for k, name in enumerate(names):
            text = old.read(name)
            if k == part % len(names):
                start = place % len(text)
                text = text[:start] + noise + text[start + cut :]
            new.writestr(name, text)
    read_or_refuse(folder, target.getvalue(), ".xlsx")


# A child process tries each of these files, which takes a second.
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_parquet_file_with_a_broken_body_gives_a_table_or_a_sentence(folder: Path, place: int, noise: bytes) -> None:
    content = good_parquet()
    place %= len(content)
    read_or_refuse(folder, content[:place] + noise + content[place + len(noise) :], ".parquet")


def test_a_parquet_file_that_would_end_the_process_gives_a_table_or_a_sentence(folder: Path) -> None:
    """With this one byte changed, polars 2.1 asks for 2 EB of memory and aborts."""
    content = good_parquet().replace(b"\x15\x04\x15\x10\x15\x06", b"\x15\x04\x15\x7f\x15\x06", 1)
    read_or_refuse(folder, content, ".parquet")


def test_a_workbook_that_declares_entities_is_refused(folder: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good_workbook())) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = b'<!DOCTYPE x [<!ENTITY a "b">]>' + text
            new.writestr(name, text)
    assert read_or_refuse(folder, target.getvalue(), ".xlsx") is None
