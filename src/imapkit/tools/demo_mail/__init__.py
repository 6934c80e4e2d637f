"""A sample mail account: some sixty messages of every kind, whole and broken, for the demo and for tests.

for message, octets in demo_mail.load():
    store(message.mailbox, message.flags, message.internaldate, octets)
"""

from .catalogue import CATALOGUE, MAILBOXES, OWNER, SampleMessage, load

__all__ = ["CATALOGUE", "MAILBOXES", "OWNER", "SampleMessage", "load"]
