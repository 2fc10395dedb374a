"""Whether a protocol keeps to its kind: a table study, or a records study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from oncohort.study.dictionary import Template
from oncohort.study.problems import Problem
from oncohort.study.protocol import Protocol
from oncohort.study.toml_lines import Path
from oncohort.study.words import did_you_mean, quoted

RECORDS_SECTIONS: Final = (
    "baseline",
    "flow",
    "population",
    "imaging",
    "response",
    "drug",
    "procedure",
    "arm",
    "exposure",
    "comparison",
    "landmark",
    "safety",
)
_RECORDS_KEYS: Final = ("preset", "accrual", "cutoff", "index", "add_one_day")
_RECORDS_ITEM_KEYS: Final = {
    "endpoint": ("events", "censor", "missed_visits", "new_therapy", "sensitivity", "causes"),
    "criterion": ("before",),
    "factor": ("describe_as",),
    "figure": ("case", "kind"),
}
_TABLE_ENDPOINT: Final = ("time", "event", "entry", "stop", "last_known_alive", "cutoff")
_INSTEAD: Final = {
    "event": '; events = ["death"] was expected',
    "entry": "; there every patient is under observation from the index on",
    "cutoff": "; cutoff stands under [study]",
}
_IN_RECORDS: Final = 'belongs to a records study, which records = "…" under [study] makes'


def find_kind_problems(protocol: Protocol, template: Template) -> Iterator[Problem]:
    """Yield every section and key that belongs to the other kind of study, and headers of columns there are not."""
    if protocol.is_records_study:
        yield from _in_records_study(protocol, template)
    else:
        yield from _in_table_study(protocol)


def _in_table_study(protocol: Protocol) -> Iterator[Problem]:
    for place in _of_records(protocol):
        yield place, _IN_RECORDS
    words = ("baseline", "after-start")
    for k, factor in enumerate(protocol.factor):
        if factor.known not in words:
            near = did_you_mean(factor.known, words)
            yield ("factor", k, "known"), f'"{factor.known}" is not one of {quoted(words)}.{near}'


def _of_records(protocol: Protocol) -> Iterator[Path]:
    """Yield the place of everything that only a records study can say."""
    for section in RECORDS_SECTIONS:
        if section in protocol.model_fields_set:
            yield (section,)
    for table in protocol.records.template_files():
        yield ("records", table)
    yield from (("study", key) for key in _RECORDS_KEYS if getattr(protocol.study, key) is not None)
    for section, keys in _RECORDS_ITEM_KEYS.items():
        for k, item in enumerate(getattr(protocol, section)):
            yield from ((section, k, key) for key in keys if getattr(item, key))


def _in_records_study(protocol: Protocol, template: Template) -> Iterator[Problem]:
    if protocol.study.index is None:
        yield ("study",), 'index is missing: { date = "table.column", drug = "…" }, the day from which time is counted'
    if protocol.population is None:
        yield ("population",), "is missing: analysis and safety, each treated, eligible or screened"
    if protocol.response is not None and protocol.imaging is None:
        yield ("imaging",), "is missing: response needs the schedule of scans"
    for k, endpoint in enumerate(protocol.endpoint):
        for key in _TABLE_ENDPOINT:
            if getattr(endpoint, key) is not None:
                words = "belongs to a table study"
                yield ("endpoint", k, key), words + _INSTEAD.get(key, "")
    for table, file in protocol.records.template_files().items():
        headers = [column.name for column in template[table].collected()]
        for name in file.rename:
            if name not in headers:
                words = f'the table "{table}" has no column "{name}".{did_you_mean(name, headers)}'
                yield ("records", table, "rename", name), words
