"""Source, store and hub from Settings; needs no Streamlit, so that ``python -m lib.live`` runs headless too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lib import settings as configuration
from lib.alerts.channels import channels
from lib.demo.server import StandIn
from lib.history.address import default_url
from lib.history.store import Store
from lib.live.announce import Announcer
from lib.live.feed import Hub
from lib.live.outbox import Outbox, quiet_hours
from lib.settings import AlertSettings, PostHogSettings, Secret, Settings
from lib.sources.base import Source
from lib.sources.posthog.client import PostHogSource

DEMO_KEY = "phx_demo"
DEMO_PROJECT = "1"
REPLAY_GOES_ON_S = 3600.0  # at 720x an hour is a month: later most experiments would have ended


def utc_now() -> datetime:
    """Our clock."""
    return datetime.now(UTC)


def settings() -> Settings:
    """The settings of this process."""
    return configuration.load()


def make_stand_in(chosen: Settings, since: float | None = None) -> StandIn:
    """PostHog's stand-in on a free loopback port; ``since``: POSIX time an earlier replay began, to go on."""
    demo = chosen.demo
    return StandIn(
        data=Path(demo.data) if demo.data else None,
        speed=demo.speed,
        start_day=demo.start_day,
        seed=demo.seed,
        since=since,
    )


def make_source(posthog: PostHogSettings, poll_s: float = 10.0) -> Source:
    """The one source there is: PostHog over HTTP."""
    return PostHogSource(posthog, clock=utc_now, tick_s=poll_s)


def make_store(chosen: Settings) -> Store:
    """The history; the demo has a file of its own, so that it never mixes with real data."""
    url = chosen.database_url or default_url()
    if chosen.is_demo and not chosen.database_url:
        url = url.replace("history.sqlite3", "demo.sqlite3")
    return Store(url, clock=utc_now)


def demo_settings(chosen: Settings, store: Store) -> PostHogSettings:
    """How to reach the stand-in, which is started here; a replay of this hour goes on where it was."""
    name = f"demo:{chosen.demo}"
    began = float(store.setting(name) or 0.0)
    now = utc_now().timestamp()
    stand_in = make_stand_in(chosen, began if now - began < REPLAY_GOES_ON_S else None)
    store.put_setting(name, repr(stand_in.clock.began))
    return replace(
        chosen.posthog,
        host=stand_in.start(),
        project_id=DEMO_PROJECT,
        api_key=Secret(DEMO_KEY),
    )


def make_hub(chosen: Settings) -> Hub:
    """Everything connected; the loop is not started yet."""
    store = make_store(chosen)
    posthog = demo_settings(chosen, store) if chosen.is_demo else chosen.posthog
    hub = Hub(
        make_source(posthog, chosen.poll_s),
        store,
        clock=utc_now,
        poll_s=chosen.poll_s,
        speed_hint=chosen.demo.speed if chosen.is_demo else 1.0,
    )
    announce_from(hub, chosen.alerts)
    return hub


def announce_from(hub: Hub, alerts: AlertSettings) -> Outbox:
    """Judge each new view of the hub, and send what was announced as long as the hub runs."""
    outbox = Outbox(
        hub.store,
        channels(alerts),
        clock=hub.clock,
        holder=hub.holder,
        is_quiet=quiet_hours(alerts.quiet_hours, alerts.quiet_zone),
        may_send=hub.is_leader,
    )
    hub.on_view(
        Announcer(
            hub.store,
            clock=hub.clock,
            channels=outbox.channels,
            public_url=alerts.public_url,
        )
    )
    hub.run_beside(outbox)
    return outbox
