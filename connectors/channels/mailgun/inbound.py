"""The mail in a route's request: as it came, where the route's address ends in `mime`, else put together again.

Source: documentation.mailgun.com, user manual, *Receiving messages via HTTP* (read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from connectors.families.mail.assemble import Held, assembled
from connectors.families.mail.form import Form, read_form
from connectors.families.mail.mime import Octets
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode

RAW: Final = "body-mime"
HEADERS: Final = msgspec.json.Decoder(Sequence[tuple[str, str]])
_HEADER: Final = re.compile(rb"[!-9;<>-~]{1,200}:")
NAMES: Final = msgspec.json.Decoder(dict[str, str])


def mail_of(kept: Octets) -> Octets:
    """Of a request as the hub keeps it, or of a mail that Mailgun stored. Raises BadPayload."""
    return kept if is_mail(kept) else whole(read_form(kept))


def is_mail(kept: Octets) -> bool:
    """A mail begins with a field of its header, a form with dashes or the name of a field and `=`."""
    return _HEADER.match(kept) is not None and kept[:2] != b"--"


def whole(form: Form) -> bytes:
    """Raises BadPayload."""
    raw = form.octets(RAW)
    if raw is not None:
        return raw
    headers = form.octets("message-headers")
    if headers is None:
        raise BadPayload("a form without a mail")
    fields: Sequence[tuple[str, str]] = decode(headers, HEADERS)
    return assembled(
        fields,
        form.text("body-plain") or "",
        form.text("body-html") or "",
        list(_files(form)),
    )


def _files(form: Form) -> Iterator[Held]:
    ids = _ids(form.octets("content-id-map"))
    for name, field in form.fields.items():
        if name.startswith("attachment-") and field.file_name is not None:
            yield Held(field.file_name, field.kind, field.octets, ids.get(name))


def _ids(octets: bytes | None) -> Mapping[str, str]:
    """Content ids by the field of their file."""
    return {} if octets is None else {field: id_.strip("<>") for id_, field in decode(octets, NAMES).items()}
