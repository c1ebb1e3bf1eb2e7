"""One answer on its way: made off the script thread, read by anybody, stopped at once, kept when done.

Made by ``lib.copilot.assistant``; the chat box reads it in a fragment. It holds text and plain values only and
survives reruns and page switches; what is done is in the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lib.experiments.facts import Fact


@dataclass(slots=True)
class Answer:
    """Attributes are replaced whole; ``done`` comes last.

    Args:
        conversation_id: where it belongs.
        question: what was asked.
        asked_at: when, UTC.
        question_id: of the kept question, empty while it could not be kept.
        text: Markdown shown so far.
        author: ``computed`` or the model's name.
        note: one line about how it came about.
        facts: the numbers in it.
        panel: to be drawn under it.
        message_id: of the kept message, empty before.
        experiment_id: the experiment the talk is about from here on.
        step: the tool at work now, for a line like "looking at the results".
        cancel: ends the work, once it has begun.
    """

    conversation_id: str
    question: str
    asked_at: datetime
    question_id: str = ""
    text: str = ""
    author: str = "computed"
    note: str = ""
    facts: tuple[dict[str, Any], ...] = ()
    panel: dict[str, Any] | None = None
    message_id: str = ""
    experiment_id: int | None = None
    step: str = ""
    is_stopped: bool = False
    done: bool = False
    cancel: Callable[[], object] | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def read(self) -> str:
        """What may be shown now."""
        return self.text

    def stop(self) -> None:
        """End the request upstream at once; what was shown is kept."""
        self.is_stopped = True  # work that begins only now ends by itself
        if self.cancel is not None:
            self.cancel()

    def finish(self) -> None:
        """Nothing more will come."""
        self.step = ""
        self.done = True
        self._over.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is done; False when it is not by then."""
        return self._over.wait(timeout_s)


def as_record(fact: Fact, at: Sequence[Sequence[int]] = ()) -> dict[str, Any]:
    """A fact as it is kept with a message; ``at`` is where its text says it, as starts and ends."""
    return {
        "id": fact.id,
        "value": fact.value,
        "unit": str(fact.unit),
        "topic": fact.topic,
        "subject": fact.subject,
        "shown": fact.shown,
        "role": str(fact.role),
        "definition": fact.definition,
        "inputs": fact.inputs,
        "as_of": fact.as_of.isoformat() if fact.as_of else None,
        "experiment_id": fact.experiment_id,
        "metric_id": fact.metric_id,
        "at": [list(place) for place in at],
    }
