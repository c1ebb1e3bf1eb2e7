"""Which addresses this program may talk to; standard library only, so that sources and alerts share one rule.

Link-local and cloud-metadata addresses are never allowed: whoever can set an address must not be able to read a
machine's identity with it. Plain http is for this machine alone unless it is allowed on purpose. Two steps:
`check_address` looks at the address and at every address its name stands for, before connecting;
`connection_guard` looks at the address a socket really reached, so that a name which changes between look-up and
connection (DNS rebinding) gains nothing: the socket is closed before the first byte of a request is sent.
Messages never contain the address, since a webhook's address is a secret.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[..., list[Any]]

METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data"}
    | {"instance-data.ec2.internal", "metadata.tencentyun.com", "metadata.azure.internal"}
)
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure's wire server
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google
    )
)
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "169.254.0.0/16", "240.0.0.0/4", "fe80::/10", "fec0::/10")
)
CARRIERS = tuple(  # IPv6 ranges that carry an IPv4 address in their last 32 bits
    ipaddress.IPv6Network(text)
    for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "::ffff:0:0:0/96")
)
OLD_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


class UnsafeAddress(ValueError):
    """An address this program must not talk to; the message is a sentence without the address."""


class UnknownHost(UnsafeAddress):
    """A name that cannot be looked up now; trying again later may help."""


def check_address(
    url: str,
    *,
    allow_http: bool,
    allow_internal: bool,
    resolve: Resolver | None = socket.getaddrinfo,
) -> None:
    """Refuse an address before connecting to it.

    Args:
        url: the whole address, http or https.
        allow_http: plain http also beyond this machine.
        allow_internal: loopback and private networks too; metadata and link-local stay refused.
        resolve: looks names up; None judges only what the address itself says.

    Raises:
        UnsafeAddress: with the reason.
        UnknownHost: when the name cannot be looked up.
    """
    parts, host = _parts(url)
    addresses = _addresses(host, parts, resolve)
    for address in addresses:
        _check(address, allow_internal=allow_internal)
    if not addresses and _is_local_name(host) and not allow_internal:
        raise UnsafeAddress("Addresses inside this network are not allowed here.")
    is_loopback = (
        all(_real(a).is_loopback for a in addresses) if addresses else _is_local_name(host)
    )
    if parts.scheme == "http" and not (allow_http or is_loopback):
        raise UnsafeAddress("Plain http is only allowed to this machine; use https.")


def check_peer(address: str, *, allow_internal: bool, only_loopback: bool = False) -> None:
    """Refuse the numeric address a socket has reached.

    Raises:
        UnsafeAddress: with the reason.
    """
    peer = ipaddress.ip_address(address.partition("%")[0])
    _check(peer, allow_internal=allow_internal)
    if only_loopback and not _real(peer).is_loopback:
        raise UnsafeAddress("Plain http is only allowed to this machine; use https.")


def connection_guard(
    *, allow_internal: bool, only_loopback: bool = False
) -> Callable[[str, Mapping[str, Any]], None]:
    """A function for httpx's ``extensions={"trace": ...}`` that checks each new connection's far end."""

    def guard(event: str, info: Mapping[str, Any]) -> None:
        if event != "connection.connect_tcp.complete":
            return
        stream = info["return_value"]
        peer = stream.get_extra_info("server_addr")
        try:
            check_peer(str(peer[0]), allow_internal=allow_internal, only_loopback=only_loopback)
        except UnsafeAddress:
            stream.close()
            raise

    return guard


def is_loopback_host(host: str) -> bool:
    """Whether a host name or literal plainly means this machine."""
    address = _literal(host.lower().removesuffix("."))
    return _real(address).is_loopback if address else _is_local_name(host.lower())


def _parts(url: str) -> tuple[SplitResult, str]:
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise UnsafeAddress("The address holds characters that do not belong there.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsafeAddress("The address cannot be read.") from None
    if parts.scheme not in {"http", "https"}:
        raise UnsafeAddress("The address must begin with https://.")
    if "@" in parts.netloc:
        raise UnsafeAddress("The address must not hold a user name or password.")
    return parts, _host(parts.hostname or "")


def _host(raw: str) -> str:
    """Lower case, without the final dot, in ASCII: full-width digits and the like become what they mean."""
    host = raw.removesuffix(".")
    if ":" in host:
        return host
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode("ascii").lower()
        if host and not re.search(r"[^a-z0-9._-]", host) and ".." not in host:
            return host.removesuffix(".")
    raise UnsafeAddress("The address has no host name that can be read.")


def _literal(host: str) -> IPAddress | None:
    """The address a host stands for by itself, old spellings (2130706433, 0177.1, 0x7f.1) included."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0])
    if OLD_NUMBERS.fullmatch(host):
        with contextlib.suppress(OSError):
            return ipaddress.IPv4Address(socket.inet_aton(host))
        raise UnsafeAddress("The address has no host name that can be read.")
    return None


def _addresses(host: str, parts: SplitResult, resolve: Resolver | None) -> list[IPAddress]:
    literal = _literal(host)
    if literal is not None:
        return [literal]
    if host in METADATA_NAMES:
        raise UnsafeAddress("This address belongs to a cloud's own services and is never asked.")
    if resolve is None:
        return []
    try:
        found = resolve(host, parts.port or (443 if parts.scheme == "https" else 80), 0, 1)
    except (OSError, UnicodeError):
        raise UnknownHost("The host name cannot be looked up now.") from None
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]


def _real(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv4Address) or address == ipaddress.IPv6Address("::1"):
        return address
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _check(address: IPAddress, *, allow_internal: bool) -> None:
    real = _real(address)
    if real in METADATA_ADDRESSES or any(real in network for network in NEVER):
        raise UnsafeAddress("Link-local and cloud-metadata addresses are never asked.")
    if real.is_multicast or real.is_unspecified:
        raise UnsafeAddress("This is not the address of one machine.")
    if not real.is_global and not allow_internal:
        raise UnsafeAddress("Addresses inside this network are not allowed here.")


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")
