"""Conversations, what the language model has used, notes on experiments, and settings made in the app."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from lib.experiments.chat import ChatMessage, Conversation, Note, Usage
from lib.history import codec
from lib.history.database import Database
from lib.history.moments import from_micros, to_micros
from lib.history.schema import conversations, messages, notes, settings, usage

TITLE_LENGTH = 60
M, N = messages.c, notes.c


class Chats:
    """The rows of ``conversations``, ``messages`` and ``usage``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conversations(self, limit: int) -> tuple[Conversation, ...]:
        """The last used first."""
        query = select(conversations).order_by(conversations.c.updated_at.desc()).limit(limit)
        rows = self._database.read(lambda c: c.execute(query).all())
        return tuple(
            Conversation(
                id=row.id,
                title=row.title,
                created_at=from_micros(row.created_at),
                updated_at=from_micros(row.updated_at),
            )
            for row in rows
        )

    def new(self, title: str, at: datetime) -> str:
        """Begin a conversation; its id, also when nothing can be kept now."""
        new_id = uuid.uuid4().hex
        row = _conversation(self._database, new_id, title, at)
        self._database.write(lambda c: c.execute(row), None)
        return new_id

    def rename(self, conversation_id: str, title: str) -> bool:
        """Give a conversation another title."""
        row = update(conversations).where(conversations.c.id == conversation_id)
        return self._changed(row.values(title=title))

    def forget(self, conversation_id: str) -> bool:
        """Delete a conversation with its messages."""

        def work(connection: Connection) -> bool:
            connection.execute(delete(messages).where(M.conversation_id == conversation_id))
            gone = delete(conversations).where(conversations.c.id == conversation_id)
            return connection.execute(gone).rowcount > 0

        return self._database.write(work, otherwise=False)

    def messages(self, conversation_id: str) -> tuple[ChatMessage, ...]:
        """Every message, oldest first."""
        query = select(messages).where(M.conversation_id == conversation_id).order_by(M.id)
        return tuple(_message(row) for row in self._database.read(lambda c: c.execute(query).all()))

    def add(self, message: ChatMessage) -> ChatMessage:
        """Keep a message; it comes back with its id, empty when nothing can be kept now.

        The first of an unknown conversation begins it, with the question as its title.
        """
        values = {
            **{name: getattr(message, name) for name in _WORDS},
            "conversation_id": message.conversation_id,
            "at": to_micros(message.at),
            "role": message.role,
            "facts": codec.dumps(message.facts),
            "panel": _panel(message.panel),
            "thumb": message.thumb,
        }

        def work(connection: Connection) -> str:
            own = conversations.c.id == message.conversation_id
            seen = update(conversations).where(own).values(updated_at=to_micros(message.at))
            if connection.execute(seen).rowcount == 0:
                title = _title(message)
                connection.execute(
                    _conversation(self._database, message.conversation_id, title, message.at)
                )
            row = self._database.insert(messages).values(values).returning(M.id)
            return str(connection.execute(row).scalar_one())

        new_id = self._database.write(work, "")
        return _with_id(message, new_id)

    def amend(self, message_id: str, changes: Mapping[str, Any]) -> bool:
        """Change text, author, facts, panel or note of a kept message, e.g. when an answer is complete."""
        values = dict(changes)
        if "facts" in values:
            values["facts"] = codec.dumps(values["facts"])
        if "panel" in values:
            values["panel"] = _panel(values["panel"])
        return self._changed_message(message_id, values)

    def set_thumb(self, message_id: str, up: bool | None) -> bool:
        """Judge an answer; None takes the judgement back."""
        return self._changed_message(message_id, {"thumb": up})

    def add_usage(self, scope: str, calls: int, tokens: int) -> None:
        """Count what the model has used."""
        row = self._database.insert(usage).values(scope=scope, calls=calls, tokens=tokens)
        more = {"calls": usage.c.calls + calls, "tokens": usage.c.tokens + tokens}
        row = row.on_conflict_do_update(index_elements=["scope"], set_=more)
        self._database.write(lambda c: c.execute(row), None)

    def usage(self, scope: str) -> Usage:
        """What the model has used."""
        query = select(usage.c.calls, usage.c.tokens).where(usage.c.scope == scope)
        row = self._database.read(lambda c: c.execute(query).first())
        return Usage() if row is None else Usage(calls=row.calls, tokens=row.tokens)

    def _changed_message(self, message_id: str, values: Mapping[str, Any]) -> bool:
        if not message_id.isdecimal():  # it was never kept
            return False
        return self._changed(update(messages).where(M.id == int(message_id)).values(values))

    def _changed(self, statement: Any) -> bool:
        return self._database.write(lambda c: c.execute(statement).rowcount > 0, otherwise=False)


class Notes:
    """The rows of ``notes`` and ``settings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, note: Note) -> bool:
        """Keep a note; False when one of this kind and key is there, or nothing can be kept."""
        values = {name: getattr(note, name) for name in Note.__slots__}
        values["at"] = to_micros(note.at)
        return self._database.write(
            lambda c: self._database.insert_once(c, notes, values), otherwise=False
        )

    def notes(self, experiment_id: int, kinds: Sequence[str], limit: int) -> tuple[Note, ...]:
        """The newest ``limit`` notes of these kinds, newest first; no kind named: of every kind."""
        query = select(notes).where(N.experiment_id == experiment_id)
        if kinds:
            query = query.where(N.kind.in_(kinds))
        query = query.order_by(N.at.desc(), N.id.desc()).limit(limit)
        rows = self._database.read(lambda c: c.execute(query).all())
        return tuple(_note(row) for row in rows)

    def count_since(self, experiment_id: int, kind: str, since: datetime) -> int:
        """How many notes of a kind were kept at or after ``since``."""
        query = select(func.count()).where(
            N.experiment_id == experiment_id, N.kind == kind, N.at >= to_micros(since)
        )
        return int(self._database.read(lambda c: c.execute(query).scalar_one()))

    def setting(self, name: str) -> str | None:
        """One setting made in the app."""
        query = select(settings.c.value).where(settings.c.name == name)
        return self._database.read(lambda c: c.execute(query).scalar())

    def settings(self, prefix: str) -> dict[str, str]:
        """Every setting whose name begins so, e.g. all mutes."""
        query = select(settings.c.name, settings.c.value).order_by(settings.c.name)
        query = query.where(settings.c.name.startswith(prefix, autoescape=True))
        rows = self._database.read(lambda c: c.execute(query).all())
        return {row.name: row.value for row in rows}

    def put_setting(self, name: str, value: str | None) -> bool:
        """Keep a setting; None removes it."""
        if value is None:
            gone = delete(settings).where(settings.c.name == name)
            return self._database.write(lambda c: c.execute(gone).rowcount > 0, otherwise=False)
        row = self._database.insert(settings).values(name=name, value=value)
        row = row.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        return self._database.write(lambda c: c.execute(row) is not None, otherwise=False)


_WORDS = ("text", "author", "note")


def _conversation(database: Database, new_id: str, title: str, at: datetime) -> Any:
    moment = to_micros(at)
    return database.insert(conversations).values(
        id=new_id, title=title, created_at=moment, updated_at=moment
    )


def _title(message: ChatMessage) -> str:
    return " ".join(message.text.split())[:TITLE_LENGTH] if message.role == "user" else ""


def _panel(panel: Mapping[str, Any] | None) -> str | None:
    return None if panel is None else codec.dumps(panel)


def _with_id(message: ChatMessage, new_id: str) -> ChatMessage:
    values = {name: getattr(message, name) for name in ChatMessage.__slots__}
    return ChatMessage(**{**values, "id": new_id})


def _message(row: Row[Any]) -> ChatMessage:
    return ChatMessage(
        id=str(row.id),
        conversation_id=row.conversation_id,
        at=from_micros(row.at),
        role=row.role,
        text=row.text,
        author=row.author,
        facts=tuple(json.loads(row.facts)),
        panel=None if row.panel is None else json.loads(row.panel),
        thumb=row.thumb,
        note=row.note,
    )


def _note(row: Row[Any]) -> Note:
    return Note(
        experiment_id=row.experiment_id,
        kind=row.kind,
        key=row.key,
        text=row.text,
        at=from_micros(row.at),
    )
