"""Whether the fonts at hand can draw what the figures will say."""

from __future__ import annotations

from oncohort.report.figures.fonts import find_missing_glyphs
from oncohort.report.names import factor_label
from oncohort.study.findings import Finding
from oncohort.study.protocol import Protocol
from oncohort.study.results import Results


def check_glyphs(protocol: Protocol, results: Results) -> list[Finding]:
    """Return a warning if a label holds characters that would be printed as empty boxes in the figures."""
    labels = [endpoint.label or endpoint.id for endpoint in protocol.endpoint]
    labels += [endpoint.measured_from for endpoint in protocol.endpoint]
    labels += [factor_label(factor) for factor in protocol.factor]
    labels += [level.label for level in results.levels]
    missing = sorted(find_missing_glyphs("".join(labels)))
    if not missing:
        return []
    sentence = (
        f"no font on this machine can draw {len(missing)} character(s) of the labels, which are empty boxes in the "
        f"figures: {' '.join(missing[:20])}; install a font that has them, such as Noto Sans CJK"
    )
    return [Finding("warning", "MISSING-GLYPH", sentence)]
