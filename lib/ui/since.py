"""What a reader missed: one computed line after an absence, drawn above an experiment.

The browser alone knows when it last showed the experiment (``static/since.js`` keeps a note in it) and speaks up once,
when its reader comes back after half an hour or more. The line is computed then, from the reading of that time
recomputed without hindsight, and stands unchanged until it is closed or the next absence. A tick computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from lib.commentary.changes import since_sentence
from lib.commentary.sentences import verdict_sentence
from lib.commentary.speaker import Speaker
from lib.copilot.desk import prefixed
from lib.copilot.teller import phrases
from lib.experiments.facts import Sentence
from lib.live.view import LiveView
from lib.ui.assets import bootstrap
from lib.ui.markup import Node, icon, tag
from lib.ui.sentences import sentence_nodes
from lib.ui.viewer import Viewer
from lib.ui.wiring import hub

ABSENT = timedelta(minutes=30)
LONGEST = timedelta(days=90)  # an older note says nothing a reader remembers
FRESH = timedelta(minutes=1)  # the line waits for a look that is not older than the return by more
ABSENCES = "absences"
PAST = "then:"

_watch = st.components.v2.component(
    "since_watch",
    html="<div class='since-watch'></div>",
    js=bootstrap("since.js"),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One absence of this session's reader: when it ended on our clock, how long it was, what is said about it."""

    ended_at: datetime
    away: timedelta
    said: tuple[Sentence, ...] | None = None  # None: not computed yet


def since_line(view: LiveView, who: Viewer, key: str) -> Node | None:
    """What changed while the reader of this session was away; None when nobody was.

    Args:
        view: the experiment as it is now.
        who: the reader.
        key: unique on the page.
    """
    one = view.experiment.id
    told = _watch(
        data={"experiment": one, "absent_s": ABSENT.total_seconds()},
        key=f"{key}-since", height=1, on_back_change=_noted, on_shut_change=_noted,
    )  # fmt: skip
    came, shut = getattr(told, "back", None), getattr(told, "shut", None)
    if _is_about(one, shut):
        forget(one)
    if _is_about(one, came) and (away := _length(came)) is not None:
        remember(one, Absence(ended_at=who.now, away=away))
    absence = absences().get(one)
    if absence is None:
        return None
    if absence.said is None:
        if view.checked_at is None or view.checked_at < absence.ended_at - FRESH:
            return None
        said = missed(view, who, absence)
        absence = Absence(ended_at=absence.ended_at, away=absence.away, said=said)
        remember(one, absence)
    return _line(absence.said, who) if absence.said else None


def _noted() -> None:
    """The browser's word is read from the component itself; a callback only announces its name."""


def absences() -> dict[int, Absence]:
    """The last absence of this session by experiment."""
    known: dict[int, Absence] = st.session_state.get(ABSENCES, {})
    return known


def remember(experiment_id: int, absence: Absence) -> None:
    """Keep an absence; the one before it is over."""
    st.session_state[ABSENCES] = absences() | {experiment_id: absence}


def forget(experiment_id: int) -> None:
    """The line was closed."""
    st.session_state[ABSENCES] = {k: v for k, v in absences().items() if k != experiment_id}


def _is_about(experiment_id: int, word: Any) -> bool:
    """Whether the browser's word is about this experiment: it comes from outside."""
    return isinstance(word, dict) and word.get("experiment") == experiment_id


def _length(word: Any) -> timedelta | None:
    """How long the reader was away; None when the browser says something impossible."""
    away = word.get("away")
    if not isinstance(away, int | float):
        return None
    known = ABSENT.total_seconds() <= away <= LONGEST.total_seconds()
    return timedelta(seconds=away) if known else None


def missed(view: LiveView, who: Viewer, absence: Absence) -> tuple[Sentence, ...]:
    """What changed since the reader left, in words; empty when nothing can be compared with."""
    moment = view.server_time(absence.ended_at - absence.away)
    started = view.experiment.started_at
    if moment is None or view.primary is None or (started is not None and moment <= started):
        return ()
    then = hub().look(view.experiment.id, moment)
    if then is None or then.primary is None or not any(arm.n for arm in then.primary.arms):
        return ()
    now = view.server_now or who.now
    speaker = Speaker(
        view.experiment, view.primary, view.forecast, server_now=now, zone=who.zone
    )  # fmt: skip
    told = since_sentence(speaker, then.primary, absence.away)
    return () if told is None else (told, *_verdict_then(view, then, who))


def _verdict_then(view: LiveView, then: LiveView, who: Viewer) -> tuple[Sentence, ...]:
    """The verdict of then when it was another one."""
    assert view.primary is not None  # noqa: S101  # the caller looked
    assert then.primary is not None  # noqa: S101  # the caller looked
    if then.primary.verdict.state is view.primary.verdict.state:
        return ()
    was = prefixed(
        verdict_sentence(
            then.experiment, then.primary, then.forecast,
            server_now=then.server_now or then.primary.snapshot.as_of, zone=who.zone,
        ),
        PAST,
    )  # fmt: skip
    said = phrases("en")["changed_verdict"].format(verdict=was.template)
    return (Sentence(template=said, facts=was.facts, names=was.names, kind="changed"),)


def _line(said: tuple[Sentence, ...], who: Viewer) -> Node:
    words: list[Node] = []
    for sentence in said:
        words += [*sentence_nodes(sentence, who), " "]
    shut = tag(
        "button", "shut", "Close", type="button", data_since_shut="",
        aria_label="Close what changed since you last looked",
    )  # fmt: skip
    return tag(
        "section", "card since", icon("history"), tag("p", "", *words), shut,
        role="status", aria_label="Since you last looked",
    )  # fmt: skip
