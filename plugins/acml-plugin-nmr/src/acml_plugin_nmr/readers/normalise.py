"""Printed text to plain characters: one dash, one minus, one decimal point, no markup.

Line breaks are kept, so that messages can name a line.
"""

from __future__ import annotations

import html
import re
import unicodedata

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－⁃"), "-")
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\t"), " "
)
_GONE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad\u2060"), None)
_QUOTES = dict.fromkeys(map(ord, "′’ʹ`´‘"), "'") | dict.fromkeys(map(ord, "″”“"), '"')
_CROSS = dict.fromkeys(map(ord, "×✕⨯✖∗"), "x")
_CHARACTERS = _DASHES | _SPACES | _GONE | _QUOTES | _CROSS

_DELTA = re.compile(r"\\delta\b|[∂ẟ𝛿𝜹𝛅𝝳Δ]|Î´|\bdelta\b", re.I)
_TAGS = re.compile(r"</?(?:sup|sub|i|b|em|strong|span|p|br|u|font|small|div)\b[^>]{0,80}>", re.I)
_MARKUP = re.compile(
    r"\\(?:textsuperscript|textsubscript|textit|textbf|mathrm|text|ce|it|rm)\b|[$^_]|\\(?=[{}%&])"
)
_BRACED = re.compile(r"\{\s*([^{}\n]{0,12}?)\s*\}")


def normalise(text: str) -> str:
    """Plain form of ``text``; see the module's docstring.

    Markup of HTML, LaTeX and Markdown is removed; superscript and subscript figures become plain
    ("¹³C" to "13C"); the Greek small delta in its many spellings becomes "δ"; a raised decimal
    point becomes "."; words broken at a line's end are joined.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = html.unescape(_TAGS.sub("", text)) if ("<" in text or "&" in text) else text
    text = _DELTA.sub("δ", text)
    text = re.sub(r"(?<=\d)[·•∙⋅](?=\d)", ".", text)
    text = text.translate(_CHARACTERS)
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS)
    if "\\" in text or "$" in text or "^" in text or "_" in text:
        text = _BRACED.sub(lambda m: m[0] if m[1].upper() == "1H" else m[1], text)
        text = _MARKUP.sub("", text)
    # A word or a number broken at the end of a line; the break moves behind it.
    text = re.sub(r"([A-Za-z])-\n\s*([a-z]\w*)", r"\1\2\n", text)
    text = re.sub(r"(\d)-[ ]*\n[ ]*(?=\d)", r"\1-", text)
    text = re.sub(r"(?<![\w.])(\d{1,3})\.[ ]*\n?[ ]+(\d{1,2})(?=\s*[,;(])", r"\1.\2", text)
    text = re.sub(r"(?<![\w.])(\d{1,3})\.\n(\d{1,2})(?=\s*[,;(])", r"\1.\2\n", text)
    return text
