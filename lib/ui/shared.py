"""What is computed once a look and shown to every viewer: figures, tables, blocks of words.

A hundred viewers of one experiment see the same view; only the first of them computes. Holds plain data,
never a Streamlit object, and nobody changes what it returns.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from lib.live.view import LiveView
from lib.ui.viewer import Viewer

KEEP = 1024
T = TypeVar("T")


class Shelf:
    """Results by key; the longest unused go first."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of ``make``, made anew only when the key is new. Two may make it at once: both are equal."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
        made = make()
        self.put(key, made)
        return made

    def put(self, key: Hashable, made: object) -> None:
        """Keep a result under this key, whatever was there."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)


_shelf = Shelf()


def once(key: Hashable, make: Callable[[], T]) -> T:
    """Compute once for all viewers."""
    return _shelf.get(key, make)


def once_a_look(view: LiveView, viewer: Viewer, what: str, make: Callable[[], T]) -> T:
    """Compute once for all viewers of a zone; a view without a version is not shared."""
    if not view.version:
        return make()
    look = (view.experiment.id, view.version, view.checked_at, view.frozen_at, view.trouble)
    return once((what, look, str(viewer.zone)), make)
