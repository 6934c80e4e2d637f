"""``imapkit unsubscribe``: whether mail programs show a mailbox."""

from __future__ import annotations

from .. import words
from ..location import Access
from ..on_server import Json, on_server


@on_server
def run(access: Access, as_json: Json = False) -> None:
    """Unsubscribe from the mailbox that the URL names. The mailbox and its messages stay."""
    name = access.named()
    with access.session() as client:
        client.unsubscribe(name)
    if as_json:
        words.print_json({"mailbox": name, "subscribed": False})
    else:
        print(f"{words.one_line(name)} unsubscribed")
