"""Environment and ``.streamlit/secrets.toml`` become frozen Settings; nobody else reads either.

The environment wins over the file. In the file a key may stand at top level under its environment name, or
``host``, ``project_id`` and ``api_key`` in a ``[posthog]`` table. An empty value counts as unset.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lib.experiments.errors import DashboardError

SECRETS_FILE = Path(".streamlit/secrets.toml")
US_CLOUD = "https://us.posthog.com"
T = TypeVar("T")


class SettingsError(DashboardError):
    """A setting cannot be read; the message names it."""


class Secret:
    """A value that never shows itself: ``reveal()`` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for a header or a login."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret(unset)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHogSettings:
    """Where PostHog is and how hard it may be asked."""

    host: str = US_CLOUD
    project_id: str = ""
    api_key: Secret = field(default_factory=lambda: Secret(""))
    requests_per_minute: int = 480
    requests_per_hour: int = 4800
    queries_per_minute: int = 240
    queries_per_hour: int = 1200
    queries_at_once: int = 3
    live_queries_per_hour: int = 60
    may_recalculate: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The language model; without a name and a key (or address) the built-in answerer talks."""

    api_key: Secret = field(default_factory=lambda: Secret(""))
    base_url: str = ""
    model: str = ""
    tokens_per_day: int = 500_000
    calls_per_day: int = 500
    tokens_per_conversation: int = 60_000

    @property
    def is_configured(self) -> bool:
        """Whether a model can be asked."""
        return bool(self.api_key or self.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Where alerts go besides the page."""

    slack_url: Secret = field(default_factory=lambda: Secret(""))
    webhook_url: Secret = field(default_factory=lambda: Secret(""))
    webhook_secret: Secret = field(default_factory=lambda: Secret(""))
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: Secret = field(default_factory=lambda: Secret(""))
    smtp_starttls: bool = True
    email_from: str = ""
    email_to: tuple[str, ...] = ()
    quiet_hours: str = ""  # "22-07", in quiet_zone
    quiet_zone: str = "UTC"
    allow_internal: bool = False
    public_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """The built-in stand-in, used when no PostHog is configured."""

    data: str = ""
    speed: float = 720.0
    start_day: float = 9.0
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured."""

    posthog: PostHogSettings = field(default_factory=PostHogSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)
    database_url: str = ""
    poll_s: float = 10.0
    is_demo: bool = True


def load(environ: Mapping[str, str] | None = None, secrets_file: Path = SECRETS_FILE) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a number or switch that cannot be read, or a secrets file that is not TOML.
    """
    read = _Reader(os.environ if environ is None else environ, _secrets(secrets_file))
    posthog = _posthog(read)
    return Settings(
        posthog=posthog,
        model=_model(read),
        alerts=_alerts(read),
        demo=_demo(read),
        database_url=read.text("DASHBOARD_DATABASE_URL"),
        poll_s=read.number("DASHBOARD_POLL_SECONDS", 10.0, float, low=0.05),
        is_demo=not (posthog.project_id or posthog.api_key or read.text("POSTHOG_HOST")),
    )


def _posthog(read: _Reader) -> PostHogSettings:
    return PostHogSettings(
        host=read.text("POSTHOG_HOST", US_CLOUD).rstrip("/"),
        project_id=read.text("POSTHOG_PROJECT_ID"),
        api_key=read.secret("POSTHOG_API_KEY"),
        requests_per_minute=read.number("POSTHOG_REQUESTS_PER_MINUTE", 480, int, low=1),
        requests_per_hour=read.number("POSTHOG_REQUESTS_PER_HOUR", 4800, int, low=1),
        queries_per_minute=read.number("POSTHOG_QUERIES_PER_MINUTE", 240, int, low=1),
        queries_per_hour=read.number("POSTHOG_QUERIES_PER_HOUR", 1200, int, low=1),
        queries_at_once=read.number("POSTHOG_QUERIES_AT_ONCE", 3, int, low=1),
        live_queries_per_hour=read.number("POSTHOG_LIVE_QUERIES_PER_HOUR", 60, int, low=0),
        may_recalculate=read.switch("POSTHOG_MAY_RECALCULATE"),
        allow_http=read.switch("POSTHOG_ALLOW_HTTP"),
    )


def _model(read: _Reader) -> ModelSettings:
    return ModelSettings(
        api_key=read.secret("OPENAI_API_KEY"),
        base_url=read.text("OPENAI_BASE_URL").rstrip("/"),
        model=read.text("OPENAI_MODEL", "gpt-5-mini"),
        tokens_per_day=read.number("COPILOT_TOKENS_PER_DAY", 500_000, int, low=0),
        calls_per_day=read.number("COPILOT_CALLS_PER_DAY", 500, int, low=0),
        tokens_per_conversation=read.number("COPILOT_TOKENS_PER_CONVERSATION", 60_000, int, low=0),
    )


def _alerts(read: _Reader) -> AlertSettings:
    return AlertSettings(
        slack_url=read.secret("ALERTS_SLACK_URL"),
        webhook_url=read.secret("ALERTS_WEBHOOK_URL"),
        webhook_secret=read.secret("ALERTS_WEBHOOK_SECRET"),
        smtp_host=read.text("ALERTS_SMTP_HOST"),
        smtp_port=read.number("ALERTS_SMTP_PORT", 587, int, low=1),
        smtp_user=read.text("ALERTS_SMTP_USER"),
        smtp_password=read.secret("ALERTS_SMTP_PASSWORD"),
        smtp_starttls=read.switch("ALERTS_SMTP_STARTTLS", default=True),
        email_from=read.text("ALERTS_EMAIL_FROM"),
        email_to=tuple(a.strip() for a in read.text("ALERTS_EMAIL_TO").split(",") if a.strip()),
        quiet_hours=read.text("ALERTS_QUIET_HOURS"),
        quiet_zone=read.text("ALERTS_QUIET_ZONE", "UTC"),
        allow_internal=read.switch("ALERTS_ALLOW_INTERNAL"),
        public_url=read.text("DASHBOARD_PUBLIC_URL").rstrip("/"),
    )


def _demo(read: _Reader) -> DemoSettings:
    return DemoSettings(
        data=read.text("DEMO_DATA"),
        speed=read.number("DEMO_SPEED", 720.0, float, low=0.0),
        start_day=read.number("DEMO_START_DAY", 9.0, float, low=0.0),
        seed=read.number("DEMO_SEED", 7, int, low=0),
    )


class _Reader:
    """Looks a name up: environment first, then the secrets file."""

    def __init__(self, environ: Mapping[str, str], secrets: Mapping[str, Any]) -> None:
        self._environ = environ
        self._secrets = secrets

    def text(self, name: str, default: str = "") -> str:
        value = self._environ.get(name, "").strip()
        if not value:
            value = str(self._secrets.get(name, "")).strip()
        if not value and name.startswith("POSTHOG_"):
            table = self._secrets.get("posthog", {})
            value = str(table.get(name.removeprefix("POSTHOG_").lower(), "")).strip()
        return value or default

    def secret(self, name: str) -> Secret:
        return Secret(self.text(name))

    def number(self, name: str, default: T, kind: Callable[[str], T], *, low: float) -> T:
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = kind(raw)
        except ValueError:
            raise SettingsError(f"{name} must be a number.") from None
        if not float(value) >= low:  # type: ignore[arg-type]  # T is int or float here
            raise SettingsError(f"{name} must be at least {low:g}.")
        return value

    def switch(self, name: str, *, default: bool = False) -> bool:
        raw = self.text(name).lower()
        if raw in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
            return raw in {"1", "true", "yes", "on"} if raw else default
        raise SettingsError(f"{name} must be true or false.")


def _secrets(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError:
        raise SettingsError(f"{path} is not valid TOML.") from None
