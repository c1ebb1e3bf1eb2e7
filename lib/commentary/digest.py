"""The week as text, for people who never open the page: what was announced, and where everything stands.

Called by the alerts page. It repeats stored texts and the verdicts of now; it computes and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from lib import wording
from lib.commentary.words import words
from lib.experiments.model import Alert, Experiment

WEEK = timedelta(days=7)


def digest(
    *,
    now: datetime,
    alerts: Sequence[Alert],
    standing: Sequence[tuple[Experiment, str]],
    names: Mapping[int, str],
    lang: str = "en",
    zone: tzinfo = UTC,
) -> str:
    """The week that ends ``now`` as plain text.

    Args:
        now: our clock.
        alerts: everything announced, in any order; older ones are left out.
        standing: each running experiment with the verdict's sentence of now.
        names: experiment names by id, for alerts of experiments that no longer run.
        lang: en, de, fr or es.
        zone: the reader's.
    """
    table = words(lang)
    start = now - WEEK
    lines = [
        table["digest.title"].format(
            start=wording.date(start, zone, lang=lang, now=now),
            end=wording.date(now, zone, lang=lang, now=now),
        ),
        "",
        f"{table['digest.announced']}:",
    ]
    told = sorted((a for a in alerts if start <= a.raised_at <= now), key=lambda a: a.raised_at)
    lines += [_told(alert, names, lang, zone, now) for alert in told]
    lines += [] if told else [f"- {table['digest.quiet']}"]
    lines += ["", f"{table['digest.running']}:"]
    lines += [f"- {wording.bare_name(e.name)}: {sentence}" for e, sentence in standing]
    lines += [] if standing else [f"- {table['digest.none']}"]
    return "\n".join(lines)


def _told(alert: Alert, names: Mapping[int, str], lang: str, zone: tzinfo, now: datetime) -> str:
    """One alert on a line; the experiment's name is put before a text that does not have it."""
    at = wording.moment(alert.raised_at, zone, lang=lang, now=now)
    name = wording.bare_name(names.get(alert.experiment_id, ""))
    said = alert.text if name in alert.text else f"{name}: {alert.text}"
    return f"- {at}: {said}"
