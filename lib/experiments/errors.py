"""The error tree; each error is placed by what the caller can do about it.

    DashboardError
    ├─ SourceError
    │  ├─ SourceDown       timeout, 5xx, 429, at capacity: keep the last facts and try again
    │  ├─ SourceRefused    401, 402, 403, 404: a person must act, so it says which setting
    │  └─ SourceSurprise   an answer in a shape we do not know: carries the field path
    ├─ StoreError
    │  ├─ StoreTooNew      written by a newer version: refuse it
    │  └─ StoreUnwritable  disk full or read-only: go on live without keeping
    └─ CopilotError        no key, model failed: the built-in answerer still works

Messages are sentences for a person. They never hold a key, an address with a key, or a raw reply.
"""

from __future__ import annotations


class DashboardError(Exception):
    """Anything this project raises on purpose."""


class SourceError(DashboardError):
    """The source of facts did not give them."""


class SourceDown(SourceError):
    """Passing trouble; the last facts stay on the screen.

    Args:
        message: one sentence for a person.
        retry_after_s: seconds the server asked us to wait, None when it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceRefused(SourceError):
    """A person must act.

    Args:
        message: one sentence for a person.
        setting: the name of the setting to change, e.g. ``POSTHOG_API_KEY``; None when it is not a setting.
        status: HTTP status, None when refused before a request was made.
    """

    def __init__(self, message: str, setting: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.setting = setting
        self.status = status


class SourceSurprise(SourceError):
    """An answer in a shape we do not know.

    Args:
        message: one sentence for a person.
        path: the field that surprised, e.g. ``results[0].result.baseline``.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class StoreError(DashboardError):
    """History could not be read or kept."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""


class StoreUnwritable(StoreError):
    """The disk is full or read-only: live figures go on, nothing is kept meanwhile."""


class CopilotError(DashboardError):
    """The language model gave no usable answer; the built-in answerer takes over.

    Args:
        message: one sentence for a person, without address, key or the server's own text.
        kind: short machine word, e.g. ``timeout``, ``auth``, ``truncated``.
        retryable: whether the same call may be tried again.
        partial_text: what had arrived before the failure.
        retry_after_s: seconds the server asked us to wait, None when it did not say.
    """

    def __init__(
        self,
        message: str,
        kind: str = "failed",
        *,
        retryable: bool = False,
        partial_text: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable
        self.partial_text = partial_text
        self.retry_after_s = retry_after_s
