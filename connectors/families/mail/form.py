"""Fields and files of a form that was posted, `multipart/form-data` or `application/x-www-form-urlencoded`.

Some providers part their forms by a boundary that never changes, so that whoever writes a mail could write one too: a
field that comes twice, and anything after the end, is refused. Source: RFC 7578 (read 2026-11).
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.families.mail.mime import Octets
from connectors.families.mail.mime_charset import decoded
from connectors.families.mail.mime_fields import parameters, read_fields
from connectors.kit.errors import BadPayload

MOST_FIELDS: Final = 1000
MOST_HEADER: Final = 16 << 10
"""Octets of the header of a field."""
_UNESCAPED: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LINE: Final = re.compile(rb"--([^\r\n]{1,200})\r\n")


@dataclass(frozen=True)
class Field:
    octets: bytes
    file_name: str | None = None
    kind: str = ""
    """Its media type, where one is told."""


@dataclass(frozen=True)
class Form:
    fields: Mapping[str, Field]

    def octets(self, name: str) -> bytes | None:
        field = self.fields.get(name)
        return None if field is None else field.octets

    def text(self, name: str, charset: str = "utf-8") -> str | None:
        octets = self.octets(name)
        return None if octets is None else decoded(octets, charset)


def read_form(source: Octets) -> Form:
    """Raises BadPayload."""
    body = bytes(source)
    found: dict[str, Field] = {}
    for name, field in _parts(body) if body.startswith(b"--") else _pairs(body):
        if name in found:
            raise BadPayload(f"the field {name[:80]!r} comes twice")
        found[name] = field
    return Form(found)


def _parts(body: bytes) -> list[tuple[str, Field]]:
    first = _LINE.match(body)
    if first is None:
        raise BadPayload("not a form: no boundary")
    needle = b"\r\n--" + first[1]
    if body.count(needle) > MOST_FIELDS:
        raise BadPayload(f"a form of more than {MOST_FIELDS} fields")
    *parts, end = body[len(first[0]) - 2 :].split(needle)
    if end.rstrip() != b"--":
        raise BadPayload("a form without its end, or with something after it")
    return [_part(part) for part in parts]


def _part(part: bytes) -> tuple[str, Field]:
    head, blank, octets = part.partition(b"\r\n\r\n")
    if not part.startswith(b"\r\n") or not blank or len(head) > MOST_HEADER:
        raise BadPayload("a form with a field that is none")
    fields = read_fields(head[2:])
    told = parameters(fields.first("content-disposition") or "")
    if "name" not in told:
        raise BadPayload("a form with a field without a name")
    kind = (fields.first("content-type") or "").partition(";")[0].strip().lower()
    return told["name"], Field(octets, told.get("filename"), kind)


def _pairs(body: bytes) -> list[tuple[str, Field]]:
    """Fields whose values need not be text: a mail may be in any charset."""
    if body.count(b"&") >= MOST_FIELDS:
        raise BadPayload(f"a form of more than {MOST_FIELDS} fields")
    if _UNESCAPED.search(body):
        raise BadPayload("a form with a percent sign that escapes nothing")
    found = []
    for pair in body.split(b"&"):
        name, equals, value = pair.partition(b"=")
        if not equals:
            raise BadPayload("not a form")
        found.append((_unquoted(name).decode("utf-8", "replace"), Field(_unquoted(value))))
    return found


def _unquoted(text: bytes) -> bytes:
    """As the octets they stand for. Read as quoted-printable, which differs in its sign only: a form is read before it
    is known whose it is, and the usual way takes a hundred times the memory for one that is all escapes."""
    return a2b_qp(text.replace(b"+", b" ").replace(b"=", b"=3D").replace(b"%", b"="))
