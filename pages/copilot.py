# ruff: noqa: INP001  # a folder of scripts by Streamlit's rule, not a package
"""The conversation about experiments, full width."""

import streamlit as st

from lib.ui.frame import frame

with frame("Copilot"):
    st.title("Copilot", anchor=False)
    st.caption("The conversation about experiments, full width.")
    st.info("This page is not built yet.", icon=":material/construction:")
    st.page_link("dashboard.py", label="Back to the live view", icon=":material/arrow_back:")
