"""Whether Mailgun made a request: by the signature within it, of a time and a word that is used once.

It does not cover what else is said. Source: documentation.mailgun.com, user manual, *Securing webhooks* (read 2026-11).
"""

import hmac
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from connectors.channels.mailgun.config import Config
from connectors.families.mail.form import read_form
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request, decode

AHEAD: Final = timedelta(minutes=5)
"""By so much our clock may be behind."""
_TIME: Final = re.compile(r"[0-9]{9,11}")
LONGEST: Final = 200


class Signature(msgspec.Struct, frozen=True):
    timestamp: str = ""
    token: str = ""
    signature: str = ""


class Signed(msgspec.Struct, frozen=True):
    signature: Signature


SIGNED: Final = msgspec.json.Decoder(Signed)


def check(request: Request, config: Config) -> None:
    """Raises BadSignature."""
    try:
        told = signature_in(request.body)
    except BadPayload:
        raise BadSignature("no signature", missing=True) from None
    if not told.signature or len(told.token) > LONGEST or not _TIME.fullmatch(told.timestamp):
        raise BadSignature("no signature", missing=not told.signature)
    wanted = made(config.signing_key.reveal(), told.timestamp, told.token)
    if not hmac.compare_digest(told.signature.encode("utf-8", "replace"), wanted.encode()):
        raise BadSignature("not signed with the webhook signing key")
    age = request.received_at - datetime.fromtimestamp(int(told.timestamp), UTC)
    if not -AHEAD <= age <= timedelta(hours=config.signed_hours):
        raise BadSignature("the signature is not of now")


def signature_in(body: bytes) -> Signature:
    """Raises BadPayload."""
    if is_event(body):
        return decode(body, SIGNED).signature
    form = read_form(body)
    return Signature(form.text("timestamp") or "", form.text("token") or "", form.text("signature") or "")


def is_event(body: bytes) -> bool:
    """Events are JSON, mails are forms."""
    return body[:64].lstrip().startswith(b"{")


def made(key: str, timestamp: str, token: str) -> str:
    return hmac.new(key.encode(), f"{timestamp}{token}".encode("utf-8", "replace"), sha256).hexdigest()
