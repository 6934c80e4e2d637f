"""What ``cp`` and ``mv`` have in common: messages to another mailbox of the same account, and what is told of it."""

from __future__ import annotations

from ..errors import NoSuchMailbox, UsageError
from . import words
from .location import Access
from .selecting import present


def transfer(access: Access, uids: str, target: str, *, move: bool, create: bool, as_json: bool) -> None:
    """Raises NoSuchMailbox with the mend, and whatever the client raises."""
    if not target:
        raise UsageError("which mailbox? the name of the target is empty")
    with access.session() as client:
        mailbox = access.select(client, read_only=not move)
        if create and not client.folders(target):
            client.create(target)
        query = present(mailbox, uids)
        try:
            pairs = query.move(target) if move else query.copy(target)
        except NoSuchMailbox as error:
            raise missing_target(error, target) from None
        count = query.count()
        source = mailbox.name
    if as_json:
        words.print_json(
            {
                "from": source,
                "to": target,
                "messages": count,
                "uids": {str(old): new for old, new in pairs.items()},
            }
        )
    else:
        print(f"{words.count(count, 'message')} {'moved' if move else 'copied'} to {words.one_line(target)}")


def missing_target(error: NoSuchMailbox, target: str) -> NoSuchMailbox:
    """What people are told of a mailbox that is not there to put mail into: the server's words where they name it, and the mend."""
    said = error.text.rstrip(".") if target in error.text else f"there is no mailbox {target}"
    return NoSuchMailbox(f"{said}; --create makes it")
