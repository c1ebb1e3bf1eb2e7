"""The model's running commentary above the conversation: drawn, and asked for, while somebody looks.

The computed sentences stand on the live panel at every tick; this is only how the model words the situation, with
the moment it was written. Without a model nothing is drawn.
"""

from __future__ import annotations

import streamlit as st

from lib import wording
from lib.copilot.commentary import newest_comment
from lib.ui.answer_figures import sheets, shown
from lib.ui.answer_wiring import commentator
from lib.ui.boundary import contained
from lib.ui.viewer import viewer
from lib.ui.wiring import hub

TICK_S = 10.0


@st.fragment(run_every=TICK_S)
@contained
def running_note(experiment_id: int) -> None:
    """The newest comment on an experiment; each tick may lead to a new one."""
    writer, view = commentator(), hub().look(experiment_id)
    if writer is None or view is None:
        return
    writer.consider(view, hub().clock())
    comment = newest_comment(hub().store, experiment_id)
    if comment is None:
        return
    zone, key = viewer(hub().clock).zone, f"note-{experiment_id}"
    at = wording.moment(comment.at, zone, now=hub().clock())
    author = wording.plain_name(comment.author, 40)
    with st.container(border=True, key="running-note"):
        st.markdown(shown(comment.text, comment.facts, key))
        st.caption(f":material/auto_awesome: worded by {author}, {at}; figures computed")
        sheets([(key, comment.text, comment.facts)], zone)
