"""A desk made of the real hub over the real stand-in, serving the states of the shared question file's shape."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lib.demo.server import StandIn
from lib.history.store import Store
from lib.live.feed import Hub
from lib.live.wiring import DEMO_KEY, DEMO_PROJECT
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource

STATES = Path(__file__).parent / "fixtures" / "question_states.json"


def utc_now():
    return datetime.now(UTC)


@contextmanager
def desk_of(states, folder: Path):
    """A hub that has read every experiment of ``states`` (a mapping of names to states) once."""
    file = folder / "states.json"
    file.write_text(json.dumps({"states": states}), encoding="utf-8")
    stand_in = StandIn(data=None, speed=1.0, states=file)
    posthog = PostHogSettings(
        host=stand_in.start(),
        project_id=DEMO_PROJECT,
        api_key=Secret(DEMO_KEY),
    )
    store = Store(f"sqlite:///{folder / 'history.sqlite3'}", clock=utc_now)
    hub = Hub(PostHogSource(posthog, clock=utc_now), store, clock=utc_now)
    try:
        hub.round(wait=True)
        for experiment in hub.experiments():
            hub.look(experiment.id)
        for _ in range(2):
            hub.round(wait=True)
        yield hub
    finally:
        hub.stop()
        store.close()
        stand_in.stop()
