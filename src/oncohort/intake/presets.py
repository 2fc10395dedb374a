"""The presets that come with oncohort: sections of a protocol that a study can start from."""

from __future__ import annotations

from importlib.resources import files


def read_presets() -> dict[str, str]:
    """Return the TOML text of each preset by its name.

    Examples
    --------
    >>> sorted(read_presets())
    ['sorafenib-hcc-2010']
    """
    folder = files("oncohort.study") / "presets"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return {name.removesuffix(".toml"): (folder / name).read_text(encoding="utf-8") for name in names}
