"""The manifest: what went in, what was chosen, with which software. The only file with a clock in it."""

from __future__ import annotations

import json
import platform
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from oncohort.stats import kernel
from oncohort.study.findings import count_by_level
from oncohort.study.protocol import Protocol
from oncohort.study.records import Source

LIBRARIES: Final = ("numpy", "scipy", "polars", "matplotlib", "pydantic", "jinja2", "python-docx", "xlsxwriter")


def software() -> str:
    """Return program and version as a methods paragraph names them."""
    return f"oncohort {version('oncohort')} (Python {platform.python_version()}, NumPy {version('numpy')})"


def versions() -> dict[str, str]:
    """Return the version of oncohort, of Python and of every library that makes a number or a page."""
    names = ("oncohort", *LIBRARIES)
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def describe_run(
    protocol: Protocol, protocol_sha256: str, sources: tuple[Source, ...], findings: Any, finished: datetime
) -> str:
    """Return the text of ``manifest.json``."""
    manifest = {
        "study": protocol.study.title,
        "synthetic": protocol.study.synthetic,
        "finished": finished.isoformat(timespec="seconds"),
        "versions": versions(),
        "kernel": kernel.name(),
        "seed": None,
        "protocol": {"file": "study.toml", "sha256": protocol_sha256, "content": protocol.model_dump(mode="json")},
        "inputs": [
            {"file": s.name, "sha256": s.sha256, "rows": s.n_rows, "columns": s.n_columns, "assumed": list(s.assumed)}
            for s in sources
        ],
        "values_in_force": [
            {"key": item.key, "value": item.value, "origin": item.origin} for item in protocol.settings().values()
        ],
        "findings": count_by_level(findings),
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
