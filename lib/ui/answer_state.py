"""What the chat remembers: the conversation of a session, and the answers on their way in this process.

Answers belong to a conversation, not to a tab: whoever opens its link sees them being written. Used by the chat
only; nobody else touches these keys.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import streamlit as st

from lib.copilot.answer import Answer
from lib.experiments.chat import ChatMessage
from lib.ui import state

CONVERSATION = "conversation_id"
BEGUN = "conversation_begun"
LINK = "conversation"
SHOWN_NOW = "panels_shown_now"
PICKS = "suggestion_round"
LONGEST_ID = 64

_in_flight: dict[str, Answer] = {}
_unsaved: dict[str, tuple[ChatMessage, ...]] = {}
_holding = threading.Lock()


def conversation_id() -> str:
    """The conversation of this session: the link's, else the last one; empty before the first question."""
    linked = state.link(LINK)
    if linked.isalnum() and len(linked) <= LONGEST_ID:
        st.session_state[CONVERSATION] = linked
    return str(st.session_state.get(CONVERSATION, ""))


def begin() -> str:
    """A new conversation of this session, kept by its first message; its id."""
    begun = uuid.uuid4().hex
    st.session_state[CONVERSATION] = begun
    st.session_state[BEGUN] = True
    return begun


def link_begun() -> None:
    """Put a conversation that was just begun into the address."""
    if st.session_state.get(BEGUN):
        st.query_params[LINK] = st.session_state[CONVERSATION]
        st.session_state[BEGUN] = False


def open_conversation(chosen: str) -> None:
    """Show this conversation from now on, in the address too; empty begins a new one."""
    state.leave_link(LINK)
    st.session_state[CONVERSATION] = chosen
    st.session_state[BEGUN] = False
    if chosen:
        st.query_params[LINK] = chosen
    else:
        st.query_params.pop(LINK, None)


def in_flight(conversation: str) -> Answer | None:
    """The answer being written in this conversation."""
    return _in_flight.get(conversation)


def fly(answer: Answer) -> None:
    """Remember an answer while it is written."""
    _in_flight[answer.conversation_id] = answer


def land(answer: Answer) -> None:
    """This answer is done and kept; a newer one of the conversation flies on."""
    if _in_flight.get(answer.conversation_id) is answer:
        del _in_flight[answer.conversation_id]


def keep_unsaved(conversation: str, *messages: ChatMessage) -> None:
    """Hold messages that could not be stored, so that they are not lost while this process lives."""
    with _holding:
        if messages:
            _unsaved[conversation] = (*_unsaved.get(conversation, ()), *messages)


def keep_again(conversation: str, keep: Callable[[ChatMessage], bool]) -> None:
    """Store what could not be stored before, oldest first, so that the next message comes after it."""
    with _holding:
        left = list(_unsaved.pop(conversation, ()))
        while left and keep(left[0]):
            del left[0]
        if left:
            _unsaved[conversation] = tuple(left)


def unsaved(conversation: str) -> tuple[ChatMessage, ...]:
    """Messages that could not be stored."""
    return _unsaved.get(conversation, ())


def show_now(message_id: str) -> None:
    """Let an older panel of this session show the present."""
    st.session_state[SHOWN_NOW] = {*st.session_state.get(SHOWN_NOW, set()), message_id}


def is_shown_now(message_id: str) -> bool:
    """Whether an older panel was asked to show the present."""
    return message_id in st.session_state.get(SHOWN_NOW, set())


def suggestion_round() -> int:
    """Counts the suggestions picked, so that the row of them is drawn afresh."""
    return int(st.session_state.get(PICKS, 0))


def next_suggestions() -> None:
    """A suggestion was picked."""
    st.session_state[PICKS] = suggestion_round() + 1
