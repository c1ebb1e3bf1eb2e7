"""The conversation: beside the live panel and full width, the same one. Answers are written off the script thread.

``chat_box`` is drawn by the dashboard and by the Copilot page. A tick of the page never touches an answer on its
way, and an answer never holds up a tick: both are fragments of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import streamlit as st

from lib.copilot.answerer import suggestions
from lib.copilot.desk import Asking
from lib.copilot.keeping import keep
from lib.experiments.chat import ChatMessage
from lib.experiments.errors import StoreError
from lib.ui import answer_state, state
from lib.ui.answer_figures import key_of, sheets
from lib.ui.answer_note import running_note
from lib.ui.answer_view import draw_message, live_ids, tail
from lib.ui.answer_wiring import assistant, model
from lib.ui.boundary import contained
from lib.ui.live_block import live_block
from lib.ui.shared import Shelf
from lib.ui.viewer import viewer
from lib.ui.wiring import hub
from lib.ui.words import store_notice

STYLE = Path(__file__).with_name("chat.css").read_text(encoding="utf-8")
TRY_AGAIN_S = 10.0
AT_ONCE = timedelta(seconds=1)  # in the same run as the page around it
SIDE_HEIGHT, FULL_HEIGHT = 560, 640
LANGUAGES = ("en", "de", "fr", "es")
NOTHING: tuple[ChatMessage, ...] = ()

_last: Shelf = Shelf(keep=64)


def chat_box(experiment_id: int | None, *, full_width: bool = False) -> None:
    """The conversation of this session.

    Args:
        experiment_id: what is on the screen; questions without a name are about it.
        full_width: on a page of its own.
    """
    st.html(f"<style>{STYLE}</style>")
    answer_state.link_begun()
    conversation = answer_state.conversation_id()
    messages, lost = kept(conversation)
    with st.container(key="chat"):
        if not full_width:
            _head()
            if experiment_id is not None and model() is not None:
                running_note(experiment_id)
        with st.container(
            height=FULL_HEIGHT if full_width else SIDE_HEIGHT,
            border=not full_width,
            autoscroll=True,
            key="chat-messages",
        ):
            if lost:
                _until_read(conversation, lost, hub().clock())
            _messages(conversation, messages, experiment_id)
        _suggestions(experiment_id, conversation)
        st.chat_input(
            "Ask about an experiment", key="question", on_submit=_submitted, args=(experiment_id,)
        )


def kept(conversation: str) -> tuple[tuple[ChatMessage, ...], str]:
    """Every message of a conversation, also those that could not be stored; those read last and why, if unreadable."""
    if not conversation:
        return (), ""
    lost = ""
    try:
        read = hub().store.messages(conversation)
        _last.put(conversation, read)
    except StoreError as error:
        read, lost = _last.get(conversation, lambda: NOTHING), str(error)
    return (*read, *answer_state.unsaved(conversation)), lost


def forget(conversation: str) -> None:
    """A conversation was deleted."""
    _last.put(conversation, NOTHING)


@st.fragment(run_every=TRY_AGAIN_S)
@contained
def _until_read(conversation: str, why: str, drawn_at: datetime) -> None:
    """Why messages are missing; the page is drawn anew once they can be read."""
    live_block(store_notice(why), key="chat-lost")
    if hub().clock() - drawn_at > AT_ONCE and not kept(conversation)[1]:
        st.rerun()


def _head() -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="chat-head"):
        st.markdown("#### Copilot", width="stretch")
        st.button(
            "New", icon=":material/add_comment:", type="tertiary", key="chat-new",
            on_click=answer_state.open_conversation, args=("",),
        )  # fmt: skip
        carry = {}
        if answer_state.conversation_id():
            carry = {answer_state.LINK: answer_state.conversation_id()}
        st.page_link(
            "pages/copilot.py", label="Widen", icon=":material/open_in_full:", query_params=carry
        )


def _messages(
    conversation: str, messages: tuple[ChatMessage, ...], experiment_id: int | None
) -> None:
    ticking = live_ids(messages)
    flying = answer_state.in_flight(conversation) if conversation else None
    if not messages and flying is None:
        _welcome(experiment_id)
    for place, message in enumerate(messages):
        is_last = place == len(messages) - 1 and flying is None
        draw_message(message, is_live=message.id in ticking, is_last=is_last, place=place)
    sheets(
        [(key_of(m, n), m.text, m.facts) for n, m in enumerate(messages)], viewer(hub().clock).zone
    )
    if flying is not None:
        with st.chat_message("assistant", avatar=":material/insights:"):
            tail(flying)


def _welcome(experiment_id: int | None) -> None:
    with st.chat_message("assistant", avatar=":material/insights:"):
        about = "this experiment" if experiment_id is not None else "an experiment"
        st.markdown(
            f"Ask me about {about}: live results, how long still, what happens if you stop or wait. "
            "Every number I show is computed; I only read."
        )


def _suggestions(experiment_id: int | None, conversation: str) -> None:
    """Three questions that fit the state."""
    about = _about(experiment_id, conversation)
    options = suggestions(Asking(desk=hub(), lang=interface_language()), about)
    key = f"suggestion-{answer_state.suggestion_round()}"
    st.pills(
        "Suggestions", options, key=key, label_visibility="collapsed",
        on_change=_picked, args=(key, experiment_id),
    )  # fmt: skip


def _about(experiment_id: int | None, conversation: str) -> int | None:
    if not conversation:
        return experiment_id
    lang = interface_language()
    return assistant().context(conversation, experiment_id, lang).experiment_id


def interface_language() -> str:
    """The reader's language, when it is one of the four; else English."""
    code = (st.context.locale or "en")[:2].lower()
    return code if code in LANGUAGES else "en"


def _picked(key: str, experiment_id: int | None) -> None:
    chosen = st.session_state.get(key)
    if chosen:
        answer_state.next_suggestions()
        ask(str(chosen), experiment_id)


def _submitted(experiment_id: int | None) -> None:
    text = str(st.session_state.get("question") or "").strip()
    if text:
        ask(text, experiment_id)


def ask(question: str, experiment_id: int | None) -> None:
    """Begin to answer; an answer still on its way in this conversation is stopped and kept.

    Streamlit may end a callback wherever it touches the session or the address, when more was clicked meanwhile:
    what the session remembers comes first, then the store, however slow; the address is the next drawing's.
    """
    conversation = answer_state.conversation_id() or answer_state.begin()
    shown = experiment_id if experiment_id is not None else state.experiment_id()
    able, lang = assistant(viewer(hub().clock).zone), interface_language()
    flying = answer_state.in_flight(conversation)
    if flying is not None and not flying.done:
        flying.stop()
        flying.wait(2.0)
    answer_state.keep_again(conversation, lambda message: bool(keep(hub().store, message)))
    answer_state.fly(able.ask(conversation, question, experiment_id=shown, lang=lang))
