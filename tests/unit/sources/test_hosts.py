"""Which addresses may be asked: spellings, names, redirect targets, and what a socket really reached."""

import socket
import threading

import httpx
import pytest

from lib.experiments.hosts import (
    UnknownHost,
    UnsafeAddress,
    check_address,
    check_peer,
    connection_guard,
    is_loopback_host,
)


def resolver(*addresses):
    return lambda *_: [(0, 0, 0, "", (address, 443)) for address in addresses]


def check(url, *, http=False, internal=False, to=("93.184.216.34",)):
    check_address(url, allow_http=http, allow_internal=internal, resolve=resolver(*to))


@pytest.mark.parametrize(
    "url",
    [
        "https://us.posthog.com",
        "https://us.posthog.com./api/",
        "https://8.8.8.8",
        "https://[2606:4700::1111]/x",
        "https://posthog.example:8443",
        "https://bücher.example",
    ],
)
def test_public_addresses(url):
    """An https address on the public network is fine for everybody."""
    check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://169.254.1.1",
        "https://[fe80::1]",
        "https://[fe80::1%25eth0]",
        "https://[fd00:ec2::254]",
        "https://[fd20:ce::254]",
        "https://100.100.100.200",
        "https://168.63.129.16",
        "https://192.0.0.192",
        "https://[::ffff:169.254.169.254]",
        "https://[::ffff:a9fe:a9fe]",
        "https://[64:ff9b::a9fe:a9fe]",
        "https://[2002:a9fe:a9fe::1]",
        "https://[::a9fe:a9fe]",
        "https://2852039166",  # 169.254.169.254 as one number
        "https://0xa9fea9fe",
        "https://0251.0376.0251.0376",  # the same in octal
        "https://169.254.43518",  # the last two parts as one
        "https://169.254.169.254.",
        "https://１６９.254.169.254",  # full-width digits
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://METADATA.GOOGLE.INTERNAL./",
        "https://metadata",
        "https://0.0.0.0",
        "https://0",
        "https://[::]",
        "https://224.0.0.1",
        "https://[ff02::1]",
        "https://255.255.255.255",
    ],
)
def test_never_allowed(url):
    """Link-local, metadata and many-machine addresses are refused in every spelling, whatever is allowed."""
    with pytest.raises(UnsafeAddress):
        check(url, http=True, internal=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://10.1.2.3",
        "https://172.16.0.1",
        "https://192.168.1.1",
        "https://100.64.0.1",
        "https://127.0.0.1",
        "https://127.1",
        "https://2130706433",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fd12::1]",
        "https://localhost",
        "https://app.localhost",
    ],
)
def test_internal_addresses(url):
    """Addresses inside the network need permission, and get it."""
    to = ("127.0.0.1",) if "localhost" in url else ()
    with pytest.raises(UnsafeAddress, match="not allowed here"):
        check(url, to=to)
    check(url, internal=True, to=to)


@pytest.mark.parametrize(
    "to", [("169.254.169.254",), ("93.184.216.34", "fe80::1"), ("::ffff:a9fe:a9fe",)]
)
def test_names_that_stand_for_refused_addresses(to):
    """Every address of a name is looked at, not the first alone."""
    with pytest.raises(UnsafeAddress, match="metadata"):
        check("https://innocent.example", internal=True, to=to)


def test_name_inside_the_network():
    """A name for a private address is internal."""
    with pytest.raises(UnsafeAddress, match="not allowed here"):
        check("https://posthog.corp", to=("10.0.0.5",))
    check("https://posthog.corp", internal=True, to=("10.0.0.5",))


@pytest.mark.parametrize(
    ("url", "to", "is_fine"),
    [
        ("http://127.0.0.1:8010", (), True),
        ("http://localhost:8010", ("127.0.0.1", "::1"), True),
        ("http://[::1]:8010", (), True),
        ("http://localhost:8010", ("127.0.0.1", "10.0.0.1"), False),
        ("http://10.0.0.1", (), False),
        ("http://us.posthog.com", ("93.184.216.34",), False),
    ],
)
def test_plain_http(url, to, is_fine):
    """Plain http is for this machine alone, unless it is allowed on purpose."""
    if is_fine:
        check(url, internal=True, to=to)
    else:
        with pytest.raises(UnsafeAddress, match="use https"):
            check(url, internal=True, to=to)
        check(url, http=True, internal=True, to=to)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "us.posthog.com",
        "//us.posthog.com",
        "ftp://us.posthog.com",
        "file:///etc/passwd",
        "https://",
        "https://user@us.posthog.com",
        "https://user:pass@us.posthog.com",
        "https://us.posthog.com:99999",
        "https://us.posthog.com:x",
        "https://us.posthog.com\\@169.254.169.254",
        "https://us.posthog.com\n.evil.example",
        "https://a b.example",
        "https://[::1",
        "https://ex%61mple.com",
        "https://a..b",
        "https://999.999.999.999",
        "https://" + "a" * 70 + ".example",
    ],
)
def test_addresses_that_are_none(url):
    """What is not plainly an http address of a host is refused."""
    with pytest.raises(UnsafeAddress):
        check(url, http=True, internal=True)


def test_name_that_cannot_be_looked_up():
    """A failing look-up is told apart: later it may work."""

    def fails(*_):
        raise socket.gaierror

    with pytest.raises(UnknownHost):
        check_address("https://x.example", allow_http=False, allow_internal=False, resolve=fails)


def test_without_look_up():
    """Without a resolver the address is judged by what it says itself."""
    check_address("https://x.example", allow_http=False, allow_internal=False, resolve=None)
    with pytest.raises(UnsafeAddress):
        check_address("https://localhost", allow_http=False, allow_internal=False, resolve=None)
    with pytest.raises(UnsafeAddress):
        check_address("http://x.example", allow_http=False, allow_internal=True, resolve=None)


def test_messages_hide_the_address():
    """A webhook's address is a secret: no refusal repeats it."""
    with pytest.raises(UnsafeAddress) as caught:
        check("https://169.254.169.254/services/T0/B0/SECRET")
    assert "SECRET" not in str(caught.value)
    assert "169" not in str(caught.value)


def test_peer():
    """The address a socket reached is judged like any other."""
    check_peer("93.184.216.34", allow_internal=False)
    check_peer("127.0.0.1", allow_internal=True, only_loopback=True)
    for address, internal in (
        ("169.254.169.254", True),
        ("10.0.0.1", False),
        ("fe80::1%eth0", True),
    ):
        with pytest.raises(UnsafeAddress):
            check_peer(address, allow_internal=internal)
    with pytest.raises(UnsafeAddress, match="use https"):
        check_peer("10.0.0.1", allow_internal=True, only_loopback=True)


def test_loopback_host():
    """This machine is known by its names and numbers."""
    for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.0.0.53", "::1", "x.localhost"):
        assert is_loopback_host(host)
    for host in ("us.posthog.com", "128.0.0.1", "localhost.evil.example"):
        assert not is_loopback_host(host)


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    received = []

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            received.append(connection.recv(1000))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return server, thread, received


def test_rebound_name_gets_nothing():
    """A name that led elsewhere at the look-up gains nothing: the connection is closed before a byte is sent."""
    server, thread, received = listening()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    guard = connection_guard(allow_internal=False)
    with httpx.Client(trust_env=False) as client, pytest.raises(UnsafeAddress):
        client.get(url, headers={"Authorization": "Bearer x"}, extensions={"trace": guard})
    thread.join(5)
    server.close()
    assert received == [b""]
