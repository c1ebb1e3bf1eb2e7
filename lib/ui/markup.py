"""Small trees of tags and text for ``lib.ui.live_block``; every piece of the page's own layout is one.

A tree travels as JSON and is built in the browser from elements and text nodes. Text is never parsed as
HTML, so a hostile name stays a name. Nothing here draws.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Node: TypeAlias = "str | list[Node | dict[str, Any]]"


def tag(name: str, cls: str = "", *children: Node | None, **attrs: str | None) -> Node:
    """One element. ``attrs``: underscores become hyphens; None leaves the attribute out.

    >>> tag("p", "note", "hello", title="t")
    ['p', {'class': 'note', 'title': 't'}, 'hello']
    """
    given = {k.rstrip("_").replace("_", "-"): v for k, v in attrs.items() if v is not None}
    head: dict[str, str] = ({"class": cls} if cls else {}) | given
    return [name, head, *(c for c in children if c is not None)]


def div(cls: str, *children: Node | None, **attrs: str | None) -> Node:
    """A block."""
    return tag("div", cls, *children, **attrs)


def span(cls: str, *children: Node | None, **attrs: str | None) -> Node:
    """A piece of a line."""
    return tag("span", cls, *children, **attrs)


def num(text: str, title: str | None = None) -> Node:
    """A number: briefly emphasised when it changes; ``title`` is its definition."""
    return span("num", text, title=title)


def icon(name: str, cls: str = "") -> Node:
    """A Material symbol, hidden from screen readers."""
    return span(f"icon {cls}".strip(), name, aria_hidden="true")


def chip(text: str, tone: str, symbol: str | None = None) -> Node:
    """A small label; ``tone`` is one of good, bad, amber, striped, grey, plain, outline."""
    return span(f"chip {tone}", icon(symbol) if symbol else None, span("", text))


def text_of(node: Node | dict[str, Any]) -> str:
    """All words of a tree, for tests and for plain-text copies."""
    if isinstance(node, str):
        return node
    if isinstance(node, dict):
        return ""
    return " ".join(t for t in (text_of(child) for child in node[1:]) if t)
