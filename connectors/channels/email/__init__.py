"""E-mail: in by the hub's SMTP or LMTP listener or out of a mailbox, out through a relay.

Text is read without what it quotes, HTML is made safe, machines are known as such, and a sender counts as proven only
by the word of a mail server of one's own. Does not deliver to other people's servers itself (a relay does), and
does not verify SPF, DKIM or DMARC (the server before the hub does).
"""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from connectors.channels.email.config import Config as MailConfig
from connectors.channels.email.imap_mail import read_collected
from connectors.families.mail.capability import CAPABILITY, PATIENCE
from connectors.families.mail.compose import compose
from connectors.families.mail.parts import part_of
from connectors.families.mail.reading import Envelope, read_mail
from connectors.kit.base import Account, Fetched, Info, Outbound, Plugin, Polled, Sent, Settles
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from normalizer.inbound import Inbound

if TYPE_CHECKING:
    from connectors.channels.email.client import Client
    from connectors.channels.email.imap import Mailbox

LISTENED = frozenset({"smtp", "lmtp"})
"""Schemes of the URLs that the hub's listener gives; whatever came by HTTP has another."""


class Email(Plugin[MailConfig]):
    info: ClassVar[Info] = Info(
        name="email",
        channel="email",
        scheme="mailto",
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="E-mail, by SMTP or LMTP in, through a relay out",
        patience=PATIENCE,
    )
    Config = MailConfig

    @cached_property
    def client(self) -> "Client":
        # aiosmtplib takes a while to load: only who sends waits for it.
        from connectors.channels.email.client import Client

        return Client(self.config, self.tools.http)

    @cached_property
    def mailbox(self) -> "Mailbox | None":
        account = self.config.account()
        if account is None:
            return None
        from connectors.channels.email.imap import Mailbox  # brings IMAPClient along

        return Mailbox(self.config, account, self.tools)

    def takes(self, recipient: str) -> bool:
        """As `Config.takes`."""
        return self.config.takes(recipient)

    def verify(self, request: Request) -> None:
        """Mail bears no signature of whoever brings it: only what the hub's own listener took is believed, and only
        for recipients of ours."""
        if request.method == COLLECT and urlsplit(request.url).scheme == COLLECT.lower():
            return  # the hub took it out of the mailbox it is configured with
        if request.method != "SMTP" or urlsplit(request.url).scheme not in LISTENED:
            raise BadSignature("mail comes by SMTP or LMTP", missing=True)
        recipients = _recipients(request)
        if not recipients or not all(map(self.takes, recipients)):
            raise BadSignature("not addressed to this connector")

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == COLLECT:
            return read_collected(request, self.config)
        envelope = Envelope(
            received_at=request.received_at,
            recipients=_recipients(request),
            mail_from=request.headers.get("mail-from"),
            raw=request.raw,
            authserv_ids=self.config.authserv_ids,
        )
        return read_mail(request.body, envelope, self.config)

    async def send(self, outbound: Outbound) -> Sent:
        at = self.tools.now()
        letter = compose(outbound, self.config, self.config.signer(), at)
        if self.config.dkim_key is not None:
            # Cryptography takes a while to load: only who signs waits for it.
            from connectors.channels.email.dkim import signed

            letter = await asyncio.to_thread(signed, letter, self.config, at)
        await self.client.send(letter)
        return Sent((letter.message_id,))

    def polls(self) -> bool:
        return self.config.imap is not None

    async def poll(self, cursor: str | None) -> Polled | Collected:
        assert self.mailbox is not None
        return await self.mailbox.poll(cursor)

    async def close(self) -> None:
        if self.mailbox is not None:
            await self.mailbox.close()

    async def check(self) -> Account:
        account = await self.client.check()
        if self.mailbox is None:
            return account
        return replace(account, details={**account.details, **await self.mailbox.check()})

    async def fetch(self, source: str) -> Fetched:
        """A part of a recorded mail, read from where the hub keeps it."""
        return await part_of(self.tools, source)


def _recipients(request: Request) -> list[str]:
    return [address for address in request.headers.get("rcpt-to", "").split(", ") if address]
