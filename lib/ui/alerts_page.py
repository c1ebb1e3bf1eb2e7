"""The alerts page: everything announced and withdrawn, filters, channels with a test button, mutes, the week as text.

Reads the store; the only things it writes are mutes and what a person asks to be sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from lib import wording
from lib.alerts.channels import channels
from lib.commentary.digest import digest
from lib.experiments.chat import Delivery, DeliveryState
from lib.experiments.model import Alert, Experiment
from lib.live.announce import mute, muted
from lib.live.feed import Hub
from lib.live.outbox import TEST, send_again, send_test
from lib.settings import AlertSettings
from lib.ui.alerts_timeline import Telling, fate, timeline
from lib.ui.bell import KINDS
from lib.ui.boundary import contained
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, icon, span, tag
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub, settings

SHOWN = 100
LETTERS = 400
EVERY_S = 10.0
WAITS_FOR_A_PERSON = {DeliveryState.DEAD, DeliveryState.UNKNOWN}
PROMISE = (
    "Announced once, when the evidence is in, a full week was seen, the data are healthy, and it was still so "
    "at the third look. Taken back in public if data are corrected or a check fails. "
    "Looking on is free; deciding stays with you."
)


def alerts_page() -> None:
    """Timeline at the left, what can be set at the right."""
    st.title("Alerts", anchor=False)
    st.caption(PROMISE)
    left, right = st.columns([2.3, 1], gap="medium")
    with left:
        _timeline()
    with right:
        _channels()
        contained(_mutes)(hub())
        contained(_week)()


def _known(source: Hub) -> dict[int, Experiment]:
    kept = {e.id: e for e in source.store.known_experiments()}
    return {**kept, **{e.id: e for e in source.experiments() if e.metrics or e.id not in kept}}


def _name(known: dict[int, Experiment], experiment_id: int) -> str:
    found = known.get(experiment_id)
    return wording.bare_name(found.name if found else f"Experiment {experiment_id}", 60)


@st.fragment(run_every=EVERY_S)
@contained
def _timeline() -> None:
    source = hub()
    known = _known(source)
    alerts = source.store.alerts(limit=SHOWN)
    if not alerts:
        st.info("Nothing was announced yet.", icon=":material/notifications_none:")
        return
    chosen = _filtered(alerts, known)
    by_key: dict[str, list[Delivery]] = {}
    for delivery in source.store.deliveries(limit=LETTERS):
        by_key.setdefault(delivery.alert_key, []).append(delivery)
    telling = Telling(
        experiments=known,
        deliveries=by_key,
        muted=muted(source.store),
        who=viewer(source.clock),
        home=_home(),
    )
    live_block(div("timeline", *timeline(chosen, telling)), key="alerts-timeline")
    if not chosen:
        st.caption("No alert fits the filter.")


def _home() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/" if base else "/"


def _filtered(alerts: Sequence[Alert], known: dict[int, Experiment]) -> list[Alert]:
    """What the two filters let through; nothing chosen is everything."""
    there = dict.fromkeys(alert.experiment_id for alert in alerts)
    with st.container(horizontal=True, vertical_alignment="bottom", key="alerts-filter"):
        kinds = st.multiselect(
            "Kind", [k for k in KINDS if any(a.kind is k for a in alerts)],
            format_func=lambda kind: KINDS[kind][0], key="alerts-kinds", placeholder="All kinds",
        )  # fmt: skip
        ids = st.multiselect(
            "Experiment", list(there), format_func=partial(_name, known), key="alerts-ids",
            placeholder="All experiments",
        )  # fmt: skip
    return [
        alert
        for alert in alerts
        if (not kinds or alert.kind in kinds) and (not ids or alert.experiment_id in ids)
    ]


@st.fragment(run_every=EVERY_S)
@contained
def _channels() -> None:
    """Where alerts go, what a test message met, and what waits for a person."""
    source = hub()
    chosen = settings().alerts
    names = [channel.name for channel in channels(chosen)]
    who = viewer(source.clock)
    letters = source.store.deliveries(limit=LETTERS)
    tests = [d for d in letters if d.alert_key.startswith(TEST)]
    newest = [d for d in tests if d.alert_key == tests[0].alert_key]
    live_block(
        tag(
            "section", "card",
            tag("h2", "", "Channels"),
            tag("ul", "why", *(_channel(words) for words in channel_lines(chosen))),
            div("fates", span("muted", "Test: "), *(fate(d, who) for d in newest)) if newest else None,
            style="display:flex;flex-direction:column;gap:.7rem",
        ),
        key="alerts-channels",
    )  # fmt: skip
    st.button(
        "Send a test message", icon=":material/send:", key="alerts-test", disabled=not names,
        help="To every channel, labelled as a test" if names else "No channel is configured",
        on_click=_test, args=(names, chosen.public_url),
    )  # fmt: skip
    for delivery in [d for d in letters if d.state in WAITS_FOR_A_PERSON][:5]:
        _dead(delivery, who)


def channel_lines(chosen: AlertSettings) -> list[str]:
    """Each way out in words, without an address or a secret; then quiet hours."""
    lines = ["The page: bell, toast, and a message of the copilot"]
    for channel in channels(chosen):
        lines.append(_channel_words(channel.name, chosen))
    if len(lines) == 1:
        lines.append("No channel besides the page; see ALERTS_ in the README")
    if chosen.quiet_hours:
        lines.append(f"Quiet hours {chosen.quiet_hours} ({chosen.quiet_zone}): sent afterwards")
    return lines


def _channel_words(name: str, chosen: AlertSettings) -> str:
    if name == "webhook":
        return "Webhook, signed" if chosen.webhook_secret else "Webhook, not signed"
    if name == "slack":
        return "Slack-compatible webhook"
    return f"E-mail to {wording.count(len(chosen.email_to))} addresses"


def _channel(words: str) -> Node:
    return tag("li", "", span("met", icon("arrow_outward")), span("", words))


def _test(names: Sequence[str], public_url: str) -> None:
    send_test(hub().store, names, hub().clock(), public_url)


def _dead(delivery: Delivery, who: Viewer) -> None:
    """A message nobody may have got, with the way to send it again."""
    with st.container(border=True, key=f"letter-{delivery.id}"):
        live_block(fate(delivery, who), key=f"letter-{delivery.id}-fate")
        st.button(
            "Send again", key=f"letter-{delivery.id}-again", type="tertiary", icon=":material/replay:",
            on_click=_again, args=(delivery,),
        )  # fmt: skip


def _again(delivery: Delivery) -> None:
    send_again(hub().store, delivery, hub().clock())


def _mutes(source: Hub) -> None:
    known = _known(source)
    quiet = muted(source.store)
    options = [i for i, e in known.items() if e.is_running or i in quiet]
    st.multiselect(
        "Muted experiments", options, default=[i for i in options if i in quiet],
        format_func=partial(_name, known), key="alerts-muted", placeholder="None",
        help="They stay in the timeline; no toast, no message, nothing sent. For everybody.",
        on_change=_mute, args=(options,),
    )  # fmt: skip


def _mute(options: Sequence[int]) -> None:
    chosen = set(st.session_state["alerts-muted"])
    store = hub().store
    before = muted(store)
    for experiment_id in options:
        if (experiment_id in chosen) != (experiment_id in before):
            mute(store, experiment_id, on=experiment_id in chosen)


def _week() -> None:
    """The digest, made when somebody opens it."""
    box = st.expander("The week as text", icon=":material/summarize:", key="alerts-week",
                      on_change="rerun")  # fmt: skip
    if not box.open:
        return
    with box:
        text = week_text(hub(), viewer(hub().clock))
        live_block(
            tag("button", "copy",
                span("before", icon("content_copy"), " Copy"), span("after", icon("check"), " Copied"),
                type="button", data_copy=text),
            tag("p", "digest", text),
            key="alerts-digest",
        )  # fmt: skip


def week_text(source: Hub, who: Viewer) -> str:
    """What was announced in the last seven days, and where each running experiment stands."""
    known = _known(source)
    standing = [
        (view.experiment, view.sentences[0].text)
        for view in source.views()
        if view.experiment.is_running and view.sentences
    ]
    return digest(
        now=who.now,
        alerts=source.store.alerts(limit=200),
        standing=standing,
        names={i: e.name for i, e in known.items()},
        zone=who.zone,
    )
