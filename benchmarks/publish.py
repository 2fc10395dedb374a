"""Put what was measured into ``results.json`` and into its section of ``README.md``; all else stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def into_json(measured: dict[str, Any]) -> None:
    """Put what was measured in the place of what was measured before, by key."""
    file = _HERE / "results.json"
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(kept | measured, indent=1) + "\n", encoding="utf-8")


def into_readme(text: str, begin: str, end: str) -> None:
    """Put a text between two marks."""
    readme = _HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(begin)
    readme.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
