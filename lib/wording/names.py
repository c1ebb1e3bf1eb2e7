"""Text from outside made harmless: names, keys, descriptions. Nothing here ever trusts its input.

``plain_name`` for Markdown widgets, ``html_name`` for Plotly labels and HTML, ``csv_name`` for cells,
``prompt_name`` for prompts, ``bare_name`` for plain text. All five clean alike: no control, invisible or
direction characters, no addresses, one line, a bounded length.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata

NAMELESS = "(no name)"
REMOVED = "(address removed)"
# Letters and marks that show nothing although Unicode does not call them format characters.
BLANKS = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
PILED_MARKS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:/[/\\]\S*"  # scheme://
    r"|\b(?:javascript|vbscript|data|mailto|file|blob|tel|sms|xmpp):\S+"
    r"|(?<![\w:/])//[\w-]+\.\S+"  # //host/path
    r"|\bwww\.\S+"
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@^=])")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "\u2212", "＝", "＋", "－", "＠")
ISOLATE = ("\u2068", "\u2069")  # keeps a right-to-left name from turning the words around it


def bare_name(text: object, limit: int = 80) -> str:
    """A name as plain text: one line, nothing invisible, no address, at most ``limit`` characters."""
    said = unicodedata.normalize("NFC", str(text))
    said = "".join(_visible(c) for c in said)
    said = " ".join(BLANKS.sub("", said).split())
    said = PILED_MARKS.sub(r"\1", said)
    said = " ".join(ADDRESS.sub(REMOVED, said).split())
    if len(said) > limit:
        said = said[: limit - 1].rstrip() + "…"
    return said or NAMELESS


def _visible(c: str) -> str:
    category = unicodedata.category(c)
    if category in {"Cf", "Cn", "Co", "Cs"}:
        return ""
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else c


def plain_name(text: object, limit: int = 80) -> str:
    """A name as literal text inside Markdown: cleaned, then a backslash before each sign of markup."""
    return _isolated(escape_markdown(bare_name(text, limit)))


def escape_markdown(text: str) -> str:
    """Any text so that Markdown shows it as it is: no link, picture, formula, colour, list or emphasis."""
    return MARKUP.sub(r"\\\1", text)


def html_name(text: object, limit: int = 80) -> str:
    """A name for Plotly labels and HTML: cleaned and escaped, formulas and hover patterns defused."""
    return _isolated(escape_html(bare_name(text, limit)))


def escape_html(text: str) -> str:
    """Escape for HTML and for Plotly, which reads ``$..$`` as a formula and ``%{..}`` as a pattern."""
    return html.escape(text).replace("$", "&#36;").replace("{", "&#123;")


def csv_name(text: object, limit: int = 80) -> str:
    """A name for a spreadsheet cell: cleaned, and a text that looks like a formula gets a quote in front."""
    return csv_cell(bare_name(text, limit))


def csv_cell(text: str) -> str:
    """Defuse text that a spreadsheet would run as a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def prompt_name(text: object, limit: int = 80) -> str:
    """A name inside a prompt: a JSON string; the prompt says that quoted names are data."""
    return json.dumps(bare_name(text, limit), ensure_ascii=False)


def _isolated(said: str) -> str:
    if any(unicodedata.bidirectional(c) in {"R", "AL", "AN"} for c in said):
        return ISOLATE[0] + said + ISOLATE[1]
    return said


def unbreakable(text: str) -> str:
    """Prose in which a number stays with its unit at a line break: ``8.3 %`` with a fixed space."""
    return re.sub(r"(?<=\d) (?=%|points?\b|of 100|d\b|h\b|min\b|s\b)", "\u00a0", text)
