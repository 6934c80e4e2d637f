"""``imapkit subscribe``: whether mail programs show a mailbox."""

from __future__ import annotations

from .. import words
from ..location import Access
from ..on_server import Json, on_server


@on_server
def run(access: Access, as_json: Json = False) -> None:
    """Subscribe to the mailbox that the URL names: mail programs that go by subscriptions show it then."""
    name = access.named()
    with access.session() as client:
        client.subscribe(name)
    if as_json:
        words.print_json({"mailbox": name, "subscribed": True})
    else:
        print(f"{words.one_line(name)} subscribed")
