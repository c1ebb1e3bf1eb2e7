"""Refusals, redirects and hostile servers: each is a sentence that names the setting, and none shows the key."""

import logging
import random
import socket
import time
from dataclasses import replace

import httpx
import pytest

from lib.experiments.errors import DashboardError, SourceDown, SourceRefused, SourceSurprise
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.budget import Budget
from lib.sources.posthog.wire import Wire
from tests.contract.posthog_replies import (
    HOST,
    KEY,
    NOT_FOUND,
    START,
    Answer,
    FakePostHog,
    refusal,
    short_item,
)

UNAUTHORIZED = refusal(401, "authentication_failed", "Personal API key found is invalid.")


def made_wire(settings):
    budget = Budget(settings, monotonic=time.monotonic, random=random.random)
    made = Wire(settings, budget, clock=lambda: START, monotonic=time.monotonic)
    made.close()
    return made


def refused(posthog=None, **routes):
    posthog = posthog or FakePostHog(**routes)
    with pytest.raises(SourceRefused) as caught:
        posthog.source().experiments()
    return caught.value


def test_wrong_key_or_region():
    """A refused key names both settings it may come from, and PostHog is left alone for a while."""
    posthog = FakePostHog(list=UNAUTHORIZED, detail=UNAUTHORIZED)
    source = posthog.source()
    for ask in (source.experiments, lambda: source.read(482, is_watched=True), source.experiments):
        with pytest.raises(SourceRefused) as caught:
            ask()
        assert (caught.value.setting, caught.value.status) == ("POSTHOG_API_KEY", 401)
        assert "POSTHOG_HOST" in str(caught.value)
    assert len(posthog.asked) == 1


def test_key_mended():
    """Once the key is accepted again, the next look within 20 s works."""
    posthog = FakePostHog(detail=UNAUTHORIZED)
    source = posthog.source()
    with pytest.raises(SourceRefused):
        source.read(482, is_watched=True)
    posthog.routes["detail"] = FakePostHog().routes["detail"]
    posthog.time.s += 20
    assert source.read(482, is_watched=True).snapshots


def test_missing_scope():
    """A missing scope is named, together with the setting that holds the key."""
    found = refused(
        list=refusal(403, "permission_denied", "API key missing required scope 'experiment:read'")
    )
    assert found.setting == "POSTHOG_API_KEY"
    assert "experiment:read" in str(found)


def test_unknown_403():
    """A refusal without a known mark shows nothing of the server's words."""
    found = refused(list=refusal(403, "permission_denied", "scope 'evil:read' <script>"))
    assert str(found) == "The key may not read experiments in this project. Ask an administrator."


def test_other_project():
    """A key of other projects points to the project's setting."""
    detail = "API key does not have access to the requested project: ID 12345."
    assert refused(list=refusal(403, "permission_denied", detail)).setting == "POSTHOG_PROJECT_ID"


def test_no_such_project():
    """An unknown project points to the project's setting."""
    assert refused(list=NOT_FOUND).setting == "POSTHOG_PROJECT_ID"


def test_not_posthog_at_all():
    """A web server that is no PostHog points to the host's setting."""
    assert refused(list=Answer(b"<html>Not found</html>", 404)).setting == "POSTHOG_HOST"


def test_behind_a_proxy(monkeypatch):
    """Behind a proxy names are looked up there, not here; this machine is never asked through one."""
    settings = PostHogSettings(host=HOST, project_id="1", api_key=Secret(KEY))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    assert made_wire(settings)._resolve is None
    local = made_wire(replace(settings, host="http://127.0.0.1:8010"))
    assert local._resolve is socket.getaddrinfo
    assert not local._client.trust_env


@pytest.mark.parametrize(
    ("settings", "names", "part"),
    [
        ({"api_key": Secret("")}, "POSTHOG_API_KEY", "No PostHog key"),
        ({"api_key": Secret("phc_SECRET")}, "POSTHOG_API_KEY", "project token"),
        ({"api_key": Secret("phs_SECRET")}, "POSTHOG_API_KEY", "project secret key"),
        ({"api_key": Secret("phx_SECRET\r\nX: 1")}, "POSTHOG_API_KEY", "characters"),
        ({"api_key": Secret("phx_SÉCRET")}, "POSTHOG_API_KEY", "characters"),
        ({"project_id": ""}, "POSTHOG_PROJECT_ID", "number"),
        ({"project_id": "../1"}, "POSTHOG_PROJECT_ID", "number"),
        ({"host": "us.posthog.com"}, "POSTHOG_HOST", "https://us.posthog.com"),
        ({"host": "https://us.posthog.com/project/1"}, "POSTHOG_HOST", "without a path"),
        ({"host": "https://eu.i.posthog.com"}, "POSTHOG_HOST", "use https://eu.posthog.com"),
        ({"host": "http://us.posthog.com"}, "POSTHOG_HOST", "https"),
        ({"host": "ftp://us.posthog.com"}, "POSTHOG_HOST", "https"),
        ({"host": "https://169.254.169.254"}, "POSTHOG_HOST", "metadata"),
        ({"host": "https://user:phx_SECRET@us.posthog.com"}, "POSTHOG_HOST", "user name"),
        ({"host": "https://999.999.999.999"}, "POSTHOG_HOST", "POSTHOG_HOST"),
        ({"host": "https://us.posthog.com:99999"}, "POSTHOG_HOST", "POSTHOG_HOST"),
    ],
)
def test_settings_that_cannot_work(settings, names, part):
    """What cannot work is refused before anything is sent, by the name of its setting."""
    posthog = FakePostHog()
    with pytest.raises(SourceRefused) as caught:
        posthog.source(**settings).experiments()
    assert caught.value.setting == names
    assert part in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert posthog.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api/",
        "http://us.posthog.com/api/projects/12345/experiments/",
        "https://us.posthog.com:8443/",
        "//evil.example/",
        "https://us.posthog.com@evil.example/",
        "https://[bad",
        "",
    ],
)
def test_redirect_elsewhere(location):
    """The key never follows a redirect to another origin."""
    posthog = FakePostHog(list=Answer(b"", 302, {"Location": location}))
    found = refused(posthog)
    assert found.setting == "POSTHOG_HOST"
    assert {r.url.host for r in posthog.requests} == {"us.posthog.com"}
    assert all(r.url.scheme == "https" and r.url.port is None for r in posthog.requests)


def test_redirect_within():
    """A redirect within the origin is followed, in circles it is not."""
    good = {"count": 1, "next": None, "results": [short_item()]}
    posthog = FakePostHog(
        list=lambda r: (
            Answer(good)
            if r.url.query == b"new"
            else Answer(b"", 307, {"Location": "/api/projects/12345/experiments/?new"})
        )
    )
    assert len(posthog.source().experiments()) == 1
    circles = FakePostHog(list=Answer(b"", 302, {"Location": "/api/projects/12345/experiments/"}))
    assert "circles" in str(refused(circles))
    assert len(circles.asked) == 4


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("phx_SECRET"),
        httpx.ConnectTimeout("phx_SECRET"),
        httpx.ReadTimeout("phx_SECRET"),
        httpx.RemoteProtocolError("phx_SECRET"),
        httpx.ReadError("phx_SECRET"),
    ],
)
def test_unreachable(error):
    """No answer is passing trouble at a named host, with the seconds until the next try."""
    with pytest.raises(SourceDown, match=r"PostHog at us\.posthog\.com") as caught:
        FakePostHog(list=Answer(error)).source().experiments()
    assert 10 <= caught.value.retry_after_s <= 15
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 512, 520, 599])
def test_server_trouble(status):
    """Trouble on the server's side is passing, whatever body comes with it."""
    for body in (b"<html>Bad Gateway</html>", b"", b'{"detail": "words"}'):
        with pytest.raises(SourceDown, match=f"error {status}"):
            FakePostHog(latest=Answer(body, status)).source().read(482, is_watched=True)


def test_endless_answer():
    """An answer without end is cut off, not read into memory."""

    class Endless(httpx.SyncByteStream):
        def __iter__(self):
            while True:
                yield b" " * 1_000_000

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    posthog = FakePostHog()
    source = posthog.source()
    source._means.wire._client = httpx.Client(transport=transport)
    with pytest.raises(SourceSurprise, match="too large"):
        source.experiments()


def test_key_stays_hidden(caplog):
    """The key goes to PostHog in its header, and appears in no message, log or repr."""
    caplog.set_level(logging.DEBUG)
    posthog = FakePostHog(latest=refusal(500, "error", KEY), query=refusal(403, "x", KEY))
    source = posthog.source()
    source.experiments()
    with pytest.raises(DashboardError) as caught:
        source.read(482, is_watched=True)
    assert posthog.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    shown = caplog.text + str(caught.value) + repr(caught.value) + repr(vars(source))
    assert KEY not in shown
    assert caught.value.__cause__ is None


def test_list_goes_on():
    """Every page of the list is read, archived and deleted experiments are left out, each comes once."""
    pages = {
        "0": {
            "results": [short_item(id=1), short_item(id=2, archived=True)],
            "next": f"{HOST}/api/projects/12345/experiments/?limit=100&offset=100",
        },
        "100": {"results": [short_item(id=1), short_item(id=3), short_item(id=4, deleted=True)]},
    }
    posthog = FakePostHog(list=lambda r: pages[r.url.params["offset"]])
    assert [e.id for e in posthog.source().experiments()] == [1, 3]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/api/projects/12345/experiments/?offset=100",
        "http://us.posthog.com/api/projects/12345/experiments/?offset=100",
        "https://us.posthog.com.evil.example/?offset=100",
        "https://us.posthog.com:444/?offset=100",
        "https://x@us.posthog.com/?offset=100",
        "/api/projects/12345/experiments/?offset=100",
    ],
)
def test_list_goes_on_elsewhere(address):
    """A next page at another origin is refused: the key is not sent there."""
    posthog = FakePostHog(list={"results": [short_item()], "next": address})
    assert refused(posthog).setting == "POSTHOG_HOST"
    assert len(posthog.asked) == 1


def test_list_without_end():
    """A list whose next page is always itself ends."""
    address = f"{HOST}/api/projects/12345/experiments/?limit=100&offset=0"
    posthog = FakePostHog(list={"results": [short_item()], "next": address})
    assert len(posthog.source().experiments()) == 1
    assert len(posthog.asked) <= 50


@pytest.mark.parametrize("body", [[], "text", None, 5])
def test_list_of_another_shape(body):
    """A list that is none is a surprise with its path."""
    with pytest.raises(SourceSurprise) as caught:
        FakePostHog(list=body).source().experiments()
    assert caught.value.path == "experiments"


def test_list_with_odd_items():
    """Items that are no experiments are passed over; the others are listed."""
    posthog = FakePostHog(list={"results": [None, {"x": 1}, {"id": "1"}, short_item()]})
    assert [e.id for e in posthog.source().experiments()] == [482]
