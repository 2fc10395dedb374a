"""The rule book as pages: one for each rule, printed from its own data and from the vectors that pin it.

``python tests/clinical/rule_pages.py`` prints ``docs/rules`` anew.
"""

import json
from pathlib import Path
from typing import Any, Final

from oncohort.clinical.rule import CriteriaTable, Rule, Source
from oncohort.clinical.rulebook import RULEBOOK

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ROOT / "docs" / "rules"
VECTORS: Final = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
SEEN: Final = {
    "paper": "as printed in the reproduced paper",
    "seen": "looked up",
    "from knowledge": "**not read again**: check it before you rely on it",
}


def print_page(rule: Rule) -> str:
    """Return the page of one rule."""
    parts = [f"# {rule.title}", rule.question, *(_criteria(table) for table in rule.criteria)]
    names = ", ".join(f"`oncohort.rules.{name}`" for name in rule.functions)
    parts += [f"In Python: {names}.", "## Sources", "\n".join(_source(source) for source in rule.sources)]
    if rule.doubts:
        parts += ["## Where the sources leave doubt", "\n".join(f"* {doubt}" for doubt in rule.doubts)]
    if rule.vectors:
        parts += ["## Test vectors", *(_vectors(name) for name in rule.vectors)]
    return "\n\n".join(parts) + "\n"


def print_index() -> str:
    """Return the list of all pages, with the statements that nobody has read again."""
    lines = [
        f"* [{rule.title}]({rule.id}.md): {rule.question}{' *Has a source not read again.*' if _unread(rule) else ''}"
        for rule in RULEBOOK
    ]
    head = (
        "The clinical rules of oncohort, each with its criteria, its sources and the test vectors that pin it. "
        "The pages are printed from the data the functions compute with (`python tests/clinical/rule_pages.py`)."
    )
    return "\n\n".join(["# The rule book", head, "\n".join(lines)]) + "\n"


def _unread(rule: Rule) -> bool:
    return any(source.seen == "from knowledge" for source in rule.sources)


def _criteria(table: CriteriaTable) -> str:
    return f"**{table.caption}**\n\n{_table(table.head, table.body)}"


def _source(source: Source) -> str:
    place = f", {source.place}" if source.place else ""
    return f"* {source.citation}{place} ({SEEN[source.seen]})"


def _vectors(section: str) -> str:
    body = tuple((v["id"], _compact(v["input"]), _compact(v["expected"]), v["note"]) for v in VECTORS[section])
    columns = 4 if any(row[3] for row in body) else 3
    head = ("id", "input", "expected", "note")[:columns]
    return f"`{section}`\n\n{_table(head, tuple(row[:columns] for row in body))}"


def _compact(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _table(head: tuple[str, ...], body: tuple[tuple[str, ...], ...]) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def main() -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    for old in PAGES.glob("*.md"):
        old.unlink()
    for rule in RULEBOOK:
        (PAGES / f"{rule.id}.md").write_text(print_page(rule), encoding="utf-8", newline="\n")
    (PAGES / "README.md").write_text(print_index(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
