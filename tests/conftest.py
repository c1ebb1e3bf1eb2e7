"""Fixtures for every test: no network beyond loopback, and time that stands still."""

import ipaddress
import socket

import pytest


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """A test that reaches beyond this machine fails with the address it wanted."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test reached for {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
