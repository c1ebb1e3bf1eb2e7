"""What can go wrong with a model's server, in the words of this project.

Called by ``lib.copilot.models``. The user reads one line of why and the computed answer; the server's own text, the
address and the key never leave this file.
"""

from __future__ import annotations

import json

from lib.experiments.errors import CopilotError

DROPPABLE = ("strict", "stream_options", "tools")
NAMED_BY = {"tools": ("tool", "function call")}


def as_copilot_error(error: BaseException, partial: str = "") -> CopilotError:
    """Any failure as the one error; kinds are short machine words."""
    import openai  # noqa: PLC0415  # imported by whoever asked the model; late for everybody else

    if isinstance(error, CopilotError):
        return error
    kind, sentence, retryable = "failed", "The model failed.", False
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        kind, sentence, retryable = "timeout", "The model did not answer in time.", True
    elif isinstance(error, openai.RateLimitError):
        kind, sentence, retryable = "rate_limit", "The model's server asked us to slow down.", True
    elif isinstance(error, openai.APIConnectionError):
        kind, sentence, retryable = "connection", "The model's server could not be reached.", True
    elif isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        kind, sentence = "auth", "The model's server refused the key (OPENAI_API_KEY)."
    elif isinstance(error, openai.NotFoundError):
        kind, sentence = "not_found", NOT_FOUND
    elif isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        kind, sentence = _bad_request(error)
    elif isinstance(error, openai.APIStatusError):
        kind, sentence = f"http_{error.status_code}", "The model's server had a fault."
        retryable = error.status_code >= 500
    elif isinstance(error, openai.APIError):
        kind, sentence, retryable = (
            "stream_error",
            "The model's server broke off with a fault.",
            True,
        )
    elif isinstance(error, json.JSONDecodeError | openai.OpenAIError):
        kind, sentence, retryable = (
            "bad_chunk",
            "The model's server sent something unreadable.",
            True,
        )
    return CopilotError(
        sentence,
        kind,
        retryable=retryable,
        partial_text=partial,
        retry_after_s=retry_after(error),
    )


NOT_FOUND = (
    "The model's server does not know this model or address "
    "(OPENAI_MODEL, OPENAI_BASE_URL; the address usually ends in /v1)."
)


def _bad_request(error: object) -> tuple[str, str]:
    if "context" in str(getattr(error, "code", "") or "") + str(error).lower():
        return "too_long", "The conversation is too long for the model."
    return "bad_request", "The model's server did not accept the request."


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
