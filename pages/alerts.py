# ruff: noqa: INP001  # a folder of scripts by Streamlit's rule, not a package
"""What was announced, and when."""

import streamlit as st

from lib.ui.frame import frame

with frame("Alerts"):
    st.title("Alerts", anchor=False)
    st.caption("What was announced, and when.")
    st.info("This page is not built yet.", icon=":material/construction:")
    st.page_link("dashboard.py", label="Back to the live view", icon=":material/arrow_back:")
