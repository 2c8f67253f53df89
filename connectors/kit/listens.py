"""The ability of channels that mail reaches by SMTP or LMTP."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Listens(Protocol):
    """What comes by SMTP or LMTP: the hub owns the listener, and asks whose a recipient is.

    A message is then verified, parsed and recorded like any request, one for each connector that takes a recipient of
    it: `method` `SMTP`, `url` `smtp://<listener>/<connector>`, `body` the message as it came without its transparency
    dots. `headers` hold the envelope: `mail-from` (empty for a bounce), `rcpt-to` (this connector's recipients as they
    were written, joined by `, `), `helo`, `peer` (an IP address), and where there are such `user` (who logged in) and
    `tls` (the protocol). BadSignature refuses the message for this connector's recipients. `respond` is not asked.
    """

    def takes(self, recipient: str) -> bool:
        """Whether mail to this address (an RFC 5321 Mailbox, also with SMTPUTF8) is this connector's. Pure."""
