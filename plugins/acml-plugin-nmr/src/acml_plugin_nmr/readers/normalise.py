"""Printed text to plain characters: one dash, one minus, one decimal point, no markup.

Line breaks are kept, so that messages can name a line.
"""

from __future__ import annotations

import html
import re
import unicodedata

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－⁃\uf02d"), "-")
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\t"), " "
)
_GONE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad\u2060"), None)
_QUOTES = dict.fromkeys(map(ord, "′’ʹ`´‘"), "'") | dict.fromkeys(map(ord, "″”“"), '"')
_CROSS = dict.fromkeys(map(ord, "×✕⨯✖∗"), "x")
_OTHERS = {ord("、"): ",", ord("\uf0b0"): "°"}
_CHARACTERS = _DASHES | _SPACES | _GONE | _QUOTES | _CROSS | _OTHERS

_DELTA = re.compile(r"\\delta\b|[∂ẟ𝛿𝜹𝛅𝝳Δ␦\uf064]|Î´|\.delta\.|\bdelta\b", re.I)
_POINT = re.compile(r"(?<=\d)[·•∙⋅ꞏ](?=\d)")
_MINUS_APART = re.compile(r"(?<=[,;:=δ(])(\s*)−\s+(?=\d)")
_CYRILLIC = str.maketrans("АВЕКМНОРСТХасеорхм", "ABEKMHOPCTXaceopxm")
_SCANNED = (
    (re.compile(r"(?<![\w.])['lI|]3\s?[Cc](?=\s?(?:[-{(\[]|N\.?M\.?R))"), "13C"),
    (re.compile(r"(?<![\w.])['lI|]\s?H(?=[\s-]?N\.?M\.?R)"), "1H"),
    (re.compile(r"(?<![\w.])13c(?=[\s{-])"), "13C"),
    (re.compile(r"\b(?:nmr|Nmr)\b"), "NMR"),
)
"""What optical recognition, or haste, makes of the headers."""

_BLANKS = re.compile(r"(?<=\n) +| +(?=\n)|(?<= ) +")
_PAGE = re.compile(
    r"^(?:S-?\d{1,3}|[Pp]age \d{1,4}(?: (?:of|/) \d{1,4})?|- ?\d{1,4} ?-|\d{1,4} ?/ ?\d{1,4}"
    r"|(?:Electronic )?Support(?:ing|ary) Information)$",
    re.M,
)
"""A line that holds a page's number or head."""

_BROKEN_BEHIND = re.compile(r"(?<![\w.])(\d{1,3})\.( |\n)(\d{1,2})(?=\s*(?:[,;(\[]|\.(?!\d)|$))")
_BROKEN_BEFORE = re.compile(r"(?<![\w.])(\d{1,3})\n\.(\d{1,2})(?![\d.])")
"""Numbers broken behind or before their decimal point: "55. 3", "55.", "3" on the next line."""

_ATOM = re.compile(r"\b([CHNO])\((\d{1,2}[a-z]?['\"]*)\)(?!\w)")
_TAGS = re.compile(r"</?(?:sup|sub|i|b|em|strong|span|p|br|u|font|small|div)\b[^>]{0,80}>", re.I)
_PATENT_TAGS = re.compile(r"\.su[pb]\.\s?")
_MARKUP = re.compile(
    r"\\(?:textsuperscript|textsubscript|textit|textbf|mathrm|text|ce|it|rm)\b|[$^_]|\\(?=[{}%&])"
)
_BRACED = re.compile(r"\{\s*([^{}\n]{0,12}?)\s*\}")


def normalise(text: str) -> str:
    """Plain form of ``text``; see the module's docstring.

    Markup of HTML, LaTeX, Markdown and patents is removed; superscript and subscript figures become
    plain ("¹³C" to "13C"); the Greek small delta in its many spellings becomes "δ"; a raised decimal
    point becomes "."; words and numbers broken at a line's end are joined; Cyrillic letters that
    look like Latin ones become those; "C(4)" becomes "C-4"; blanks are single; pages' numbers go.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = html.unescape(_TAGS.sub("", text)) if ("<" in text or "&" in text) else text
    text = _PATENT_TAGS.sub("", text) if ".su" in text else text
    text = _DELTA.sub("δ", text)
    text = _POINT.sub(".", text)
    text = _MINUS_APART.sub(r"\1-", text)
    text = text.translate(_CHARACTERS)
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS)
    if re.search("[А-Яа-я]", text):  # letters that look like Latin ones: "13С", "ОСН3"
        text = text.translate(_CYRILLIC)
    if "\\" in text or "$" in text or "^" in text or "_" in text:
        text = _BRACED.sub(lambda m: m[0] if m[1].upper() == "1H" else m[1], text)
        text = _MARKUP.sub("", text)
    text = re.sub(r"\*{2,}|\*(?=J\*)|(?<=J)\*", "", text)
    text = _PAGE.sub("", _BLANKS.sub("", text))
    for pattern, meant in _SCANNED:
        text = pattern.sub(meant, text)
    text = _ATOM.sub(r"\1-\2", text)
    # A word or a number broken at the end of a line; the break moves behind it.
    text = re.sub(r"([A-Za-z])-\n\s*([a-z]\w*)", r"\1\2\n", text)
    text = re.sub(r"(\d)-\n(?=\d)", r"\1-", text)
    text = _BROKEN_BEHIND.sub(lambda found: f"{found[1]}.{found[3]}{found[2].strip(' ')}", text)
    return _BROKEN_BEFORE.sub(r"\1.\2\n", text)
