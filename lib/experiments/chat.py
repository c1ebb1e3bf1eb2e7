"""What people and the copilot said, and what was sent to whom: plain records, standard library only.

Kept by ``lib.history``, written by the copilot and the alerts, shown by ``lib.ui``. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation; ``id`` is unguessable and stands in its link."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message as it was shown.

    Args:
        id: empty when it could not be kept.
        role: ``user`` or ``assistant``.
        author: empty for a person, ``computed`` or the model's name for an answer.
        facts: the numbers in the text, each as the plain mapping it was computed as.
        panel: ``kind``, ``experiment_id`` and ``as_of`` of the embedded panel, None without one.
        thumb: True up, False down, None not judged.
        note: one line about how it came about, e.g. why the model did not write it.
    """

    id: str
    conversation_id: str
    at: datetime
    role: str
    text: str
    author: str = ""
    facts: tuple[Mapping[str, Any], ...] = ()
    panel: Mapping[str, Any] | None = None
    thumb: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was asked of the language model in one day or one conversation."""

    calls: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark about one experiment, written once per ``key``: commentary, a change of setup, a gap."""

    experiment_id: int
    kind: str
    key: str
    text: str
    at: datetime


class DeliveryState(StrEnum):
    """Where one message to one channel stands."""

    QUEUED = "queued"  # to be sent at ``next_at``
    SENDING = "sending"  # claimed by one process
    SENT = "sent"
    FAILED = "failed"  # refused or unreachable, tried again at ``next_at``
    DEAD = "dead"  # given up, a person must look
    UNKNOWN = "unknown"  # its sender died between sending and saying so


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert on its way to one channel; there is one per alert and channel, whoever enqueues it.

    ``next_at`` is None when it will not be tried again. ``holder`` is the process that claimed it last.
    """

    id: int
    alert_key: str
    channel: str
    body: str
    state: DeliveryState
    tries: int
    created_at: datetime
    next_at: datetime | None = None
    error: str = ""
    holder: str = ""
    claimed_at: datetime | None = None
