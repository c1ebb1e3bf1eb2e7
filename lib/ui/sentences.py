"""Sentences as nodes: each number in them opens to its definition, inputs and moment.

Pure. Used by the verdict card, the commentary, the why-not-yet list and the copilot's answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib import wording
from lib.experiments.facts import SLOT, Fact, Sentence
from lib.ui.markup import Node, div, span, tag
from lib.ui.viewer import Viewer


def sentence_nodes(sentence: Sentence, viewer: Viewer) -> list[Node]:
    """Words, names and openable numbers."""
    facts = {fact.id: fact for fact in sentence.facts}
    names = dict(sentence.names)
    nodes: list[Node] = []
    for place, piece in enumerate(SLOT.split(sentence.template)):
        if place % 2 == 0:
            nodes += [piece] if piece else []
        elif piece in facts:
            nodes.append(fact_node(facts[piece], viewer))
        else:
            nodes.append(tag("bdi", "", wording.bare_name(names[piece])))
    return nodes


def fact_node(fact: Fact, viewer: Viewer) -> Node:
    """A number that opens to a small sheet; the browser's side is in ``live_block.js``."""
    shown = wording.unbreakable(fact.shown)
    return span(
        "fact",
        tag("button", "num", shown, type="button", aria_expanded="false", title="Open the figure"),
        span("behind", *_behind(fact, viewer), hidden=""),
    )


def _behind(fact: Fact, viewer: Viewer) -> list[Node]:
    lines: list[Node] = [tag("strong", "", fact.shown)]
    if fact.definition:
        lines.append(span("", fact.definition))
    if fact.inputs:
        lines.append(span("muted", f"From: {fact.inputs}"))
    if fact.as_of is not None:
        lines.append(span("muted", f"Data as of {wording.full_moment(fact.as_of, viewer.zone)}"))
    return lines


def fact_table(facts: Sequence[Fact], viewer: Viewer) -> Node:
    """Every fact with value, definition, inputs and moment."""
    heads = ("Figure", "What it is", "From", "Data as of")
    return div(
        "scroll",
        tag(
            "table", "",
            tag("thead", "", tag("tr", "", *(tag("th", "", h, scope="col") for h in heads))),
            tag("tbody", "", *(_row(fact, viewer) for fact in facts)),
        ),
    )  # fmt: skip


def _row(fact: Fact, viewer: Viewer) -> Node:
    at = wording.UNKNOWN if fact.as_of is None else wording.moment(fact.as_of, viewer.zone)
    words = fact.definition or fact.topic
    return tag(
        "tr", "",
        tag("td", "", span("num", wording.unbreakable(fact.shown))),
        tag("td", "", words),
        tag("td", "muted", fact.inputs or wording.UNKNOWN),
        tag("td", "muted", at),
    )  # fmt: skip
