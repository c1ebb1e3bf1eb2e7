"""Holds the model for all sessions of this process and makes the assistant on the hub in use.

The assistant itself is wired without Streamlit; this is its one place in the pages.
"""

from __future__ import annotations

import uuid
from datetime import UTC, tzinfo

import streamlit as st

from lib.copilot.answer import Answer
from lib.copilot.assistant import Assistant
from lib.copilot.budget import Budget
from lib.copilot.commentary import Commentator
from lib.copilot.keeping import unkept
from lib.copilot.models import ChatModel, OpenAIModel
from lib.ui import answer_state
from lib.ui.wiring import hub, settings

_given: list[ChatModel] = []
_commentators: dict[int, Commentator] = {}


def use_model(given: ChatModel | None) -> None:
    """Talk to another model than the configured one, as tests do; None goes back."""
    _given[:] = [] if given is None else [given]


def model() -> ChatModel | None:
    """The model of the settings; None when there is none."""
    return _given[-1] if _given else _own()


@st.cache_resource(show_spinner=False)
def _own() -> ChatModel | None:
    chosen = settings().model
    return OpenAIModel(chosen) if chosen.is_configured else None


def assistant(zone: tzinfo = UTC) -> Assistant:
    """The assistant on this process's hub, for a reader in ``zone``."""
    desk = hub()
    budget = Budget(settings().model, desk.store, desk.clock)
    return Assistant(
        desk=desk, store=desk.store, model=model(), budget=budget, zone=zone, on_done=_done
    )


def commentator() -> Commentator | None:
    """The one writer of commentary of this process; None without a model."""
    asked = model()
    if asked is None:
        return None
    store = hub().store
    known = _commentators.get(id(store))
    if known is None or known.model is not asked:
        budget = Budget(settings().model, store, hub().clock)
        known = Commentator(store, asked, uuid.uuid4().hex, budget)
        _commentators[id(store)] = known
    return known


def _done(answer: Answer) -> None:
    """What could not be stored is held in memory."""
    answer_state.keep_unsaved(answer.conversation_id, *unkept(answer))
