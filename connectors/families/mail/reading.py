"""A mail to what the hub records: the one way from octets to Inbound, whoever brought them.

Pure. Time and memory are bounded by what `mime` bounds, whatever the mail is. Webhooks that bring raw mail and
mailboxes that are polled use it as the listener does.
"""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path

from connectors.families.mail.config import MailConfig
from connectors.families.mail.content import Content, read_content
from connectors.families.mail.machines import MARK, MOST_HOPS, hops, is_automatic
from connectors.families.mail.mime import Octets, Piece, read_structure
from connectors.families.mail.mime_fields import Fields, addresses, message_ids, normal
from connectors.families.mail.quoting_subject import read_subject
from connectors.families.mail.reports import failed_recipient, find_report, read_report
from connectors.families.mail.signing import Signer, Way
from connectors.families.mail.trust import proof, vouched
from connectors.kit.errors import BadPayload
from normalizer.inbound import Address, Ignored, Inbound, MessageReceived, Peer, Person, Unreadable
from normalizer.model import Proof, Purpose

LONGEST_ID = 250
MOST_REFERENCES = 20
MOST_COPIED = 20
SHOWN = 16 << 10
"""Octets of a mail that are shown in quarantine; all of it is kept with what came."""
NEWEST = timedelta(minutes=10)
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Envelope:
    """What is known of a mail beside its octets."""

    received_at: datetime
    recipients: Sequence[str] = ()
    """To whom it was delivered; without them the mail's own fields are asked."""
    mail_from: str | None = None
    """Empty: said to be from nobody. None: not told."""
    raw: str = ""
    """By what name the hub keeps its octets."""
    authserv_ids: Collection[str] = ()
    """Names under which mail servers that are believed write `Authentication-Results`."""
    vouched: Collection[str] = ()
    """Domains of `From` that whoever brought it proved to be the sender's; `*`: whichever stands there."""


def read_mail(source: bytes | Path, envelope: Envelope, config: MailConfig) -> list[Inbound]:
    """What a mail says. Raises BadPayload for one that cannot be read, OSError for a file that cannot."""
    if isinstance(source, bytes):
        return _Mail(source, envelope, config).read()
    if source.stat().st_size == 0:
        raise BadPayload("empty")
    with source.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as mapped:
        return _Mail(mapped, envelope, config).read()


class _Mail:
    def __init__(self, source: Octets, envelope: Envelope, config: MailConfig) -> None:
        self._source = source
        self._envelope = envelope
        self._config = config
        self._signer: Signer = config.signer()
        self._root: Piece = read_structure(source)
        self._fields: Fields = self._root.fields

    def read(self) -> list[Inbound]:
        name = self._id()
        if not self._fields.all:
            raise BadPayload("no header")
        if hops(self._fields) > MOST_HOPS:
            return [self._unreadable(name, f"it passed more than {MOST_HOPS} servers: mail that goes in a circle")]
        if self._is_our_own():
            return [Ignored(key=f"mail:{name}", reason="a mail of our own that came back")]
        came_to = self._came_to()
        report = find_report(self._source, self._root, f"mail:{name}", came_to, self._envelope.received_at)
        if report is not None:
            return [read_report(report, self._signer, self._config.domain)]
        returned = self._signer.token(Way.BOUNCE, came_to)
        at, domain = self._envelope.received_at, self._config.domain
        failed = failed_recipient(self._source, self._root, f"mail:{name}", returned, domain, at)
        if failed is not None:
            return [failed]
        sender = self._sender()
        if sender is None:
            return [self._unreadable(name, "no sender that could be answered")]
        return [self._message(name, sender, came_to)]

    def _message(self, name: str, sender: Person, came_to: Sequence[str]) -> MessageReceived:
        fields = self._fields
        subject, forwards = read_subject(fields.text("subject"))
        content = read_content(self._source, self._root, self._envelope.raw, forwards=forwards)
        answered = message_ids(fields.first("in-reply-to"))
        references = list(dict.fromkeys([*answered[:1], *reversed(message_ids(fields.first("references")))]))
        ids = [id_ for id_ in references if len(id_) <= LONGEST_ID]
        automatic = is_automatic(fields, sender.address.value, self._envelope.mail_from)
        return MessageReceived(
            key=f"message:{name}",
            external_id=name,
            peer=Peer(person=sender, proof=self._proof(sender.address.value)),
            text=_words(content, subject),
            parts=(content.original,) if content.original else (),
            media=content.media,
            subject=subject,
            copied=self._copied(sender.address.value),
            reply_to=ids[0] if ids else None,
            # Machines answer to where bounces go (RFC 3834 §4).
            reply_token=self._signer.token(Way.REPLY, came_to) or self._signer.token(Way.BOUNCE, came_to),
            references=tuple(ids[1 : MOST_REFERENCES + 1]),
            occurred_at=self._sent_at(),
            auto=automatic,
            purpose=Purpose.AUTO if automatic else Purpose.REPLY,
        )

    def _proof(self, sender: str) -> Proof:
        if self._envelope.vouched:
            return vouched(self._fields, sender, self._envelope.vouched)
        return proof(self._fields, sender, self._envelope.authserv_ids)

    def _id(self) -> str:
        """Its Message-ID; without one, what a repetition has too: the mail without the lines that servers add."""
        told = message_ids(self._fields.first("message-id"))
        if told and len(told[0]) <= LONGEST_ID:
            return told[0]
        digest = sha256()
        for field in ("message-id", "from", "date", "subject", "to"):
            digest.update(f"{field}:{self._fields.first(field) or ''}\n".encode("utf-8", "replace"))
        for at in range(self._root.start, self._root.end, 1 << 20):
            digest.update(self._source[at : min(at + (1 << 20), self._root.end)])
        return f"sha256:{digest.hexdigest()}"

    def _is_our_own(self) -> bool:
        """By our mark, or sent in the name of our own address: from ourselves, or from who pretends to be us."""
        to = [address for _, address in addresses([*self._fields.each("to"), *self._fields.each("cc")])]
        if self._signer.marked(self._fields.first(MARK) or "", to) is not None:
            return True
        return any(normal(address) == self._config.own for _, address in addresses(self._fields.each("from")))

    def _came_to(self) -> list[str]:
        told = [address for address in self._envelope.recipients if address]
        names = ("delivered-to", "x-original-to", "to", "cc")
        values = [value for name in names for value in self._fields.each(name)[:10]]
        return told or [address for _, address in addresses(values)]

    def _copied(self, sender: str) -> tuple[Person, ...]:
        """Everybody in `To` and `Cc` but us and the sender. Whatever it was delivered for is ours."""
        found: dict[str, Person] = {}
        ours = {normal(recipient) for recipient in self._envelope.recipients}
        for name, text in addresses([*self._fields.each("to")[:10], *self._fields.each("cc")[:10]]):
            if len(found) == MOST_COPIED:
                break
            address = normal(text)
            if address and address != sender and address not in ours and not self._config.takes(address):
                found.setdefault(address, Person(address=Address(scheme="mailto", value=address), name=name or None))
        return tuple(found.values())

    def _sender(self) -> Person | None:
        """Who wrote, as `From` has it, else who handed it in. `Reply-To` names nobody: it may say anything."""
        for field in ("from", "sender", "return-path"):
            for name, text in addresses(self._fields.each(field)):
                address = normal(text)
                if address:
                    return Person(address=Address(scheme="mailto", value=address), name=name or None)
        address = normal(self._envelope.mail_from or "")
        return Person(address=Address(scheme="mailto", value=address)) if address else None

    def _sent_at(self) -> datetime:
        """`Date`, where a clock may have shown it; else when it came."""
        received_at = self._envelope.received_at
        try:
            told = parsedate_to_datetime((self._fields.first("date") or "")[:200])
            at = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError, RecursionError):
            return received_at
        return at if OLDEST < at <= received_at + NEWEST else received_at

    def _unreadable(self, name: str, reason: str) -> Unreadable:
        return Unreadable(key=f"mail:{name}", slice=bytes(self._source[:SHOWN]), reason=reason)


def _words(content: Content, subject: str | None) -> str:
    """Its text; without any, its files by name; without those, its subject, where some write all they say."""
    if content.text:
        return content.text
    named = [f"[{file.kind}: {file.name}]" if file.name else f"[{file.kind}]" for file in content.media]
    return "\n".join(named) or subject or "[empty]"
