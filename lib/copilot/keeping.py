"""What stays of a talk: the question, then its answer, and what the talk is about from there on.

Used by ``lib.copilot.assistant``. A question is kept before its answer or neither is: half a talk misleads.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from datetime import datetime

from lib.copilot.answer import Answer
from lib.copilot.desk import Keeper
from lib.copilot.lexicon import Intent
from lib.copilot.question import Context
from lib.experiments.chat import ChatMessage


def keep(store: Keeper, message: ChatMessage) -> str:
    """Keep a message; its id, empty when nothing can be kept now."""
    return store.add_message(
        message.conversation_id, role=message.role, text=message.text, at=message.at,
        author=message.author, facts=message.facts, panel=message.panel, note=message.note,
    ).id  # fmt: skip


def keep_question(store: Keeper, made: Answer) -> None:
    """Keep the question; ``question_id`` stays empty when nothing can be kept now."""
    made.question_id = keep(store, _asked(made))


def keep_answer(store: Keeper, made: Answer, at: datetime, about: Context | None) -> None:
    """Keep the answer, and ``about`` what the talk goes on; the question first when it could not be kept then."""
    if not made.question_id:
        keep_question(store, made)
    if made.question_id:
        made.message_id = keep(store, _said(made, at))
    if about is not None:
        after = replace(about, experiment_id=made.experiment_id)
        store.put_setting(_setting(made.conversation_id), json.dumps(asdict(after)))


def unkept(made: Answer) -> tuple[ChatMessage, ...]:
    """The question and the answer, as far as the store could not take them."""
    both = ((_asked(made), made.question_id), (_said(made, made.asked_at), made.message_id))
    return tuple(message for message, kept in both if not kept)


def _asked(made: Answer) -> ChatMessage:
    return ChatMessage(
        id="", conversation_id=made.conversation_id, at=made.asked_at, role="user", text=made.question
    )  # fmt: skip


def _said(made: Answer, at: datetime) -> ChatMessage:
    return ChatMessage(
        id="", conversation_id=made.conversation_id, at=at, role="assistant", text=made.text,
        author=made.author, facts=made.facts, panel=made.panel, note=made.note,
    )  # fmt: skip


def forget_about(store: Keeper, conversation_id: str) -> None:
    """The conversation was deleted: what it was about goes too."""
    store.put_setting(_setting(conversation_id), None)


def about_kept(store: Keeper, conversation_id: str) -> Context | None:
    """What the talk was about when it was kept; it survives a restart.

    Raises:
        StoreError: the store cannot be read.
    """
    kept = store.setting(_setting(conversation_id))
    if kept:
        with contextlib.suppress(ValueError, TypeError):
            known = Context(**json.loads(kept))
            return replace(known, intent=Intent(known.intent), pending=Intent(known.pending))
    return None


def _setting(conversation_id: str) -> str:
    return f"chat:{conversation_id}"
