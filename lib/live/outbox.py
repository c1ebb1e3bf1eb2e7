"""Sends what was queued, once: claim, send, say how it went. Runs beside the hub, in the process with the lease.

A crash before the claim loses nothing (it is still queued); a crash after it leaves ``unknown``, shown as such,
never sent a second time in silence. Quiet hours only delay; a test message is sent at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lib.alerts.channels import Channel, DeliveryFailed, DeliveryUnsure
from lib.alerts.message import Message
from lib.experiments.chat import Delivery, DeliveryState
from lib.experiments.model import Clock
from lib.history.store import Store
from lib.settings import SettingsError

log = logging.getLogger(__name__)
EVERY_S = 2.0
FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 3600.0
GIVE_UP_AFTER = timedelta(hours=24)
TEST = "test:"  # keys of test messages begin so; there is no alert behind them


class Outbox:
    """Delivers queued messages.

    Args:
        store: where they are queued.
        channels: the ones configured.
        clock: ours, UTC.
        holder: this process.
        is_quiet: whether nothing is sent at a moment.
        may_send: whether this process is the one to send.
    """

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        *,
        clock: Clock,
        holder: str,
        is_quiet: Callable[[datetime], bool] = lambda _: False,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._clock = clock
        self._holder = holder
        self._is_quiet = is_quiet
        self._may_send = may_send
        self._stop = threading.Event()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels it sends to."""
        return tuple(self._channels)

    def start(self) -> None:
        """Start sending in a thread of its own: a slow receiver never delays a look."""
        threading.Thread(target=self._run, name="outbox", daemon=True).start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.round()
            except Exception:  # the next round tries again; what was claimed is found as unknown
                log.exception("a round of the outbox failed")

    def round(self) -> int:
        """Send whatever is due; the number sent."""
        now = self._clock()
        if not self._may_send():
            return 0
        self._store.give_up_lost_deliveries(now)
        due = [d for d in self._store.due_deliveries(now) if d.channel in self._channels]
        if self._is_quiet(now):
            due = [d for d in due if d.alert_key.startswith(TEST)]
        return sum(self._deliver(delivery) for delivery in due if not self._stop.is_set())

    def _deliver(self, delivery: Delivery) -> bool:
        now = self._clock()
        if not self._store.claim_delivery(delivery.id, self._holder, now):
            return False
        try:
            remark = self._channels[delivery.channel].send(delivery.body, now.timestamp())
        except DeliveryFailed as error:
            self._failed(delivery, error, now)
            return False
        except DeliveryUnsure as error:
            self._store.mark_delivery(delivery.id, DeliveryState.UNKNOWN, error=str(error))
            return False
        except ValueError as error:  # a body that is no message will not become one
            self._store.mark_delivery(delivery.id, DeliveryState.DEAD, error=str(error))
            return False
        self._store.mark_delivery(delivery.id, DeliveryState.SENT, error=remark)
        return True

    def _failed(self, delivery: Delivery, error: DeliveryFailed, now: datetime) -> None:
        """Try again with growing gaps; after a day, or when it cannot help, it is a dead letter."""
        if error.is_final or now - delivery.created_at > GIVE_UP_AFTER:
            self._store.mark_delivery(delivery.id, DeliveryState.DEAD, error=str(error))
            return
        wait = min(FIRST_WAIT_S * 2**delivery.tries, LONGEST_WAIT_S)
        self._store.mark_delivery(
            delivery.id,
            DeliveryState.FAILED,
            next_at=now + timedelta(seconds=wait),
            error=str(error),
        )


def send_test(store: Store, channels: Sequence[str], now: datetime, public_url: str = "") -> str:
    """Queue a message that says it is a test for every channel; its key, under which its fate is shown."""
    key = f"{TEST}{now.isoformat()}"
    message = Message(
        key=key,
        kind="test",
        experiment_id=0,
        experiment="Test message",
        text="This is a test from the alerts page. No experiment is concerned.",
        check_first="",
        link=public_url,
        as_of="",
        raised_at=now.isoformat(),
    )
    for channel in channels:
        store.enqueue_delivery(key, channel, message.as_json())
    return key


def send_again(store: Store, delivery: Delivery, now: datetime) -> bool:
    """Queue a dead or unknown delivery once more, because a person asked for it."""
    if delivery.state not in {DeliveryState.DEAD, DeliveryState.UNKNOWN}:
        return False
    return store.mark_delivery(
        delivery.id, DeliveryState.FAILED, tries=0, next_at=now, error="sent again by hand"
    )


def quiet_hours(text: str, zone_name: str) -> Callable[[datetime], bool]:
    """A function that knows quiet hours like ``22-07`` in a time zone; empty: never quiet.

    Raises:
        SettingsError: the hours or the zone cannot be read.
    """
    if not text:
        return lambda _: False
    try:
        first, last = (int(part) for part in text.split("-"))
        zone = ZoneInfo(zone_name)
    except ValueError:
        raise SettingsError("ALERTS_QUIET_HOURS must look like 22-07.") from None
    except ZoneInfoNotFoundError:
        raise SettingsError("ALERTS_QUIET_ZONE is not a time zone.") from None
    if not (0 <= first < 24 and 0 <= last < 24):
        raise SettingsError("ALERTS_QUIET_HOURS must be hours from 0 to 23.")
    span = (last - first) % 24
    return lambda now: (now.astimezone(zone).hour - first) % 24 < span
