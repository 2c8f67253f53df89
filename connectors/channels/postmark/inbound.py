"""The mail in a webhook: as it came, where the server is set to include it, else put together from its pieces.

Source: postmarkapp.com/developer/webhooks/inbound-webhook (read 2026-11).
"""

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Sequence
from typing import Final

from connectors.channels.postmark.event import MAIL, Attachment, Mail, Mailbox
from connectors.families.mail.assemble import Held, assembled
from connectors.families.mail.compose import mailbox
from connectors.families.mail.mime import Octets
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode

OWN: Final = frozenset({"from", "to", "cc", "bcc", "subject", "date", "reply-to"})
"""Fields that Postmark tells apart from the others; what stands among those too is not the mail's."""


def mail_of(kept: Octets) -> bytes:
    """Of a webhook as the hub keeps it. Raises BadPayload."""
    return whole(decode(bytes(kept), MAIL))


def whole(mail: Mail) -> bytes:
    """Raises BadPayload."""
    if mail.raw_email is not None:
        return mail.raw_email.encode("utf-8", "replace")
    return assembled(_fields(mail), mail.text_body, mail.html_body, [_held(file) for file in mail.attachments])


def _fields(mail: Mail) -> Iterator[tuple[str, str]]:
    for header in mail.headers:
        if header.name.lower() not in OWN:
            yield header.name, header.value
    yield "From", _shown([mail.from_full])
    for name, people in (("To", mail.to_full), ("Cc", mail.cc_full)):
        if people:
            yield name, _shown(people)
    told = (("Reply-To", mail.reply_to), ("Subject", mail.subject), ("Date", mail.date))
    yield from ((name, value) for name, value in told if value)


def _shown(people: Sequence[Mailbox]) -> str:
    return ", ".join(mailbox(person.name, person.email) for person in people)


def _held(file: Attachment) -> Held:
    try:
        octets = b64decode(file.content)
    except (Error, ValueError) as error:
        raise BadPayload("an attachment that is no base64") from error
    return Held(file.name or None, file.content_type.partition(";")[0].lower(), octets, file.content_id or None)
