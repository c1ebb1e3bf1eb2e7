"""Model output made safe for a Markdown widget: emphasis, lists, tables and code stay, everything that acts goes.

Called on the whole text shown so far, never on a single delta, since an attack can be split over two. It opens
no address and lets none through; names from outside are ``lib.wording.plain_name``'s business.
"""

from __future__ import annotations

import re

from lib.copilot.check.mention import visible
from lib.wording import REMOVED

ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:/[/\\]\S*"
    r"|\b(?:javascript|vbscript|data|mailto|file|blob|tel|sms|xmpp|ftp|https?):[^\s|]+"
    r"|(?<![\w:/])[/\\]{2}[\w-]+\.\S+"
    r"|\bwww\.\S+"
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
# brackets make links and pictures, angles make HTML, dollars formulas, a colon before a word icons and colours
ACTIVE = re.compile(r"(\\*)([\[\]<$]|:(?=[a-zA-Z_+-])|&(?=[#\w]))")
REFERENCE = re.compile(r"(?m)^(\s*(?:>\s*)*)\\?\[[^\]\n]*\\?\]:.*$")
HEADING = re.compile(r"(?m)^(\s*)(#{1,6})(?=\s)")


def model_markdown(text: str) -> str:
    """The text shown so far as harmless Markdown; a longer text never unescapes what was shown before."""
    said = _keep_lines(text)
    said = REFERENCE.sub(r"\1", said)
    said = ADDRESS.sub(REMOVED, said)
    said = HEADING.sub(r"\1", said)
    return ACTIVE.sub(_escape, said)


def _keep_lines(text: str) -> str:
    """Without invisible characters; line ends and tabs stay."""
    spaced = (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2028", "\n")
        .replace("\u2029", "\n")
    )
    return "".join(c for c in visible(spaced) if c in "\n\t" or (c >= " " and c != "\x7f"))


def _escape(match: re.Match[str]) -> str:
    """A backslash, unless an odd number stands there already."""
    slashes, sign = match[1], match[2]
    return slashes + ("" if len(slashes) % 2 else "\\") + sign
