"""Both ends use LANTERN, which an entry point brought: run as a program of its own by test_extension."""

from __future__ import annotations

import lantern

import imapkit
from imapkit.features.enable import enable
from imapkit.features.esearch import search
from imapkit.features.fetch import Fetch, fetch
from imapkit.features.fetch_items import UidItem
from imapkit.features.list_ import list_mailboxes
from imapkit.features.mailboxes import Create
from imapkit.features.objectid import MailboxId
from imapkit.features.select import select
from imapkit.features.status import status
from imapkit.features.store import Store
from imapkit.ports.client import Completed, Op
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import ALL
from imapkit.protocol.registry import Writable
from imapkit.protocol.status import Status
from imapkit.tools.embed import serve_in_thread


def send(command: Writable) -> Op[Completed]:
    """Any command at all."""
    return (yield command)


def play(mail: imapkit.Client) -> None:
    assert mail.has("LANTERN")
    for flags in ({"\\Flagged"}, set(), {"\\Flagged"}):
        mail.append("INBOX", b"Subject: x\r\n\r\nbody\r\n", flags=flags)

    opened = mail.run(select(mail.session, "INBOX", lantern.LanternParam()))
    assert opened.exists == 3
    assert mail.run(lantern.lantern(mail.session, "red")) == lantern.LanternData(2, b"red")
    try:
        mail.run(lantern.lantern(mail.session, "black"))
    except lantern.TooDark as error:
        assert error.text == "black does not shine"
    else:
        raise AssertionError("black shines")
    assert mail.run(enable(mail.session, "LANTERN")) == ("LANTERN",)
    assert mail.run(lantern.lantern(mail.session, "red")) == lantern.LanternData(2, b"RED")

    found = mail.run(search(mail.session, lantern.Glowing() & ~lantern.Glowing() | lantern.Glowing()))
    assert list(found) == [1, 3], found

    data = mail.run(fetch(mail.session, ALL, (lantern.GlowItem(),)))
    assert [item.glow for row in data for item in row.items if isinstance(item, lantern.GlowDatum)] == [
        40
    ] * 3
    done = mail.run(send(Fetch(ALL, (UidItem(),), uid=True, modifiers=(lantern.LitOnly(),))))
    assert len(done.data) == 2

    done = mail.run(send(Store(ALL, FlagAction.ADD, ("\\Seen",), uid=True, modifiers=(lantern.Gently(),))))
    assert len(done.data) == 1 and done.status.code is lantern.LIT

    assert mail.run(status(mail.session, "INBOX", "GLOW")).others[0].value == 21
    assert mail.run(status(mail.session, "INBOX")).others[0].value == 21  # asked for by itself
    (glowing, *_) = mail.select("INBOX").all().fetch(lantern.GlowItem())
    assert glowing.data.get(lantern.GlowDatum) == lantern.GlowDatum(40)
    done = mail.run(send(Create("Lamp", (lantern.LanternRoom(),))))
    codes = [done.status.code, *(status.code for status in done.of(Status))]
    assert {type(code) for code in codes} == {type(lantern.LIT), MailboxId}, codes  # none is lost
    listed = mail.run(
        list_mailboxes(mail.session, selection=(lantern.SelectLarge(),), returns=(lantern.ReturnLantern(),))
    )
    assert [(row.name, row.has("\\Lantern")) for row in listed] == [("INBOX", True)]


def main() -> None:
    with (
        serve_in_thread(users={"ann": "secret"}) as server,
        imapkit.connect(server.url, user="ann", password="secret", allow_plaintext=True) as mail,
    ):
        play(mail)
    print("LANTERN shines at both ends")


if __name__ == "__main__":
    main()
