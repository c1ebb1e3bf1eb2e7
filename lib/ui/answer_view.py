"""One message of the conversation: words, panel, who wrote it, the figures behind it, copy, thumbs.

Drawn by ``lib.ui.chat``. Model text and computed text go through the same door, ``model_markdown``; names in facts
are cleaned. Nothing here asks a source or a model.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from lib import wording
from lib.copilot.answer import Answer
from lib.copilot.safe_text import model_markdown
from lib.experiments.chat import ChatMessage
from lib.ui import answer_state
from lib.ui.answer_figures import key_of, moment, shown
from lib.ui.answer_memo import draw_memo
from lib.ui.boundary import contained
from lib.ui.live_block import live_block
from lib.ui.markup import icon, span, tag
from lib.ui.panels import draw_panel
from lib.ui.viewer import viewer
from lib.ui.wiring import hub

TAIL_S = 0.25
EMBED_S = 10.0
MOST_LIVE = 4
COMPUTED = "computed"
STEPS = {
    "results": "reading the results",
    "show_panel": "opening the dashboard",
    "stop_now": "computing what happens if it stops",
    "wait": "computing what waiting brings",
    "forecast": "forecasting",
    "history": "looking into the history",
    "changes": "comparing with earlier",
    "health": "checking the data",
}


def draw_message(message: ChatMessage, *, is_live: bool, is_last: bool, place: int) -> None:
    """One kept message; ``is_live`` lets its panel tick."""
    with st.chat_message(message.role, avatar=_avatar(message.role)):
        st.markdown(shown(message.text, message.facts, key_of(message, place)))
        if message.panel is not None:
            _panel(message, message.panel, is_live=is_live, place=place)
        if message.role == "assistant":
            _foot(message, is_last=is_last, place=place)


def _avatar(role: str) -> str:
    return ":material/person:" if role == "user" else ":material/insights:"


@st.fragment(run_every=TAIL_S)
@contained
def tail(answer: Answer) -> None:
    """The answer being written; drawn only while it is, so that its clock ends with it."""
    said = answer.read()
    if said:
        st.markdown(shown(said))
    if not answer.done:
        step = STEPS.get(answer.step, "thinking" if not said else "writing")
        with st.container(horizontal=True, vertical_alignment="center", key="tail-row"):
            st.caption(f":material/more_horiz: {step}")
            st.button(
                "Stop", icon=":material/stop_circle:", type="tertiary", key="stop-answer",
                on_click=answer.stop,
            )  # fmt: skip
        return
    answer_state.land(answer)
    st.rerun()  # once, as a full run: the finished message and its panel take their place


def _panel(message: ChatMessage, panel: Mapping[str, Any], *, is_live: bool, place: int) -> None:
    """The panel under an answer: ticking, or as it stood when it was shown."""
    kind, experiment_id = str(panel.get("kind", "")), int(panel.get("experiment_id", 0))
    as_of = moment(panel.get("as_of"))
    key = f"panel-{message.id or place}"
    with st.container(border=True, key=f"{key}-box"):
        if kind == "live" and (is_live or answer_state.is_shown_now(message.id)):
            live_embed(experiment_id, key)
            return
        if kind == "live" and as_of is not None:
            _frozen_line(message, as_of, key)
        if kind == "memo":
            draw_memo(experiment_id, as_of, key)
            return
        draw_panel("live" if kind == "past" else kind, experiment_id, as_of, key)


def _frozen_line(message: ChatMessage, as_of: datetime, key: str) -> None:
    said = wording.full_moment(as_of, viewer(hub().clock).zone)
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-frozen"):
        st.caption(f":material/history: As it stood {said}")
        st.button(
            "Show now", type="tertiary", icon=":material/update:", key=f"{key}-now",
            on_click=answer_state.show_now, args=(message.id,),
        )  # fmt: skip


@st.fragment(run_every=EMBED_S)
@contained
def live_embed(experiment_id: int, key: str) -> None:
    """A panel that ticks by itself, whatever else goes on."""
    draw_panel("live", experiment_id, None, key)


def live_ids(messages: Sequence[ChatMessage]) -> set[str]:
    """Messages whose panels tick: the newest of each experiment, a few at most."""
    newest: dict[int, str] = {}
    for message in messages:
        panel = message.panel or {}
        if panel.get("kind") == "live":
            newest.pop(int(panel["experiment_id"]), None)
            newest[int(panel["experiment_id"])] = message.id
    return set(list(newest.values())[-MOST_LIVE:])


def _foot(message: ChatMessage, *, is_last: bool, place: int) -> None:
    """Who wrote it, what it rests on, and what to do with it."""
    key = f"foot-{message.id or place}"
    if message.note:
        st.caption(model_markdown(message.note))
    with st.container(horizontal=True, vertical_alignment="center", key=key):
        _badge(message)
        if message.facts:
            _based_on(message)
        live_block(_copy(message), key=f"{key}-copy")
        if message.id:
            _thumbs(message, key)
        if is_last:
            st.button(
                "Again", icon=":material/refresh:", type="tertiary", key=f"{key}-again",
                help="Ask the same question again", on_click=_ask_again, args=(message,),
            )  # fmt: skip


def _badge(message: ChatMessage) -> None:
    if message.author in {"", COMPUTED}:
        st.badge("computed", icon=":material/calculate:", color="gray")
    else:
        name = wording.plain_name(message.author, 40)
        st.badge(name, icon=":material/smart_toy:", color="violet")


def _based_on(message: ChatMessage) -> None:
    n = len(message.facts)
    with st.popover(f"Based on {n}", icon=":material/receipt_long:", type="tertiary"):
        st.html(facts_table(message.facts))


def facts_table(facts: Sequence[Mapping[str, Any]]) -> str:
    """The figures of an answer as an HTML table: value, whose, definition, inputs, data time. All escaped."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in _row(fact)) + "</tr>"
        for fact in facts
    )
    heads = "".join(
        f"<th scope='col'>{h}</th>" for h in ("Figure", "Of", "What it is", "From", "Data as of")
    )
    return f"<div class='facts-table'><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(fact: Mapping[str, Any]) -> tuple[str, ...]:
    at = moment(fact.get("as_of"))
    return (
        str(fact.get("shown", "")),
        str(fact.get("subject") or "experiment"),
        str(fact.get("definition") or fact.get("topic") or ""),
        str(fact.get("inputs") or wording.UNKNOWN),
        wording.full_moment(at, viewer(hub().clock).zone) if at else wording.UNKNOWN,
    )


def _cell(text: str) -> str:
    return html.escape(wording.bare_name(text, 300) if text else "")


def _copy(message: ChatMessage) -> Any:
    return tag(
        "button", "copy",
        span("before", icon("content_copy"), " Copy"),
        span("after", icon("check"), " Copied"),
        type="button", data_copy=plain_text(message.text), aria_label="Copy this answer",
    )  # fmt: skip


def plain_text(markdown: str) -> str:
    """An answer as plain text: backslashes and bold marks gone."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown).replace("**", "")


def _thumbs(message: ChatMessage, key: str) -> None:
    st.feedback(
        "thumbs",
        key=f"{key}-thumb",
        default=None if message.thumb is None else int(message.thumb),
        on_change=_judge,
        args=(message.id, f"{key}-thumb"),
    )


def _judge(message_id: str, key: str) -> None:
    chosen = st.session_state.get(key)
    hub().store.set_thumb(message_id, None if chosen is None else bool(chosen))


def _ask_again(message: ChatMessage) -> None:
    from lib.ui.chat import ask  # noqa: PLC0415  # the chat draws messages; the way back is taken on a click only

    earlier = hub().store.messages(message.conversation_id)
    questions = [m.text for m in earlier if m.role == "user"]
    if questions:
        ask(questions[-1], None)
