"""The verdict card and the commentary. The verdict is decided in ``lib.stats.verdict``; here it is only shown."""

from __future__ import annotations

from lib import wording
from lib.live.view import LiveView
from lib.stats.results import Estimate
from lib.ui.figures import Figures, change_id, figures_of, place_of
from lib.ui.markup import Node, chip, div, icon, span, tag
from lib.ui.sentences import sentence_nodes
from lib.ui.viewer import Viewer
from lib.ui.words import change_words, state_of

HYPOTHESIS_LENGTH = 400


def verdict_card(view: LiveView, viewer: Viewer, figures: Figures | None = None) -> Node:
    """State, sentence, the change now beside a call's own, hypothesis, and a copy button."""
    words, tone, symbol = state_of(view)
    return tag(
        "section",
        f"card verdict {tone}",
        div("top", chip(words, tone, symbol), copy_button(copied(view, viewer))),
        tag("p", "say", *_sentence(view, viewer)),
        _now(view, viewer, figures),
        _hypothesis(view),
        aria_label="Verdict",
    )


def _sentence(view: LiveView, viewer: Viewer) -> list[Node]:
    if view.sentences:
        return sentence_nodes(view.sentences[0], viewer)
    if view.trouble is not None:
        return ["Cannot reach PostHog, and there is no earlier reading to show."]
    return ["No numbers for the primary metric yet."]


def copied(view: LiveView, viewer: Viewer) -> str:
    """What the copy button takes along: name, sentence, moment of the data, and where they are from."""
    sentence = view.sentences[0].text if view.sentences else wording.UNKNOWN
    at = wording.full_moment(view.as_of, viewer.zone)
    text = f"{wording.bare_name(view.experiment.name)}: {sentence} (data as of {at}"
    return text + "".join(f"; {tag_}" for tag_ in data_labels(view)) + ")"


def data_labels(view: LiveView) -> tuple[str, ...]:
    """Where the data come from when not from a live product: simulated, or replayed and from whom."""
    return tuple(t for t in view.experiment.tags if t.startswith(("replayed", "simulated")))


def copy_button(text: str) -> Node:
    """A button that puts ``text`` on the clipboard."""
    return tag(
        "button", "copy",
        span("before", icon("content_copy"), " Copy"),
        span("after", icon("check"), " Copied"),
        type="button", data_copy=text, aria_label="Copy the verdict with its moment",
    )  # fmt: skip


def _now(view: LiveView, viewer: Viewer, figures: Figures | None) -> Node | None:
    """A call is sticky and carries its own numbers; those of now stand beside it."""
    primary = view.primary
    if primary is None or primary.verdict.call is None:
        return None
    now = next(
        (e for e in primary.estimates if e.treatment_key == primary.verdict.call.treatment_key),
        None,
    )
    if not isinstance(now, Estimate):
        return None
    change, interval = change_words(primary.metric, now)
    place = place_of(view.experiment, now)
    figures = figures or figures_of(view, viewer)
    said = figures.number(change_id(now, place), change)
    ends = figures.number(change_id(now, place, "_low"), interval)
    return tag("p", "muted small", "Now: ", said, " (", ends, ")")


def _hypothesis(view: LiveView) -> Node | None:
    if not view.experiment.description.strip():
        return None
    text = wording.bare_name(view.experiment.description, HYPOTHESIS_LENGTH)
    return tag("p", "hypothesis", tag("bdi", "", text), title=text)


def commentary(view: LiveView, viewer: Viewer) -> Node | None:
    """At most three sentences; every number opens."""
    if not view.sentences:
        return None
    return tag(
        "section",
        "card comment",
        div(
            "top",
            tag("h2", "", icon("auto_awesome"), " Commentary"),
            chip("computed text", "outline"),
        ),
        *(tag("p", "", *sentence_nodes(s, viewer)) for s in view.sentences[:3]),
        aria_label="Commentary",
    )
