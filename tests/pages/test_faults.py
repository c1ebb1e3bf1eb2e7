"""The live page over real HTTP while something is wrong with PostHog: one clear sentence, and the numbers stay."""

import re
from datetime import UTC, datetime

import pytest

from lib.demo.server import StandIn
from lib.demo.stories import CHECKOUT
from lib.history.store import Store
from lib.live.feed import Hub
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource
from tests.contract.standin import few_experiments
from tests.pages.conftest import words

SAID = {
    "401": r"PostHog does not accept the key\. .* Setting to change: POSTHOG_API_KEY",
    "403": r"The key in POSTHOG_API_KEY lacks the scope experiment:read\.",
    "404": r"PostHog shows no such experiment: gone, or not visible to this key\.",
    "402": r"PostHog's query quota for this billing period is used up",
    "429": r"PostHog asked us to slow down\.",
    "429_bare": r"PostHog asked us to slow down\.",
    "500": r"PostHog has trouble of its own \(error 500\)\.",
    "503": r"PostHog has trouble of its own \(error 503\)\.",
    "truncated": r"PostHog's answer is not readable: broken or cut off\.",
    "html": r"PostHog has trouble of its own \(error 502\)\.",
    "login_page": r"A web page came where PostHog.s data should be\. Check POSTHOG_HOST\.",
    "drop": r"Cannot reach PostHog at 127\.0\.0\.1\.",
    "cut": r"Cannot reach PostHog at 127\.0\.0\.1\.",
}


class Hand:
    """Our clock, moved by the test and by what would have slept."""

    def __init__(self):
        self.seconds = 1_788_000_000.0

    def __call__(self):
        return self.seconds

    def utc(self):
        return datetime.fromtimestamp(self.seconds, UTC)

    def sleep(self, seconds):
        self.seconds += seconds


@pytest.fixture
def desk(tmp_path):
    """A hub on a stand-in that is well, with the checkout experiment read once; and the hand on all clocks."""
    hand = Hand()
    stand_in = StandIn(data=few_experiments(tmp_path), now=hand, limits=False)
    settings = PostHogSettings(
        host=stand_in.start(), project_id="1", api_key=Secret("phx_demo"), live_queries_per_hour=0
    )
    source = PostHogSource(
        settings, clock=hand.utc, monotonic=hand, sleep=hand.sleep, random=lambda: 0.5
    )
    store = Store(f"sqlite:///{tmp_path}/h.sqlite3", clock=hand.utc)
    hub = Hub(source, store, clock=hand.utc, monotonic=hand)
    hub.close = lambda: None  # the page fixture closes what it drew; this one is drawn twice
    hub.round(wait=True)
    tick(hub, hand)
    yield hub, stand_in, hand
    hub.stop()
    store.close()
    stand_in.stop()


def tick(hub, hand, seconds=10):
    hand.sleep(seconds)
    hub.look(CHECKOUT)
    hub.round(wait=True)


@pytest.mark.parametrize("kind", sorted(SAID))
def test_a_fault_is_said_and_the_numbers_stay(desk, page, kind):
    """Within two looks the page says what is wrong, since when and when it tries again; healed, the words go."""
    hub, stand_in, hand = desk
    before = total(words(page(hub, experiment=CHECKOUT)))
    stand_in.fault(kind, seconds=20)
    tick(hub, hand)
    tick(hub, hand)
    said = words(page(hub, experiment=CHECKOUT))
    assert re.search(SAID[kind], said), said[:600]
    assert "Last good check" in said
    assert "could not be drawn" not in said
    assert total(said) == before
    stand_in.heal()
    for _ in range(4):
        tick(hub, hand)
    healed = words(page(hub, experiment=CHECKOUT))
    assert "Last good check" not in healed
    assert total(healed) > before


def total(text):
    """Visitors over all arms, as the page shows them."""
    return int(re.search(r"Total participants([\d,]+)", text)[1].replace(",", ""))
