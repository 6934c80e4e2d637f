"""The fault proxy: nothing is lost without a cut, and cuts come where they were asked for."""

from __future__ import annotations

import time

import pytest

from imapkit import ConnectionLost, connect
from imapkit.testing.faults import FaultProxy, Faults
from imapkit.testing.plugin import ImapServer

MAIL = b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000


def url(proxy: FaultProxy) -> str:
    return f"imap://ann@{proxy.host}:{proxy.port}"


@pytest.mark.parametrize("split", [None, 7, 5000])
def test_split_octets_all_arrive(imap_server: ImapServer, split: int | None) -> None:
    mail = MAIL if split != 7 else MAIL[:3000]
    with (
        FaultProxy(imap_server.host, imap_server.port, Faults(split=split)) as proxy,
        connect(url(proxy), password="secret", allow_plaintext=True) as client,
    ):
        uid = client.append("INBOX", mail)
        message = client.select("INBOX").message(uid or 0)
        assert message is not None
        assert b"".join(message.stream()) == mail
    assert (proxy.connections, proxy.cuts) == (1, 0)


def test_a_cut_by_the_client_side_loses_what_was_not_answered(imap_server: ImapServer) -> None:
    with FaultProxy(imap_server.host, imap_server.port, Faults(cut_client=50_000)) as proxy:
        with (
            pytest.raises(ConnectionLost),
            connect(url(proxy), password="secret", allow_plaintext=True) as client,
        ):
            client.append("INBOX", MAIL)
        assert proxy.cuts == 1
        proxy.faults = Faults()
        with connect(url(proxy), password="secret", allow_plaintext=True) as client:
            assert client.select("INBOX").exists == 0


def test_a_cut_by_the_server_side(imap_server: ImapServer) -> None:
    with (
        FaultProxy(imap_server.host, imap_server.port, Faults(cut_server=20)) as proxy,
        pytest.raises(ConnectionLost),
    ):
        connect(url(proxy), password="secret", allow_plaintext=True)
    assert proxy.cuts == 1


def test_delays(imap_server: ImapServer) -> None:
    with FaultProxy(imap_server.host, imap_server.port, Faults(delay=0.05)) as proxy:
        start = time.monotonic()
        connect(url(proxy), password="secret", allow_plaintext=True).close()
        assert time.monotonic() - start >= 0.1


def test_nobody_behind_the_proxy() -> None:
    with FaultProxy("127.0.0.1", 1) as proxy, pytest.raises(ConnectionLost):
        connect(url(proxy), password="secret", allow_plaintext=True)
