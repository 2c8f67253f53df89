"""A collected mail to what the hub records: as one that was delivered, but for the envelope, which no mailbox keeps."""

from datetime import datetime
from hashlib import sha256

from connectors.channels.email.config import Config
from connectors.families.mail.reading import SHOWN, Envelope, read_mail
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from normalizer.inbound import Inbound, Unreadable

BEYOND = "beyond"
"""The header that holds a mail's size where it was not taken for it; its body is the mail's header then."""


def read_collected(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    if BEYOND in request.headers:
        return [_refused(request, config)]
    envelope = Envelope(received_at=_came(request), raw=request.raw, authserv_ids=config.authserv_ids)
    return read_mail(request.body, envelope, config)


def _refused(request: Request, config: Config) -> Unreadable:
    size, uid = request.headers[BEYOND], request.headers.get("uid", "")
    return Unreadable(
        key=f"beyond:{sha256(request.body).hexdigest()}",
        slice=request.body[:SHOWN],
        reason=f"a mail of {size} octets, more than imap_most_octets allows ({config.imap_most_octets});"
        f" it stays in the mailbox, its UID is {uid}",
    )


def _came(request: Request) -> datetime:
    """When it came to the mailbox, unless that is said to be later than now."""
    try:
        at = datetime.fromisoformat(request.headers["internaldate"])
    except (KeyError, ValueError) as error:
        raise BadPayload("no time at which it came") from error
    return min(at, request.received_at)
