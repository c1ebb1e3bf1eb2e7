"""What a channel is given: one alert as a self-contained message, written down as JSON when it is queued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from lib import wording
from lib.experiments.model import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An alert on its way out. Times are ISO 8601, UTC; ``facts`` are the numbers in the text, as shown.

    ``as_of`` is where the data end (the server's clock), ``raised_at`` when it was said (ours). No secrets.
    """

    key: str
    kind: str
    experiment_id: int
    experiment: str
    text: str
    check_first: str
    link: str
    as_of: str
    raised_at: str
    facts: tuple[Mapping[str, str], ...] = ()

    @property
    def subject(self) -> str:
        """One line for a mail's header."""
        return " ".join(f"{self.experiment}: {self.text}".split())[:160]

    @property
    def clocks(self) -> str:
        """Both clocks in words: where the data end, and when it was said."""
        said = f"Said at {_words(self.raised_at)}."
        return f"Data as of {_words(self.as_of)}. {said}" if self.as_of else said

    def as_json(self) -> str:
        """The body of a delivery; sorted keys, so that the same alert gives the same bytes."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)


def message_of(alert: Alert, *, experiment: str, check_first: str, public_url: str) -> Message:
    """The message of an alert. ``experiment`` and ``check_first`` are words for a person."""
    link = f"{public_url}/?experiment={alert.experiment_id}" if public_url else ""
    return Message(
        key=alert.key,
        kind=alert.kind,
        experiment_id=alert.experiment_id,
        experiment=experiment,
        text=alert.text,
        check_first=check_first,
        link=link,
        as_of=alert.as_of.isoformat() if alert.as_of else "",
        raised_at=alert.raised_at.isoformat(),
        facts=alert.facts,
    )


def read_message(body: str) -> Message:
    """The message a body was made from; raises ValueError for anything else."""
    try:
        values = json.loads(body)
        return Message(**{**values, "facts": tuple(values["facts"])})
    except (TypeError, KeyError) as error:
        raise ValueError("not a message of ours") from error


def _words(moment: str) -> str:
    return wording.full_moment(datetime.fromisoformat(moment))
