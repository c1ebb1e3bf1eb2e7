"""Chooses the experiment: a searchable list, the running ones first, and the address kept in step.

Also says what there is when there is nothing to choose. Used by every page about one experiment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from lib import wording
from lib.experiments.model import Experiment
from lib.live.feed import Hub
from lib.ui import state
from lib.ui.words import STATUSES

WIDGET = "picker"


def pick(hub: Hub) -> int | None:
    """The chosen experiment's id; None while there is none to choose."""
    listed = in_order(hub.experiments())
    chosen = state.experiment_id()
    ids = [e.id for e in listed]
    if chosen is None and ids:
        chosen = first_choice(listed)
        state.choose(chosen)
    if chosen is not None and chosen not in ids:
        ids = [chosen, *ids]  # a link may be opened before the list has been read
    if not ids:
        return None
    labels = labels_of(listed)
    st.session_state[WIDGET] = chosen
    st.selectbox(
        "Experiment",
        ids,
        key=WIDGET,
        format_func=lambda i: labels.get(i, f"Experiment {i}"),
        on_change=_picked,
        label_visibility="collapsed",
        placeholder="Find an experiment",
    )
    return chosen


def _picked() -> None:
    state.choose(int(st.session_state[WIDGET]))


def in_order(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Running first, then ended, then drafts; the source's order within."""
    return sorted(experiments, key=lambda e: (not e.is_running, e.started_at is None))


def first_choice(listed: Sequence[Experiment]) -> int:
    """What to show before anybody chose: a running experiment, a real one before a simulated one."""
    return min(listed, key=lambda e: (not e.is_running, _is_simulated(e))).id


def _is_simulated(experiment: Experiment) -> bool:
    return any(tag.startswith("simulated") for tag in experiment.tags)


def labels_of(experiments: Sequence[Experiment]) -> dict[int, str]:
    """Name and status; the id goes along where a name is not unique."""
    seen = Counter(e.name for e in experiments)
    return {
        e.id: wording.bare_name(e.name)
        + (f" #{e.id}" if seen[e.name] > 1 else "")
        + f" · {STATUSES[e.status].lower()}"
        for e in experiments
    }


def unknown_sentence(experiment_id: int, experiments: Sequence[Experiment]) -> str:
    """Nothing is called that; these are running."""
    running = [wording.plain_name(e.name) for e in experiments if e.is_running]
    now = f"Running now: {', '.join(running[:8])}." if running else "Nothing is running now."
    return f"No experiment has the number {experiment_id}. {now}"
