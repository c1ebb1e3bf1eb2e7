"""The first page: one experiment, live, with the chat beside it. Run with ``streamlit run dashboard.py``."""

import streamlit as st

from lib.ui.chat import chat_box
from lib.ui.frame import frame
from lib.ui.live_panel import controls, live_panel
from lib.ui.picker import pick
from lib.ui.wiring import hub

with frame("Live") as bar:
    with bar:
        chosen = pick(hub())
    left, right = st.columns([2.3, 1], gap="medium")
    with left:
        drawn = controls(chosen)
        live_panel(chosen, is_listed=bool(hub().experiments()), drawn=drawn)
    with right, st.container(key="chat-column"):
        chat_box(chosen)
