"""Mounts a tree of ``lib.ui.markup`` and updates it in place: open details, focus and selections stay.

Numbers that changed are emphasised for a moment by the style sheet. Called by every panel; never asks for
anything and keeps no state.
"""

from __future__ import annotations

import streamlit as st

from lib.ui.assets import bootstrap
from lib.ui.markup import Node

_mount = st.components.v2.component(
    "live_block",
    html="<div class='live-block'></div>",
    js=bootstrap("live_block.js"),
    isolate_styles=False,
)


def live_block(*nodes: Node | None, key: str) -> None:
    """Draw the nodes below each other, nothing when there are none; ``key`` must be unique on the page."""
    tree = [node for node in nodes if node is not None]
    if tree:
        _mount(data={"tree": tree}, key=key)
