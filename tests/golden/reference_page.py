"""The page that says how our rules answer the cases of other programs, printed from the tests that hold them.

``python tests/golden/reference_page.py`` prints ``docs/references.md`` anew.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from references import NO_FUNCTION, Answered, Difference, Reference
from test_against_admiral import REFERENCES as ADMIRAL
from test_against_admiralonco import REFERENCES as ADMIRALONCO

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "references.md"
VECTORS: Final = ROOT / "tests" / "clinical" / "vectors.json"
ALL: Final = (*ADMIRALONCO, *ADMIRAL)

HEAD: Final = """# References

How the clinical rules answer the test cases of two open programs, admiralonco and admiral (Apache-2.0; numbers and
facts only). A row is one expected answer. It is equal, or it stands here with what each side answers and why. A test
fails if an equal row differs, and also if a difference is no longer just what is told. A test with a letter is one of
several calls in it. The page is printed from the tests (`python tests/golden/reference_page.py`)."""


def print_page() -> str:
    """Return the page: the counts, the vectors, and a part for each reference."""
    return "\n\n".join([HEAD, _counts(), _vectors(), *(_part(reference) for reference in ALL)]) + "\n"


def _counts() -> str:
    body = [(f"[{r.name}](#{r.name})", _program(r), *_tally(r.answered)) for r in ALL]
    everything = [answered for reference in ALL for answered in reference.answered]
    body.append(("all", "", *_tally(everything)))
    return _table(("reference", "program", "rows", "equal", "different", "not asked of ours"), body)


def _tally(answered: Sequence[Answered]) -> tuple[str, ...]:
    equal = sum(one.told is None for one in answered)
    not_asked = sum(one.here == NO_FUNCTION for one in answered)
    return tuple(str(number) for number in (len(answered), equal, len(answered) - equal - not_asked, not_asked))


def _vectors() -> str:
    sections = json.loads(VECTORS.read_text(encoding="utf-8"))
    total = sum(len(section) for section in sections.values())
    return (
        f"Besides, each of the {total} vectors of the rule book ({len(sections)} sections, `tests/clinical`) is "
        "answered as expected; they stand on the [pages of the rules](rules/README.md)."
    )


def _part(reference: Reference) -> str:
    rule = f"[Rule](rules/{reference.page}.md)."
    source = f"{reference.source} ({reference.licence}), in `tests/golden/admiral/{reference.name}.json`."
    parts = [f"## {reference.name}", source, f"Asked: {reference.asked} {rule}", _equal(reference)]
    if reference.differences:
        body = [_difference(reference, difference) for difference in reference.differences]
        parts.append(_table(("test", "row", "there", "here", "why"), body))
    return "\n\n".join(parts)


def _equal(reference: Reference) -> str:
    equal = sum(answered.told is None for answered in reference.answered)
    with_difference = {answered.case for answered in reference.answered if answered.told}
    whole = [case for case in reference.cases if case not in with_difference]
    if not with_difference:
        return f"All {equal} rows are equal."
    named = f" No row differs in {', '.join(whole)}." if whole else ""
    return f"{equal} of {len(reference.answered)} rows are equal.{named}"


def _difference(reference: Reference, difference: Difference) -> tuple[str, ...]:
    there = dict.fromkeys(answered.there for answered in reference.answered if answered.told == difference)
    return (
        ", ".join(difference.cases),
        ", ".join(difference.rows),
        "; ".join(there),
        difference.here,
        f"{difference.why[0].upper()}{difference.why[1:]}.",
    )


def _program(reference: Reference) -> str:
    return reference.source.partition(" ")[0].rpartition("/")[2]


def _table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, tuple("---" for _ in head), *body))


if __name__ == "__main__":
    PAGE.write_text(print_page(), encoding="utf-8", newline="\n")
