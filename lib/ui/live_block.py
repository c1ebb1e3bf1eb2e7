"""Mounts a tree of ``lib.ui.markup`` and updates it in place: open details, focus, selections and zoom stay.

Numbers that changed are emphasised for a moment by the style sheet. Called by every panel; never asks for
anything and keeps no state.
"""

from __future__ import annotations

import zlib

import orjson
import streamlit as st

from lib.ui.assets import addressed, bootstrap
from lib.ui.live_plot import ensure_plotly_js
from lib.ui.markup import Node

_mount = st.components.v2.component(
    "live_block",
    html="<div class='live-block'></div>",
    js=bootstrap("live_block.js", f"{addressed('live_plot.js')} {ensure_plotly_js().name}"),
    isolate_styles=False,
)


def live_block(*nodes: Node | None, key: str) -> None:
    """Draw the nodes below each other, nothing when there are none; ``key`` must be unique on the page."""
    tree = [node for node in nodes if node is not None]
    if tree:
        _mount(data={"tree": tree}, key=key)


def live_packed(packed: bytes, key: str) -> None:
    """Draw a tree that ``pack`` made; ``key`` must be unique on the page."""
    _mount(data=packed, key=key)


def pack(*nodes: Node | None) -> bytes:
    """The nodes as one small message, for trees that many viewers share: a mount costs what it carries."""
    tree = [node for node in nodes if node is not None]
    return zlib.compress(
        orjson.dumps(tree), 1
    )  # a tenth larger than the default and five times as fast


def unpack(packed: bytes) -> list[Node]:
    """What ``pack`` was given, for tests and for plain-text copies."""
    tree: list[Node] = orjson.loads(zlib.decompress(packed))
    return tree
