"""The fonts of every figure: DejaVu Sans, and one with Chinese, Japanese or Korean characters where it is needed."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font

LATIN_FAMILY: Final = "DejaVu Sans"
CJK_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Noto Sans CJK JP",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Droid Sans Fallback",
)
# Families outside the list above that were added because they have what a label needs.
_ADDED: Final[list[str]] = []


@lru_cache(maxsize=1)
def text_families() -> tuple[str, ...]:
    """Return the font families of all text: DejaVu Sans, which comes with matplotlib, then one CJK family if known.

    DejaVu Sans stands first so that a figure without CJK text is the same on every machine.
    """
    known = {font.name for font in font_manager.fontManager.ttflist}
    return (LATIN_FAMILY, *[name for name in (*CJK_FAMILIES, *_ADDED) if name in known][:1])


def learn_fonts(text: str) -> None:
    """Make a CJK font of this machine known to matplotlib if ``text`` needs one and none is known yet.

    matplotlib keeps a list of fonts from the first time it ran, which lacks those installed later. Text without
    CJK characters costs nothing.

    Parameters
    ----------
    text : str
        All labels of a figure, one after the other.
    """
    if text.isascii():
        return
    wanted = frozenset(c for c in set(text) if _is_wide(c) and not has_glyph(LATIN_FAMILY, c, bold=False))
    if not wanted or len(text_families()) > 1:
        return
    for family, path in _find_cjk_fonts(wanted):
        font_manager.fontManager.addfont(path)
        _ADDED.append(family)
    text_families.cache_clear()


@lru_cache
def font_file(family: str, *, bold: bool) -> str:
    """Return the path of the file matplotlib draws ``family`` with."""
    properties = FontProperties(family=family, weight="bold" if bold else "normal")
    with quiet_font_search():
        return str(font_manager.findfont(properties))


def has_glyph(family: str, character: str, *, bold: bool) -> bool:
    """Say whether the font that draws ``family`` has a glyph for ``character``."""
    return ord(character) in _glyph_codes(font_file(family, bold=bold))


def find_missing_glyphs(text: str) -> set[str]:
    r"""Return the characters of ``text`` that no font at hand can draw; they would be printed as empty boxes.

    Line ends are no glyphs and never missing. Other control characters always are.

    Parameters
    ----------
    text : str
        Any text that goes into a figure, such as the label of a level.

    Returns
    -------
    set of str
        Single characters; empty if all can be drawn.

    Examples
    --------
    >>> find_missing_glyphs("AFP ≥400 μg/L")
    set()
    >>> find_missing_glyphs("tumour \U00012000")
    {'𒀀'}
    """
    learn_fonts(text)
    return {c for c in set(text) - {"\n"} if unicodedata.category(c) == "Cc" or not _can_draw(c)}


@contextmanager
def quiet_font_search() -> Iterator[None]:
    """Keep matplotlib from telling every user whose CJK font has no bold face that the regular one is taken."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _is_wide(character: str) -> bool:
    """Say whether this is CJK writing or its punctuation; emoji are as wide but are no writing."""
    return unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character) != "So"


@lru_cache(maxsize=8)
def _find_cjk_fonts(characters: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return family and path of the system's fonts of CJK_FAMILIES; else of one font that has all ``characters``."""
    fonts = tuple(_read_system_fonts())
    listed = tuple((font.family_name, path) for path, font in fonts if font.family_name in CJK_FAMILIES)
    if listed:
        return listed
    codes = {ord(character) for character in characters}
    able = [(font.style_name != "Regular", path, font) for path, font in fonts if codes <= font.get_charmap().keys()]
    return tuple((font.family_name, path) for _, path, font in sorted(able, key=lambda found: found[:2])[:1])


def _read_system_fonts() -> Iterator[tuple[str, FT2Font]]:
    """Yield the fonts with outlines that this machine has, without those that draw a box for every character."""
    for path in sorted(font_manager.findSystemFonts()):
        try:
            font = FT2Font(path)
        except (OSError, RuntimeError) as error:
            logging.getLogger(__name__).info("%s: is no font that can be read (%s)", path, error)
            continue
        if font.scalable and "lastresort" not in font.family_name.replace(" ", "").lower():
            yield path, font


def _can_draw(character: str) -> bool:
    return any(has_glyph(family, character, bold=bold) for family in text_families() for bold in (False, True))


@lru_cache(maxsize=16)
def _glyph_codes(path: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(path).get_charmap())
