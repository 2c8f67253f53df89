"""The mail in a request of the inbound parse webhook: as it came (*send raw*), else put together again from its fields.

Source: twilio.com/docs/sendgrid, *Setting up the Inbound Parse Webhook* (read 2026-11).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec

from connectors.families.mail.assemble import Held, assembled
from connectors.families.mail.form import Form, read_form
from connectors.families.mail.mime import Octets
from connectors.families.mail.mime_fields import read_fields
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode

RAW: Final = "email"
_FILE: Final = re.compile(r"attachment[0-9]{1,4}")
_SIGNED: Final = re.compile(r"\s*@([A-Za-z0-9.-]{1,253})\s*:\s*([a-z]{1,20})\s*")
PASSES: Final = "pass"


class Envelope(msgspec.Struct, frozen=True):
    to: tuple[str, ...] = ()
    sender: str | None = msgspec.field(name="from", default=None)


class About(msgspec.Struct, frozen=True, rename="kebab"):
    """What is told of a file beside it."""

    content_id: str | None = None


ENVELOPE: Final = msgspec.json.Decoder(Envelope)
CHARSETS: Final = msgspec.json.Decoder(Mapping[str, str])
ABOUT: Final = msgspec.json.Decoder(Mapping[str, About])


def mail_of(kept: Octets) -> bytes:
    """Of a request as the hub keeps it. Raises BadPayload."""
    return whole(read_form(kept))


def whole(form: Form) -> bytes:
    """Raises BadPayload."""
    raw = form.octets(RAW)
    if raw is not None:
        return raw
    headers = form.octets("headers")
    if headers is None:
        raise BadPayload("a form without a mail")
    told = form.octets("charsets")
    charsets: Mapping[str, str] = {} if told is None else decode(told, CHARSETS)
    text, html = (form.text(name, charsets.get(name, "utf-8")) or "" for name in ("text", "html"))
    return assembled(read_fields(headers.strip(b"\r\n")).all, text, html, list(_files(form)))


def envelope(form: Form) -> Envelope:
    """Raises BadPayload."""
    told = form.octets("envelope")
    return Envelope() if told is None else decode(told, ENVELOPE)


def vouched(form: Form) -> Collection[str]:
    """Domains that signed the mail. DKIM of the very domain in `From` is what DMARC asks for (RFC 7489 §3.1.1); SPF is
    not looked at, because it also passes for the domain of whoever forwards."""
    told = (form.text("dkim") or "").strip()
    if not (told.startswith("{") and told.endswith("}")):
        return ()
    verdicts: dict[str, set[str]] = {}
    for one in told[1:-1].split(",")[:50]:
        found = _SIGNED.fullmatch(one)
        if found is None:
            return ()
        verdicts.setdefault(found[1].lower(), set()).add(found[2])
    return [domain for domain, words in verdicts.items() if words == {PASSES}]


def _files(form: Form) -> Iterator[Held]:
    told = form.octets("attachment-info")
    about: Mapping[str, About] = {} if told is None else decode(told, ABOUT)
    for name, field in form.fields.items():
        if _FILE.fullmatch(name) and field.file_name is not None:
            id_ = about.get(name, About()).content_id
            yield Held(field.file_name, field.kind, field.octets, id_.strip("<>") if id_ else None)
