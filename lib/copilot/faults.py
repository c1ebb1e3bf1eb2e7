"""What can go wrong with a model's server, in the words of this project.

Called by ``lib.copilot.models``. The user reads one line of why and the computed answer; the server's own text, the
address and the key never leave this file.
"""

from __future__ import annotations

import json

from lib.experiments.errors import CopilotError

NOT_FOUND = (
    "does not know this model or address "
    "(OPENAI_MODEL, OPENAI_BASE_URL; the address usually ends in /v1)"
)
DROPPABLE = ("strict", "stream_options", "tools")
NAMED_BY = {"tools": ("tool", "function call")}


def as_copilot_error(error: BaseException, partial: str = "") -> CopilotError:
    """Any failure as the one error; kinds are short machine words."""
    import openai  # noqa: PLC0415  # imported by whoever asked the model; late for everybody else

    if isinstance(error, CopilotError):
        return error
    table: tuple[tuple[tuple[type[BaseException], ...], str, str, bool], ...] = (
        ((TimeoutError, openai.APITimeoutError), "timeout", "did not answer in time", True),
        ((openai.RateLimitError,), "rate_limit", "asked us to slow down", True),
        ((openai.APIConnectionError,), "connection", "could not be reached", True),
        (
            (openai.AuthenticationError, openai.PermissionDeniedError),
            *("auth", "refused the key (OPENAI_API_KEY)", False),
        ),
        ((openai.NotFoundError,), "not_found", NOT_FOUND, False),
        (
            (openai.BadRequestError, openai.UnprocessableEntityError),
            *(_bad_request(error), "did not accept the request", False),
        ),
        ((openai.APIStatusError,), "http", "had a fault", _is_passing(error)),
        ((openai.APIError,), "stream_error", "broke off with a fault", True),
        (
            (json.JSONDecodeError, openai.OpenAIError),
            *("bad_chunk", "sent something unreadable", True),
        ),
    )
    kind, words, retryable = next(
        ((k, w, r) for types, k, w, r in table if isinstance(error, types)),
        ("failed", "failed", False),
    )
    return CopilotError(
        f"The model's server {words}.",
        kind,
        retryable=retryable,
        partial_text=partial,
        retry_after_s=retry_after(error),
    )


def _bad_request(error: BaseException) -> str:
    """Whether the request was too long; the server's own words are read, never shown."""
    said = f"{getattr(error, 'code', '')} {error}".lower()
    return "too_long" if "context" in said else "bad_request"


def _is_passing(error: BaseException) -> bool:
    return int(getattr(error, "status_code", 0)) >= 500


def truncated(partial: str) -> CopilotError:
    """A stream that ended without saying why; the SDK raises nothing then."""
    sentence = "The model's answer broke off."
    return CopilotError(sentence, "truncated", retryable=True, partial_text=partial)


def retry_after(error: BaseException) -> float | None:
    """Seconds the server asked to wait; None when it did not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def dropped_by(error: BaseException, *, is_first: bool) -> set[str]:
    """Parameters a refusal names, so that they can be left out the next time."""
    status = getattr(error, "status_code", None)
    if status not in ({400, 422, 500} if is_first else {400, 422}):
        return set()
    said = str(error).lower()
    return {name for name in DROPPABLE if any(word in said for word in NAMED_BY.get(name, (name,)))}
