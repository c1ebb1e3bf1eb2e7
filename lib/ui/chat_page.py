"""The Copilot page: the conversation at full width, with the list of conversations beside it."""

from __future__ import annotations

import streamlit as st

from lib import wording
from lib.copilot.keeping import forget_about
from lib.experiments.chat import Conversation
from lib.ui import answer_state, state
from lib.ui.answer_wiring import model
from lib.ui.boundary import contained
from lib.ui.chat import chat_box, forget
from lib.ui.wiring import hub

MOST = 30


def chat_page() -> None:
    """Conversations at the left, the open one at the right."""
    left, right = st.columns([1, 3.4], gap="medium")
    with left, st.container(key="conversations"):
        contained(_conversations)()
    with right:
        chat_box(state.experiment_id(), full_width=True)


def _conversations() -> None:
    st.button(
        "New conversation", icon=":material/add_comment:", key="conversation-new", width="stretch",
        on_click=answer_state.open_conversation, args=("",),
    )  # fmt: skip
    open_now = answer_state.conversation_id()
    known = hub().store.conversations(MOST)
    for conversation in known:
        _conversation(conversation, is_open=conversation.id == open_now)
    if not known:
        st.caption("Conversations appear here.")
    _who_answers()


def _conversation(conversation: Conversation, *, is_open: bool) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"conversation-{conversation.id}"
    ):
        st.button(
            wording.plain_name(conversation.title or "Conversation", 34),
            key=f"open-{conversation.id}", width="stretch",
            type="secondary" if is_open else "tertiary",
            help=wording.full_moment(conversation.updated_at),
            on_click=answer_state.open_conversation, args=(conversation.id,),
        )  # fmt: skip
        st.button(
            "", icon=":material/delete:", key=f"delete-{conversation.id}", type="tertiary",
            help="Delete this conversation", on_click=_delete, args=(conversation.id,),
        )  # fmt: skip


def _delete(conversation: str) -> None:
    flying = answer_state.in_flight(conversation)
    if flying is not None:
        flying.stop()
        flying.wait(2.0)
        answer_state.land(flying)
    hub().store.delete_conversation(conversation)
    forget(conversation)
    forget_about(hub().store, conversation)
    if answer_state.conversation_id() == conversation:
        answer_state.open_conversation("")


def _who_answers() -> None:
    asked = model()
    if asked is None:
        st.caption("Answers are computed by rules; no language model is configured.")
    else:
        st.caption(
            f"Answers are worded by {wording.plain_name(asked.name, 40)}; figures are computed."
        )
