# ruff: noqa: INP001  # a folder of scripts by Streamlit's rule, not a package
"""Every experiment at a glance, sorted by need to act."""

import streamlit as st

from lib.ui.frame import frame

with frame("Board"):
    st.title("Board", anchor=False)
    st.caption("Every experiment at a glance, sorted by need to act.")
    st.info("This page is not built yet.", icon=":material/construction:")
    st.page_link("dashboard.py", label="Back to the live view", icon=":material/arrow_back:")
