"""Large messages are files, and are left there until they are sent: what is wrong with one is found before a response begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from imapkit.errors import StoreBroken
from imapkit.ports.blob import FilePart
from imapkit.stores.sqlite import SqliteStore
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import message, row

LARGE = b"Subject: large\r\n\r\n" + b"x" * 300_000
SMALL = b"Subject: small\r\n\r\nx"


def with_mail(tmp_path: Path, test: Callable[[SqliteAccount, Path], None]) -> None:
    """``test`` gets an account with a small and a large message, and the file of the large one."""

    async def main() -> None:
        here = SqliteStore(tmp_path)
        await here.create_account("ann", [("INBOX", ())])
        account = await here.open_account("ann")
        await account.append(row(account, "INBOX").id, [message(SMALL), message(LARGE)])
        (path,) = account.blobs.files()
        test(account, path)
        await account.release()
        await here.close()

    asyncio.run(main())


def test_long_ranges_stay_in_the_file(tmp_path: Path) -> None:
    def test(account: SqliteAccount, path: Path) -> None:
        for wanted in ([(2, 10, 200_000)], [(1, 0, 9), (2, 10, 200_000)]):
            assert account.read_ranges(wanted)[-1] == FilePart(str(path), 10, 200_000)
        beyond = account.read_ranges([(2, 0, 10**9)])[0]
        assert beyond == FilePart(str(path), 0, len(LARGE))
        assert account.read_ranges([(2, 3, 12), (1, 3, 12)]) == [LARGE[3:12], SMALL[3:12]]
        assert account.read_ranges([(2, 10**6, 10**7), (1, 0, 3)]) == [b"", SMALL[:3]]

    with_mail(tmp_path, test)


def test_a_file_that_is_gone_is_missed_at_once(tmp_path: Path) -> None:
    def test(account: SqliteAccount, path: Path) -> None:
        path.unlink()
        for wanted in ((2, 0, 10), (2, 0, len(LARGE))):
            for others in ([], [(1, 0, 9)]):
                with pytest.raises(StoreBroken):
                    account.read_ranges([*others, wanted])

    with_mail(tmp_path, test)


def test_a_file_that_lost_its_end_gives_what_is_left(tmp_path: Path) -> None:
    def test(account: SqliteAccount, path: Path) -> None:
        path.chmod(0o600)
        path.write_bytes(LARGE[:100_000])
        assert account.read_ranges([(2, 0, len(LARGE))]) == [FilePart(str(path), 0, 100_000)]
        assert account.read_ranges([(2, 150_000, 250_000)]) == [b""]

    with_mail(tmp_path, test)
