"""The connection page: source, pace and budget, language model, store, health. Shows settings, never secrets."""

from __future__ import annotations

import streamlit as st

from lib import wording
from lib.experiments.errors import StoreError
from lib.live.feed import Health, Hub
from lib.settings import ModelSettings, Settings
from lib.ui.boundary import contained
from lib.ui.header import trouble_notice
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, num, span, tag
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub, settings
from lib.ui.words import notice, store_notice

Pair = tuple[str, Node]


@st.fragment(run_every=10)
@contained
def connection_panel() -> None:
    """All of it, read anew every 10 s."""
    source, chosen = hub(), settings()
    who = viewer(source.clock)
    health = source.health()
    live_block(
        tag("h1", "title", "Connection"),
        *_troubles(health, who),
        _card("Source", source_lines(chosen, source)),
        _card("Pace", pace_lines(health)),
        _card("Language model", model_lines(chosen, source)),
        _card("Store", store_lines(source, health)),
        _card("This process", process_lines(health, who)),
        key="connection",
    )


def _troubles(health: Health, who: Viewer) -> list[Node]:
    said = []
    if health.trouble is not None:
        since = wording.moment(health.trouble.since, who.zone, now=who.now)
        said.append(trouble_notice(health.trouble, who, f"So it is since {since}."))
    if health.store_trouble:
        said.append(store_notice(health.store_trouble))
    if health.loop_error:
        words = (
            f"The last round ended with an unexpected error ({health.loop_error}); the log has it."
        )
        said.append(notice(words, "bad", "error"))
    return said


def _card(title: str, pairs: list[Pair]) -> Node:
    rows = [
        tag("tr", "", tag("th", "", name, scope="row"), tag("td", "", value))
        for name, value in pairs
    ]
    return tag(
        "section", "card", tag("h2", "", title), tag("table", "pairs", tag("tbody", "", *rows))
    )


def source_lines(chosen: Settings, source: Hub) -> list[Pair]:
    """Which PostHog, which project; the key only as set or unset."""
    posthog = chosen.posthog
    if chosen.is_demo:
        return [
            ("Source", "built-in stand-in on this machine, because no PostHog is configured"),
            ("Data", "replayed: ASOS, CC BY 4.0 (Liu et al. 2021), and a few simulated experiments"),
            ("Speed", f"{chosen.demo.speed:g}x"),
            ("To connect PostHog", span("", "set ", tag("code", "", "POSTHOG_PROJECT_ID"), " and ",
                                        tag("code", "", "POSTHOG_API_KEY"))),
            ("Experiments", num(wording.count(len(source.experiments())))),
        ]  # fmt: skip
    return [
        ("Host", tag("code", "", posthog.host)),
        ("Project", posthog.project_id or wording.UNKNOWN),
        ("Key", "set" if posthog.api_key else "not set"),
        ("Live queries an hour", num(wording.count(posthog.live_queries_per_hour))),
        ("May start recalculations", "yes" if posthog.may_recalculate else "no"),
        ("Experiments", num(wording.count(len(source.experiments())))),
    ]


def pace_lines(health: Health) -> list[Pair]:
    """At what cadence it works now, and how much of each limit was used."""
    pace = health.pace
    because = f", {pace.because}" if pace.because else ""
    lines: list[Pair] = [
        ("One look every", div("", num(wording.duration(pace.cadence_s)), because)),
        ("Requests so far", num(wording.count(pace.n_requests))),
    ]
    for name, (used, allowed) in pace.used.items():
        lines.append((_titled(name), _of(used, allowed)))
    return lines


def _titled(name: str) -> str:
    return name[:1].upper() + name[1:]


def model_lines(chosen: Settings, source: Hub) -> list[Pair]:
    """Which model answers; without one the built-in answerer talks."""
    model = chosen.model
    if not model.is_configured:
        return [
            ("Model", "none: answers and commentary are computed text"),
            ("To add one", span("", "set ", tag("code", "", "OPENAI_API_KEY"))),
        ]
    return [
        ("Model", tag("code", "", model.model)),
        ("Address", tag("code", "", model.base_url or "https://api.openai.com/v1")),
        ("Key", "set" if model.api_key else "not set"),
        *_used(model, source),
        ("Tokens a conversation, at most", num(wording.count(model.tokens_per_conversation))),
    ]


def _used(model: ModelSettings, source: Hub) -> list[Pair]:
    """What was used of today's limits, as far as the store tells."""
    try:
        used = source.store.usage(source.clock().date())
    except StoreError as error:
        return [("Used today", f"unknown. {error}")]
    return [
        ("Tokens today", _of(used.tokens, model.tokens_per_day)),
        ("Calls today", _of(used.calls, model.calls_per_day)),
    ]


def _of(used: int, allowed: int) -> Node:
    return div("", num(wording.count(used)), f" of {wording.count(allowed)}")


def store_lines(source: Hub, health: Health) -> list[Pair]:
    """Where history is kept, and whether it can be written."""
    try:
        kept = wording.count(len(source.store.known_experiments()))
    except StoreError as error:
        return [("State", str(error))]
    state = health.store_trouble or "can be written"
    return [("State", state), ("Experiments kept", num(kept))]


def process_lines(health: Health, who: Viewer) -> list[Pair]:
    """What this process does."""
    role = "reads PostHog and announces" if health.is_leader else "follows another process"
    return [
        ("Role", role),
        ("Watched now", num(wording.count(health.n_watched))),
        ("Last round", num(wording.moment(health.last_round_at, who.zone, now=who.now))),
    ]
