# ruff: noqa: INP001  # a folder of scripts by Streamlit's rule, not a package
"""How the numbers of one experiment moved."""

import streamlit as st

from lib.ui.frame import frame

with frame("History"):
    st.title("History", anchor=False)
    st.caption("How the numbers of one experiment moved.")
    st.info("This page is not built yet.", icon=":material/construction:")
    st.page_link("dashboard.py", label="Back to the live view", icon=":material/arrow_back:")
