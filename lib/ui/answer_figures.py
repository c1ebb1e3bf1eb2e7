"""The figures inside an answer's words: each is a link that opens its sheet, beside it and without a rerun.

Used by the chat. A figure's place was found when the answer was checked (``lib.copilot.marks``); the words go through
the same door as ever, and only then is a link to our own sheet put around a figure. When that would change
a single sign of the words, they are shown without links. The browser's side is ``static/figures.js``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

import streamlit as st

from lib import wording
from lib.copilot.safe_text import model_markdown
from lib.copilot.teller import phrases
from lib.experiments.chat import ChatMessage
from lib.ui.assets import bootstrap
from lib.ui.wiring import hub

START, NUMBER, END = (
    "\u2402",
    "\u241f",
    "\u2403",
)  # visible signs that no answer has; taken out of it first
MARKED = re.compile(f"{START}(\\d+){NUMBER}([^{START}{NUMBER}{END}\n]*){END}")
PLAIN = re.compile(
    r"(?:\\.|[^\\`*_\[\]<>|~$])*"
)  # up to the first sign of markup; escaped ones are none
TITLE = "Open the figure"
AT_ONCE = 6  # messages whose sheets travel together
Records = Sequence[Mapping[str, Any]]

_mount = st.components.v2.component(
    "answer_figures",
    html="<div class='answer-figures'></div>",
    js=bootstrap("figures.js"),
    isolate_styles=False,
)


def shown(text: str, facts: Records = (), key: str = "") -> str:
    """An answer as harmless Markdown in which a number stays with its unit and opens its figure.

    Args:
        text: as kept.
        facts: as kept with it; those with a place in the text become links.
        key: names the answer on the page; empty for words without links.
    """
    plain = model_markdown(text)
    places = places_of(text, located(text, facts)) if key else []
    if not places:
        return wording.unbreakable(plain)
    marked = model_markdown(_mark(text, places))
    if MARKED.sub(r"\2", marked) != plain:
        return wording.unbreakable(plain)
    return wording.unbreakable(MARKED.sub(lambda m: _link(m[2], f"{key}-{m[1]}"), marked))


def located(text: str, facts: Records) -> Records:
    """Facts with their places in the text; those of an alert were kept without, and are found by their words."""
    if not facts or any("at" in fact for fact in facts):
        return facts
    taken: list[tuple[int, int]] = []
    found = [dict(fact) for fact in facts]
    for fact in sorted(found, key=lambda f: -len(str(f.get("shown", "")))):
        fact["at"] = []
        words = re.escape(wording.escape_markdown(str(fact.get("shown", "")))) or r"(?!)"
        for match in re.finditer(rf"(?<![\w.,]){words}(?!\w)", text):
            if all(match.end() <= a or match.start() >= b for a, b in taken):
                taken.append(match.span())
                fact["at"].append(match.span())
    return found


def places_of(text: str, facts: Records) -> list[tuple[int, int, int]]:
    """Start, end and number of the fact of every figure in a text, in order; nothing doubtful."""
    if any(sign in text for sign in (START, NUMBER, END)):
        return []
    found = sorted(
        (place[0], place[1], n)
        for n, fact in enumerate(facts)
        for place in fact.get("at") or ()
        if _is_place(place, len(text))
    )
    apart = [p for i, p in enumerate(found) if i == 0 or found[i - 1][1] <= p[0]]
    return [p for p in apart if not _is_code(text, p[0])]


def _is_place(place: object, length: int) -> bool:
    if not isinstance(place, list | tuple) or len(place) != 2:
        return False
    start, end = place
    return isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length


def _is_code(text: str, at: int) -> bool:
    return text.count("`", 0, at) % 2 == 1


def _mark(text: str, places: Sequence[tuple[int, int, int]]) -> str:
    said, last = "", 0
    for start, end, n in places:
        said += f"{text[last:start]}{START}{n}{NUMBER}{text[start:end]}{END}"
        last = end
    return said + text[last:]


def _link(words: str, target: str) -> str:
    """Words as a link; markup at their end, as in ``**9 %** more``, stays outside."""
    match = PLAIN.match(words)
    label = match[0].rstrip() if match else ""
    if not any(c.isdigit() for c in label):
        return words
    return f'[{label}](#figure-{target} "{TITLE}"){words[len(label) :]}'


def sheets(messages: Sequence[tuple[str, str, Records]], zone: tzinfo) -> None:
    """Hand the sheets of all answers on the page to the browser: the answer's key, its text and its facts.

    In parcels that stay as they are while a conversation grows: what the browser has is not sent again.
    """
    names = {(e.id, v.key): v.name or v.key for e in hub().experiments() for v in e.variants}
    for start in range(0, len(messages), AT_ONCE):
        some = messages[start : start + AT_ONCE]
        given = {
            f"{key}-{n}": sheet(fact, zone, names)
            for key, text, facts in some
            for n, fact in enumerate(located(text, facts))
            if fact.get("at")
        }
        if given:
            name = f"figures-{some[0][0]}"
            _mount(data={"key": name, "sheets": given}, key=name, height="content")


def sheet(
    fact: Mapping[str, Any], zone: tzinfo, names: Mapping[tuple[Any, str], str]
) -> list[list[str]]:
    """What a figure opens to, as pairs of class and text: value, whose, definition, inputs, data time.

    ``names`` has the arms' names by experiment and key. The definition says whether a figure holds at every look
    or for one only.
    """
    lang = str(fact.get("lang") or "en")
    words, at, key = phrases(lang), moment(fact.get("as_of")), str(fact.get("subject") or "")
    subject = names.get((fact.get("experiment_id"), key), key)
    lines = [
        ("value", str(fact.get("shown", ""))),
        ("whose", wording.bare_name(subject) if subject else words["sheet_experiment"]),
        ("what", str(fact.get("definition") or fact.get("topic") or "")),
        ("muted", f"{words['sheet_from']} {fact['inputs']}" if fact.get("inputs") else ""),
        (
            "muted",
            f"{words['sheet_as_of']} {wording.full_moment(at, zone, lang=lang)}" if at else "",
        ),
    ]
    return [[cls, wording.unbreakable(wording.bare_name(text, 400))] for cls, text in lines if text]


def moment(raw: object) -> datetime | None:
    """A kept moment; None when it is none."""
    if not isinstance(raw, str):
        return None
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        return None


def key_of(message: ChatMessage, place: int) -> str:
    """Names an answer on the page."""
    return message.id or f"p{place}"
