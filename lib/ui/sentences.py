"""Sentences as nodes: each number in them opens to its definition, inputs and moment.

Pure. Used by the verdict card, the commentary, the why-not-yet list and the copilot's answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

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
            nodes += _joined(nodes, fact_node(facts[piece], viewer))
        else:
            nodes.append(tag("bdi", "", wording.bare_name(names[piece])))
    return nodes


def _joined(before: list[Node], figure: Node) -> list[Node]:
    """The figure, with the bracket that opens before it taken from there: a line never ends between the two."""
    last = before[-1] if before else None
    if not isinstance(last, str) or not last.endswith("("):
        return [figure]
    before[-1] = last[:-1]
    return [span("joined", "(", figure)]


def fact_node(fact: Fact, viewer: Viewer, *, shown: str | None = None) -> Node:
    """A number that opens to a small sheet; the browser's side is in ``live_block.js``.

    ``shown``: as it stands outside a sentence, without the dashes below it.
    """
    words = wording.unbreakable(fact.shown if shown is None else shown)
    return span(
        "fact" if shown is None else "fact quiet",
        tag("button", "num", words, type="button", aria_expanded="false", title="Open the figure"),
        span("behind", *_behind(fact, viewer, words), hidden=""),
    )


def _behind(fact: Fact, viewer: Viewer, words: str) -> list[Node]:
    lines: list[Node] = [tag("strong", "", words)]
    if fact.definition:
        lines.append(span("", fact.definition))
    if fact.inputs:
        lines.append(span("muted", f"From: {fact.inputs}"))
    if fact.as_of is not None:
        lines.append(span("muted", f"Data as of {wording.full_moment(fact.as_of, viewer.zone)}"))
    return lines


def fact_table(facts: Sequence[Fact], viewer: Viewer, names: Mapping[str, str]) -> Node:
    """Every fact with value, arm, definition and inputs; ``names`` gives an arm's name by its key."""
    newest = max((f.as_of for f in facts if f.as_of is not None), default=None)
    heads = ("Figure", "Of", "What it is", "From")
    return div(
        "",
        div("muted small", f"Data as of {wording.full_moment(newest, viewer.zone)}, unless said otherwise."),
        div(
            "scroll tall",
            tag(
                "table", "fact-rows",
                tag("thead", "", tag("tr", "", *(tag("th", "", h, scope="col") for h in heads))),
                tag("tbody", "", *(_row(fact, viewer, names, newest) for fact in facts)),
            ),
            tabindex="0", role="region", aria_label="The figures behind this",
        ),
    )  # fmt: skip


def _row(fact: Fact, viewer: Viewer, names: Mapping[str, str], newest: datetime | None) -> Node:
    said = fact.inputs or wording.UNKNOWN
    if fact.as_of is not None and fact.as_of != newest:
        said += f" (data as of {wording.full_moment(fact.as_of, viewer.zone)})"
    of = names.get(fact.subject, fact.subject) if fact.subject else "experiment"
    return tag(
        "tr", "",
        tag("td", "", span("num", wording.unbreakable(fact.shown))),
        tag("td", "muted", tag("bdi", "", wording.bare_name(of))),
        tag("td", "", fact.definition or fact.topic),
        tag("td", "muted", said),
    )  # fmt: skip
